/* The queue and the table of inputs in flight. */
#include "server/flight.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "server/prediction.h"

bool server__flight_open(server__flight *flight, size_t most)
{
    memset(flight, 0, sizeof *flight);
    flight->queue.before = flight->queue.after = &flight->queue;
    for (flight->table_size = 64; flight->table_size < most;) flight->table_size *= 2;
    flight->table = calloc(flight->table_size, sizeof(server__entry *));
    if (getrandom(&flight->seed, sizeof flight->seed, GRND_NONBLOCK) < 0) flight->seed = 1;
    return flight->table != NULL;
}

void server__flight_close(server__flight *flight)
{
    free(flight->table);
    flight->table = NULL;
}

static bool options_equal(const server__vector_options *a, const server__vector_options *b)
{
    return a->dims == b->dims && a->pooling == b->pooling && a->no_normalize == b->no_normalize;
}

bool server__entries_fit(const server__entry *a, const server__entry *b)
{
    if (a->prediction && b->prediction) return a->prediction->head == b->prediction->head;
    return !a->prediction && !b->prediction && options_equal(&a->options, &b->options);
}

static uint64_t mix(uint64_t h, uint64_t value)
{
    h = (h ^ value) * 0xd6e8feb86659fd93u;
    return h ^ (h >> 32);
}

/* Its key is a digest already. */
static server__entry *create_for(const server__flight *flight, server__prediction *prediction)
{
    server__entry *entry = calloc(1, sizeof *entry);
    if (!entry) return NULL;
    entry->prediction = server__prediction_hold(prediction);
    entry->count = prediction->tokens;
    memcpy(&entry->hash, prediction->key.bytes, sizeof entry->hash);
    entry->hash = mix(flight->seed, entry->hash);
    return entry;
}

void server__entry_free(server__entry *entry)
{
    if (!entry) return;
    server__prediction_drop(&entry->prediction);
    free(entry);
}

server__entry *server__entry_create(const server__flight *flight, const server__item *item,
                                    const server__vector_options *options)
{
    if (item->prediction) return create_for(flight, item->prediction);
    server__entry *entry = malloc(sizeof *entry + item->count * sizeof *entry->tokens);
    if (!entry) return NULL;
    memset(entry, 0, sizeof *entry);
    entry->tokens = (gte_token *)(void *)(entry + 1);
    entry->options = *options;
    entry->count = item->count;
    uint64_t h = mix(flight->seed, (uint64_t)options->dims << 8 | (uint64_t)options->pooling << 1 |
                                       (uint64_t)(options->no_normalize != 0));
    for (size_t i = 0; i < item->count; i++) {
        entry->tokens[i] = (gte_token){item->tokens[i].id, item->tokens[i].type, 0, 0};
        h = mix(h, (uint64_t)(uint32_t)item->tokens[i].id << 1 | (uint64_t)item->tokens[i].type);
    }
    entry->hash = h;
    return entry;
}

static bool entries_equal(const server__entry *a, const server__entry *b)
{
    if (a->hash != b->hash || a->count != b->count || !server__entries_fit(a, b)) return false;
    if (a->prediction)
        return memcmp(&a->prediction->key, &b->prediction->key, sizeof a->prediction->key) == 0;
    return memcmp(a->tokens, b->tokens, a->count * sizeof *a->tokens) == 0;
}

server__entry *server__flight_find(const server__flight *flight, const server__entry *like)
{
    server__entry *entry = flight->table[like->hash & (flight->table_size - 1)];
    for (; entry; entry = entry->chain)
        if (entries_equal(entry, like)) return entry;
    return NULL;
}

void server__flight_add(server__flight *flight, server__entry *entry)
{
    server__entry **slot = &flight->table[entry->hash & (flight->table_size - 1)];
    entry->chain = *slot;
    *slot = entry;
    entry->before = flight->queue.before;
    entry->after = &flight->queue;
    entry->before->after = entry->after->before = entry;
    flight->items++;
    flight->tokens += entry->count;
}

void server__flight_take(server__flight *flight, server__entry *entry)
{
    entry->before->after = entry->after;
    entry->after->before = entry->before;
    entry->before = entry->after = NULL;
    flight->items--;
    flight->tokens -= entry->count;
}

static void leave_table(server__flight *flight, server__entry *entry)
{
    server__entry **slot = &flight->table[entry->hash & (flight->table_size - 1)];
    while (*slot != entry) slot = &(*slot)->chain;
    *slot = entry->chain;
}

void server__flight_orphan(server__flight *flight, server__entry *entry)
{
    if (entry->orphan) return;
    leave_table(flight, entry);
    entry->orphan = true;
    if (entry->prediction) atomic_store(&entry->prediction->unwanted, true);
}

void server__flight_remove(server__flight *flight, server__entry *entry)
{
    if (entry->after) server__flight_take(flight, entry);
    if (!entry->orphan) leave_table(flight, entry);
    server__entry_free(entry);
}
