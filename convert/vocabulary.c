/* Chooses the tokenizer's files, checks the result against the architecture, and holds the growing
 * lists both readers fill. */
#include "convert/vocabulary.h"

#include <stdlib.h>
#include <string.h>

#include "model/format.h"

/* Three files may name the same tokens. */
#define MAX_ADDED_READ (3 * GTE__MAX_ADDED_TOKENS)

static bool same_text(const char *a, size_t a_size, const char *b, size_t b_size)
{
    return a_size == b_size && memcmp(a, b, a_size) == 0;
}

/* Room for an id, whose text may be there already but must not be another one. */
static gte_status claim_id(convert__vocabulary *v, const char *file, uint32_t id, const char *text,
                           size_t size, gte_error *err)
{
    if (id >= GTE__MAX_VOCAB)
        return gte__fail(err, GTE_E_FORMAT, 0, "%s: the id %u of \"%.*s\" is above the limit %u",
                         file, id, size > 60 ? 60 : (int)size, text, GTE__MAX_VOCAB - 1);
    if (id >= v->capacity) {
        uint32_t capacity = id < 32768 ? 65536 : 2 * id;
        convert__piece *pieces = realloc(v->pieces, capacity * sizeof *pieces);
        if (!pieces) return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for the vocabulary");
        memset(pieces + v->capacity, 0, (capacity - v->capacity) * sizeof *pieces);
        v->pieces = pieces;
        v->capacity = capacity;
    }
    const convert__piece *piece = &v->pieces[id];
    if (piece->size && !same_text(piece->text, piece->size, text, size))
        return gte__fail(err, GTE_E_FORMAT, 0, "%s: the id %u stands for \"%.*s\" and \"%.*s\"",
                         file, id, piece->size > 60 ? 60 : (int)piece->size, piece->text,
                         size > 60 ? 60 : (int)size, text);
    if (size && id >= v->desc.vocab_size) v->desc.vocab_size = id + 1;
    return GTE_OK;
}

gte_status convert__vocabulary_set(convert__vocabulary *v, const char *file, uint32_t id,
                                   const char *text, size_t size, gte_error *err)
{
    gte_status status = claim_id(v, file, id, text, size, err);
    if (status == GTE_OK) v->pieces[id] = (convert__piece){text, size};
    return status;
}

gte_status convert__vocabulary_add(convert__vocabulary *v, const char *file,
                                   const convert__added *token, gte_error *err)
{
    if (token->size == 0)
        return gte__fail(err, GTE_E_FORMAT, 0, "%s: the added token %u is empty", file, token->id);
    gte_status status = claim_id(v, file, token->id, token->text, token->size, err);
    if (status != GTE_OK) return status;
    if (v->desc.added_count >= MAX_ADDED_READ)
        return gte__fail(err, GTE_E_UNSUPPORTED, 0, "%s: more than %u added tokens", file,
                         GTE__MAX_ADDED_TOKENS);
    if (v->desc.added_count == v->added_capacity) {
        uint32_t capacity = v->added_capacity ? 2 * v->added_capacity : 64;
        convert__added *added = realloc(v->added, capacity * sizeof *added);
        if (!added) return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for added tokens");
        v->added = added;
        v->added_capacity = capacity;
    }
    v->added[v->desc.added_count] = *token;
    v->added[v->desc.added_count].order = v->desc.added_count;
    v->desc.added_count++;
    return GTE_OK;
}

gte_status convert__vocabulary_find(const convert__vocabulary *v, const char *file,
                                    const char *what, const char *text, uint32_t *id,
                                    gte_error *err)
{
    size_t size = strlen(text);
    for (uint32_t i = v->desc.vocab_size; i-- > 0;) {
        if (!same_text(v->pieces[i].text, v->pieces[i].size, text, size)) continue;
        *id = i;
        return GTE_OK;
    }
    for (uint32_t i = 0; i < v->desc.added_count; i++) {
        if (!same_text(v->added[i].text, v->added[i].size, text, size)) continue;
        *id = v->added[i].id;
        return GTE_OK;
    }
    return gte__fail(err, GTE_E_FORMAT, 0, "%s: %s: \"%.80s\" is not in the vocabulary", file, what,
                     text);
}

gte_status convert__added_flags(const convert__object *object, uint32_t *flags, gte_error *err)
{
    static const struct {
        const char *key;
        uint32_t flag;
    } keys[] = {{"single_word", GTE__ADDED_SINGLE_WORD},
                {"lstrip", GTE__ADDED_LSTRIP},
                {"rstrip", GTE__ADDED_RSTRIP},
                {"normalized", GTE__ADDED_NORMALIZED},
                {"special", GTE__ADDED_SPECIAL}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        bool on = (*flags & keys[i].flag) != 0;
        gte_status status = convert__json_bool(object, keys[i].key, CONVERT__OPTIONAL, &on, err);
        if (status != GTE_OK) return status;
        *flags = on ? *flags | keys[i].flag : *flags & ~keys[i].flag;
    }
    return GTE_OK;
}

