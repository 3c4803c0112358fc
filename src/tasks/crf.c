/* A linear-chain conditional random field over the words of a text (Lafferty et al., 2001):
 *
 *     score(y) = start[y_1] + sum_t x_t[y_t] + sum_t transitions[y_(t-1)][y_t] + end[y_n]
 *
 * Viterbi finds the labels of the highest score. How sure an entity is, is the probability that its
 * words have just the labels they have, whatever the others have: by the forward and backward sums
 * (Sutton and McCallum, 2012), held to the entity's labels between its ends (Culotta and McCallum,
 * 2004). So it falls with an entity's length, other than a mean of its words' would.
 *
 * Time is n K^2; a step has K exponentials and K logarithms only, because the exponentials of the
 * transitions are taken once. A row of either sum is kept about zero, so nothing overflows however
 * long the text is; where all that reaches a label underflows it is summed by logarithms. */
#include <math.h>

#include "base/memory.h"
#include "tasks/tags.h"

#define TOO_SMALL 1e-250 /* a sum of K products that may have lost something below 1e-308 */

static gte_status no_memory(gte_error *err)
{
    return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for the labels of words");
}

/* ---- the best labels ------------------------------------------------------------------------ */

/* to[j] = max over i of from[i] + transitions[i][j]. Which i it was is asked later, along the best
 * path alone: this loop is nothing but sums and maxima. */
static void best_before(const float *restrict transitions, const double *restrict from, size_t k,
                        double *restrict to)
{
    for (size_t j = 0; j < k; j++) to[j] = from[0] + (double)transitions[j];
    for (size_t i = 1; i < k; i++) {
        const float *row = transitions + i * k;
        const double score = from[i];
        for (size_t j = 0; j < k; j++) {
            const double way = score + (double)row[j];
            to[j] = way > to[j] ? way : to[j];
        }
    }
}

/* The first i of which to[j] came. */
static size_t came_from(const float *transitions, const double *from, size_t k, size_t j)
{
    size_t best = 0;
    for (size_t i = 1; i < k; i++)
        if (from[i] + (double)transitions[i * k + j] >
            from[best] + (double)transitions[best * k + j])
            best = i;
    return best;
}

static size_t highest(const double *x, size_t k)
{
    size_t best = 0;
    for (size_t i = 1; i < k; i++)
        if (x[i] > x[best]) best = i;
    return best;
}

gte_status gte__crf_decode(const gte_head *head, const float *logits, gte__unit *units,
                           size_t count, gte__crf_memory memory, gte_error *err)
{
    const size_t k = head->header->labels;
    size_t cells;
    if (!count) return GTE_OK;
    if (!gte__mul(count, k, &cells) || !gte__buffer_reserve(memory.steps, cells, sizeof(double)))
        return no_memory(err);
    double *score = memory.steps->data; /* [count, K]: of the best way to each label */
    for (size_t j = 0; j < k; j++) score[j] = (double)head->crf_start[j];
    for (size_t u = 0;; u++, score += k) {
        const float *x = logits + units[u].first * k;
        for (size_t j = 0; j < k; j++) score[j] += (double)x[j];
        if (u + 1 == count) break;
        best_before(head->crf_transitions, score, k, score + k);
    }
    for (size_t j = 0; j < k; j++) score[j] += (double)head->crf_end[j];
    size_t label = highest(score, k);
    if (!isfinite(score[label]))
        return gte__fail(err, GTE_E_FORMAT, 0,
                         "a weight of the head's CRF is not finite: see gte verify");
    for (size_t u = count; u-- > 0;) {
        units[u].label = (uint32_t)label;
        if (!u) break;
        score -= k;
        label = came_from(head->crf_transitions, score, k, label);
    }
    return GTE_OK;
}

/* ---- how sure ------------------------------------------------------------------------------- */

typedef struct sums {
    size_t k;
    const float *transitions;
    double *most; /* [K]: the highest transition to each label */
    double *ways; /* [K, K]: exp(transition - most[to]) */
    double *row;  /* [K]: logarithms of the running sum */
    double *a, *b;
    double *norm; /* [count]: log of what the forward row was divided by */
} sums;

/* x = exp(x - max x); the maximum. */
static double exponentials(double *x, size_t k)
{
    const double most = x[highest(x, k)];
    for (size_t i = 0; i < k; i++) x[i] = exp(x[i] - most);
    return most;
}

/* log of the sum of exp(x[i] + t[i * stride]). */
static double log_sum(const double *x, const float *t, size_t stride, size_t k)
{
    double most = -INFINITY, sum = 0.0;
    for (size_t i = 0; i < k; i++) most = fmax(most, x[i] + (double)t[i * stride]);
    if (!isfinite(most)) return most;
    for (size_t i = 0; i < k; i++) sum += exp(x[i] + (double)t[i * stride] - most);
    return most + log(sum);
}

static gte_status prepare(sums *s, const gte_head *head, size_t count, gte__crf_memory memory,
                          gte_error *err)
{
    const size_t k = head->header->labels;
    size_t cells;
    if (!gte__mul(k, k + 4, &cells) || !gte__buffer_reserve(memory.rows, cells, sizeof(double)) ||
        !gte__buffer_reserve(memory.steps, count, sizeof(double)))
        return no_memory(err);
    double *at = memory.rows->data;
    *s = (sums){k,          head->crf_transitions, at, at + 4 * k, at + k, at + 2 * k,
                at + 3 * k, memory.steps->data};
    for (size_t j = 0; j < k; j++) s->most[j] = (double)s->transitions[j];
    for (size_t i = 1; i < k; i++)
        for (size_t j = 0; j < k; j++)
            s->most[j] = fmax(s->most[j], (double)s->transitions[i * k + j]);
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++)
            s->ways[i * k + j] = exp((double)s->transitions[i * k + j] - s->most[j]);
    return GTE_OK;
}

