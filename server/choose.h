/* What a request is answered by: the model or head that its X-Model-ID names, else the one that is
 * there for the purpose. Each sets request->choice, or answers and is false: 404 for a name that is
 * not loaded, 424 or 503 where there is nothing that can. */
#ifndef SERVER_CHOOSE_H
#define SERVER_CHOOSE_H

#include "server/models.h"

/* Vectors. `named`: the "model" of OpenAI's requests, which counts when it is loaded; else NULL. */
bool server__choose_embedding(server__request *request, const char *named);
/* A tokenizer: anybody's. */
bool server__choose_tokenizer(server__request *request);
/* What a request brings that not every model can take: labels of its own are compared with the text
 * by an embedding model, a head has others; a schema is for a head of kind POINTER. */
typedef enum server__need {
    SERVER__NEEDS_NOTHING,
    SERVER__NEEDS_LABELS,
    SERVER__NEEDS_SCHEMA
} server__need;
bool server__choose_task(server__request *request, gte_task task, server__need need);
/* A head of one label for pairs, false and not answered where there is none; of several labels. */
bool server__choose_reranker(server__request *request, bool *answered);
bool server__choose_classifier(server__request *request);

#endif