static int by_id(const void *a, const void *b)
{
    const convert__added *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

static int by_text(const void *a, const void *b)
{
    const convert__added *x = a, *y = b;
    if (x->size != y->size) return x->size < y->size ? -1 : 1;
    return memcmp(x->text, y->text, x->size);
}

static int by_text_and_order(const void *a, const void *b)
{
    const convert__added *x = a, *y = b;
    int order = by_text(a, b);
    return order ? order : (x->order > y->order) - (x->order < y->order);
}

/* Sorts by text; of equal texts the last one read stays. */
static void unite_added(convert__vocabulary *v)
{
    uint32_t kept = 0;
    qsort(v->added, v->desc.added_count, sizeof *v->added, by_text_and_order);
    for (uint32_t i = 0; i < v->desc.added_count; i++) {
        if (kept && by_text(&v->added[kept - 1], &v->added[i]) == 0) kept--;
        v->added[kept] = v->added[i];
        v->added[kept++].order = 0;
    }
    v->desc.added_count = kept;
}

/* HuggingFace gives a literal token the id its text has in the vocabulary, whatever the file says;
 * a file where the two differ is refused rather than guessed at. Sorts the literal tokens by id:
 * their order has no meaning, and this one makes equal tokenizers equal files. */
static gte_status check_added(convert__vocabulary *v, const char *file, gte_error *err)
{
    if (!v->desc.added_count) return GTE_OK;
    unite_added(v);
    for (uint32_t id = 0; id < v->desc.vocab_size; id++) {
        const convert__piece *piece = &v->pieces[id];
        if (!piece->size) continue;
        convert__added key = {.text = piece->text, .size = piece->size};
        const convert__added *found =
            bsearch(&key, v->added, v->desc.added_count, sizeof *v->added, by_text);
        if (found && found->id != id && !v->pieces[found->id].size)
            return gte__fail(err, GTE_E_FORMAT, 0,
                             "%s: the added token \"%.60s\" has the id %u, in the vocabulary %u",
                             file, found->text, found->id, id);
    }
    qsort(v->added, v->desc.added_count, sizeof *v->added, by_id);
    for (uint32_t i = 1; i < v->desc.added_count; i++)
        if (v->added[i].id == v->added[i - 1].id)
            return gte__fail(err, GTE_E_FORMAT, 0,
                             "%s: the id %u stands for the added tokens \"%.60s\" and \"%.60s\"",
                             file, v->added[i].id, v->added[i - 1].text, v->added[i].text);
    return GTE_OK;
}

gte_status convert__vocabulary_read(convert__vocabulary *out, const convert__source *source,
                                    const convert__config *config, gte_error *err)
{
    *out = (convert__vocabulary){0};
    bool found;
    gte_status status = convert__tokenizer_json_read(out, source, &found, err);
    if (status == GTE_OK && !found) status = convert__vocab_txt_read(out, source, err);
    if (status != GTE_OK) return status;
    convert__tokenizer *desc = &out->desc;
    desc->pieces = out->pieces;
    desc->added = out->added;
    out->file = found ? "tokenizer.json" : "vocab.txt";
    status = check_added(out, out->file, err);
    if (status != GTE_OK) return status;
    if (desc->vocab_size > config->vocab_size)
        return gte__fail(err, GTE_E_FORMAT, 0,
                         "%s: %u ids, more than the %u of config.json's vocab_size", out->file,
                         desc->vocab_size, config->vocab_size);
    if (convert__vocabulary_find(out, "", "", "[PAD]", &desc->pad_id, NULL) != GTE_OK)
        desc->pad_id = config->pad_id < desc->vocab_size ? config->pad_id : 0;
    if (config->lowercase_text && !(desc->flags & GTE__TOK_LOWERCASE)) {
        desc->flags |= GTE__TOK_LOWERCASE;
        convert__note(source, "lower case: sentence_bert_config.json asks for it, the tokenizer "
                              "does not; folded in the tokenizer");
    }
    return gte__ok(err);
}

void convert__vocabulary_free(convert__vocabulary *v)
{
    free(v->pieces);
    free(v->added);
    for (size_t i = 0; i < sizeof v->roots / sizeof v->roots[0]; i++) json_decref(v->roots[i]);
    convert__input_close(&v->input);
    *v = (convert__vocabulary){0};
}
