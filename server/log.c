/* The log: what a line holds and where it goes. Standard error and app.log:
 *     2026-11-20 16:05:00,123 - gte_app - INFO - message [module:function:line]
 * (without the brackets on standard error); app_json.log: an object a line. */
#include "server/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/json_out.h"
#include "server/log_file.h"
#include "server/routes.h"
#include "server/settings.h"
#include "server/timestamp.h"

#define APP_BYTES 10000000u /* of app.log and each of the ten before it */
#define APP_KEEP 10
#define JSON_KEEP 30 /* days */

struct server__log {
    _Atomic server__level level;
    const char *instance_id;
    int port;
    bool files;
    pthread_mutex_t lock; /* of the files */
    server__log_file app, json;
};

/* Where in the program a line comes from. */
typedef struct origin {
    const char *module, *function;
    int module_size, line;
} origin;

static const char *const names[] = {"DEBUG", "INFO", "WARNING", "ERROR"};

/* "DIR/app.log"; instances other than 0 that share a folder have files of their own. */
static char *file_path(const server__settings *settings, const char *name, const char *end)
{
    char *path = NULL;
    const bool first = strcmp(settings->instance_id, "0") == 0;
    int n = asprintf(&path, "%s/%s%s%s%s", settings->log_dir, name, first ? "" : "_",
                     first ? "" : settings->instance_id, end);
    return n < 0 ? NULL : path;
}

static bool open_files(server__log *log, const server__settings *settings, char *message,
                       size_t size)
{
    log->app = (server__log_file){.path = file_path(settings, "app", ".log"),
                                  .most_bytes = APP_BYTES,
                                  .keep = APP_KEEP,
                                  .fd = -1};
    log->json = (server__log_file){.path = file_path(settings, "app_json", ".log"),
                                   .daily = true,
                                   .keep = JSON_KEEP,
                                   .fd = -1};
    (void)mkdir(settings->log_dir, 0750);
    if (log->app.path && log->json.path && server__log_file_open(&log->app) &&
        server__log_file_open(&log->json))
        return log->files = true;
    snprintf(message, size, "no log can be written to %.200s: %s (see --log-dir)",
             settings->log_dir, strerror(errno));
    return false;
}

void server__log_level(server__log *log, const char *name)
{
    static const char *const levels[] = {"debug", "info", "warning", "error"};
    for (int i = 0; i < 4; i++)
        if (strcmp(name, levels[i]) == 0) log->level = (server__level)i;
}

server__log *server__log_open(const server__settings *settings, char *message, size_t size)
{
    server__log *log = calloc(1, sizeof *log);
    if (!log) {
        snprintf(message, size, "out of memory");
        return NULL;
    }
    pthread_mutex_init(&log->lock, NULL);
    log->instance_id = settings->instance_id;
    log->port = settings->port;
    server__log_level(log, settings->log_level);
    if (settings->log_dir && !open_files(log, settings, message, size)) server__log_close(&log);
    return log;
}

void server__log_close(server__log **log)
{
    if (!*log) return;
    server__log_file_close(&(*log)->app);
    server__log_file_close(&(*log)->json);
    pthread_mutex_destroy(&(*log)->lock);
    free(*log);
    *log = NULL;
}

void server__log_reopen(server__log *log)
{
    if (!log->files) return;
    pthread_mutex_lock(&log->lock);
    server__log_file_reopen(&log->app);
    server__log_file_reopen(&log->json);
    pthread_mutex_unlock(&log->lock);
}

void server__log_port(server__log *log, int port)
{
    log->port = port;
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* Control characters could begin a line of their own or drive a terminal: they become "?". */
static void make_one_line(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 127) *text = '?';
}

static size_t write_head(char *out, size_t size, server__level level, const struct timespec *now)
{
    struct tm parts;
    localtime_r(&now->tv_sec, &parts);
    size_t used = strftime(out, size, "%Y-%m-%d %H:%M:%S", &parts);
    return used + (size_t)snprintf(out + used, size - used, ",%03d - gte_app - %s - ",
                                   (int)(now->tv_nsec / 1000000), names[level]);
}

