/* The public API of gte.h, model side: check arguments, delegate. Contexts are in gte_embed.c. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "handle.h"
#include "kernels/dispatch.h"

const char *gte_version(void)
{
    return GTE_VERSION_STRING;
}

int gte_version_number(void)
{
    return GTE_VERSION_NUMBER;
}

gte_status gte__read_options(void *known, size_t known_size, size_t reserved_at,
                             const void *options, gte_error *err)
{
    enum { MOST = 4096 }; /* no options struct of any version comes near */
    size_t given;
    if (!options) return GTE_OK;
    memcpy(&given, options, sizeof given);
    if (given < sizeof given || given > MOST)
        return gte__fail(err, GTE_E_ARGUMENT, 0,
                         "the options' struct_size is not set: begin with its GTE_..._INIT");
    for (size_t i = reserved_at; i < given; i++)
        if (((const unsigned char *)options)[i])
            return gte__fail(err, GTE_E_UNSUPPORTED, i,
                             "the options set a field that version %s does not know",
                             gte_version());
    memcpy(known, options, given < known_size ? given : known_size);
    return GTE_OK;
}

void gte__describe(void *out, size_t size, const void *info, size_t info_size)
{
    if (out) memcpy(out, info, size < info_size ? size : info_size);
}

/* ---- open, close --------------------------------------------------------------------------- */

/* The rest of opening, once the file's bytes are in view. */
static gte_status finish_open(gte_model *model, const gte_model_options *options, gte_error *err)
{
    const gte__model *file = &model->file;
    gte_status status =
        gte__tokenizer_open(&model->tokenizer, file->tokenizer, file->tokenizer_size, err);
    if (status != GTE_OK) {
        if (err) err->offset += file->header->sections[GTE__SECTION_TOKENIZER].offset;
        return status;
    }
    if (model->tokenizer.header->vocab_size > file->header->vocab_size)
        return gte__fail(err, GTE_E_FORMAT, 0,
                         "the tokenizer has %u tokens, the word table %u rows",
                         model->tokenizer.header->vocab_size, file->header->vocab_size);
    return options->verify ? gte__model_verify(file, err) : GTE_OK;
}

static gte_status open_model(gte_model **out, const char *path, const void *data, size_t size,
                             const gte_model_options *options, gte_error *err)
{
    if (!out) return gte__fail(err, GTE_E_ARGUMENT, 0, "out is NULL");
    *out = NULL;
    if (!path && !data) return gte__fail(err, GTE_E_ARGUMENT, 0, "no model: path or data is NULL");
    gte_model_options known = GTE_MODEL_OPTIONS_INIT;
    gte_status status = GTE__READ_OPTIONS(gte_model_options, known, options, err);
    if (status != GTE_OK) return status;

    gte_model *model = calloc(1, sizeof *model);
    if (!model) return gte__fail(err, GTE_E_MEMORY, 0, "no memory for a model");
    status = path ? gte__model_map(&model->file, path, err)
                  : gte__model_view(&model->file, data, size, err);
    if (status == GTE_OK) status = finish_open(model, &known, err);
    if (status != GTE_OK) {
        gte_model_close(&model);
        return status;
    }
    *out = model;
    return gte__ok(err);
}

gte_status gte_model_open(gte_model **out, const char *path, const gte_model_options *options,
                          gte_error *err)
{
    return open_model(out, path, NULL, 0, options, err);
}

gte_status gte_model_open_memory(gte_model **out, const void *data, size_t size,
                                 const gte_model_options *options, gte_error *err)
{
    return open_model(out, NULL, data, size, options, err);
}

void gte_model_close(gte_model **model)
{
    if (!model || !*model) return;
    gte__model_unmap(&(*model)->file);
    free(*model);
    *model = NULL;
}

gte_status gte_model_verify(const gte_model *model, gte_error *err)
{
    if (!model) return gte__fail(err, GTE_E_ARGUMENT, 0, "model is NULL");
    gte_status status = gte__model_verify(&model->file, err);
    return status == GTE_OK ? gte__ok(err) : status;
}

/* ---- describe ------------------------------------------------------------------------------ */

/* Of the architecture, not of how the file stores it. */
static uint64_t count_parameters(const gte__model *file)
{
    uint64_t n = 0;
    for (size_t i = 0; i < file->tensor_count; i++)
        if (gte__role_stands(file->tensors[i].role, GTE__DTYPE_F32, GTE__DTYPE_F32))
            n += (uint64_t)file->tensors[i].rows * file->tensors[i].cols;
    return n;
}

