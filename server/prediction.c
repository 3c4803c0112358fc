/* Predictions: a struct, then labels and schema, then all strings, in one block. */
#include "server/prediction.h"

#include <stdlib.h>
#include <string.h>

size_t server__tokens_about(const gte_text *text)
{
    return (text->size + text->pair_size) / 3 + 3;
}

static size_t bytes_of(const gte_request *r)
{
    size_t bytes = r->text.size + r->text.pair_size + r->label_count * sizeof *r->labels +
                   r->schema_count * sizeof *r->schema;
    for (size_t i = 0; i < r->label_count; i++)
        bytes +=
            strlen(r->labels[i].name) + 1 + (r->labels[i].text ? strlen(r->labels[i].text) + 1 : 0);
    for (size_t i = 0; i < r->schema_count; i++) bytes += strlen(r->schema[i].name) + 1;
    return bytes;
}

static const char *copy_bytes(char **at, const char *data, size_t size)
{
    char *copy = *at;
    if (size) memcpy(copy, data, size);
    *at += size;
    return copy;
}

static const char *copy_string(char **at, const char *string)
{
    return string ? copy_bytes(at, string, strlen(string) + 1) : NULL;
}

/* What stands behind the struct; first what needs to be aligned. */
static void copy_all(server__prediction *p, const gte_request *from)
{
    gte_request *r = &p->request;
    gte_label *labels = (gte_label *)(void *)(p + 1);
    gte_schema_node *schema = (gte_schema_node *)(void *)(labels + from->label_count);
    char *at = (char *)(schema + from->schema_count);
    *r = *from;
    r->labels = labels;
    r->schema = schema;
    for (size_t i = 0; i < r->label_count; i++) {
        labels[i].name = copy_string(&at, from->labels[i].name);
        labels[i].text = copy_string(&at, from->labels[i].text);
    }
    for (size_t i = 0; i < r->schema_count; i++) {
        schema[i] = from->schema[i];
        schema[i].name = copy_string(&at, from->schema[i].name);
    }
    r->text.data = copy_bytes(&at, from->text.data, from->text.size);
    if (from->text.pair) r->text.pair = copy_bytes(&at, from->text.pair, from->text.pair_size);
}

server__prediction *server__prediction_create(const gte_head *head, const gte_request *request,
                                              const gte_cache_key *key)
{
    server__prediction *p = malloc(sizeof *p + bytes_of(request));
    if (!p) return NULL;
    memset(p, 0, sizeof *p);
    atomic_init(&p->holders, 1);
    p->head = head;
    p->key = *key;
    p->tokens = server__tokens_about(&request->text);
    copy_all(p, request);
    if (gte_result_create(&p->result, NULL) == GTE_OK) return p;
    free(p);
    return NULL;
}

server__prediction *server__prediction_hold(server__prediction *prediction)
{
    atomic_fetch_add(&prediction->holders, 1);
    return prediction;
}

void server__prediction_drop(server__prediction **prediction)
{
    server__prediction *p = *prediction;
    *prediction = NULL;
    if (!p || atomic_fetch_sub(&p->holders, 1) > 1) return;
    gte_result_free(&p->result);
    free(p);
}
