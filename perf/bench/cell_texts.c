/* Chooses words out of a vocabulary by asking the tokenizer what it makes of them, and sets texts
 * of an exact number of tokens from them. */
#include "cell_texts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "refuse.h"

enum { MAX_WORD = 32, MAX_PIECES = 8, COMPOUNDS = 2048 };

/* One word: a vocabulary entry, or an entry with a continuation of it ("play" + "##ing"). */
typedef struct word {
    const char *head, *tail;
    uint8_t head_size, tail_size;
    uint8_t tokens;
} word;

typedef struct word_list {
    const gte_model *model;
    word *words; /* the simple ones, of one token each, come first */
    size_t count, simple, capacity;
    bool spaced; /* words need a space between */
} word_list;

/* splitmix64 */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Letters, and digits after the first. */
static bool is_word(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!is_letter(text[i]) && (i == 0 || text[i] < '0' || text[i] > '9')) return false;
    return size > 0;
}

/* One character of U+4E00 to U+9FFF. */
static bool is_ideograph(const char *text, size_t size)
{
    const unsigned char *u = (const unsigned char *)text;
    if (size != 3 || (u[0] & 0xf0) != 0xe0) return false;
    const unsigned code = (u[0] & 15u) << 12 | (u[1] & 63u) << 6 | (u[2] & 63u);
    return code >= 0x4e00 && code <= 0x9fff;
}

/* Tokens that a text takes on its own; 0 when they are more than MAX_PIECES. */
static size_t pieces_of(const gte_model *model, const char *text, size_t size, gte_token *out)
{
    const gte_text whole = {text, size, NULL, 0};
    size_t count = 0;
    const gte_status status =
        gte_tokenize(model, whole, GTE_NO_SPECIAL, SIZE_MAX, out, MAX_PIECES, &count, NULL, NULL);
    return status == GTE_OK ? count : 0;
}

static bool is_single_token(const gte_model *model, int32_t id, const char *text, size_t size)
{
    gte_token tokens[MAX_PIECES];
    return pieces_of(model, text, size, tokens) == 1 && tokens[0].id == id;
}

/* Adds entries whose text `fits` says is a word and which the tokenizer gives back as they are. */
static void add_simple(word_list *list, bool (*fits)(const char *, size_t))
{
    const char *text;
    size_t size;
    list->count = 0;
    for (int32_t id = 0; (text = gte_token_text(list->model, id, &size)) != NULL; id++) {
        if (size > MAX_WORD || !fits(text, size)) continue;
        if (!is_single_token(list->model, id, text, size)) continue;
        list->words[list->count++] = (word){text, "", (uint8_t)size, 0, 1};
    }
    list->simple = list->count;
}

/* Words of several pieces, as one in five of running text is. */
static void add_compounds(word_list *list, uint64_t *random, size_t entries)
{
    if (!list->simple) return;
    for (size_t tries = 0; tries < 16 * COMPOUNDS && list->count < list->capacity; tries++) {
        gte_token tokens[MAX_PIECES];
        char joined[2 * MAX_WORD];
        size_t size;
        word made = list->words[next_random(random) % list->simple];
        const char *tail =
            gte_token_text(list->model, (int32_t)(next_random(random) % entries), &size);
        if (!tail || size < 3 || size > MAX_WORD || memcmp(tail, "##", 2) != 0) continue;
        if (!is_word(tail + 2, size - 2)) continue;
        made.tail = tail + 2;
        made.tail_size = (uint8_t)(size - 2);
        memcpy(joined, made.head, made.head_size);
        memcpy(joined + made.head_size, made.tail, made.tail_size);
        made.tokens = (uint8_t)pieces_of(list->model, joined,
                                         (size_t)made.head_size + made.tail_size, tokens);
        if (made.tokens > 1) list->words[list->count++] = made;
    }
}

static gte_status collect_words(word_list *list, const gte_model *model, gte_error *err)
{
    uint64_t random = 1;
    size_t entries = 0, letters = 0, ideographs = 0, size;
    const char *text;
    for (; (text = gte_token_text(model, (int32_t)entries, &size)) != NULL; entries++) {
        letters += is_word(text, size);
        ideographs += is_ideograph(text, size);
    }
    *list = (word_list){.model = model, .capacity = entries + COMPOUNDS};
    list->words = malloc(list->capacity * sizeof *list->words);
    if (!list->words) return bench__refuse(err, GTE_E_MEMORY, "out of memory");
    list->spaced = letters >= ideographs;
    add_simple(list, list->spaced ? is_word : is_ideograph);
    if (list->spaced) add_compounds(list, &random, entries);
    if (list->simple < 2)
        return bench__refuse(err, GTE_E_UNSUPPORTED,
                             "the model's vocabulary has no words to make texts of");
    return GTE_OK;
}

