/* Runs of combining characters in canonical order.
 *
 * NFD sorts a run by combining class, stably. A run may be as long as the text, and scratch is
 * fixed, so a run that is not in order already is walked once per class that has something to
 * show; that is rare, because what strip_accents deletes never shows.
 *
 * HuggingFace's alignments through the sort are positional: the k-th character of the sorted run
 * that is the first of its decomposition gets the span of the k-th character of the text, whatever
 * moved where; the other parts of a decomposition get the span of what stands before them. A
 * second cursor, the donor, walks the text for that. */
#include "tokenizer/pass.h"

#include <string.h>

#define CLASSES 256u

typedef struct run {
    gte__pass *pass;
    gte__cursor start;
    const uint8_t *end; /* of the piece, then of the run */
} run;

/* One character of the run, decomposed. */
typedef struct item {
    gte__cursor at, next;
    unsigned count;
    uint32_t parts[GTE__MAX_DECOMPOSITION];
} item;

/* The next character of the run at or after `at`, which clean_text does not delete; false at the
 * run's end. The first character of a run belongs to it whatever it is. */
static bool next_item(const run *r, gte__cursor at, item *out)
{
    bool clean = r->pass->normalizer & GTE__TOK_CLEAN_TEXT;
    while (at.p < r->end) {
        uint32_t cp = gte__pass_decode(r->pass, at, r->end, &out->next);
        unsigned class = gte__cp_class(cp);
        if (!(clean && (class & GTE__CP_DROP))) {
            if (!(class & GTE__CP_NONSTARTER) && at.p != r->start.p) return false;
            out->at = at;
            out->count = gte__cp_decompose(cp, out->parts);
            return true;
        }
        at = out->next;
    }
    return false;
}

static bool kept(uint32_t cp)
{
    return !(gte__cp_class(cp) & GTE__CP_MARK);
}

/* Where the run ends; *shows says whether anything of it stays. Most runs are accents, and done. */
static gte__cursor run_end(const run *r, bool *shows)
{
    item it;
    gte__cursor end = r->start;
    *shows = false;
    for (gte__cursor at = r->start; next_item(r, at, &it); at = end = it.next)
        for (unsigned i = 0; i < it.count; i++)
            if (kept(it.parts[i])) *shows = true;
    return end;
}

typedef struct survey {
    bool sorted;
    size_t firsts[CLASSES]; /* characters whose decomposition begins with this class */
    bool shows[CLASSES];
} survey;

static void look(const run *r, survey *s)
{
    item it;
    unsigned last = 0;
    memset(s, 0, sizeof *s);
    s->sorted = true;
    for (gte__cursor at = r->start; next_item(r, at, &it); at = it.next) {
        for (unsigned i = 0; i < it.count; i++) {
            unsigned k = gte__cp_combining(it.parts[i]);
            if (i == 0) s->firsts[k]++;
            if (k < last) s->sorted = false;
            last = k;
            if (kept(it.parts[i])) s->shows[k] = true;
        }
    }
}

/* Moves the donor to the next character of the run and returns its span. */
static gte__span donate(const run *r, gte__cursor *donor)
{
    item it;
    if (!next_item(r, *donor, &it)) return (gte__span){donor->unit, donor->unit};
    *donor = it.next;
    return (gte__span){it.at.unit, it.next.unit};
}

/* Everything of combining class k, in the order of the text. */
static gte__span emit_class(const run *r, unsigned k, gte__cursor *donor, gte__span span)
{
    item it;
    for (gte__cursor at = r->start; next_item(r, at, &it); at = it.next) {
        for (unsigned i = 0; i < it.count; i++) {
            if (gte__cp_combining(it.parts[i]) != k) continue;
            if (i == 0) span = donate(r, donor);
            if (kept(it.parts[i])) gte__normalize_push(r->pass, it.parts[i], span);
        }
    }
    return span;
}

static void emit_sorted(const run *r, const survey *s)
{
    gte__cursor donor = r->start;
    gte__span span = {r->start.unit, r->start.unit};
    for (unsigned k = 0; k < CLASSES; k++) {
        if (s->shows[k]) {
            span = emit_class(r, k, &donor, span);
        } else {
            for (size_t i = 0; i < s->firsts[k]; i++) span = donate(r, &donor);
        }
    }
}

gte__cursor gte__combining_run(gte__pass *pass, gte__cursor at, const uint8_t *end)
{
    run r = {pass, at, end};
    bool shows;
    gte__cursor after = run_end(&r, &shows);
    if (!shows) return after;
    survey s;
    r.end = after.p;
    look(&r, &s);
    if (!s.sorted) {
        emit_sorted(&r, &s);
        return after;
    }
    item it;
    for (; next_item(&r, at, &it); at = it.next)
        for (unsigned i = 0; i < it.count; i++)
            if (kept(it.parts[i]))
                gte__normalize_push(pass, it.parts[i], (gte__span){it.at.unit, it.next.unit});
    return after;
}
