/* Linear-chain conditional random fields (Lafferty, McCallum and Pereira, 2001) over tags: the loss
 * of the scores of whole sentences, with transitions that are trained along, and the best path. */
#ifndef GTE_TRAIN_CHAIN_CRF_H
#define GTE_TRAIN_CHAIN_CRF_H

#include "linear_fit.h"
#include "word_tags.h"

/* Rows of tokens as sentences: sentence s is the rows units[s] .. units[s + 1] - 1. */
typedef struct train__chains {
    const uint32_t *units;
    size_t count;
    const uint32_t *labels; /* [rows] */
    const train__tags *tags;
} train__chains;

typedef struct train__crf {
    const train__chains *chains;
    size_t k;
    uint8_t *allowed; /* [k + 1, k + 1]: the last row is the start, the last column the end */
    double *work;     /* for the longest sentence; see chain_crf.c */
    size_t longest;
} train__crf;

/* Extra weights of the loss: transitions [from k, to k], starts [k], ends [k]. */
static inline size_t train__crf_extra(size_t k)
{
    return k * k + 2 * k;
}

/* *chains must outlive the CRF, and the CRF its loss. Errors: GTE_E_MEMORY. */
gte_status train__crf_create(train__crf *crf, const train__chains *chains, gte_error *err);
train__loss train__crf_loss(const train__crf *crf);
void train__crf_free(train__crf *crf);

/* The best path through scores [n, k]: Viterbi, never through a transition that tags forbid.
 * `extra` as above, NULL: zeros. `path` gets n labels. At most crf->longest rows. */
void train__crf_decode(const train__crf *crf, const float *scores, size_t n, const double *extra,
                       uint32_t *path);

#endif
