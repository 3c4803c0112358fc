/* The log: lines for people on standard error. */
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

server__log *server__log_open(const struct server__settings *settings);
void server__log_close(server__log **log);
/* SIGUSR1: files are opened anew. */
void server__log_reopen(server__log *log);
void server__log_line(server__log *log, server__level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The request's line, when it has ended. Never holds text of the input. */
void server__log_request(server__log *log, const server__request *request);

#endif