/* row[j] = log sum over i of exp(row[i] + transitions[i][j]) */
static void step_forward(sums *s)
{
    const size_t k = s->k;
    for (size_t j = 0; j < k; j++) s->a[j] = s->row[j];
    for (size_t j = 0; j < k; j++) s->b[j] = 0.0;
    const double most = exponentials(s->a, k);
    for (size_t i = 0; i < k; i++) {
        const double *restrict ways = s->ways + i * k;
        double *restrict sum = s->b;
        const double share = s->a[i];
        for (size_t j = 0; j < k; j++) sum[j] += share * ways[j];
    }
    for (size_t j = 0; j < k; j++)
        s->b[j] = s->b[j] > TOO_SMALL ? most + s->most[j] + log(s->b[j])
                                      : log_sum(s->row, s->transitions + j, k, k);
    for (size_t j = 0; j < k; j++) s->row[j] = s->b[j];
}

/* In eight parts, which the compiler may add up side by side. */
static double dot(const double *x, const double *y, size_t k)
{
    double part[8] = {0};
    size_t i = 0;
    for (; i + 8 <= k; i += 8)
        for (size_t p = 0; p < 8; p++) part[p] += x[i + p] * y[i + p];
    for (; i < k; i++) part[0] += x[i] * y[i];
    return ((part[0] + part[1]) + (part[2] + part[3])) +
           ((part[4] + part[5]) + (part[6] + part[7]));
}

/* row[i] = log sum over j of exp(transitions[i][j] + row[j]) */
static void step_backward(sums *s)
{
    const size_t k = s->k;
    for (size_t j = 0; j < k; j++) s->a[j] = s->row[j] + s->most[j];
    const double most = exponentials(s->a, k);
    for (size_t i = 0; i < k; i++) {
        const double *ways = s->ways + i * k;
        const double sum = dot(ways, s->a, k);
        s->b[i] = sum > TOO_SMALL ? most + log(sum) : log_sum(s->row, s->transitions + i * k, 1, k);
    }
    for (size_t i = 0; i < k; i++) s->row[i] = s->b[i];
}

static void add_floats(double *x, const float *y, size_t k)
{
    for (size_t i = 0; i < k; i++) x[i] += (double)y[i];
}

/* Rows of log P(label of unit u | units up to u), and the part of each span's score that is known
 * then: the first label's, and from one unit to the next transition and emission over the norm. */
static void forward(sums *s, const gte_head *head, const float *logits, const gte__unit *units,
                    size_t count, gte__tag_span *spans, size_t span_count)
{
    const size_t k = s->k;
    size_t at = 0;
    for (size_t j = 0; j < k; j++) s->row[j] = (double)head->crf_start[j];
    for (size_t u = 0; u < count; u++) {
        const float *x = logits + units[u].first * k;
        const uint32_t label = units[u].label;
        if (u) step_forward(s);
        add_floats(s->row, x, k);
        for (size_t j = 0; j < k; j++) s->a[j] = s->row[j];
        const double most = exponentials(s->a, k);
        double sum = s->a[0];
        for (size_t j = 1; j < k; j++) sum += s->a[j];
        s->norm[u] = most + log(sum);
        for (size_t j = 0; j < k; j++) s->row[j] -= s->norm[u];
        while (at < span_count && spans[at].last < u) at++;
        if (at == span_count || spans[at].first > u) continue;
        spans[at].score = spans[at].first == u
                              ? s->row[label]
                              : spans[at].score + (double)x[label] - s->norm[u] +
                                    (double)s->transitions[units[u - 1].label * k + label];
    }
}

/* Rows of log P(units after u | label of u) over the same norms: what each span's score lacks. */
static void backward(sums *s, const gte_head *head, const float *logits, const gte__unit *units,
                     size_t count, gte__tag_span *spans, size_t span_count, double end)
{
    const size_t k = s->k;
    size_t at = span_count;
    for (size_t j = 0; j < k; j++) s->row[j] = (double)head->crf_end[j] - end;
    for (size_t u = count; u-- > 0;) {
        if (u + 1 < count) {
            add_floats(s->row, logits + units[u + 1].first * k, k);
            step_backward(s);
            for (size_t j = 0; j < k; j++) s->row[j] -= s->norm[u + 1];
        }
        if (!at || spans[at - 1].last != u) continue;
        at--;
        const double score = exp(spans[at].score + s->row[units[u].label]);
        spans[at].score = score > 1.0 ? 1.0 : score; /* by rounding */
    }
}

gte_status gte__crf_scores(const gte_head *head, const float *logits, const gte__unit *units,
                           size_t count, gte__tag_span *spans, size_t span_count,
                           gte__crf_memory memory, gte_error *err)
{
    sums s = {0};
    if (!span_count) return GTE_OK;
    gte_status status = prepare(&s, head, count, memory, err);
    if (status != GTE_OK) return status;
    forward(&s, head, logits, units, count, spans, span_count);
    /* the last norm with the end's weights: log sum of row[j] + end[j] */
    const double end = log_sum(s.row, head->crf_end, 1, s.k);
    backward(&s, head, logits, units, count, spans, span_count, end);
    return GTE_OK;
}
