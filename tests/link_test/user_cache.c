/* A program of a user of libgtecache: puts, reopens, gets. */
#include <gte_cache.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    gte_cache *cache = NULL;
    gte_cache_options options = GTE_CACHE_OPTIONS_INIT;
    gte_cache_scope scope;
    gte_cache_key key;
    gte_cache_counts counts;
    gte_error err;
    gte_text text = {"hello world", 11, NULL, 0};
    float out[3], vector[3] = {1, 2, 3};
    size_t size;
    int turn;
    options.path = argc > 1 ? argv[1] : "user.cache";
    gte_cache_scope_init(&scope, "model", "test", NULL, 0, 3, 0);
    gte_cache_key_of(&scope, text, &key);
    for (turn = 0; turn < 2; turn++) {
        if (gte_cache_open(&cache, &options, &err) != GTE_OK) return 1;
        gte_cache_stats(cache, &counts, sizeof counts);
        if (turn == 0 && gte_cache_finite(vector, 3))
            gte_cache_put(cache, &key, vector, sizeof vector);
        if (gte_cache_get(cache, &key, out, sizeof out, &size) != GTE_CACHE_HIT) {
            fprintf(stderr, "a miss: %s\n", counts.fault);
            return counts.state != GTE_CACHE_WAITING; /* a build without SQLite forgets */
        }
        if (size != sizeof vector || memcmp(out, vector, size) != 0) return 1;
        if (turn == 0 && gte_cache_flush(cache, 0, &err) != GTE_OK && counts.state == GTE_CACHE_OK)
            return 1;
        gte_cache_close(&cache);
    }
    return 0;
}
