/* Pieces of a text: sentences, words, and what one says that another does not. UTF-8, valid. */
#ifndef SERVER_SPANS_H
#define SERVER_SPANS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct server__span {
    size_t begin, end; /* bytes */
} server__span;

/* Without white space at its ends. */
server__span server__trim(const char *text, server__span span);

/* The sentences of a text, at most `most` (the last then holds the rest), trimmed, none empty
 * but for a text without any, which is one. Returns how many; writes them where `out` is not
 * NULL. */
size_t server__sentences(const char *text, size_t size, server__span *out, size_t most);

/* The longest run of words within `sentence` (of `text`) that `known` does not hold, without common
 * function words at its ends; a Chinese character is a word. The whole sentence when there is
 * none. False: out of memory. */
bool server__news(const char *text, server__span sentence, const char *known, size_t known_size,
                  server__span *out);

#endif
