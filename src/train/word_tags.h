/* Tags of words: O, and B-, I-, E-, S- of a type (BIO; BIOES; BMES, whose M is an I), and the spans
 * that sequences of them mark. */
#ifndef GTE_TRAIN_WORD_TAGS_H
#define GTE_TRAIN_WORD_TAGS_H

#include "examples.h"
#include "tally.h"

typedef struct train__tag {
    char part;     /* one of "OBIES" */
    uint32_t type; /* number in the set of types; 0 of O */
} train__tag;

typedef struct train__tags {
    train__tag *of; /* [count], by label */
    uint32_t count;
    bool closed; /* there are E or S: every span says where it ends */
    train__label_set types;
} train__tags;

/* Reads the labels of examples of words as tags. A span that begins with I- (as in IOB1, or where
 * there is no B-) gets its B-, counted in *repaired; where there are E- or S- such a slip is an
 * error. Errors: GTE_E_ARGUMENT (a label that is no tag, a tag where it may not stand; err->index
 * is the example), GTE_E_MEMORY. */
gte_status train__tags_read(train__examples *examples, train__tags *tags, size_t *repaired,
                            gte_error *err);
void train__tags_free(train__tags *tags);

/* Whether tag `b` may follow tag `a`; TRAIN__NO_LABEL is the start as `a`, the end as `b`. */
bool train__tag_follows(const train__tags *tags, uint32_t a, uint32_t b);

/* The tag of the second token of a word: O after O, I- after B- and I-. TRAIN__NO_LABEL where there
 * is none, or where a span would have to end anew. */
uint32_t train__tag_going_on(const train__tags *tags, uint32_t label);

typedef struct train__span {
    uint32_t start, end; /* half open */
    uint32_t type;
} train__span;

/* The spans of a sequence into spans, which holds n; returns how many. */
size_t train__tags_spans(const train__tags *tags, const uint32_t *labels, size_t n,
                         train__span *spans);

/* Both lists in order: present, predicted and equal spans by type. */
void train__spans_tally(const train__span *truth, size_t present, const train__span *predicted,
                        size_t claimed, train__tally *tally);

#endif
