/* Keys of queries: everything but the text is the scope. */
#include "server/query_key.h"

#include <string.h>

#include "server/json_out.h"

/* A string with its end, so that two lists never read the same. */
static void add_string(server__text *how, const char *string)
{
    server__text_add(how, string, strlen(string) + 1);
}

/* The library's own labels and schemas belong to its version, labels of a head to its digest. */
static void describe(server__text *how, const server__choice *choice, const gte_request *query)
{
    add_string(how, choice->model->computed_by);
    add_string(how, gte_version());
    add_string(how, choice->head ? choice->head_info.sha256 : "");
    const double numbers[] = {
        query->aggregation,    query->max_texts,           query->max_answer_tokens,
        query->best,           query->window_tokens,       query->stride_tokens,
        query->null_threshold, (double)query->label_count, (double)query->schema_count};
    server__text_add(how, (const char *)numbers, sizeof numbers);
    for (size_t i = 0; i < query->label_count; i++) {
        const gte_label *label = &query->labels[i];
        add_string(how, label->name);
        add_string(how, label->text ? label->text : label->name);
    }
    for (size_t i = 0; i < query->schema_count; i++) {
        server__text_printf(how, "%d ", query->schema[i].parent);
        add_string(how, query->schema[i].name);
    }
}

bool server__query_key(const server__choice *choice, const gte_request *query, const char *form,
                       gte_cache_key *key)
{
    const gte_model_info *info = &choice->model->info;
    server__text how = {0};
    gte_cache_scope scope;
    add_string(&how, form);
    describe(&how, choice, query);
    const bool good = !how.failed;
    if (good) {
        gte_cache_scope_init(&scope, info->sha256, gte_task_name(query->task), how.data, how.size,
                             info->hidden_size, query->flags);
        gte_cache_key_of(&scope, query->text, key);
    }
    server__text_free(&how);
    return good;
}
