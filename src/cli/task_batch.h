/* Requests for gte_predict: a head, a bounded number of inputs with what each asks for, and their
 * results. gte predict and gte eval stand on it. */
#ifndef GTE_CLI_TASK_BATCH_H
#define GTE_CLI_TASK_BATCH_H

#include "convert/schema_json.h"
#include "gte_task.h"
#include "session.h"

typedef struct cli_head_values {
    const char *head;
} cli_head_values;
extern const cli_option cli__head_options[];

/* What one input asks for besides its text. */
typedef struct cli_task_item {
    json_t *json; /* holds the names */
    gte_label *labels;
    convert__schema *schema;
} cli_task_item;

typedef struct cli_tasks {
    gte_head *opened;     /* of --head */
    const gte_head *head; /* that or the model's own, or NULL */
    gte_request standard; /* what every request begins as */
    cli_chunk chunk;
    cli_task_item *items; /* of the chunk's texts */
    gte_request *requests;
    gte_result **results;
} cli_tasks;

/* The head that `path` names, or the model's, or none, for a task; `task` GTE_TASK_NONE: the one
 * that the head is for, if that is one. CLI_OK or reported; closed in any case. */
int cli__tasks_open(cli_tasks *tasks, const cli_session *session, const char *path, gte_task task);
void cli__tasks_close(cli_tasks *tasks);

/* A batch by hand: begin, add copies while there is room, run. `json`, of which a reference is
 * taken, may be an object with "labels" and "schema" of its own. CLI_OK, or reported with
 * `place`. */
void cli__tasks_begin(cli_tasks *tasks);
bool cli__tasks_have_room(const cli_tasks *tasks);
int cli__tasks_add(cli_tasks *tasks, gte_text text, json_t *json, const char *place);

/* Answers all of the batch; results[i] is input i's. CLI_OK; CLI_INTERRUPTED; or CLI_FAILED, not
 * reported: *err tells, err->index which. */
int cli__tasks_run(cli_tasks *tasks, cli_session *session, gte_error *err);

#endif
