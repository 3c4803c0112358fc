/* The best answers so far; see span_best.h. */
#include "tasks/span_best.h"

#include "tasks/result.h"

void gte__span_enter(gte__span_best *best, gte__piece text, float score)
{
    gte__span_candidate *span = best->span;
    size_t at = 0;
    while (at < best->count && (span[at].text.begin != text.begin || span[at].text.end != text.end))
        at++;
    if (at < best->count && span[at].score >= score) return;
    if (at == best->count && at < GTE__SPAN_BEST) best->count++;
    if (at == GTE__SPAN_BEST) at--; /* the last one leaves */
    for (; at > 0 && span[at - 1].score < score; at--) span[at] = span[at - 1];
    span[at] = (gte__span_candidate){text, score};
}

float gte__span_chances(gte__span_best *best, float none)
{
    float x[GTE__SPAN_BEST + 1];
    for (size_t i = 0; i < best->count; i++) x[i] = best->span[i].score;
    x[best->count] = none;
    gte__scores_softmax(x, best->count + 1);
    for (size_t i = 0; i < best->count; i++) best->span[i].score = x[i];
    return x[best->count];
}
