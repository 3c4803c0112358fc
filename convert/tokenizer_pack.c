/* Lays out the TOKENIZER section: header, trie, piece strings, added tokens. */
#include "convert/tokenizer_pack.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "convert/trie_build.h"
#include "model/format.h"
#include "tokenizer/tokenizer.h"

#define CONTINUES "##" /* in front of a piece that continues a word */
#define ALL_TOK_FLAGS                                                                              \
    (GTE__TOK_CLEAN_TEXT | GTE__TOK_CJK_SPLIT | GTE__TOK_STRIP_ACCENTS | GTE__TOK_LOWERCASE |      \
     GTE__TOK_BYTE_FALLBACK)
#define ALL_ADDED_FLAGS                                                                            \
    (GTE__ADDED_SINGLE_WORD | GTE__ADDED_LSTRIP | GTE__ADDED_RSTRIP | GTE__ADDED_NORMALIZED |      \
     GTE__ADDED_SPECIAL)

static gte_status check_added(const convert__tokenizer *desc, uint32_t i, gte_error *err)
{
    const convert__added *added = &desc->added[i];
    if (added->id >= desc->vocab_size || (added->flags & ~ALL_ADDED_FLAGS))
        return gte__fail(err, GTE_E_FORMAT, 0, "added token %u: its id or flags are out of range",
                         i);
    if (added->size > GTE__MAX_ADDED_BYTES)
        return gte__fail(err, GTE_E_UNSUPPORTED, 0, "added token %u: more than %u bytes", i,
                         GTE__MAX_ADDED_BYTES);
    if (!added->size || gte__utf8_invalid(added->text, added->size) != added->size)
        return gte__fail(err, GTE_E_FORMAT, 0, "added token %u: empty or not UTF-8", i);
    return GTE_OK;
}

static gte_status check(const convert__tokenizer *desc, gte_error *err)
{
    if (!desc->vocab_size || desc->vocab_size > GTE__MAX_VOCAB)
        return gte__fail(err, GTE_E_FORMAT, 0, "a vocabulary of %u entries (1 to %u can be used)",
                         desc->vocab_size, GTE__MAX_VOCAB);
    if (desc->flags & ~ALL_TOK_FLAGS)
        return gte__fail(err, GTE_E_FORMAT, 0, "unknown normalizer flags %#x", desc->flags);
    if (!desc->max_word_chars || desc->max_word_chars > GTE__MAX_WORD_CHARS)
        return gte__fail(err, GTE_E_UNSUPPORTED, 0,
                         "max_input_chars_per_word is %u (1 to %u can be used)",
                         desc->max_word_chars, GTE__MAX_WORD_CHARS);
    const uint32_t ids[] = {desc->unk_id, desc->cls_id, desc->sep_id, desc->pad_id};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        if (ids[i] >= desc->vocab_size)
            return gte__fail(err, GTE_E_FORMAT, 0, "special token id %u is not in the vocabulary",
                             ids[i]);
    for (uint32_t id = 0; id < desc->vocab_size; id++) {
        const convert__piece *piece = &desc->pieces[id];
        if (piece->text && (piece->size > GTE__MAX_PIECE_BYTES ||
                            gte__utf8_invalid(piece->text, piece->size) != piece->size))
            return gte__fail(err, GTE_E_FORMAT, 0, "vocabulary entry %u: too long or not UTF-8",
                             id);
    }
    if (desc->added_count > GTE__MAX_ADDED_TOKENS)
        return gte__fail(err, GTE_E_UNSUPPORTED, 0, "%u added tokens (at most %u can be used)",
                         desc->added_count, GTE__MAX_ADDED_TOKENS);
    if (desc->added_count > desc->vocab_size)
        return gte__fail(err, GTE_E_FORMAT, 0, "%u added tokens, but only %u ids",
                         desc->added_count, desc->vocab_size);
    for (uint32_t i = 0; i < desc->added_count; i++) {
        gte_status status = check_added(desc, i, err);
        if (status != GTE_OK) return status;
    }
    return GTE_OK;
}

/* The added tokens in the order of their records, and what each is matched with. */
typedef struct added_table {
    const convert__added **records; /* [added_count] */
    convert__piece *match;          /* [added_count] */
    char *normal_forms;
} added_table;

