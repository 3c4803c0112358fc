/* The tasks of POST /predict: one row of a table each, so that a task's engine can be exchanged
 * without the route knowing. A task reads what it needs of the request, asks for vectors, writes
 * the `result` of the answer; route_predict.c does the rest. */
#ifndef SERVER_PREDICT_H
#define SERVER_PREDICT_H

#include <jansson.h>

#include "server/embed.h"
#include "server/json_out.h"

typedef struct server__predict server__predict;

typedef struct server__task {
    const char *name; /* "ner" */
    /* Fills predict->embedding with the texts whose vectors it needs. False: it has answered with
     * an error. NULL: no model for this task is loaded. */
    bool (*prepare)(server__request *request, server__predict *predict);
    /* Writes the result, an object, from those vectors. False: it has answered with an error. */
    bool (*write)(server__request *request, server__predict *predict, server__text *out);
} server__task;

/* The state of one request. */
struct server__predict {
    const server__task *task;
    json_t *json; /* the body; texts stay in it */
    const char *text;
    size_t size;
    server__embedding embedding;
    server__input *inputs; /* malloc'ed by prepare; texts lie in json or are constant */
    const char **labels;   /* malloc'ed by prepare, or NULL */
    size_t label_count;
    struct server__label_sets *label_sets; /* held where the labels are the standard ones */
    void *own;                             /* malloc'ed by prepare, or NULL */
};

/* The six tasks in the order in which messages list them; ends with a row without a name. */
extern const server__task server__tasks[];

/* task_labels.c: classification and sentiment by the likeness of label texts. */
bool server__classification_prepare(server__request *request, server__predict *predict);
bool server__sentiment_prepare(server__request *request, server__predict *predict);
bool server__classification_write(server__request *request, server__predict *predict,
                                  server__text *out);
bool server__sentiment_write(server__request *request, server__predict *predict, server__text *out);
/* task_answer.c: a question's answer from the sentence that is most like it. */
bool server__answer_prepare(server__request *request, server__predict *predict);
bool server__answer_write(server__request *request, server__predict *predict, server__text *out);

/* Whether the text is mostly Chinese: default labels are in the language of the text. */
bool server__is_chinese(const char *text, size_t size);

#endif
