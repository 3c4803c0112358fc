/* Pieces of a text: sentences, words, and what one says that another does not. UTF-8, valid. */
#ifndef GTE_TASKS_SENTENCES_H
#define GTE_TASKS_SENTENCES_H

#include <stdbool.h>
#include <stddef.h>

#include "tasks/buffer.h"

typedef struct gte__piece {
    size_t begin, end; /* bytes */
} gte__piece;

/* Without white space at its ends. */
gte__piece gte__trim(const char *text, gte__piece span);

/* The sentences of a text, at most `most` (the last then holds the rest), trimmed, none empty
 * but for a text without any, which is one. Returns how many; writes them where `out` is not
 * NULL. */
size_t gte__sentences(const char *text, size_t size, gte__piece *out, size_t most);

/* The longest run of words within `sentence` (of `text`) that `known` does not hold, without common
 * function words at its ends; a Chinese character is a word. The whole sentence when there is
 * none. The scratch grows as it must. False: out of memory. */
bool gte__news(const char *text, gte__piece sentence, const char *known, size_t known_size,
               gte__buffer scratch[2], gte__piece *out);

#endif
