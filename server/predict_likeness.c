/* Tasks by an embedding model alone: the library says which texts' vectors it needs, which come as
 * all vectors do (embed.h), and answers from them. */
#include <stdlib.h>

#include "server/errors.h"
#include "server/predict.h"

static bool reserve(server__request *request, server__predict *predict, size_t count)
{
    predict->inputs = calloc(count, sizeof *predict->inputs);
    predict->vectors = calloc(count, sizeof *predict->vectors);
    return predict->inputs && predict->vectors ? true : server__fail_memory(request);
}

void server__predict_likeness(server__request *request, server__predict *predict, server__step then)
{
    const gte_text *texts;
    size_t count;
    gte_error err;
    gte_status status = gte_result_create(&predict->likeness, &err);
    if (status == GTE_OK)
        status = gte_likeness_texts(&predict->query, predict->likeness, &texts, &count, &err);
    if (status != GTE_OK) {
        server__infer_fail(request, "input_text", &err);
        return;
    }
    if (!reserve(request, predict, count)) return;
    for (size_t i = 0; i < count; i++) {
        predict->inputs[i].data = texts[i].data;
        predict->inputs[i].size = texts[i].size;
    }
    predict->embedding.inputs = predict->inputs;
    predict->embedding.count = count;
    predict->embedding.param = "input_text";
    predict->embedding.flags = predict->query.flags;
    server__embed(request, &predict->embedding, then);
}

bool server__predict_likeness_answer(server__request *request, server__predict *predict)
{
    const server__embedding *e = &predict->embedding;
    gte_error err;
    for (size_t i = 0; i < e->count; i++) predict->vectors[i] = e->inputs[i].vector;
    if (gte_likeness_answer(predict->likeness, predict->vectors, (size_t)e->options.dims, &err) ==
        GTE_OK)
        return true;
    server__infer_fail(request, "input_text", &err);
    return false;
}

void server__predict_likeness_free(server__predict *predict)
{
    server__embedding_free(&predict->embedding);
    free(predict->inputs);
    free(predict->vectors);
    gte_result_free(&predict->likeness);
}
