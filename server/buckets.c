/* Token buckets.
 *
 * The table is open-addressed in short windows and never grows: when a window is full, its fullest
 * bucket, which has waited longest, gives way. So memory is bounded whoever comes; under a flood of
 * addresses a limit may be forgotten early, never be too strict. */
#include "server/buckets.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SHARDS 16
#define SLOTS 1024 /* of a shard; a power of two */
#define WINDOW 8

typedef struct bucket {
    uint64_t who;
    uint64_t full_ns; /* when it will be full: fullness, rate and time in one number */
} bucket;

struct server__buckets {
    uint64_t seed; /* so that nobody can choose addresses that fall together */
    struct {
        pthread_mutex_t lock;
        bucket slots[SLOTS];
    } shards[SHARDS];
};

server__buckets *server__buckets_create(void)
{
    server__buckets *buckets = calloc(1, sizeof *buckets);
    if (!buckets) return NULL;
    if (getrandom(&buckets->seed, sizeof buckets->seed, GRND_NONBLOCK) < 0) buckets->seed = 1;
    for (int i = 0; i < SHARDS; i++) pthread_mutex_init(&buckets->shards[i].lock, NULL);
    return buckets;
}

void server__buckets_free(server__buckets **buckets)
{
    if (!*buckets) return;
    for (int i = 0; i < SHARDS; i++) pthread_mutex_destroy(&(*buckets)->shards[i].lock);
    free(*buckets);
    *buckets = NULL;
}

/* FNV-1a from a secret start, mixed. 0 is an empty slot's. */
static uint64_t hash(const server__buckets *buckets, const char *who)
{
    uint64_t h = 0xcbf29ce484222325u ^ buckets->seed;
    for (; *who; who++) h = (h ^ (unsigned char)*who) * 0x100000001b3u;
    h = (h ^ (h >> 32)) * 0xd6e8feb86659fd93u;
    h ^= h >> 32;
    return h ? h : 1;
}

static bucket *find(bucket *slots, uint64_t who)
{
    bucket *oldest = NULL;
    for (size_t i = 0; i < WINDOW; i++) {
        bucket *slot = &slots[(who / SHARDS + i) % SLOTS];
        if (slot->who == who) return slot;
        if (!oldest || slot->full_ns < oldest->full_ns) oldest = slot;
    }
    oldest->who = who;
    oldest->full_ns = 0;
    return oldest;
}

bool server__buckets_take(server__buckets *buckets, const char *who, int rate, int burst,
                          uint64_t now_ns, unsigned *seconds)
{
    uint64_t h = hash(buckets, who), each = 1000000000u / (uint64_t)rate;
    uint64_t most = each * (uint64_t)(burst > 0 ? burst : 1);
    pthread_mutex_lock(&buckets->shards[h % SHARDS].lock);
    bucket *slot = find(buckets->shards[h % SHARDS].slots, h);
    if (slot->full_ns < now_ns) slot->full_ns = now_ns;
    bool taken = slot->full_ns + each <= now_ns + most;
    uint64_t wait = taken ? 0 : slot->full_ns + each - (now_ns + most);
    if (taken) slot->full_ns += each;
    pthread_mutex_unlock(&buckets->shards[h % SHARDS].lock);
    *seconds = (unsigned)(wait / 1000000000u) + 1;
    return taken;
}
