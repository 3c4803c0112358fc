/* POST /predict in its parts: a body read (predict_read.c), answered from what was kept
 * (predict_keep.c), else by the library, and the envelope written (route_predict.c). What a task is
 * and how its result is written is gte_task.h's. */
#ifndef SERVER_PREDICT_H
#define SERVER_PREDICT_H

#include <jansson.h>

#include "gte_task.h"
#include "server/embed.h"
#include "server/infer.h"
#include "server/inputs.h"
#include "server/json_out.h"
#include "server/label_sets.h"

/* The state of one request. */
typedef struct server__predict {
    json_t *json;                   /* the body; texts stay in it */
    gte_text input;                 /* input_text, whole */
    gte_request query;              /* what it asks */
    unsigned json_flags;            /* of gte_result_json */
    gte_label *labels;              /* the query's, malloc'ed, or NULL */
    server__label_sets *label_sets; /* held where those are of --labels */
    struct convert__schema *schema; /* the query's, malloc'ed, or NULL */
    server__inference inference;    /* with a head */

    /* without one: predict_likeness.c's */
    gte_result *likeness;
    server__embedding embedding;
    server__input *inputs;
    const float **vectors;

    /* of TEI's: route_classify.c's */
    gte_request *queries;
    bool batch, raw_scores;
} server__predict;

/* The query from the body. False: the request is answered. */
bool server__predict_read(server__request *request, server__predict *predict);

/* Gets the vectors that an embedding model answers by, from cache and queue; then `then`. Ends like
 * server__embed: it must be the last act. Then the result from them: false: answered. */
void server__predict_likeness(server__request *request, server__predict *predict,
                              server__step then);
bool server__predict_likeness_answer(server__request *request, server__predict *predict);
void server__predict_likeness_free(server__predict *predict);

/* route_classify.c: answers a body with `inputs`, as TEI's. Its last act, too. */
void server__classify(server__request *request, server__predict *predict);

#endif
