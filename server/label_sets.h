/* What classification and sentiment choose from where a request brings no labels: names and the
 * texts whose vectors stand for them, in Chinese and English. Built in, or of the file of --labels:
 *
 *     {"classification": {"en": [{"name": "sports", "text": "sports, matches"}, ...], "zh": [...]},
 *      "sentiment": {"en": [...], "zh": [...]}}
 *
 * What the file leaves out stays as built in; a label without "text" is its own. */
#ifndef SERVER_LABEL_SETS_H
#define SERVER_LABEL_SETS_H

#include <stdbool.h>
#include <stddef.h>

#define SERVER__LABELS_MOST 100 /* of one set, here and in requests */

typedef enum server__label_task { SERVER__CLASSIFICATION, SERVER__SENTIMENT } server__label_task;

typedef struct server__label {
    const char *name, *text;
} server__label;

typedef struct server__label_set {
    const server__label *labels;
    size_t count;
} server__label_set;

/* All sets; immutable. Whoever answers a request by them holds them as long, since SIGHUP puts
 * others in their place. */
typedef struct server__label_sets server__label_sets;

/* NULL for the path: those that are built in. On failure NULL and a line in `message`. */
server__label_sets *server__label_sets_read(const char *path, char *message, size_t size);
server__label_set server__label_sets_of(const server__label_sets *sets, server__label_task task,
                                        bool chinese);
/* 32 bytes that differ wherever a label does: for the keys of kept answers. */
#define SERVER__LABEL_SETS_ID 32
const char *server__label_sets_id(const server__label_sets *sets);
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
