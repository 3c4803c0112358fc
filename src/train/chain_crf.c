/* Forward and backward with scaling (Rabiner, Proc. IEEE 1989, section V.A), and Viterbi.
 *
 * Sums run over products of exponentials, scaled to 1 at each token, so there is one exp for each
 * score and none for each pair of tags. A forbidden transition is a factor of 0. */
#include "chain_crf.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"

/* Of crf->work; T is the longest sentence. */
typedef struct parts {
    double *factors;         /* [k + 1, k + 1]: exp of transitions, starts, ends; 0: forbidden */
    double *pairs;           /* [k, k]: sums of alpha beta */
    double *emission;        /* [T, k]: exp(score - the row's highest) */
    double *alpha, *scale;   /* [T, k], [T] */
    double *beta, *next, *u; /* [k] */
} parts;

static parts parts_of(const train__crf *crf)
{
    const size_t k = crf->k, side = k + 1, t = crf->longest;
    double *at = crf->work;
    parts p = {.factors = at, .pairs = at + side * side};
    p.emission = p.pairs + k * k;
    p.alpha = p.emission + t * k;
    p.scale = p.alpha + t * k;
    p.beta = p.scale + t;
    p.next = p.beta + k;
    p.u = p.next + k;
    return p;
}

gte_status train__crf_create(train__crf *crf, const train__chains *chains, gte_error *err)
{
    const size_t k = chains->tags->count, side = k + 1;
    *crf = (train__crf){.chains = chains, .k = k, .longest = 1};
    for (size_t s = 0; s < chains->count; s++) {
        const size_t length = chains->units[s + 1] - chains->units[s];
        if (length > crf->longest) crf->longest = length;
    }
    crf->allowed = calloc(side, side);
    crf->work = calloc(side * side + k * k + (2 * k + 1) * crf->longest + 3 * k, sizeof(double));
    if (!crf->allowed || !crf->work) {
        train__crf_free(crf);
        return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for sentences of %zu tokens",
                         crf->longest);
    }
    for (size_t a = 0; a < side; a++)
        for (size_t b = 0; b < side; b++)
            crf->allowed[a * side + b] =
                train__tag_follows(chains->tags, a < k ? (uint32_t)a : TRAIN__NO_LABEL,
                                   b < k ? (uint32_t)b : TRAIN__NO_LABEL);
    return GTE_OK;
}

void train__crf_free(train__crf *crf)
{
    free(crf->allowed);
    free(crf->work);
    *crf = (train__crf){0};
}

/* The extra weight of going from a to b, either of which may be k: the start, the end. */
static double weight_of(const double *extra, size_t k, size_t a, size_t b)
{
    if (!extra || (a == k && b == k)) return 0;
    if (a == k) return extra[k * k + b];
    return b == k ? extra[k * k + k + a] : extra[a * k + b];
}

/* scale[t] and alpha[t]; returns log Z. */
static double forward(const train__crf *crf, const parts *p, const float *scores, size_t n)
{
    const size_t k = crf->k, side = k + 1;
    double log_z = 0, z = 0;
    for (size_t t = 0; t < n; t++, scores += k) {
        double *e = p->emission + t * k, *alpha = p->alpha + t * k, sum = 0;
        const double *before = p->alpha + (t ? t - 1 : 0) * k;
        float most = scores[0];
        for (size_t j = 1; j < k; j++) most = fmaxf(most, scores[j]);
        for (size_t j = 0; j < k; j++) {
            e[j] = (double)expf(scores[j] - most);
            alpha[j] = t ? 0 : p->factors[k * side + j];
        }
        for (size_t i = 0; t && i < k; i++)
            for (size_t j = 0; j < k; j++) alpha[j] += before[i] * p->factors[i * side + j];
        for (size_t j = 0; j < k; j++) sum += alpha[j] *= e[j];
        for (size_t j = 0; j < k; j++) alpha[j] /= sum;
        p->scale[t] = sum;
        log_z += log(sum) + (double)most;
    }
    const double *last = p->alpha + (n - 1) * k;
    for (size_t j = 0; j < k; j++) z += last[j] * p->factors[j * side + k];
    for (size_t j = 0; j < k; j++) p->beta[j] = p->factors[j * side + k] / z;
    return log_z + log(z);
}

