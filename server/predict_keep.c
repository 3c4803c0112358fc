/* Kept results: what they once took to answer, then their JSON as it was written. */
#include "server/predict_keep.h"

#include <string.h>

#include "server/query_key.h"
#include "server/service.h"

#define RESULT_MOST 32768 /* longer ones are of texts that are seldom asked twice */

typedef struct kept {
    uint32_t items, tokens, truncated;
    char result[RESULT_MOST];
} kept;

#define HEAD offsetof(kept, result)

static bool key_of(const server__request *request, const server__predict *predict,
                   gte_cache_key *key)
{
    return server__query_key(request->choice, &predict->query,
                             predict->json_flags & GTE_JSON_RAW ? "raw" : "json", key);
}

bool server__predict_recall(server__request *request, const server__predict *predict,
                            server__text *out)
{
    server__service *service = request->service;
    gte_cache_key key;
    kept value;
    size_t size = 0;
    if (!service->cache || !key_of(request, predict, &key)) return false;
    if (gte_cache_get(service->cache, &key, &value, sizeof value, &size) != GTE_CACHE_HIT ||
        size <= HEAD)
        return false;
    request->items = request->cached = value.items;
    request->tokens = value.tokens;
    request->truncated = value.truncated;
    server__metrics_cache(service->metrics, SERVER__CACHE_HIT, value.items);
    server__text_add(out, value.result, size - HEAD);
    return true;
}

void server__predict_keep(server__request *request, const server__predict *predict,
                          const char *result, size_t size)
{
    gte_cache_key key;
    kept value; /* what is not filled is not kept */
    if (!request->service->cache || size > RESULT_MOST || !key_of(request, predict, &key)) return;
    value.items = (uint32_t)request->items;
    value.tokens = (uint32_t)request->tokens;
    value.truncated = (uint32_t)request->truncated;
    memcpy(value.result, result, size);
    gte_cache_put(request->service->cache, &key, &value, HEAD + size);
}
