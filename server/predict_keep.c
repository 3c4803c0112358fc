/* Kept results: what they once took to answer, then their JSON as it was written. */
#include "server/predict_keep.h"

#include <string.h>

#include "server/service.h"

#define RESULT_MOST 4096 /* longer ones, of many labels, are put together again */

typedef struct kept {
    uint32_t items, tokens, truncated;
    char result[RESULT_MOST];
} kept;

#define HEAD offsetof(kept, result)

/* A string with its end, so that two lists never read the same. */
static void add_string(server__text *how, const char *string)
{
    server__text_add(how, string, strlen(string) + 1);
}

/* All that the result depends on besides model, task and text. The library's own labels belong to
 * its version. */
static void describe(server__text *how, const server__request *request,
                     const server__predict *predict)
{
    const gte_request *query = &predict->query;
    add_string(how, request->choice->model->computed_by);
    add_string(how, gte_version());
    server__text_printf(how, "%u %d %zu ", predict->json_flags, query->max_texts,
                        query->label_count);
    for (size_t i = 0; i < query->label_count; i++) {
        const gte_label *label = &query->labels[i];
        add_string(how, label->name);
        add_string(how, label->text ? label->text : label->name);
    }
}

/* False: out of memory. */
static bool key_of(const server__request *request, const server__predict *predict,
                   gte_cache_key *key)
{
    const gte_model_info *info = &request->choice->model->info;
    server__text how = {0};
    gte_cache_scope scope;
    describe(&how, request, predict);
    const bool good = !how.failed;
    if (good) {
        gte_cache_scope_init(&scope, info->sha256, request->task, how.data, how.size,
                             info->hidden_size, predict->query.flags);
        gte_cache_key_of(&scope, predict->query.text, key);
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
