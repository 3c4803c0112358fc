/* Results of /predict that were given before: the cache holds them as they were written, so that a
 * question asked again costs one look instead of a run of the model, or a look for each label. */
#ifndef SERVER_PREDICT_KEEP_H
#define SERVER_PREDICT_KEEP_H

#include "server/predict.h"

/* Appends the result to `out` and tells the request what it once took; false: it is not known. */
bool server__predict_recall(server__request *request, const server__predict *predict,
                            server__text *out);
/* Keeps the result, the `size` bytes at `result`. */
void server__predict_keep(server__request *request, const server__predict *predict,
                          const char *result, size_t size);

#endif