static void free_added(added_table *table)
{
    free(table->records);
    free(table->match);
    free(table->normal_forms);
}

/* Special tokens last: of two with equal text HuggingFace's matcher takes the special one, and the
 * trie keeps the last. (Which of several equal normal forms HuggingFace's takes is left to chance;
 * here it is a special one, then the one given first.) */
static void order_added(const convert__tokenizer *desc, const convert__added **records)
{
    uint32_t n = desc->added_count;
    for (uint32_t i = 0; i < desc->added_count; i++)
        if (desc->added[i].flags & GTE__ADDED_SPECIAL) records[--n] = &desc->added[i];
    for (uint32_t i = 0; i < desc->added_count; i++)
        if (!(desc->added[i].flags & GTE__ADDED_SPECIAL)) records[--n] = &desc->added[i];
}

/* On failure free_added() is still to be called. */
static bool prepare_added(const convert__tokenizer *desc, added_table *table)
{
    size_t count = desc->added_count, bytes = 0, at = 0;
    table->records = calloc(count + 1, sizeof *table->records);
    table->match = calloc(count + 1, sizeof *table->match);
    if (!table->records || !table->match) return false;
    order_added(desc, table->records);
    for (size_t i = 0; i < count; i++) {
        const convert__added *added = table->records[i];
        table->match[i] = (convert__piece){added->text, added->size};
        if (!(added->flags & GTE__ADDED_NORMALIZED)) continue;
        table->match[i].size =
            gte__added_normal_form(desc->flags, added->text, added->size, NULL, 0);
        bytes += table->match[i].size;
    }
    table->normal_forms = malloc(bytes + 1);
    if (!table->normal_forms) return false;
    for (size_t i = 0; i < count; i++) {
        const convert__added *added = table->records[i];
        if (!(added->flags & GTE__ADDED_NORMALIZED)) continue;
        char *form = table->normal_forms + at;
        at += gte__added_normal_form(desc->flags, added->text, added->size, form, bytes - at);
        table->match[i].text = form;
    }
    return true;
}

/* Only what the vocabulary itself holds can be found inside words; added tokens stand apart. */
static gte_status build_trie(const convert__tokenizer *desc, const added_table *added,
                             convert__trie *trie, gte_error *err)
{
    size_t n = 0, bytes;
    const size_t prefix = strlen(CONTINUES);
    convert__trie_key *keys = NULL;
    if (gte__mul((size_t)desc->vocab_size + desc->added_count, sizeof *keys, &bytes))
        keys = malloc(bytes);
    if (!keys) return gte__fail(err, GTE_E_MEMORY, 0, "no memory to sort the vocabulary");
    for (uint32_t id = 0; id < desc->vocab_size; id++) {
        const convert__piece *piece = &desc->pieces[id];
        if (!piece->text || !piece->size) continue;
        bool suffix = piece->size > prefix && !memcmp(piece->text, CONTINUES, prefix);
        size_t skip = suffix ? prefix : 0;
        keys[n++] = (convert__trie_key){piece->text + skip, piece->size - skip, (int32_t)id,
                                        suffix ? CONVERT__TRIE_SUFFIX : CONVERT__TRIE_WORD};
    }
    for (uint32_t i = 0; i < desc->added_count; i++) {
        bool normalized = added->records[i]->flags & GTE__ADDED_NORMALIZED;
        if (!added->match[i].size) continue;
        keys[n++] =
            (convert__trie_key){added->match[i].text, added->match[i].size, (int32_t)i,
                                normalized ? CONVERT__TRIE_NORMALIZED : CONVERT__TRIE_ADDED};
    }
    gte_status status = convert__trie_build(trie, keys, n, err);
    free(keys);
    return status;
}

/* The text of each id: the vocabulary's, or for a hole that of the added token with its id. */
static convert__piece *complete_pieces(const convert__tokenizer *desc)
{
    size_t bytes;
    if (!gte__mul(desc->vocab_size, sizeof(convert__piece), &bytes)) return NULL;
    convert__piece *pieces = malloc(bytes);
    if (!pieces) return NULL;
    for (uint32_t id = 0; id < desc->vocab_size; id++) {
        pieces[id] = desc->pieces[id];
        if (!pieces[id].text) pieces[id].size = 0;
    }
    for (uint32_t i = 0; i < desc->added_count; i++) {
        convert__piece *piece = &pieces[desc->added[i].id];
        if (!piece->size) *piece = (convert__piece){desc->added[i].text, desc->added[i].size};
    }
    return pieces;
}

