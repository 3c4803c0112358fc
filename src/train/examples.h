/* Labelled texts, or sentences of tagged words, as they were read: texts in one buffer, labels as
 * numbers, and the line each began on. How files are read is src/cli's. */
#ifndef GTE_TRAIN_EXAMPLES_H
#define GTE_TRAIN_EXAMPLES_H

#include <stdbool.h>

#include "label_set.h"

/* One text, or one sentence. Its labels are marks[first] .. marks[first + count - 1]: those of the
 * text, or one for each of its words. */
typedef struct train__example {
    size_t text; /* where it begins in `bytes` */
    uint32_t size;
    uint32_t count;
    size_t first;
    uint64_t line;
} train__example;

typedef struct train__mark {
    uint32_t label;
    uint32_t start, end; /* of a word: bytes of its sentence */
} train__mark;

typedef struct train__examples {
    train__label_set labels;
    train__example *items;
    train__mark *marks;
    char *bytes;
    size_t count, capacity;
    size_t mark_count, mark_capacity;
    size_t used, room;
    bool several; /* a text may have any number of labels, as its reader says */
} train__examples;

/* Another text, or with size 0 another sentence, to which the calls below add. Errors:
 * GTE_E_ARGUMENT (invalid UTF-8, 2 GiB), GTE_E_MEMORY. */
gte_status train__example_begin(train__examples *examples, const char *text, size_t size,
                                uint64_t line, gte_error *err);

/* Another label of the last text; one that it has already is not added twice. Errors:
 * train__label_add's. */
gte_status train__example_label(train__examples *examples, const char *name, size_t size,
                                gte_error *err);

/* Another word of the last sentence. Errors: GTE_E_ARGUMENT (an empty word; invalid UTF-8; see
 * train__label_add), GTE_E_MEMORY. */
gte_status train__example_word(train__examples *examples, const char *word, size_t size,
                               const char *tag, size_t tag_size, gte_error *err);

static inline const char *train__example_text(const train__examples *examples, size_t i)
{
    return examples->bytes + examples->items[i].text;
}

void train__examples_free(train__examples *examples);

#endif
