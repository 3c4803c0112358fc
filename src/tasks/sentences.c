/* Sentences end at their marks; words are runs of letters and digits, or single wide characters. */
#include "tasks/sentences.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/sort.h"

typedef enum unit_kind { SPACE, MARK, WORD } unit_kind;

typedef struct unit {
    gte__piece span;
    unit_kind kind;
    bool dull; /* a function word */
    bool known;
} unit;

/* Whether the text begins with those bytes of one character; looks at none beyond the first that
 * differs, for the text need not end with a NUL. */
static bool begins(const char *p, const char *bytes)
{
    while (*bytes && *p == *bytes) p++, bytes++;
    return !*bytes;
}

static bool is_space(const char *p)
{
    return *p == ' ' || (*p >= '\t' && *p <= '\r') || begins(p, "\xe3\x80\x80");
}

/* Bytes of the character at p: valid UTF-8 is a premise. */
static size_t width(const char *p)
{
    const unsigned char c = (unsigned char)*p;
    return c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

gte__piece gte__trim(const char *text, gte__piece span)
{
    while (span.begin < span.end && (unsigned char)text[span.begin] <= ' ') span.begin++;
    while (span.end > span.begin && (unsigned char)text[span.end - 1] <= ' ') span.end--;
    return span;
}

/* Whether the character at p ends a sentence: wide marks, a line's end, or . ! ? before space. */
static bool ends(const char *text, size_t size, size_t at)
{
    static const char *const wide[] = {"\xe3\x80\x82", "\xef\xbc\x81", "\xef\xbc\x9f",
                                       "\xef\xbc\x9b"};
    const char *p = text + at;
    if (*p == '\n') return true;
    if (*p == '.' || *p == '!' || *p == '?') return at + 1 == size || (unsigned char)p[1] <= ' ';
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        if (size - at >= 3 && memcmp(p, wide[i], 3) == 0) return true;
    return false;
}

size_t gte__sentences(const char *text, size_t size, gte__piece *out, size_t most)
{
    size_t count = 0, begin = 0;
    for (size_t at = 0; at < size;) {
        const size_t next = at + width(text + at);
        if ((ends(text, size, at) && count + 1 < most) || next >= size) {
            const gte__piece span = gte__trim(text, (gte__piece){begin, next < size ? next : size});
            if (span.begin < span.end) {
                if (out) out[count] = span;
                count++;
            }
            begin = next;
        }
        at = next;
    }
    if (count) return count;
    if (out) out[0] = (gte__piece){0, size};
    return 1;
}

/* ---- words ----------------------------------------------------------------------------------- */

static bool is_letter(unsigned char c)
{
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9') ||
           (c >= 0xC3 && c < 0xE0); /* two-byte letters: Latin, Greek, Cyrillic */
}

/* Marks beyond ASCII: general punctuation, CJK symbols, full-width forms, pictures. */
static bool is_wide_mark(const char *p)
{
    return begins(p, "\xe2\x80") || begins(p, "\xe3\x80") || begins(p, "\xef\xbc") ||
           begins(p, "\xf0\x9f");
}

static unit next_unit(const char *text, size_t at, size_t end)
{
    unit u = {.span = {at, at + width(text + at)}, .kind = WORD};
    if (u.span.end > end) u.span.end = end;
    if (is_space(text + at)) {
        u.kind = SPACE;
    } else if (is_letter((unsigned char)text[at])) {
        while (u.span.end < end && (is_letter((unsigned char)text[u.span.end]) ||
                                    (text[u.span.end] == '.' && u.span.end + 1 < end &&
                                     is_letter((unsigned char)text[u.span.end + 1]))))
            u.span.end += width(text + u.span.end);
        if (u.span.end > end) u.span.end = end;
    } else if ((unsigned char)text[at] < 0x80 || is_wide_mark(text + at)) {
        u.kind = MARK;
    }
    return u;
}

static bool same(const char *a, gte__piece x, const char *b, gte__piece y)
{
    return x.end - x.begin == y.end - y.begin &&
           strncasecmp(a + x.begin, b + y.begin, x.end - x.begin) == 0;
}

static bool is_dull(const char *text, gte__piece span)
{
    static const char *const dull[] = {
        "the", "a",   "an",  "of", "in", "on", "at", "is", "was", "are", "were", "to",
        "by",  "and", "for", "it", "as", "的", "了", "是", "在",  "于",  "和",   "与",
        "由",  "被",  "为",  "有", "也", "而", "其", "该", "这",  "那",  "位",
    };
    for (size_t i = 0; i < sizeof dull / sizeof *dull; i++)
        if (same(text, span, dull[i], (gte__piece){0, strlen(dull[i])})) return true;
    return false;
}

/* Words of a text in an order by which one is found in few steps: text and question may both be as
 * long as a body, and a look at all of one for each of the other's would take minutes. */
typedef struct word {
    const char *text;
    size_t size;
} word;

static int by_letters(const void *a, const void *b)
{
    const word *x = a, *y = b;
    if (x->size != y->size) return x->size < y->size ? -1 : 1;
    return strncasecmp(x->text, y->text, x->size);
}

/* Into `words`, sorted; false: no memory. */
static bool words_of(const char *text, size_t size, gte__buffer *words, size_t *count)
{
    *count = 0;
    if (!gte__buffer_reserve(words, size + 1, sizeof(word))) return false;
    word *out = words->data;
    for (size_t at = 0; at < size;) {
        const unit u = next_unit(text, at, size);
        if (u.kind == WORD) out[(*count)++] = (word){text + at, u.span.end - at};
        at = u.span.end;
    }
    gte__sort(out, *count, sizeof *out, by_letters);
    return true;
}

static bool holds(const word *words, size_t count, const char *text, gte__piece span)
{
    const word wanted = {text + span.begin, span.end - span.begin};
    return bsearch(&wanted, words, count, sizeof *words, by_letters) != NULL;
}

/* How much a run of units says: a Chinese character about half as much as a word. */
static size_t weight(const unit *u)
{
    if (u->kind != WORD || u->dull) return 0;
    return u->span.end - u->span.begin == 3 ? 1 : 2;
}

/* Whether the next word from `at` on, in steps of `step`, is a known one. */
static bool known_beside(const unit *units, size_t count, size_t at, int step)
{
    for (size_t i = at + (size_t)step; i < count && units[i].kind != MARK; i += (size_t)step)
        if (units[i].kind == WORD && !units[i].dull) return units[i].known;
    return false;
}

/* The best run of units that are not known; it begins and ends with a word that says something.
 * What stands beside a word of the question answers it twice as likely. */
static void longest_run(const unit *units, size_t count, gte__piece *out)
{
    size_t best = 0;
    for (size_t i = 0; i < count;) {
        size_t total = 0, first = i, last = i;
        for (; i < count && !units[i].known && units[i].kind != MARK; i++) {
            const size_t more = weight(&units[i]);
            if (!more) continue;
            if (!total) first = i;
            last = i;
            total += more;
        }
        if (total && (known_beside(units, count, first, -1) || known_beside(units, count, last, 1)))
            total *= 2;
        if (total > best) {
            best = total;
            *out = (gte__piece){units[first].span.begin, units[last].span.end};
        }
        i++;
    }
}

bool gte__news(const char *text, gte__piece sentence, const char *known, size_t known_size,
               gte__buffer scratch[2], gte__piece *out)
{
    size_t count = 0, word_count;
    *out = sentence;
    if (!words_of(known, known_size, &scratch[0], &word_count) ||
        !gte__buffer_reserve(&scratch[1], sentence.end - sentence.begin + 1, sizeof(unit)))
        return false;
    unit *units = scratch[1].data;
    for (size_t at = sentence.begin; at < sentence.end;) {
        unit *u = &units[count++];
        *u = next_unit(text, at, sentence.end);
        u->dull = u->kind == WORD && is_dull(text, u->span);
        u->known = u->kind == WORD && !u->dull && holds(scratch[0].data, word_count, text, u->span);
        at = u->span.end;
    }
    longest_run(units, count, out);
    return true;
}
