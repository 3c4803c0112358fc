/* The log on standard error: "2026-11-20 16:05:00,123 - gte_app - INFO - message". */
#include "server/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "server/routes.h"
#include "server/settings.h"

struct server__log {
    server__level level;
};

static const char *const names[] = {"DEBUG", "INFO", "WARNING", "ERROR"};

server__log *server__log_open(const server__settings *settings)
{
    static const char *const levels[] = {"debug", "info", "warning", "error"};
    server__log *log = calloc(1, sizeof *log);
    if (!log) return NULL;
    for (int i = 0; i < 4; i++)
        if (strcmp(settings->log_level, levels[i]) == 0) log->level = (server__level)i;
    return log;
}

void server__log_close(server__log **log)
{
    free(*log);
    *log = NULL;
}

void server__log_reopen(server__log *log)
{
    (void)log;
}

/* One write per line, so that lines of several threads do not mix. Control characters, which could
 * begin a line of their own or drive a terminal, become question marks. */
void server__log_line(server__log *log, server__level level, const char *format, ...)
{
    char line[1024];
    struct timespec now;
    struct tm parts;
    va_list args;
    if (!log || level < log->level) return;
    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &parts);
    size_t used = strftime(line, sizeof line, "%Y-%m-%d %H:%M:%S", &parts);
    used += (size_t)snprintf(line + used, sizeof line - used, ",%03d - gte_app - %s - ",
                             (int)(now.tv_nsec / 1000000), names[level]);
    va_start(args, format);
    int more = vsnprintf(line + used, sizeof line - used - 1, format, args);
    va_end(args);
    if (more > 0) used += (size_t)more;
    if (used > sizeof line - 2) used = sizeof line - 2;
    for (size_t i = 0; i < used; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 127) line[i] = '?';
    line[used] = '\n';
    (void)!write(STDERR_FILENO, line, used + 1);
}

void server__log_request(server__log *log, const server__request *request)
{
    bool quiet = request->route && (request->route->flags & SERVER__QUIET);
    double ms = (double)(server__now() - request->start_ns) / 1e6;
    server__log_line(log, quiet ? SERVER__DEBUG : SERVER__INFO,
                     "%s %s %.200s %d %.3f ms, %zu items, %zu tokens, %zu cached, id %s",
                     request->remote, request->method, request->path, request->status, ms,
                     request->items, request->tokens, request->cached, request->id);
}