/* From beta of the last token back: marginals in place of scores, pairs summed up. */
static void backward(const train__crf *crf, const parts *p, float *scores, size_t n)
{
    const size_t k = crf->k, side = k + 1;
    for (size_t t = n; t-- > 0;) {
        const double *e = p->emission + t * k, *alpha = p->alpha + t * k;
        for (size_t j = 0; j < k; j++) scores[t * k + j] = (float)(alpha[j] * p->beta[j]);
        if (t == 0) break;
        const double *alpha_before = alpha - k;
        for (size_t j = 0; j < k; j++) p->u[j] = e[j] * p->beta[j] / p->scale[t];
        for (size_t i = 0; i < k; i++) {
            const double before = alpha_before[i];
            double sum = 0;
            for (size_t j = 0; j < k; j++) {
                p->pairs[i * k + j] += before * p->u[j];
                sum += p->factors[i * side + j] * p->u[j];
            }
            p->next[i] = sum;
        }
        memcpy(p->beta, p->next, k * sizeof *p->beta);
    }
}

/* log Z - the score of the true path; marginals minus truth in place of scores. */
static double sentence(const train__crf *crf, const parts *p, const uint32_t *labels, float *scores,
                       size_t n, const double *extra, double *extra_gradient)
{
    const size_t k = crf->k;
    double path = 0;
    for (size_t t = 0; t < n; t++) {
        path += (double)scores[t * k + labels[t]];
        if (t) path += extra[labels[t - 1] * k + labels[t]];
    }
    path += extra[k * k + labels[0]] + extra[k * k + k + labels[n - 1]];
    const double loss = forward(crf, p, scores, n) - path;
    backward(crf, p, scores, n);
    for (size_t j = 0; j < k; j++) {
        extra_gradient[k * k + j] += (double)scores[j];
        extra_gradient[k * k + k + j] += (double)scores[(n - 1) * k + j];
    }
    extra_gradient[k * k + labels[0]] -= 1;
    extra_gradient[k * k + k + labels[n - 1]] -= 1;
    for (size_t t = 0; t < n; t++) {
        scores[t * k + labels[t]] -= 1;
        if (t) extra_gradient[labels[t - 1] * k + labels[t]] -= 1;
    }
    return loss;
}

/* The sentence that begins at row `from`. */
static size_t sentence_at(const train__chains *chains, size_t from)
{
    size_t low = 0, high = chains->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (chains->units[middle] < from)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static double run(const void *arg, size_t from, size_t to, float *scores, const double *extra,
                  double *extra_gradient)
{
    const train__crf *crf = arg;
    const train__chains *chains = crf->chains;
    const size_t k = crf->k, side = k + 1;
    const parts p = parts_of(crf);
    double sum = 0;
    for (size_t i = 0; i < side * side; i++)
        p.factors[i] = crf->allowed[i] ? exp(weight_of(extra, k, i / side, i % side)) : 0;
    memset(p.pairs, 0, k * k * sizeof *p.pairs);
    for (size_t s = sentence_at(chains, from); s < chains->count && chains->units[s] < to; s++) {
        const size_t at = chains->units[s], n = chains->units[s + 1] - at;
        if (n == 0) continue;
        sum += sentence(crf, &p, chains->labels + at, scores + (at - from) * k, n, extra,
                        extra_gradient);
    }
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++)
            extra_gradient[i * k + j] += p.factors[i * side + j] * p.pairs[i * k + j];
    return sum;
}

train__loss train__crf_loss(const train__crf *crf)
{
    return (train__loss){.run = run,
                         .arg = crf,
                         .extra = train__crf_extra(crf->k),
                         .units = crf->chains->units,
                         .unit_count = crf->chains->count};
}

/* The work memory holds the best score of a path to each tag, and where it came from. */
void train__crf_decode(const train__crf *crf, const float *scores, size_t n, const double *extra,
                       uint32_t *path)
{
    const size_t k = crf->k, side = k + 1;
    const parts p = parts_of(crf);
    double *now = p.beta, *next = p.next;
    size_t best = 0;
    for (size_t j = 0; j < k; j++)
        now[j] =
            crf->allowed[k * side + j] ? (double)scores[j] + weight_of(extra, k, k, j) : -INFINITY;
    for (size_t t = 1; t < n; t++) {
        for (size_t j = 0; j < k; j++) {
            size_t from = 0;
            next[j] = -INFINITY;
            for (size_t i = 0; i < k; i++) {
                if (!crf->allowed[i * side + j]) continue;
                const double score = now[i] + weight_of(extra, k, i, j);
                if (score > next[j]) {
                    next[j] = score;
                    from = i;
                }
            }
            next[j] += (double)scores[t * k + j];
            p.alpha[t * k + j] = (double)from;
        }
        double *held = now;
        now = next;
        next = held;
    }
    double most = -INFINITY;
    for (size_t j = 0; j < k; j++) {
        const double score = now[j] + weight_of(extra, k, j, k);
        if (crf->allowed[j * side + k] && score > most) {
            most = score;
            best = j;
        }
    }
    for (size_t t = n; t-- > 0;) {
        path[t] = (uint32_t)best;
        if (t) best = (size_t)p.alpha[t * k + best];
    }
}
