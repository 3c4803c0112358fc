/* Kept results: what they once took to answer, then their JSON as it was written. */
#include "server/predict_keep.h"

#include <string.h>

#include "server/label_sets.h"
#include "server/service.h"

#define RESULT_MOST 4096 /* longer ones, of many labels, are put together again */

typedef struct kept {
    uint32_t items, tokens, truncated;
    char result[RESULT_MOST];
} kept;

#define HEAD offsetof(kept, result)

/* The request's own labels are in the key one by one; the standard ones by the digest of their file
 * (built in, they belong to the version), and the first tells their language. False: out of
 * memory. */
static bool key_of(const server__request *request, const server__predict *predict,
                   gte_cache_key *key)
{
    const server__service *service = request->service;
    const json_t *own = json_object_get(predict->json, "labels");
    const size_t labels =
        own && !json_is_null(own) ? predict->label_count : predict->label_count > 0;
    server__text how = {0};
    gte_cache_scope scope;
    server__text_add(&how, service->computed_by, strlen(service->computed_by) + 1);
    server__text_add(&how, gte_version(), strlen(gte_version()) + 1);
    server__text_string(&how, own && !json_is_null(own) ? "own" : "standard");
    if (predict->label_sets)
        server__text_add(&how, server__label_sets_id(predict->label_sets), SERVER__LABEL_SETS_ID);
    for (size_t i = 0; i < labels; i++) {
        server__text_add(&how, "", 1);
        server__text_string(&how, predict->labels[i]);
    }
    const bool good = !how.failed;
    if (good) {
        gte_cache_scope_init(&scope, service->info.sha256, predict->task->name, how.data, how.size,
                             service->info.hidden_size, predict->embedding.flags);
        gte_cache_key_of(&scope, (gte_text){predict->text, predict->size, NULL, 0}, key);
    }
    server__text_free(&how);
    return good;
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
    if (value.truncated) server__metrics_truncated(service->metrics, value.truncated);
    server__text_add(out, value.result, size - HEAD);
    return true;
}

void server__predict_keep(server__request *request, const server__predict *predict,
                          const char *result, size_t size)
{
    gte_cache_key key;
    kept value = {
        (uint32_t)request->items, (uint32_t)request->tokens, (uint32_t)request->truncated, {0}};
    if (!request->service->cache || size > RESULT_MOST || !key_of(request, predict, &key)) return;
    memcpy(value.result, result, size);
    gte_cache_put(request->service->cache, &key, &value, HEAD + size);
}
