/* Answers as lists of units, and F1 of two lists. */
#include "answer_overlap.h"

#include <stdlib.h>
#include <string.h>

#include "utf8_text.h"

/* ---- units ---------------------------------------------------------------------------------- */

static bool is_wide(uint32_t c)
{
    return (c >= 0x2e80 && c <= 0x2fdf) || (c >= 0x3040 && c <= 0x9fff) ||
           (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
           (c >= 0x20000 && c <= 0x3ffff);
}

/* Spaces, controls, punctuation and signs, of ASCII and of the scripts above. */
static bool is_between(uint32_t c)
{
    if (c < 0x80) return !((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z'));
    return (c >= 0x80 && c <= 0xbf) || (c >= 0x2000 && c <= 0x206f) ||
           (c >= 0x3000 && c <= 0x303f) || (c >= 0xff00 && c <= 0xff0f) ||
           (c >= 0xff1a && c <= 0xff20) || (c >= 0xff3b && c <= 0xff40) ||
           (c >= 0xff5b && c <= 0xff65) || c == 0xfeff;
}

static bool add(cli_units *units, uint64_t unit)
{
    if (units->count == units->capacity) {
        const size_t capacity = units->capacity ? 2 * units->capacity : 64;
        uint64_t *of = realloc(units->of, capacity * sizeof *of);
        if (!of) return false;
        units->of = of;
        units->capacity = capacity;
    }
    units->of[units->count++] = unit;
    return true;
}

/* FNV-1a over code points. */
#define HASH_BEGIN UINT64_C(14695981039346656037)
static uint64_t hash(uint64_t h, uint32_t c)
{
    return (h ^ c) * UINT64_C(1099511628211);
}

static uint64_t hash_of(const char *word)
{
    uint64_t h = HASH_BEGIN;
    for (; *word; word++) h = hash(h, (uint32_t)*word);
    return h;
}

static bool end_word(cli_units *units, uint64_t *word)
{
    const uint64_t h = *word;
    *word = HASH_BEGIN;
    if (h == HASH_BEGIN || h == hash_of("a") || h == hash_of("an") || h == hash_of("the"))
        return true;
    return add(units, h);
}

bool cli__units_read(cli_units *units, const char *text, size_t size)
{
    uint64_t word = HASH_BEGIN;
    bool good = true;
    units->count = 0;
    for (size_t i = 0; i < size && good;) {
        uint32_t c;
        i += cli__utf8_next(text + i, size - i, &c);
        const bool wide = is_wide(c);
        if (wide || is_between(c))
            good = end_word(units, &word) && (!wide || add(units, hash(HASH_BEGIN, c)));
        else
            word = hash(word, c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    return good && end_word(units, &word);
}

void cli__units_free(cli_units *units)
{
    free(units->of);
    memset(units, 0, sizeof *units);
}

/* ---- F1 ------------------------------------------------------------------------------------- */

bool cli__units_equal(const cli_units *a, const cli_units *b)
{
    return a->count == b->count && (!a->count || !memcmp(a->of, b->of, a->count * sizeof *a->of));
}

static double f1(size_t same, const cli_units *a, const cli_units *b)
{
    if (!a->count || !b->count) return a->count == b->count;
    return 2.0 * (double)same / (double)(a->count + b->count);
}

static size_t times(const cli_units *units, size_t end, uint64_t unit)
{
    size_t count = 0;
    for (size_t i = 0; i < end; i++) count += units->of[i] == unit;
    return count;
}

double cli__units_f1(const cli_units *a, const cli_units *b)
{
    size_t same = 0;
    for (size_t i = 0; i < a->count; i++)
        same += times(a, i, a->of[i]) < times(b, b->count, a->of[i]);
    return f1(same, a, b);
}

double cli__units_run_f1(const cli_units *a, const cli_units *b)
{
    size_t longest = 0;
    for (size_t i = 0; i < a->count; i++)
        for (size_t j = 0; j < b->count; j++) {
            size_t run = 0;
            while (i + run < a->count && j + run < b->count && a->of[i + run] == b->of[j + run])
                run++;
            if (run > longest) longest = run;
        }
    return f1(longest, a, b);
}
