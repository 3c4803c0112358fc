/* What waits for the encoder or is on it: entries, one for each different input, in a queue and in
 * a table by content. The batcher's own; its lock guards all of it. */
#ifndef SERVER_FLIGHT_H
#define SERVER_FLIGHT_H

#include "server/batcher.h"

typedef struct server__entry {
    struct server__entry *before, *after; /* in the queue; NULL while on the encoder */
    struct server__entry *chain;          /* of the table */
    uint64_t hash;
    server__vector_options options;
    server__item *waiters;
    size_t count;
    gte_token *tokens;                     /* behind the struct; none of a prediction */
    struct server__prediction *prediction; /* held, or NULL: a vector */
    bool orphan;
} server__entry;

typedef struct server__flight {
    server__entry queue; /* the ring's head */
    server__entry **table;
    size_t table_size; /* a power of two */
    uint64_t seed;     /* so that nobody can choose inputs that fall together */
    size_t items, tokens;
} server__flight;

/* `most`: entries to be expected. False without memory. */
bool server__flight_open(server__flight *flight, size_t most);
void server__flight_close(server__flight *flight);

/* An entry for an item of a job, not yet in flight, or NULL; needs no lock. */
server__entry *server__entry_create(const server__flight *flight, const server__item *item,
                                    const server__vector_options *options);
/* One that never was in flight, or is no more. */
void server__entry_free(server__entry *entry);
/* Whether both can go through the encoder together. */
bool server__entries_fit(const server__entry *a, const server__entry *b);
/* The entry in flight that is equal to this one, or NULL. */
server__entry *server__flight_find(const server__flight *flight, const server__entry *like);
void server__flight_add(server__flight *flight, server__entry *entry);
/* Off the queue, onto the encoder; stays in the table, for equal inputs to join. */
void server__flight_take(server__flight *flight, server__entry *entry);
/* Nobody wants what is on the encoder: equal inputs do not join it any more, since it may stop. */
void server__flight_orphan(server__flight *flight, server__entry *entry);
/* Out of queue and table, and freed. */
void server__flight_remove(server__flight *flight, server__entry *entry);
#endif