void gte_model_describe(const gte_model *model, gte_model_info *out, size_t size)
{
    static const char *const dtype_names[] = {"f32", "bf16", "int8"};
    if (!model || !out) return;
    const gte__file_header *h = model->file.header;
    gte_model_info info = {
        .architecture = "bert",
        .dtype = dtype_names[h->linear_dtype],
        .tokenizer = "wordpiece",
        .activation = h->activation == GTE__ACT_GELU_TANH ? "gelu_tanh" : "gelu",
        .hidden_size = (int)h->hidden_size,
        .layers = (int)h->layers,
        .heads = (int)h->heads,
        .ffn_size = (int)h->ffn_size,
        .vocab_size = (int)model->tokenizer.header->vocab_size,
        .max_positions = (int)h->max_positions,
        .type_vocab_size = (int)h->type_vocab_size,
        .max_tokens = (int)h->max_tokens,
        .pooling = h->pooling == GTE__POOL_CLS ? GTE_POOLING_CLS : GTE_POOLING_MEAN,
        .normalize = (int)h->normalize,
        .lowercase = (model->tokenizer.header->flags & GTE__TOK_LOWERCASE) != 0,
        .parameters = count_parameters(&model->file),
        .file_size = model->file.size,
    };
    for (size_t i = 0; i < GTE__SHA256_SIZE; i++) {
        info.sha256[2 * i] = "0123456789abcdef"[h->sha256[i] >> 4];
        info.sha256[2 * i + 1] = "0123456789abcdef"[h->sha256[i] & 15];
    }
    gte__describe(out, size, &info, sizeof info);
}

size_t gte_model_meta_count(const gte_model *model)
{
    return model ? model->file.meta_count : 0;
}

const char *gte_model_meta_key(const gte_model *model, size_t i)
{
    return i < gte_model_meta_count(model) ? model->file.meta[2 * i] : NULL;
}

const char *gte_model_meta_value(const gte_model *model, size_t i)
{
    return i < gte_model_meta_count(model) ? model->file.meta[2 * i + 1] : NULL;
}

const char *gte_model_meta(const gte_model *model, const char *key)
{
    if (!key) return NULL;
    for (size_t i = 0; i < gte_model_meta_count(model); i++)
        if (strcmp(model->file.meta[2 * i], key) == 0) return model->file.meta[2 * i + 1];
    return NULL;
}

/* ---- text ---------------------------------------------------------------------------------- */

gte_text gte_text_of(const char *string)
{
    return (gte_text){string, string ? strlen(string) : 0, NULL, 0};
}

gte_status gte_tokenize(const gte_model *model, gte_text text, unsigned flags, size_t max_tokens,
                        gte_token *out, size_t capacity, size_t *count, int *truncated,
                        gte_error *err)
{
    if (!model || !count) return gte__fail(err, GTE_E_ARGUMENT, 0, "model or count is NULL");
    const unsigned known = GTE_SPECIAL_AS_TEXT | GTE_REPLACE_INVALID | GTE_OFFSETS_BYTES |
                           GTE_NO_SPECIAL | GTE_NO_TRUNCATE;
    if (flags & ~known) return gte__fail(err, GTE_E_ARGUMENT, 0, "unknown flags 0x%x", flags);
    if (!out) capacity = 0;
    size_t limit = max_tokens ? max_tokens : model->file.header->max_tokens;
    gte_status status =
        gte__tokenize(&model->tokenizer, text, flags, limit, out, capacity, count, truncated, err);
    return status == GTE_OK ? gte__ok(err) : status;
}

const char *gte_token_text(const gte_model *model, int32_t id, size_t *size)
{
    if (size) *size = 0;
    if (!model || id < 0 || (uint32_t)id >= model->tokenizer.header->vocab_size) return NULL;
    const gte__tokenizer *tok = &model->tokenizer;
    if (size) *size = tok->string_index[id + 1] - tok->string_index[id];
    return tok->string_bytes + tok->string_index[id];
}

/* ---- similarity ---------------------------------------------------------------------------- */

/* Rounding may carry a cosine past its range, and users feed it to acos. NaN passes. */
static float clamp_cosine(float x)
{
    return x > 1.0f ? 1.0f : x < -1.0f ? -1.0f : x;
}

static float norm_of(const gte__kernels *k, const float *v, size_t dims)
{
    float norm = sqrtf(k->f32_dot(v, v, dims));
    return norm > 1e-12f ? norm : 1e-12f;
}

gte_status gte_similarity(const float *a, size_t na, const float *b, size_t nb, size_t dims,
                          float *out, gte_error *err)
{
    size_t cells;
    if (!gte__mul(na, nb, &cells)) return gte__fail(err, GTE_E_ARGUMENT, 0, "na * nb overflows");
    if (cells == 0) return gte__ok(err);
    if (!a || !b || !out || !dims)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "a, b or out is NULL, or dims is 0");
    const gte__kernels *k = gte__kernels_for(gte__cpu_isa());
    for (size_t j = 0; j < nb; j++) {
        float norm_b = norm_of(k, b + j * dims, dims);
        for (size_t i = 0; i < na; i++)
            out[i * nb + j] = k->f32_dot(a + i * dims, b + j * dims, dims) / norm_b;
    }
    for (size_t i = 0; i < na; i++) {
        k->f32_scale(out + i * nb, 1.0f / norm_of(k, a + i * dims, dims), nb);
        for (size_t j = 0; j < nb; j++) out[i * nb + j] = clamp_cosine(out[i * nb + j]);
    }
    return gte__ok(err);
}
