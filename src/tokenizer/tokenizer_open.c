/* Validates the TOKENIZER section, so that nothing after this has to. Trie indices are the one
 * exception: a walk checks each child it takes, which costs nothing and needs no pass over them. */
#include <stddef.h>
#include <string.h>

#include "base/memory.h"
#include "tokenizer/pass.h"

#define KNOWN_FLAGS                                                                                \
    (GTE__TOK_CLEAN_TEXT | GTE__TOK_CJK_SPLIT | GTE__TOK_STRIP_ACCENTS | GTE__TOK_LOWERCASE |      \
     GTE__TOK_BYTE_FALLBACK)
#define KNOWN_ADDED                                                                                \
    (GTE__ADDED_SINGLE_WORD | GTE__ADDED_LSTRIP | GTE__ADDED_RSTRIP | GTE__ADDED_NORMALIZED |      \
     GTE__ADDED_SPECIAL)

#define FIELD(name) offsetof(gte__tokenizer_header, name)
#define BAD(field, ...)                                                                            \
    gte__fail(err, GTE_E_FORMAT, FIELD(field), "tokenizer section: " __VA_ARGS__)

static gte_status check_scalars(const gte__tokenizer_header *h, gte_error *err)
{
    if (h->kind != GTE__TOKENIZER_WORDPIECE)
        return gte__fail(err, GTE_E_UNSUPPORTED, FIELD(kind),
                         "a tokenizer of kind %u, this library knows WordPiece (%d)", h->kind,
                         GTE__TOKENIZER_WORDPIECE);
    if (h->flags & ~KNOWN_FLAGS) return BAD(flags, "unknown flags %#x", h->flags);
    if (!h->vocab_size || h->vocab_size > GTE__MAX_VOCAB)
        return BAD(vocab_size, "a vocabulary of %u entries", h->vocab_size);
    if (!h->max_word_chars || h->max_word_chars > GTE__MAX_WORD_CHARS)
        return BAD(max_word_chars, "words of at most %u characters", h->max_word_chars);
    if (h->unk_id >= h->vocab_size) return BAD(unk_id, "id %u of [UNK]", h->unk_id);
    if (h->cls_id >= h->vocab_size) return BAD(cls_id, "id %u of [CLS]", h->cls_id);
    if (h->sep_id >= h->vocab_size) return BAD(sep_id, "id %u of [SEP]", h->sep_id);
    if (h->pad_id >= h->vocab_size) return BAD(pad_id, "id %u of [PAD]", h->pad_id);
    if (!h->trie_root_word || h->trie_root_word >= h->trie_units)
        return BAD(trie_root_word, "a root outside the trie");
    if (!h->trie_root_suffix || h->trie_root_suffix >= h->trie_units)
        return BAD(trie_root_suffix, "a root outside the trie");
    if (!h->trie_root_added || h->trie_root_added >= h->trie_units)
        return BAD(trie_root_added, "no root for added tokens (if the file is of an older "
                                    "converter: convert the model again)");
    if (!h->trie_root_normalized || h->trie_root_normalized >= h->trie_units)
        return BAD(trie_root_normalized, "a root outside the trie");
    if (h->added_count > GTE__MAX_ADDED_TOKENS || h->added_count > h->vocab_size)
        return BAD(added_count, "%u added tokens", h->added_count);
    for (size_t i = 0; i < sizeof h->reserved; i++)
        if (h->reserved[i]) return BAD(reserved, "a reserved byte is not zero");
    return GTE_OK;
}

/* A table of `count` elements at `offset`: inside the section, aligned; NULL when it is not. */
static const void *table(const void *data, uint64_t size, uint64_t offset, uint64_t count,
                         size_t element)
{
    size_t bytes;
    if (count > SIZE_MAX || !gte__mul((size_t)count, element, &bytes)) return NULL;
    if (offset % GTE_ALIGNMENT || offset < sizeof(gte__tokenizer_header) || offset > size ||
        bytes > size - offset)
        return NULL;
    return (const uint8_t *)data + offset;
}

