/* Every setting: one table gives the option of the command line, the variable of the environment,
 * the key of the configuration file, the default, the bounds and the help. Later ones win:
 * defaults, --config FILE, environment, options. */
#ifndef SERVER_SETTINGS_H
#define SERVER_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The values of a setting that may be given several times, in order. */
#define SERVER__LIST_MOST 32
typedef struct server__word {
    const char *data; /* not NUL-terminated */
    size_t size;
} server__word;
typedef struct server__list {
    server__word items[SERVER__LIST_MOST];
    size_t count;
    int round; /* in which they were given: later rounds take the place of earlier ones */
} server__list;

typedef struct server__settings {
    server__list models, heads, tasks;
    const char *embedding, *name, *host, *unix_socket, *cache, *api_key_file, *cors, *tls_cert,
        *tls_key, *instance_id, *log_level, *trusted_proxies, *log_dir, *labels;
    int port, threads, workers, http_threads;
    int batch_tokens, queue_items, queue_tokens, queue_seconds;
    int requests_memory;                                          /* MiB, of all requests */
    int max_body, max_items, max_tokens;                          /* of one request */
    int connections, connections_per_address;                     /* 0: no limit per address */
    int header_timeout, body_timeout, idle_timeout, send_timeout; /* seconds */
    int request_timeout, drain_timeout;                           /* seconds */
    int cache_memory, cache_size;                                 /* MiB */
    int rate, rate_burst; /* requests a second, per key or address; 0: off */
    int truncate, auto_truncate, reuse_port, warm_up, check;
    int round;          /* of reading: defaults, file, environment, options */
    const char *config; /* the file that was read, or NULL */
    void *owned;        /* strings that belong to the settings */
    int argc;           /* as main() got them: SIGHUP reads everything again */
    char **argv;
} server__settings;

/* Reads everything. 0: go on; else SERVER__STOP(exit code), and the process has said why (--help
 * and --version included). */
#define SERVER__STOP(code) ((code) + 1)
int server__settings_read(server__settings *settings, int argc, char **argv);
/* Everything again, for SIGHUP; on failure a line in `message`, *out untouched. */
bool server__settings_reread(server__settings *out, const server__settings *old, char *message,
                             size_t size);
void server__settings_free(server__settings *settings);
/* "name = value" lines, as a configuration file has them. */
void server__settings_print(const server__settings *settings, FILE *out);
void server__settings_help(FILE *out);
/* A line for each option, for the completions of shells: name, letter, what its value is called and
 * its help, with tabs between; "-" for none. */
void server__settings_list(FILE *out);

#endif
