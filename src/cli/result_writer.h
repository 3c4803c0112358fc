/* Results of tasks as lines of JSON. */
#ifndef GTE_CLI_RESULT_WRITER_H
#define GTE_CLI_RESULT_WRITER_H

#include <stdbool.h>

#include "gte_task.h"
#include "sink.h"

typedef struct cli_result_writer {
    cli_sink *sink;
    const gte_model *model;
    const gte_head *head;
    unsigned flags; /* of gte_result_json */
    bool logits;    /* "logits", "logit_labels" and, of tokens, "offsets" and "tokens" as well */
    bool pretty;    /* over several lines */
    char *json;     /* grows */
    size_t capacity;
} cli_result_writer;

/* CLI_OK or reported. */
int cli__write_result(cli_result_writer *writer, const gte_result *result);

#endif
