/* The log: lines for people on standard error, and, with --log-dir, in app.log and as JSON in
 * app_json.log. Safe against what clients send: a line stays one line. No text of an
 * input is ever logged. From any thread. */
#ifndef SERVER_LOG_H
#define SERVER_LOG_H

#include "server/http.h"

typedef enum server__level {
    SERVER__DEBUG,
    SERVER__INFO,
    SERVER__WARNING,
    SERVER__ERROR
} server__level;

typedef struct server__log server__log;
struct server__settings;

/* On failure (the folder cannot be written) NULL, and a line in `message`. */
server__log *server__log_open(const struct server__settings *settings, char *message, size_t size);
void server__log_close(server__log **log);
/* Lines below `name`, a value of --log-level, are not written from now on. */
void server__log_level(server__log *log, const char *name);
/* SIGUSR1: files are opened anew. */
void server__log_reopen(server__log *log);
/* The port that the JSON lines name, once it is known. */
void server__log_port(server__log *log, int port);

void server__log_at(server__log *log, server__level level, const char *file, const char *function,
                    int line, const char *format, ...) __attribute__((format(printf, 6, 7)));
#define server__log_line(log, level, ...)                                                          \
    server__log_at(log, level, __FILE__, __func__, __LINE__, __VA_ARGS__)

/* The request's line, when it has ended. */
void server__log_request(server__log *log, const server__request *request);

#endif
