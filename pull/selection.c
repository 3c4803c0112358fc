/* The converter's reading list, in the order of fetching. */
#include "pull/selection.h"

#include <string.h>

/* In this order: what tells whether the model can be run at all comes first and is small. */
static const char *const names[] = {
    "config.json",
    "modules.json",
    "1_Pooling/config.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
    "configuration.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "README.md", /* for its line "license:" */
#define SMALL_NAMES 9
    "tokenizer.json",
    "vocab.txt",
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
};
#define NAMES (sizeof names / sizeof *names)

/* Parts of weights: "model-00001-of-00002.safetensors". */
static const char *const parts[][2] = {
    {"model-", ".safetensors"},
    {"pytorch_model-", ".bin"},
};

static bool is_part(const char *name, size_t kind)
{
    const char *begin = parts[kind][0], *end = parts[kind][1];
    size_t size = strlen(name), a = strlen(begin), z = strlen(end);
    return size < PULL__NAME_SIZE && size > a + z && strncmp(name, begin, a) == 0 &&
           strcmp(name + size - z, end) == 0 && strspn(name + a, "0123456789-of") == size - a - z;
}

bool pull__may_want(const char *name)
{
    for (size_t i = 0; i < NAMES; i++)
        if (strcmp(names[i], name) == 0) return true;
    return is_part(name, 0) || is_part(name, 1);
}

const char *pull__known_name(size_t i)
{
    return i < NAMES ? names[i] : NULL;
}

/* Selects `name` if the repository has it. */
static bool take(const pull__listing *listing, const char *name, pull__selection *out)
{
    const pull__file *file = pull__listing_find(listing, name);
    if (file) out->files[out->count++] = file;
    return file != NULL;
}

static bool take_parts(const pull__listing *listing, size_t kind, const char *index,
                       pull__selection *out)
{
    if (!take(listing, index, out)) return false;
    for (size_t i = 0; i < listing->count; i++)
        if (is_part(listing->files[i].name, kind)) out->files[out->count++] = &listing->files[i];
    return true;
}

gte_status pull__select(const pull__listing *listing, const char *repo, pull__selection *out,
                        gte_error *err)
{
    *out = (pull__selection){0};
    for (size_t i = 0; i < SMALL_NAMES; i++) take(listing, names[i], out);
    if (!pull__listing_find(listing, "config.json"))
        return gte__fail(err, GTE_E_UNSUPPORTED, 0,
                         "%.100s has no config.json: it is not a model in HuggingFace's layout "
                         "(for one that has only ONNX or GGUF files, pull the original)",
                         repo);
    out->first_large = out->count;
    if (!take(listing, "tokenizer.json", out) && !take(listing, "vocab.txt", out))
        return gte__fail(
            err, GTE_E_UNSUPPORTED, 0,
            "%.100s has neither tokenizer.json nor vocab.txt: its tokenizer is not one "
            "that this version reads; gte list --known shows models that run",
            repo);
    if (!take(listing, "model.safetensors", out) &&
        !take_parts(listing, 0, "model.safetensors.index.json", out) &&
        !take(listing, "pytorch_model.bin", out) &&
        !take_parts(listing, 1, "pytorch_model.bin.index.json", out))
        return gte__fail(err, GTE_E_UNSUPPORTED, 0,
                         "%.100s has no weights in safetensors or pytorch_model.bin; pull the "
                         "original of which it is a copy",
                         repo);
    return GTE_OK;
}
