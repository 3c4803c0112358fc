/* The TOKENIZER section: what the packer makes, and what opening makes of a damaged one. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "convert/tokenizer_pack.h"
#include "convert/trie_build.h"
#include "base/memory.h"
#include "support.h"
#include "tokenizer_fixture.h"

#define SMALL_JSON "tests/golden/tokenizer/small-tokenizer.json"

static tokenizer_fixture small;

/* Uses every part of an opened tokenizer; only that nothing breaks is asked. */
static void use(const gte__tokenizer *tok)
{
    static const char text[] =
        "Hello [SEP] tokenization, \xe4\xb8\xad\xe6\x96\x87 e\xcc\x81\xe3\x80"
        "\xae <x> FOO!bar <Y> \xed\x95\x9c\xea\xb5\xad a\xcc\xa3 [MASK]";
    static gte_token tokens[256];
    const gte_text input = {text, sizeof text - 1, text, sizeof text - 1};
    size_t count;
    gte__tokenize(tok, input, 0, 64, tokens, 256, &count, NULL, NULL);
    gte__tokenize(tok, input, GTE_SPECIAL_AS_TEXT, SIZE_MAX, tokens, 256, &count, NULL, NULL);
    for (uint32_t id = 0; id < tok->header->vocab_size; id++)
        CU_ASSERT_FATAL(tok->string_index[id + 1] <= tok->header->string_bytes_size);
}

/* A copy of the good section in its own block, so that a sanitizer sees every step beyond it. */
static void *copy_section(uint64_t size)
{
    void *copy = gte__block_alloc((size_t)size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    memcpy(copy, small.section, (size_t)size);
    return copy;
}

/* ---- each field broken in turn ------------------------------------------------------------- */

#define FIELD(name)                                                                                \
    offsetof(gte__tokenizer_header, name), sizeof(((gte__tokenizer_header *)0)->name)

static const struct {
    const char *name;
    size_t offset, size;
    uint64_t value;
    gte_status status;
} broken[] = {
    {"kind", FIELD(kind), 2, GTE_E_UNSUPPORTED},
    {"flags", FIELD(flags), 32, GTE_E_FORMAT},
    {"vocab_size 0", FIELD(vocab_size), 0, GTE_E_FORMAT},
    {"vocab_size huge", FIELD(vocab_size), UINT32_MAX, GTE_E_FORMAT},
    {"vocab_size smaller", FIELD(vocab_size), 120, GTE_E_FORMAT},
    {"max_word_chars 0", FIELD(max_word_chars), 0, GTE_E_FORMAT},
    {"max_word_chars huge", FIELD(max_word_chars), GTE__MAX_WORD_CHARS + 1, GTE_E_FORMAT},
    {"unk_id", FIELD(unk_id), UINT32_MAX, GTE_E_FORMAT},
    {"cls_id", FIELD(cls_id), 1000000, GTE_E_FORMAT},
    {"sep_id", FIELD(sep_id), 1000000, GTE_E_FORMAT},
    {"pad_id", FIELD(pad_id), 1000000, GTE_E_FORMAT},
    {"trie_root_word 0", FIELD(trie_root_word), 0, GTE_E_FORMAT},
    {"trie_root_word", FIELD(trie_root_word), UINT32_MAX, GTE_E_FORMAT},
    {"trie_root_suffix 0", FIELD(trie_root_suffix), 0, GTE_E_FORMAT},
    {"trie_root_suffix", FIELD(trie_root_suffix), UINT32_MAX, GTE_E_FORMAT},
    {"trie_units 0", FIELD(trie_units), 0, GTE_E_FORMAT},
    {"trie_units", FIELD(trie_units), UINT32_MAX, GTE_E_FORMAT},
    {"added_count", FIELD(added_count), UINT32_MAX, GTE_E_FORMAT},
    {"trie_offset unaligned", FIELD(trie_offset), 129, GTE_E_FORMAT},
    {"trie_offset in the header", FIELD(trie_offset), 64, GTE_E_FORMAT},
    {"trie_offset far", FIELD(trie_offset), UINT64_MAX - 63, GTE_E_FORMAT},
    {"string_index_offset", FIELD(string_index_offset), UINT64_C(1) << 40, GTE_E_FORMAT},
    {"string_bytes_offset", FIELD(string_bytes_offset), UINT64_C(1) << 40, GTE_E_FORMAT},
    {"string_bytes_size", FIELD(string_bytes_size), 1, GTE_E_FORMAT},
    {"string_bytes_size huge", FIELD(string_bytes_size), UINT64_MAX, GTE_E_FORMAT},
    {"added_offset", FIELD(added_offset), UINT64_C(1) << 40, GTE_E_FORMAT},
    {"trie_root_added 0", FIELD(trie_root_added), 0, GTE_E_FORMAT},
    {"trie_root_added", FIELD(trie_root_added), UINT32_MAX, GTE_E_FORMAT},
    {"trie_root_normalized 0", FIELD(trie_root_normalized), 0, GTE_E_FORMAT},
    {"trie_root_normalized", FIELD(trie_root_normalized), UINT32_MAX, GTE_E_FORMAT},
    {"reserved", FIELD(reserved), 1, GTE_E_FORMAT},
};

static void test_broken_fields(void)
{
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        gte__tokenizer tok;
        gte_error err;
        uint8_t *copy = copy_section(small.size);
        size_t bytes = broken[i].size < 8 ? broken[i].size : 8;
        memcpy(copy + broken[i].offset, &broken[i].value, bytes);
        gte_status status = gte__tokenizer_open(&tok, copy, small.size, &err);
        CU_ASSERT_EQUAL(status, broken[i].status);
        CU_ASSERT(err.offset < small.size);
        free(copy);
    }
}

