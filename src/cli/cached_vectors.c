/* Which texts a cache lacks, and their vectors; see cached_vectors.h. */
#include "cached_vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

/* Vectors come a chunk at a time, faster than they are written. */
#define QUEUE_BYTES ((uint64_t)256 << 20)

/* The command works without its file, but whoever named it should know. */
static void tell_state(gte_cache *cache, const char *path)
{
    gte_cache_counts counts;
    gte_cache_stats(cache, &counts, sizeof counts);
    if (counts.state == GTE_CACHE_OK) return;
    cli__note("--cache %s: %s; %s", path, counts.fault,
              counts.state == GTE_CACHE_READ_ONLY ? "it is read, not written"
                                                  : "going on without it");
}

int cli__cached_open(cli_session *session, const char *path, size_t most)
{
    cli_cached *cached = calloc(1, sizeof *cached);
    gte_cache_options options = GTE_CACHE_OPTIONS_INIT;
    gte_runtime runtime;
    gte_context_info context;
    gte_error err;
    char computed_by[64];
    if (!cached) return cli__out_of_memory();
    session->cached = cached;
    options.path = path;
    options.queue_bytes = QUEUE_BYTES;
    if (gte_cache_open(&cached->cache, &options, &err) != GTE_OK)
        return cli__fail("--cache %s: %s", path, err.message);
    gte_runtime_describe(&runtime, sizeof runtime);
    gte_context_describe(session->context, &context, sizeof context);
    snprintf(computed_by, sizeof computed_by, "%s %s", runtime.isa, context.backend);
    gte_cache_scope_vectors(&cached->scope, &session->info, &session->options, computed_by);
    cached->most = most;
    cached->keys = calloc(most, sizeof *cached->keys);
    cached->texts = calloc(most, sizeof *cached->texts);
    cached->places = calloc(most, sizeof *cached->places);
    cached->vectors = calloc(most * session->dims, sizeof *cached->vectors);
    if (!cached->keys || !cached->texts || !cached->places || !cached->vectors)
        return cli__out_of_memory();
    tell_state(cached->cache, path);
    return CLI_OK;
}

/* Fills what the cache has of [n, dims] and lists the rest. */
static size_t look_up(cli_cached *cached, const gte_text *texts, size_t n, size_t dims, float *out)
{
    size_t missing = 0, size, row = dims * sizeof *out;
    for (size_t i = 0; i < n; i++) {
        gte_cache_key_of(&cached->scope, texts[i], &cached->keys[i]);
        gte_cache_answer answer =
            gte_cache_get(cached->cache, &cached->keys[i], out + i * dims, row, &size);
        if (answer == GTE_CACHE_HIT && size == row) continue;
        cached->texts[missing] = texts[i];
        cached->places[missing++] = i;
    }
    return missing;
}

gte_status cli__cached_embed(cli_cached *cached, const cli_session *session, const gte_text *texts,
                             size_t n, float *out, gte_error *err)
{
    size_t dims = session->dims, missing = look_up(cached, texts, n, dims, out);
    if (missing == 0) return GTE_OK;
    gte_status status = gte_embed(session->context, cached->texts, missing, &session->options,
                                  cached->vectors, missing * dims, err);
    if (status != GTE_OK) {
        if (err->index < missing) err->index = cached->places[err->index];
        return status;
    }
    for (size_t i = 0; i < missing; i++) {
        const float *vector = cached->vectors + i * dims;
        memcpy(out + cached->places[i] * dims, vector, dims * sizeof *out);
        if (gte_cache_finite(vector, dims)) /* else a fault, not to be kept */
            gte_cache_put(cached->cache, &cached->keys[cached->places[i]], vector,
                          dims * sizeof *vector);
    }
    return GTE_OK;
}

void cli__cached_close(cli_session *session)
{
    cli_cached *cached = session->cached;
    if (!cached) return;
    session->cached = NULL;
    gte_cache_close(&cached->cache);
    free(cached->keys);
    free(cached->texts);
    free(cached->places);
    free(cached->vectors);
    free(cached);
}
