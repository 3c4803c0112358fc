/* What classification and sentiment choose from where a request brings no labels: names and the
 * texts whose vectors stand for them, in Chinese and English. The library has its own (gte_task.h);
 * the file of --labels puts others in their place:
 *
 *     {"classification": {"en": [{"name": "sports", "text": "sports, matches"}, ...], "zh": [...]},
 *      "sentiment": {"en": [...], "zh": [...]}}
 *
 * What the file leaves out stays as it is; a label without "text" is its own. */
#ifndef SERVER_LABEL_SETS_H
#define SERVER_LABEL_SETS_H

#include <stdbool.h>
#include <stddef.h>

#include "gte_task.h"

typedef struct server__label_set {
    const gte_label *labels; /* those of the library when count is 0 */
    size_t count;
} server__label_set;

/* All sets; immutable. Whoever answers a request by them holds them as long, since SIGHUP puts
 * others in their place. */
typedef struct server__label_sets server__label_sets;

/* NULL for the path: none. On failure NULL and a line in `message`. */
server__label_sets *server__label_sets_read(const char *path, char *message, size_t size);
/* Those for a text, in its language; of other tasks than classification and sentiment none. */
server__label_set server__label_sets_of(const server__label_sets *sets, gte_task task,
                                        gte_text text);
void server__label_sets_drop(server__label_sets **sets);

/* Where the sets in use stand. */
typedef struct server__labels server__labels;

/* Takes the sets over; on failure NULL, and they are dropped. */
server__labels *server__labels_create(server__label_sets *sets);
void server__labels_free(server__labels **labels);
/* To be dropped when the request ends. */
server__label_sets *server__labels_hold(server__labels *labels);
/* Takes the sets over. */
void server__labels_install(server__labels *labels, server__label_sets *sets);

#endif
