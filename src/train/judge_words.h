/* Judging a tagger of words by the spans it marks, on sentences it was not trained on. */
#ifndef GTE_TRAIN_JUDGE_WORDS_H
#define GTE_TRAIN_JUDGE_WORDS_H

#include "choose_c.h"
#include "chain_crf.h"

/* Rows of tokens that begin a word: sentence s is the rows units[s] .. units[s + 1] - 1. A word
 * that shares its token with the one before has no row, nor has one that was cut off. */
typedef struct train__words {
    float *x;               /* [rows, hidden]: the state of the token */
    uint32_t *units;        /* [sentences + 1] */
    uint32_t *labels;       /* [rows] */
    uint32_t *first, *last; /* [rows]: the words of the sentence that its tokens take in */
    size_t rows, capacity;
    size_t cut; /* sentences longer than the model reads */
} train__words;

void train__words_free(train__words *words);

typedef struct train__word_judge {
    const train__examples *examples;
    const train__words *words;
    const train__tags *truth; /* what the labels of the examples mean */
    const uint32_t *types;    /* [truth->types.count]: the model's number of each type */
    const train__crf *crf;    /* of these words, by the model's tags */
    size_t hidden;
    bool transitions; /* the weights have some, else tags alone say what may follow what */
} train__word_judge;

/* Counts the sentences whose rows lie in from .. to - 1: spans by the model's types, words with the
 * right tag as exact. tally->k is at least the largest type + 1. Errors: GTE_E_MEMORY. */
gte_status train__tally_words(const train__word_judge *judge, const double *weights, size_t from,
                              size_t to, train__tally *tally, gte_error *err);

/* For train__choose_c: accuracy of tags, and the F1 of spans, the merit. It must be outlived. */
train__judge train__judge_of_words(const train__word_judge *judge);

#endif
