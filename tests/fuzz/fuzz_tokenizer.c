/* libFuzzer target for the tokenizer. The first byte chooses: even, the rest is a TOKENIZER section
 * to open and use; odd, it is options and text for a good tokenizer. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "convert/tokenizer_pack.h"
#include "tokenizer/tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PIECE(text)                                                                                \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }
#define ADDED(text, id, flags)                                                                     \
    {                                                                                              \
        text, sizeof(text) - 1, id, flags                                                          \
    }

static const convert__piece pieces[] = {PIECE("[PAD]"), PIECE("[UNK]"), PIECE("[CLS]"),
                                        PIECE("[SEP]"), PIECE("a"),     PIECE("##b"),
                                        PIECE("b"),     PIECE("##a"),   PIECE("abc"),
                                        PIECE("中"),    PIECE("e"),     PIECE("##\xe3\x80\xae"),
                                        PIECE("."),     {NULL, 0},      {NULL, 0},
                                        {NULL, 0},      PIECE("ᄒ"),    PIECE("##ᅡ")};
static const convert__added added[] = {
    ADDED("[SEP]", 3, GTE__ADDED_SPECIAL),
    ADDED("<a>", 13, GTE__ADDED_SINGLE_WORD | GTE__ADDED_LSTRIP | GTE__ADDED_RSTRIP),
    ADDED("Ab!", 14, GTE__ADDED_NORMALIZED | GTE__ADDED_LSTRIP | GTE__ADDED_RSTRIP),
    ADDED("中b", 15, GTE__ADDED_NORMALIZED | GTE__ADDED_SINGLE_WORD)};

static void tokenize(const gte__tokenizer *tok, const uint8_t *data, size_t size)
{
    static gte_token out[512];
    if (size < 4) return;
    unsigned flags = data[0];
    size_t max = data[1] & 0x80 ? SIZE_MAX : 3u + data[1], first = data[2] * (size - 4) / 255;
    const char *text = (const char *)data + 4;
    gte_text input = {text, first, data[3] & 1 ? text + first : NULL, size - 4 - first};
    if (!input.pair) input.size = size - 4;
    size_t count = 0;
    int cut;
    gte_status status = gte__tokenize(tok, input, flags, max, out, 512, &count, &cut, NULL);
    if (status == GTE_OK && count > max) abort();
    for (size_t i = 0; status == GTE_OK && i < count; i++)
        if (out[i].start > out[i].end || out[i].end > size ||
            (uint32_t)out[i].id >= tok->header->vocab_size)
            abort();
}

static void try_section(const uint8_t *data, size_t size)
{
    static const uint8_t text[] = "\x02\x40\x80\x01 Ab! <a> abc \xe4\xb8\xad"
                                  "b e\xcc\x81 [SEP] aab.";
    gte__tokenizer tok;
    void *block = gte__block_alloc(size);
    if (!block) return;
    memcpy(block, data, size);
    if (gte__tokenizer_open(&tok, block, size, NULL) == GTE_OK)
        tokenize(&tok, text, sizeof text - 1);
    free(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static gte__tokenizer good[2];
    static bool ready;
    for (uint32_t i = 0; i < 2 && !ready; i++) {
        convert__tokenizer desc = {.pieces = pieces,
                                   .vocab_size = sizeof pieces / sizeof pieces[0],
                                   .flags = i ? GTE__TOK_LOWERCASE : 15u,
                                   .max_word_chars = 100,
                                   .unk_id = 1,
                                   .cls_id = 2,
                                   .sep_id = 3,
                                   .added = added,
                                   .added_count = sizeof added / sizeof added[0]};
        void *section;
        uint64_t bytes;
        if (convert__tokenizer_pack(&desc, &section, &bytes, NULL) != GTE_OK ||
            gte__tokenizer_open(&good[i], section, bytes, NULL) != GTE_OK)
            abort();
    }
    ready = true;
    if (!size) return 0;
    if (data[0] & 1)
        tokenize(&good[data[0] >> 1 & 1], data + 1, size - 1);
    else
        try_section(data + 1, size - 1);
    return 0;
}
