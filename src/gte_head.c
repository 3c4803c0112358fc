/* The public API of gte_task.h, head side: names of tasks, open, describe. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handle.h"
#include "model/map_file.h"

static const char *const task_names[] = {NULL,
#define TASK_NAME(name, number, text) [number] = text,
                                         GTE_TASK_MAP(TASK_NAME)
#undef TASK_NAME
};
#define TASKS (sizeof task_names / sizeof *task_names)

const char *gte_task_name(gte_task task)
{
    return (unsigned)task < TASKS ? task_names[task] : NULL;
}

gte_task gte_task_named(const char *name)
{
    for (size_t i = 1; name && i < TASKS; i++)
        if (strcmp(task_names[i], name) == 0) return (gte_task)i;
    return GTE_TASK_NONE;
}

const gte_head *gte_model_head(const gte_model *model)
{
    return model && model->file.head.header ? &model->file.head : NULL;
}

/* Takes `data`; it is unmapped here when the head cannot be opened. */
static gte_status open_view(gte_head **out, const gte_model *model, const void *data, uint64_t size,
                            bool mapped, gte_error *err)
{
    gte_head *head = calloc(1, sizeof *head);
    gte_status status = head ? gte__head_view(head, &model->file, data, size, true, err)
                             : gte__fail(err, GTE_E_MEMORY, 0, "no memory for a head");
    if (status != GTE_OK) {
        if (mapped) gte__unmap_file(data, size);
        free(head);
        return status;
    }
    head->mapped = mapped;
    *out = head;
    return gte__ok(err);
}

gte_status gte_head_open(gte_head **out, const gte_model *model, const char *path, gte_error *err)
{
    const uint8_t *data;
    uint64_t size;
    if (!out) return gte__fail(err, GTE_E_ARGUMENT, 0, "out is NULL");
    *out = NULL;
    if (!model || !path) return gte__fail(err, GTE_E_ARGUMENT, 0, "model or path is NULL");
    gte_status status = gte__map_file(path, sizeof(gte__head_header),
                                      "a head (make one with gte train)", &data, &size, err);
    if (status != GTE_OK) return status;
    return open_view(out, model, data, size, true, err);
}

gte_status gte_head_open_memory(gte_head **out, const gte_model *model, const void *data,
                                size_t size, gte_error *err)
{
    if (!out) return gte__fail(err, GTE_E_ARGUMENT, 0, "out is NULL");
    *out = NULL;
    if (!model || !data) return gte__fail(err, GTE_E_ARGUMENT, 0, "model or data is NULL");
    return open_view(out, model, data, size, false, err);
}

void gte_head_close(gte_head **head)
{
    if (!head || !*head) return;
    if ((*head)->mapped) gte__unmap_file((const uint8_t *)(*head)->header, (*head)->size);
    gte__head_close(*head);
    free(*head);
    *head = NULL;
}

void gte_head_describe(const gte_head *head, gte_head_info *out, size_t size)
{
    if (!head) return;
    const gte__head_header *h = head->header;
    gte_head_info info = {
        .kind = (gte_head_kind)h->kind,
        .labels = (int)h->labels,
        .tasks = h->tasks,
        .multi_label = (h->flags & GTE__HEAD_MULTI_LABEL) != 0,
        .crf = (h->flags & GTE__HEAD_CRF) != 0,
        .of_embedding = h->reads == GTE__HEAD_READS_VECTOR,
        .lower_layers = (int)h->lower_layers,
        .name = head->name,
    };
    for (size_t i = 0; i < sizeof head->sha256; i++)
        snprintf(info.sha256 + 2 * i, 3, "%02x", head->sha256[i]);
    gte__describe(out, size, &info, sizeof info);
}

const char *gte_head_label(const gte_head *head, int i)
{
    return head && i >= 0 && (uint32_t)i < head->header->labels ? head->labels[i] : NULL;
}

gte_status gte_logits_tokens(gte_context *ctx, const gte_head *head, const gte_token *tokens,
                             const size_t *starts, size_t n, const gte_embed_options *options,
                             float *out, size_t capacity, gte_error *err)
{
    if (!ctx || !head) return gte__fail(err, GTE_E_ARGUMENT, 0, "ctx or head is NULL");
    if (head->model != &ctx->model->file)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "the head belongs to another model");
    if (head->header->kind == GTE__HEAD_POINTER)
        return gte__fail(err, GTE_E_UNSUPPORTED, 0,
                         "a pointer head has no logits without a hint: use gte_predict");
    gte__trace *trace = ctx->encoder.trace;
    const int64_t begin = trace ? gte__trace_now() : 0;
    const gte_status status =
        gte__context_run(ctx, head, tokens, starts, n, options, out, capacity, err);
    if (trace) gte__trace_enclose(trace, GTE_TRACE_CALL, begin, (uint32_t)n);
    return status;
}