/* One element of a table at a time. */
static void check_broken_at(uint64_t offset, uint32_t value)
{
    gte__tokenizer tok;
    gte_error err;
    uint8_t *copy = copy_section(small.size);
    memcpy(copy + offset, &value, sizeof value);
    CU_ASSERT_EQUAL(gte__tokenizer_open(&tok, copy, small.size, &err), GTE_E_FORMAT);
    CU_ASSERT_STRING_NOT_EQUAL(err.message, "");
    free(copy);
}

static void test_broken_tables(void)
{
    const gte__tokenizer_header *h = small.tok.header;
    check_broken_at(h->trie_offset + offsetof(gte__trie_unit, id), 0x7fffffff);
    check_broken_at(h->trie_offset + offsetof(gte__trie_unit, id), 0xfffffffe);
    check_broken_at(h->string_index_offset, 1);
    check_broken_at(h->string_index_offset + 4 * 10, 0x7fffffff);
    check_broken_at(h->added_offset + offsetof(gte__added_token, id), 0x7fffffff);
    check_broken_at(h->added_offset + offsetof(gte__added_token, flags), 0x100);
    gte__tokenizer tok;
    uint8_t *copy = copy_section(small.size);
    CU_ASSERT_EQUAL(gte__tokenizer_open(&tok, copy + 1, small.size - 1, NULL), GTE_E_FORMAT);
    free(copy);
}

static void test_truncated(void)
{
    for (uint64_t size = 0; size < small.size; size += size < 256 ? 1 : 61) {
        gte__tokenizer tok;
        void *copy = copy_section(size);
        if (gte__tokenizer_open(&tok, copy, size, NULL) == GTE_OK) use(&tok);
        free(copy);
    }
}

static void test_random_damage(void)
{
    uint64_t state = 7;
    size_t opened = 0;
    for (int round = 0; round < 3000; round++) {
        gte__tokenizer tok;
        uint8_t *copy = copy_section(small.size);
        unsigned changes = 1 + (unsigned)(support_random(&state) % 8);
        /* early rounds damage the header, which is small, the others anything */
        uint64_t range = round % 2 ? small.size : sizeof(gte__tokenizer_header);
        while (changes--) copy[support_random(&state) % range] = (uint8_t)support_random(&state);
        if (gte__tokenizer_open(&tok, copy, small.size, NULL) == GTE_OK) {
            use(&tok);
            opened++;
        }
        free(copy);
    }
    CU_ASSERT(opened > 0);
}

/* ---- the packer ---------------------------------------------------------------------------- */

static const convert__piece good_pieces[] = {{"[PAD]", 5}, {"[UNK]", 5}, {"[CLS]", 5}, {"[SEP]", 5},
                                             {"a", 1},     {"##b", 3},   {NULL, 0},    {"a", 1},
                                             {"##", 2},    {"ab", 2},    {NULL, 0}};