static gte_status find_tables(gte__tokenizer *tok, const void *data, uint64_t size, gte_error *err)
{
    const gte__tokenizer_header *h = tok->header;
    if (!(tok->trie = table(data, size, h->trie_offset, h->trie_units, sizeof *tok->trie)))
        return BAD(trie_offset, "the trie does not lie inside it");
    if (!(tok->string_index = table(data, size, h->string_index_offset, (uint64_t)h->vocab_size + 1,
                                    sizeof *tok->string_index)))
        return BAD(string_index_offset, "the index of strings does not lie inside it");
    if (!(tok->string_bytes = table(data, size, h->string_bytes_offset, h->string_bytes_size, 1)))
        return BAD(string_bytes_offset, "the strings do not lie inside it");
    if (!(tok->added = table(data, size, h->added_offset, h->added_count, sizeof *tok->added)))
        return BAD(added_offset, "the added tokens do not lie inside it");
    return GTE_OK;
}

static gte_status check_vocabulary(const gte__tokenizer *tok, gte_error *err)
{
    const gte__tokenizer_header *h = tok->header;
    for (uint32_t i = 0; i < h->trie_units; i++)
        if (tok->trie[i].id < -1 || tok->trie[i].id >= (int64_t)h->vocab_size)
            return gte__fail(err, GTE_E_FORMAT, h->trie_offset + i * sizeof *tok->trie,
                             "tokenizer section: trie unit %u has id %d", i, tok->trie[i].id);
    const uint32_t *index = tok->string_index;
    if (index[0] != 0 || index[h->vocab_size] != h->string_bytes_size)
        return BAD(string_bytes_size, "the strings and their index differ in length");
    for (uint32_t i = 0; i < h->vocab_size; i++)
        if (index[i + 1] < index[i] || index[i + 1] - index[i] > GTE__MAX_PIECE_BYTES)
            return gte__fail(err, GTE_E_FORMAT, h->string_index_offset + i * sizeof *index,
                             "tokenizer section: string %u has a wrong length", i);
    return GTE_OK;
}

static gte_status check_added(const gte__tokenizer *tok, gte_error *err)
{
    const gte__tokenizer_header *h = tok->header;
    for (uint32_t i = 0; i < h->added_count; i++) {
        const gte__added_token *a = &tok->added[i];
        const char *wrong = a->id >= h->vocab_size    ? "id"
                            : a->flags & ~KNOWN_ADDED ? "flags"
                                                      : NULL;
        if (wrong)
            return gte__fail(err, GTE_E_FORMAT, h->added_offset + i * sizeof *a,
                             "tokenizer section: added token %u has wrong %s", i, wrong);
    }
    return GTE_OK;
}

static void derive(gte__tokenizer *tok)
{
    const gte__tokenizer_header *h = tok->header;
    tok->added_only_first = -1;
    for (unsigned byte = 0; byte < 256; byte++) {
        if (gte__trie_step(tok, h->trie_root_normalized, (uint8_t)byte))
            tok->added_normalized = true;
        if (!gte__trie_step(tok, h->trie_root_added, (uint8_t)byte)) continue;
        tok->added_first[byte >> 6] |= UINT64_C(1) << (byte & 63);
        tok->added_only_first = tok->added_only_first < 0 ? (int)byte : 256;
    }
    for (unsigned c = '0'; c <= '9'; c++) tok->ascii_fold[c] = (uint8_t)c;
    for (unsigned c = 'a'; c <= 'z'; c++) {
        unsigned upper = c - 'a' + 'A';
        tok->ascii_fold[c] = (uint8_t)c;
        tok->ascii_fold[upper] = (uint8_t)(h->flags & GTE__TOK_LOWERCASE ? c : upper);
    }
}

gte_status gte__tokenizer_open(gte__tokenizer *out, const void *data, uint64_t size, gte_error *err)
{
    memset(out, 0, sizeof *out);
    if ((uintptr_t)data % GTE_ALIGNMENT)
        return gte__fail(err, GTE_E_FORMAT, 0, "tokenizer section: it is not aligned to %u bytes",
                         GTE_ALIGNMENT);
    if (size < sizeof(gte__tokenizer_header))
        return gte__fail(err, GTE_E_FORMAT, size, "tokenizer section: too small for its header");
    gte__tokenizer tok = {.header = data};
    gte_status status = check_scalars(tok.header, err);
    if (status == GTE_OK) status = find_tables(&tok, data, size, err);
    if (status == GTE_OK) status = check_vocabulary(&tok, err);
    if (status == GTE_OK) status = check_added(&tok, err);
    if (status != GTE_OK) return status;
    derive(&tok);
    *out = tok;
    return gte__ok(err);
}