static char *put_word(char *at, const word *w, bool space)
{
    if (space) *at++ = ' ';
    memcpy(at, w->head, w->head_size);
    memcpy(at + w->head_size, w->tail, w->tail_size);
    return at + w->head_size + w->tail_size;
}

/* One text of `tokens` tokens, beginning with a simple word; returns its end. */
static char *put_text(char *at, const word_list *list, const word *first, size_t tokens,
                      uint64_t *random)
{
    const char *begin = at;
    const word *w = first;
    while (tokens) {
        at = put_word(at, w, list->spaced && at != begin);
        tokens -= w->tokens;
        const uint64_t draw = next_random(random);
        const bool compound = draw % 5 == 0 && list->count > list->simple;
        const size_t place = (size_t)(draw >> 8);
        w = compound ? &list->words[list->simple + place % (list->count - list->simple)]
                     : &list->words[place % list->simple];
        if (w->tokens > tokens) w = &list->words[place % list->simple];
    }
    return at;
}

static gte_status set_texts(bench_texts *out, const word_list *list, size_t count, size_t tokens,
                            uint64_t seed, gte_error *err)
{
    const size_t longest = 2 * MAX_WORD + 1;
    uint64_t random = seed;
    const size_t offset = (size_t)(next_random(&random) >> 8);
    char *at = out->room = malloc(count * tokens * longest);
    out->texts = calloc(count, sizeof *out->texts);
    if (!out->room || !out->texts) return bench__refuse(err, GTE_E_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++) {
        const word *first = &list->words[(offset + i) % list->simple];
        char *end = put_text(at, list, first, tokens, &random);
        out->texts[i].data = at;
        out->texts[i].size = (size_t)(end - at);
        out->bytes += out->texts[i].size;
        at = end;
    }
    out->count = count;
    return GTE_OK;
}

/* The tokenizer has the last word. */
static gte_status check_texts(const bench_texts *texts, const gte_model *model, bench_cell cell,
                              gte_error *err)
{
    for (size_t i = 0; i < texts->count; i++) {
        size_t count = 0;
        const gte_status status =
            gte_tokenize(model, texts->texts[i], 0, SIZE_MAX, NULL, 0, &count, NULL, err);
        if (status != GTE_E_CAPACITY && status != GTE_OK) return status;
        if (count != (size_t)cell.tokens)
            return bench__refuse(err, GTE_E_UNSUPPORTED,
                                 "a text of %d tokens made from the vocabulary has %zu",
                                 cell.tokens, count);
    }
    return GTE_OK;
}

gte_status bench__texts_make(bench_texts *out, const gte_model *model, bench_cell cell,
                             uint64_t seed, gte_error *err)
{
    word_list list = {0};
    gte_model_info info;
    gte_token tokens[MAX_PIECES];
    size_t special = 0;
    memset(out, 0, sizeof *out);
    gte_model_describe(model, &info, sizeof info);
    gte_status status = bench__cell_check(cell, &info, err);
    if (status != GTE_OK) return status;
    status = gte_tokenize(model, gte_text_of(""), 0, 0, tokens, MAX_PIECES, &special, NULL, err);
    if (status != GTE_OK) return status;
    if ((size_t)cell.tokens <= special)
        return bench__refuse(err, GTE_E_UNSUPPORTED,
                             "a text of %d tokens has no room for a word: %zu are special ones",
                             cell.tokens, special);
    status = collect_words(&list, model, err);
    if (status == GTE_OK)
        status =
            set_texts(out, &list, (size_t)cell.texts, (size_t)cell.tokens - special, seed, err);
    free(list.words);
    return status == GTE_OK ? check_texts(out, model, cell, err) : status;
}

void bench__texts_free(bench_texts *texts)
{
    free(texts->texts);
    free(texts->room);
    memset(texts, 0, sizeof *texts);
}