static const convert__added good_added[] = {{"<new>", 5, 10, 0, 0},
                                            {"[SEP]", 5, 3, GTE__ADDED_SPECIAL, 0}};

static convert__tokenizer good_description(void)
{
    return (convert__tokenizer){.pieces = good_pieces,
                                .vocab_size = 11,
                                .flags = GTE__TOK_LOWERCASE,
                                .max_word_chars = 100,
                                .unk_id = 1,
                                .cls_id = 2,
                                .sep_id = 3,
                                .added = good_added,
                                .added_count = 2};
}

static void test_pack(void)
{
    convert__tokenizer desc = good_description();
    gte__tokenizer tok;
    void *block;
    uint64_t size;
    gte_token out[16];
    size_t count;
    CU_ASSERT_EQUAL_FATAL(convert__tokenizer_pack(&desc, &block, &size, NULL), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(gte__tokenizer_open(&tok, block, size, NULL), GTE_OK);
    const gte_text text = {"a abb <new>b [SEP] ba", 21, NULL, 0};
    CU_ASSERT_EQUAL(gte__tokenize(&tok, text, GTE_NO_SPECIAL, 16, out, 16, &count, NULL, NULL),
                    GTE_OK);
    static const int32_t expected[] = {7, 9, 5, 10, 1, 3, 1};
    CU_ASSERT_EQUAL(count, 7);
    for (size_t i = 0; i < 7; i++) CU_ASSERT_EQUAL(out[i].id, expected[i]);
    CU_ASSERT_EQUAL(tok.string_index[7] - tok.string_index[6], 0);
    CU_ASSERT_EQUAL(tok.string_index[11] - tok.string_index[10], 5); /* the added token's text */
    free(block);
}

/* A damaged trie that ends an added token inside a character: it stays text. */
static void test_torn_token(void)
{
    static const char torn[] = "\xe4\xb8\xad";
    const convert__added token = {.text = torn, .size = 3, .id = 10};
    const gte_text text = {torn, 3, NULL, 0};
    for (size_t bytes = 1; bytes <= 3; bytes++) {
        convert__tokenizer desc = good_description();
        desc.added = &token;
        desc.added_count = 1;
        void *block;
        uint64_t size;
        CU_ASSERT_EQUAL_FATAL(convert__tokenizer_pack(&desc, &block, &size, NULL), GTE_OK);
        const gte__tokenizer_header *h = block;
        gte__trie_unit *trie = (void *)((uint8_t *)block + h->trie_offset);
        uint32_t unit = h->trie_root_added, last = 0;
        for (size_t i = 0; i < 3; i++) {
            unit = trie[unit].base + (uint8_t)torn[i];
            trie[unit].id = -1;
            if (i + 1 == bytes) last = unit;
        }
        trie[last].id = 0;
        gte__tokenizer tok;
        gte_token out[8];
        size_t count;
        CU_ASSERT_EQUAL_FATAL(gte__tokenizer_open(&tok, block, size, NULL), GTE_OK);
        CU_ASSERT_EQUAL(gte__tokenize(&tok, text, GTE_NO_SPECIAL, 8, out, 8, &count, NULL, NULL),
                        GTE_OK);
        CU_ASSERT_EQUAL(count, 1);
        CU_ASSERT_EQUAL(out[0].id, bytes == 3 ? 10 : (int32_t)h->unk_id);
        free(block);
    }
}

static void refuse(const convert__tokenizer *desc, gte_status status)
{
    void *block = &block;
    uint64_t size;
    gte_error err;
    CU_ASSERT_EQUAL(convert__tokenizer_pack(desc, &block, &size, &err), status);
    CU_ASSERT_PTR_NULL(block);
    CU_ASSERT_STRING_NOT_EQUAL(err.message, "");
}

static void test_pack_refuses(void)
{
    static const convert__piece bad[] = {{"a", 1}, {"\xff", 1}, {"b", 1}, {"c", 1}};
    convert__added added = {"x", 1, 99, 0, 0};
    convert__tokenizer desc;
#define REFUSED(change, status)                                                                    \
    desc = good_description();                                                                     \
    change;                                                                                        \
    refuse(&desc, status)
    REFUSED(desc.vocab_size = 0, GTE_E_FORMAT);
    REFUSED(desc.vocab_size = GTE__MAX_VOCAB + 1, GTE_E_FORMAT);
    REFUSED(desc.flags = 64, GTE_E_FORMAT);
    REFUSED(desc.max_word_chars = 0, GTE_E_UNSUPPORTED);
    REFUSED(desc.max_word_chars = 100000, GTE_E_UNSUPPORTED);
    REFUSED(desc.sep_id = 11, GTE_E_FORMAT);
    REFUSED(desc.added_count = GTE__MAX_ADDED_TOKENS + 1, GTE_E_UNSUPPORTED);
    REFUSED((desc.pieces = bad, desc.vocab_size = 4, desc.added_count = 0), GTE_E_FORMAT);
    REFUSED((desc.added = &added, desc.added_count = 1), GTE_E_FORMAT);
    added.id = 1;
    added.flags = 1u << 20;
    REFUSED((desc.added = &added, desc.added_count = 1), GTE_E_FORMAT);
    added.flags = GTE__ADDED_NORMALIZED;
    added.size = 0;
    REFUSED((desc.added = &added, desc.added_count = 1), GTE_E_FORMAT);
    REFUSED(desc.added_count = desc.vocab_size + 1, GTE_E_FORMAT);
    char large[GTE__MAX_ADDED_BYTES + 1];
    memset(large, 'x', sizeof large);
    added.text = large;
    added.size = sizeof large;
    REFUSED((desc.added = &added, desc.added_count = 1), GTE_E_UNSUPPORTED);
#undef REFUSED
}

/* ---- the trie ------------------------------------------------------------------------------ */

static int32_t look_up(const convert__trie *trie, const convert__trie_key *key)
{
    uint32_t unit = trie->roots[key->root];
    for (size_t i = 0; i < key->size; i++) {
        uint32_t child = trie->units[unit].base + (uint8_t)key->text[i];
        if (child >= trie->count || trie->units[child].check != unit) return -1;
        unit = child;
    }
    return trie->units[unit].id;
}

/* Every key is found, and nothing else is: as many units carry an id as there are keys. */
static void test_trie(void)
{
    enum { KEYS = 4000 };
    static char texts[KEYS][8];
    static convert__trie_key keys[KEYS];
    uint64_t state = 99;
    for (int alphabet = 2; alphabet <= 256; alphabet *= 4) {
        for (int i = 0; i < KEYS; i++) {
            size_t size = 1 + support_random(&state) % 8;
            for (size_t j = 0; j < size; j++)
                texts[i][j] = (char)(support_random(&state) % (uint64_t)alphabet);
            keys[i] = (convert__trie_key){texts[i], size, i,
                                          (int)(support_random(&state) % CONVERT__TRIE_ROOTS)};
        }
        convert__trie trie;
        CU_ASSERT_EQUAL_FATAL(convert__trie_build(&trie, keys, KEYS, NULL), GTE_OK);
        size_t different = 0, found = 0;
        for (int i = 0; i < KEYS; i++) {
            const convert__trie_key *k = &keys[i], *next = &keys[i + 1];
            if (i + 1 < KEYS && k->root == next->root && k->size == next->size &&
                !memcmp(k->text, next->text, k->size))
                continue; /* equal keys: the last one, with the highest id, counts */
            different++;
            CU_ASSERT_EQUAL(look_up(&trie, k), k->id);
        }
        for (uint32_t u = 0; u < trie.count; u++) found += trie.units[u].id >= 0;
        CU_ASSERT_EQUAL(found, different);
        CU_ASSERT(trie.count < 8 * KEYS + 1024);
        free(trie.units);
    }
    convert__trie empty;
    CU_ASSERT_EQUAL(convert__trie_build(&empty, NULL, 0, NULL), GTE_OK);
    free(empty.units);
}

int main(void)
{
    static const support_case cases[] = {
        {"broken header fields", test_broken_fields},
        {"broken tables", test_broken_tables},
        {"truncated", test_truncated},
        {"random damage", test_random_damage},
        {"pack", test_pack},
        {"torn token", test_torn_token},
        {"pack refuses", test_pack_refuses},
        {"trie", test_trie},
    };
    if (!tokenizer_fixture_open(&small, SMALL_JSON)) return 2;
    int result = SUPPORT_MAIN("tokenizer section", cases);
    tokenizer_fixture_close(&small);
    return result;
}
