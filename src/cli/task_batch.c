/* From texts and JSON to requests. */
#include "task_batch.h"

#include <stdlib.h>
#include <string.h>

#include "interrupt.h"
#include "report.h"

/* The logits of a batch are held: of heads with many labels far more bytes than its text. */
#define MOST_TEXTS 128
#define ENOUGH_BYTES ((size_t)1 << 16)

const cli_option cli__head_options[] = {
    CLI_STRING_ROW("head", 0, "FILE", cli_head_values, head,
                   "A head for this model, a .gte file [default: the\n"
                   "one in the model's file, if any]."),
    CLI_LAST_ROW,
};

/* ---- head and task -------------------------------------------------------------------------- */

static int no_task(const gte_head *head)
{
    if (!head) return cli__misuse("needs --task: the model has no head of its own");
    return cli__misuse("needs --task: the head is for more than one");
}

static gte_task only_task(const gte_head *head)
{
    gte_head_info info = {0};
    if (head) gte_head_describe(head, &info, sizeof info);
    for (unsigned task = GTE_TASK_NER; task <= GTE_TASK_QA; task++)
        if (info.tasks == GTE_TASK_BIT(task)) return (gte_task)task;
    return GTE_TASK_NONE;
}

static int between_passes(void *arg, size_t done)
{
    (void)arg;
    (void)done;
    return cli__interrupted();
}

static int reserve(cli_tasks *tasks)
{
    int code = cli__chunk_create(&tasks->chunk, 0);
    if (code != CLI_OK) return code;
    tasks->items = calloc(MOST_TEXTS, sizeof *tasks->items);
    tasks->requests = calloc(MOST_TEXTS, sizeof *tasks->requests);
    tasks->results = calloc(MOST_TEXTS, sizeof *tasks->results);
    if (!tasks->items || !tasks->requests || !tasks->results) return cli__out_of_memory();
    for (size_t i = 0; i < MOST_TEXTS; i++)
        if (gte_result_create(&tasks->results[i], NULL) != GTE_OK) return cli__out_of_memory();
    return CLI_OK;
}

int cli__tasks_open(cli_tasks *tasks, const cli_session *session, const char *path, gte_task task)
{
    const gte_request standard = GTE_REQUEST_INIT;
    gte_error err;
    memset(tasks, 0, sizeof *tasks);
    tasks->standard = standard;
    if (path && gte_head_open(&tasks->opened, session->model, path, &err) != GTE_OK)
        return strstr(err.message, path) ? cli__fail("%s", err.message)
                                         : cli__fail("%s: %s", path, err.message);
    tasks->head = path ? tasks->opened : gte_model_head(session->model);
    if (task == GTE_TASK_NONE) task = only_task(tasks->head);
    if (task == GTE_TASK_NONE) return no_task(tasks->head);
    tasks->standard.task = task;
    tasks->standard.progress = between_passes;
    if (gte_predict_check(session->model, tasks->head, task, &err) != GTE_OK)
        return cli__fail("%s", err.message);
    return reserve(tasks);
}

static void drop_items(cli_tasks *tasks)
{
    for (size_t i = 0; tasks->items && i < tasks->chunk.count; i++) {
        json_decref(tasks->items[i].json);
        free(tasks->items[i].labels);
        free(tasks->items[i].schema);
        tasks->items[i] = (cli_task_item){0};
    }
}

void cli__tasks_close(cli_tasks *tasks)
{
    drop_items(tasks);
    for (size_t i = 0; tasks->results && i < MOST_TEXTS; i++) gte_result_free(&tasks->results[i]);
    free(tasks->items);
    free(tasks->requests);
    free(tasks->results);
    cli__chunk_free(&tasks->chunk);
    gte_head_close(&tasks->opened);
    memset(tasks, 0, sizeof *tasks);
}

/* ---- a batch -------------------------------------------------------------------------------- */

void cli__tasks_begin(cli_tasks *tasks)
{
    drop_items(tasks);
    cli__chunk_begin(&tasks->chunk, NULL);
}

bool cli__tasks_have_room(const cli_tasks *tasks)
{
    return tasks->chunk.count < MOST_TEXTS && tasks->chunk.used < ENOUGH_BYTES;
}

/* ["name", ...] or {"name": "text", ...} */
static int take_labels(gte_request *request, cli_task_item *item, json_t *labels, const char *place)
{
    size_t i = 0;
    const char *name;
    json_t *value;
    const size_t count =
        json_is_object(labels) ? json_object_size(labels) : json_array_size(labels);
    if (!count || count > GTE_LABELS_MAX)
        return cli__fail("%s: \"labels\" must be a list of 1 to %d strings", place, GTE_LABELS_MAX);
    item->labels = calloc(count, sizeof *item->labels);
    if (!item->labels) return cli__out_of_memory();
    if (json_is_object(labels)) {
        json_object_foreach(labels, name, value)
        {
            if (!json_is_string(value) && !json_is_null(value))
                return cli__fail("%s: label '%s' stands for what is no string", place, name);
            item->labels[i++] = (gte_label){name, json_string_value(value)};
        }
    } else {
        for (; i < count; i++) item->labels[i].name = json_string_value(json_array_get(labels, i));
    }
    request->labels = item->labels;
    request->label_count = count;
    return CLI_OK; /* what is no string is NULL, which the library refuses */
}

static int take_schema(gte_request *request, cli_task_item *item, const json_t *schema,
                       const char *place)
{
    gte_error err;
    item->schema = malloc(sizeof *item->schema);
    if (!item->schema) return cli__out_of_memory();
    if (convert__schema_of(schema, item->schema, &err) != GTE_OK)
        return cli__fail("%s: %s", place, err.message);
    request->schema = item->schema->nodes;
    request->schema_count = item->schema->count;
    return CLI_OK;
}

int cli__tasks_add(cli_tasks *tasks, gte_text text, json_t *json, const char *place)
{
    const size_t at = tasks->chunk.count;
    gte_request *request = &tasks->requests[at];
    cli_task_item *item = &tasks->items[at];
    *request = tasks->standard;
    if (cli__chunk_add(&tasks->chunk, text) != CLI_OK) return CLI_FAILED;
    if (!json_is_object(json)) return CLI_OK;
    json_t *labels = json_object_get(json, "labels"), *schema = json_object_get(json, "schema");
    int code = CLI_OK;
    item->json = json_incref(json);
    if (labels) code = take_labels(request, item, labels, place);
    if (schema && code == CLI_OK) code = take_schema(request, item, schema, place);
    return code;
}

int cli__tasks_run(cli_tasks *tasks, cli_session *session, gte_error *err)
{
    cli_chunk *chunk = &tasks->chunk;
    cli__chunk_seal(chunk);
    for (size_t i = 0; i < chunk->count; i++) tasks->requests[i].text = chunk->texts[i];
    const gte_status status = gte_predict(session->context, tasks->head, tasks->requests,
                                          chunk->count, tasks->results, err);
    if (status != GTE_OK) return status == GTE_E_CANCELLED ? CLI_INTERRUPTED : CLI_FAILED;
    session->texts_done += chunk->count;
    cli__progress_update(&session->bar, session->texts_done, session->bytes_after,
                         session->bytes_total);
    return CLI_OK;
}