static void write_json(const server__log *log, server__text *out, server__level level,
                       const origin *from, const char *message, const server__request *request)
{
    char now[SERVER__TIMESTAMP_SIZE];
    server__timestamp(now);
    server__text_printf(out,
                        "{\"timestamp\":\"%s\",\"level\":\"%s\",\"logger\":\"gte_app\","
                        "\"module\":\"%.*s\",\"function\":\"%s\",\"line\":%d,\"message\":",
                        now, names[level], from->module_size, from->module, from->function,
                        from->line);
    server__json_c_string(out, message);
    server__text_string(out, ",\"instance_id\":");
    server__json_c_string(out, log->instance_id);
    server__text_printf(out, ",\"instance_port\":%d,\"exception\":null", log->port);
    if (request) {
        server__text_string(out, ",\"method\":");
        server__json_c_string(out, request->method);
        server__text_string(out, ",\"path\":");
        server__json_c_string(out, request->path);
        server__text_string(out, ",\"ip\":");
        server__json_c_string(out, request->remote);
        server__text_string(out, ",\"user_agent\":");
        server__json_c_string(out, server__header(request, "User-Agent"));
        server__text_printf(out, ",\"status\":%d,\"response_time\":%.3f,\"request_id\":",
                            request->status, (double)(server__now() - request->start_ns) / 1e6);
        server__json_c_string(out, request->id);
        server__text_string(out, ",\"traceparent\":");
        server__json_c_string(out, server__header(request, "traceparent"));
        server__text_string(out, ",\"task_type\":");
        server__json_c_string(out, request->task);
        server__text_printf(out, ",\"items\":%zu,\"tokens\":%zu,\"cached\":%zu,\"truncated\":%zu",
                            request->items, request->tokens, request->cached, request->truncated);
    }
    server__text_string(out, "}\n");
}

static void write_line(server__log *log, server__level level, const origin *from, char *message,
                       const server__request *request)
{
    char line[1400];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    make_one_line(message);
    size_t used = write_head(line, sizeof line, level, &now);
    used += (size_t)snprintf(line + used, sizeof line - used, "%s\n", message);
    (void)!write(STDERR_FILENO, line, used); /* whole lines, so that threads do not mix them */
    if (!log->files) return;
    used += (size_t)snprintf(line + used - 1, sizeof line - used, " [%.*s:%s:%d]\n",
                             from->module_size, from->module, from->function, from->line) -
            1;
    server__text json = {0};
    write_json(log, &json, level, from, message, request);
    pthread_mutex_lock(&log->lock);
    server__log_file_write(&log->app, line, used, now.tv_sec);
    if (!json.failed) server__log_file_write(&log->json, json.data, json.size, now.tv_sec);
    pthread_mutex_unlock(&log->lock);
    server__text_free(&json);
}

/* "server/service.c" is the module "service". */
static origin origin_of(const char *file, const char *function, int line)
{
    const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;
    const char *dot = strchr(name, '.');
    return (origin){name, function, (int)(dot ? (size_t)(dot - name) : strlen(name)), line};
}

void server__log_at(server__log *log, server__level level, const char *file, const char *function,
                    int line, const char *format, ...)
{
    char message[1024];
    va_list args;
    if (!log || level < log->level) return;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    const origin from = origin_of(file, function, line);
    write_line(log, level, &from, message, NULL);
}

void server__log_request(server__log *log, const server__request *request)
{
    const bool quiet = request->route && (request->route->flags & SERVER__QUIET);
    const server__level level = quiet ? SERVER__DEBUG : SERVER__INFO;
    const origin from = origin_of(__FILE__, __func__, __LINE__);
    char message[512];
    if (!log || level < log->level) return;
    snprintf(message, sizeof message,
             "%s %s %.200s %d %.3f ms, %zu items, %zu tokens, %zu cached, id %s", request->remote,
             request->method, request->path, request->status,
             (double)(server__now() - request->start_ns) / 1e6, request->items, request->tokens,
             request->cached, request->id);
    write_line(log, level, &from, message, request);
}