/* Where each table stands in the block; false when the whole does not fit. */
static bool plan_section(const convert__tokenizer *desc, const convert__piece *pieces,
                         const convert__trie *trie, gte__tokenizer_header *header, size_t *size)
{
    gte__plan plan = {0};
    size_t strings = 0;
    for (uint32_t id = 0; id < desc->vocab_size; id++) strings += pieces[id].size;
    if (strings > UINT32_MAX) return false;
    *header = (gte__tokenizer_header){.kind = GTE__TOKENIZER_WORDPIECE,
                                      .flags = desc->flags,
                                      .vocab_size = desc->vocab_size,
                                      .max_word_chars = desc->max_word_chars,
                                      .unk_id = desc->unk_id,
                                      .cls_id = desc->cls_id,
                                      .sep_id = desc->sep_id,
                                      .pad_id = desc->pad_id,
                                      .trie_root_word = trie->roots[CONVERT__TRIE_WORD],
                                      .trie_root_suffix = trie->roots[CONVERT__TRIE_SUFFIX],
                                      .trie_root_added = trie->roots[CONVERT__TRIE_ADDED],
                                      .trie_root_normalized = trie->roots[CONVERT__TRIE_NORMALIZED],
                                      .trie_units = trie->count,
                                      .added_count = desc->added_count,
                                      .string_bytes_size = strings};
    gte__plan_add(&plan, 1, sizeof *header);
    header->trie_offset = gte__plan_add(&plan, trie->count, sizeof(gte__trie_unit));
    header->string_index_offset =
        gte__plan_add(&plan, (size_t)desc->vocab_size + 1, sizeof(uint32_t));
    header->string_bytes_offset = gte__plan_add(&plan, strings, 1);
    header->added_offset = gte__plan_add(&plan, desc->added_count, sizeof(gte__added_token));
    *size = plan.total;
    return !plan.bad;
}

static void write_strings(const convert__piece *pieces, uint32_t count, uint32_t *index,
                          char *bytes)
{
    uint32_t at = 0;
    for (uint32_t id = 0; id < count; id++) {
        index[id] = at;
        if (pieces[id].size) memcpy(bytes + at, pieces[id].text, pieces[id].size);
        at += (uint32_t)pieces[id].size;
    }
    index[count] = at;
}

gte_status convert__tokenizer_pack(const convert__tokenizer *desc, void **out, uint64_t *size,
                                   gte_error *err)
{
    added_table added = {0};
    convert__trie trie = {0};
    convert__piece *pieces = NULL;
    gte__tokenizer_header header;
    uint8_t *block = NULL;
    size_t total;
    *out = NULL;
    *size = 0;
    gte_status status = check(desc, err);
    if (status != GTE_OK) return status;
    status = gte__fail(err, GTE_E_MEMORY, 0, "no memory for the tokenizer section");
    if (!prepare_added(desc, &added)) goto done;
    status = build_trie(desc, &added, &trie, err);
    if (status != GTE_OK) goto done;
    status = gte__fail(err, GTE_E_MEMORY, 0, "no memory for the tokenizer section");
    pieces = complete_pieces(desc);
    if (!pieces || !plan_section(desc, pieces, &trie, &header, &total)) goto done;
    block = gte__block_alloc(total);
    if (!block) goto done;
    memset(block, 0, total);
    memcpy(block, &header, sizeof header);
    memcpy(block + header.trie_offset, trie.units, trie.count * sizeof *trie.units);
    write_strings(pieces, desc->vocab_size,
                  (uint32_t *)(void *)(block + header.string_index_offset),
                  (char *)block + header.string_bytes_offset);
    gte__added_token *records = (gte__added_token *)(void *)(block + header.added_offset);
    for (uint32_t i = 0; i < desc->added_count; i++)
        records[i] = (gte__added_token){added.records[i]->id, added.records[i]->flags};
    *out = block;
    *size = total;
    status = gte__ok(err);
done:
    free_added(&added);
    free(pieces);
    free(trie.units);
    return status;
}
