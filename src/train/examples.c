/* Growing arrays of examples. */
#include "examples.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "base/utf8.h"

#define MOST_BYTES ((size_t)1 << 31) /* of one text */

/* Room for `more` elements of `size` bytes after the `used` ones. */
static bool reserve(void **array, size_t *capacity, size_t used, size_t more, size_t size)
{
    size_t need, wanted = *capacity ? *capacity : 256, bytes;
    if (!gte__add(used, more, &need)) return false;
    if (need <= *capacity) return true;
    while (wanted < need)
        if (!gte__mul(wanted, 2, &wanted)) return false;
    void *grown = gte__mul(wanted, size, &bytes) ? realloc(*array, bytes) : NULL;
    if (!grown) return false;
    *array = grown;
    *capacity = wanted;
    return true;
}

static gte_status no_memory(const train__examples *examples, gte_error *err)
{
    return gte__fail(err, GTE_E_MEMORY, 0, "out of memory after %zu examples", examples->count);
}

static bool append(train__examples *examples, const char *data, size_t size)
{
    void *bytes = examples->bytes;
    if (!reserve(&bytes, &examples->room, examples->used, size + 1, 1)) return false;
    examples->bytes = bytes;
    if (size) memcpy(examples->bytes + examples->used, data, size);
    examples->used += size;
    return true;
}

static train__mark *new_mark(train__examples *examples)
{
    void *marks = examples->marks;
    if (!reserve(&marks, &examples->mark_capacity, examples->mark_count, 1, sizeof(train__mark)))
        return NULL;
    examples->marks = marks;
    return &examples->marks[examples->mark_count];
}

static gte_status check_text(const char *text, size_t size, gte_error *err)
{
    const size_t invalid = gte__utf8_invalid(text, size);
    if (size >= MOST_BYTES) return gte__fail(err, GTE_E_ARGUMENT, 0, "2 GiB are no text");
    if (invalid == size) return GTE_OK;
    return gte__fail(err, GTE_E_ARGUMENT, invalid, "invalid UTF-8 at byte %zu of the text",
                     invalid);
}

gte_status train__example_begin(train__examples *examples, const char *text, size_t size,
                                uint64_t line, gte_error *err)
{
    void *items = examples->items;
    gte_status status = check_text(text, size, err);
    if (status != GTE_OK) return status;
    if (!reserve(&items, &examples->capacity, examples->count, 1, sizeof(train__example)))
        return no_memory(examples, err);
    examples->items = items;
    const size_t at = examples->used;
    if (!append(examples, text, size)) return no_memory(examples, err);
    examples->items[examples->count++] = (train__example){
        .text = at, .size = (uint32_t)size, .first = examples->mark_count, .line = line};
    return GTE_OK;
}

gte_status train__example_label(train__examples *examples, const char *name, size_t size,
                                gte_error *err)
{
    train__example *example = &examples->items[examples->count - 1];
    uint32_t label;
    gte_status status = train__label_add(&examples->labels, name, size, &label, err);
    if (status != GTE_OK) return status;
    for (uint32_t i = 0; i < example->count; i++)
        if (examples->marks[example->first + i].label == label) return GTE_OK;
    train__mark *mark = new_mark(examples);
    if (!mark) return no_memory(examples, err);
    *mark = (train__mark){.label = label};
    examples->mark_count++;
    example->count++;
    return GTE_OK;
}

/* Han, kana and their marks, which are written without spaces; Hangul has them. */
static bool is_unspaced(uint32_t c)
{
    return (c >= 0x2e80 && c < 0xac00) || (c >= 0xf900 && c < 0xfb00) ||
           (c >= 0xfe30 && c < 0xfe50) || (c >= 0xff00 && c < 0xfff0) ||
           (c >= 0x20000 && c < 0x40000);
}

/* Whether a space belongs between the last word and the next: not beside a character that is
 * written without, nor between two single ones, as where a Chinese corpus spells out a number. */
static bool stand_apart(const train__examples *examples, const train__mark *last, const char *word,
                        size_t size)
{
    const train__example *example = &examples->items[examples->count - 1];
    const uint8_t *text = (const uint8_t *)examples->bytes + example->text;
    uint32_t tail = last->end - 1; /* where its last character begins */
    unsigned length;
    while (tail > last->start && (text[tail] & 0xc0) == 0x80) tail--;
    if (is_unspaced(gte__utf8_decode(text + tail, &length))) return false;
    if (is_unspaced(gte__utf8_decode((const uint8_t *)word, &length))) return false;
    return tail > last->start || length < size;
}

gte_status train__example_word(train__examples *examples, const char *word, size_t size,
                               const char *tag, size_t tag_size, gte_error *err)
{
    train__example *example = &examples->items[examples->count - 1];
    uint32_t label;
    if (size == 0) return gte__fail(err, GTE_E_ARGUMENT, 0, "an empty word");
    gte_status status = check_text(word, size, err);
    if (status == GTE_OK) status = train__label_add(&examples->labels, tag, tag_size, &label, err);
    if (status != GTE_OK) return status;
    if (example->size + size + 1 >= MOST_BYTES)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "a sentence of 2 GiB; an empty line ends one");
    train__mark *mark = new_mark(examples);
    if (!mark) return no_memory(examples, err);
    const uint32_t space = example->count && stand_apart(examples, mark - 1, word, size);
    if ((space && !append(examples, " ", 1)) || !append(examples, word, size))
        return no_memory(examples, err);
    const uint32_t start = example->size + space;
    *mark = (train__mark){.label = label, .start = start, .end = start + (uint32_t)size};
    example->size = mark->end;
    example->count++;
    examples->mark_count++;
    return GTE_OK;
}

void train__examples_free(train__examples *examples)
{
    train__label_set_free(&examples->labels);
    free(examples->items);
    free(examples->marks);
    free(examples->bytes);
    memset(examples, 0, sizeof *examples);
}
