/* Error answers, in the shape that the clients of a family of routes expect. */
#ifndef SERVER_ERRORS_H
#define SERVER_ERRORS_H

#include "server/http.h"

typedef enum server__shape {
    SERVER__PLAIN,  /* {"error":{"code":"...","message":"..."},"request_id":"..."} */
    SERVER__OPENAI, /* {"error":{"message":"...","type":"...","param":...,"code":...}} */
    SERVER__TEI     /* {"error":"...","error_type":"..."} */
} server__shape;

/* Answers with an error in the shape of the request's route (SERVER__PLAIN without one). `code` is
 * a short constant word such as "bad_json"; `param` the field at fault or NULL. */
void server__fail(server__request *request, int status, const char *code, const char *param,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The status of a field of the wrong type or value: 422 on TEI's routes, 400 on others. What is
 * empty is 400 on all. */
int server__invalid(const server__request *request);

/* Answers 503; false, for callers that return what they answered. */
bool server__fail_memory(server__request *request);

/* The two refusals that tell when to come back: Retry-After in whole seconds. */
void server__fail_later(server__request *request, int status, const char *code, unsigned seconds,
                        const char *format, ...) __attribute__((format(printf, 5, 6)));

/* "Not Found" and the like; constant. */
const char *server__status_text(int status);

#endif
