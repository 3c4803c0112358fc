/* The table of settings: names, defaults, bounds, help. How they are read is settings.c's. */
#include "server/settings_table.h"

#define ROW(name, letter, kind, value, variable, field, min, max, standard, group, help)           \
    {                                                                                              \
        name, letter, kind, value, variable, offsetof(server__settings, field), min, max,          \
            standard, group, help                                                                  \
    }
#define TEXT(name, letter, value, variable, field, standard, group, help)                          \
    ROW(name, letter, SERVER__TEXT, value, variable, field, 0, 0, standard, group, help)
#define NUMBER(name, letter, variable, field, min, max, standard, group, help)                     \
    ROW(name, letter, SERVER__NUMBER, "N", variable, field, min, max, standard, group, help)
#define SWITCH(name, variable, field, standard, group, help)                                       \
    ROW(name, 0, SERVER__SWITCH, "on|off", variable, field, 0, 1, standard, group, help)

#define LIST(name, letter, value, variable, field, group, help)                                    \
    ROW(name, letter, SERVER__LIST, value, variable, field, 0, 0, NULL, group, help)

#define MILLION 1000000

const server__setting server__setting_table[] = {
    LIST("model", 'm', "FILE", "GTE_MODEL", models, "Models and encoder",
         "A model: a .gte file, or the name of an\ninstalled one (gte list). Several times for\n"
         "several: NAME=FILE names one for clients\n(X-Model-ID) [its own name]."),
    LIST("head", 0, "FILE", "GTE_SERVER_HEAD", heads, NULL,
         "A head for one of the models, as gte train\nmakes them; or NAME=FILE. Several times for\n"
         "several."),
    LIST("task", 0, "TASK=NAME", "GTE_SERVER_TASK", tasks, NULL,
         "The model or head that does a task [the first\nthat was made for it]."),
    TEXT("embedding", 0, "NAME", "GTE_SERVER_EMBEDDING", embedding, NULL, NULL,
         "The model whose vectors are served [the first\nthat has no head of its own]."),
    TEXT("name", 0, "NAME", "GTE_SERVER_NAME", name, NULL, NULL,
         "What clients call the first model."),
    NUMBER("threads", 't', "GTE_THREADS", threads, 0, 1024, "0", NULL,
           "Threads of the encoder; 0: what affinity and\nthe cgroup allow."),
    NUMBER("workers", 0, "GTE_SERVER_WORKERS", workers, 1, 64, "1", NULL,
           "Batches that run side by side, on `threads`\neach."),
    NUMBER("batch-tokens", 0, "GTE_SERVER_BATCH_TOKENS", batch_tokens, 0, 1048576, "0", NULL,
           "Tokens that go through the encoder at once;\n0: the library's choice."),
    SWITCH("warm-up", "GTE_SERVER_WARM_UP", warm_up, "on", NULL,
           "Embed a few short texts before being ready."),
    SWITCH("truncate", "GTE_SERVER_TRUNCATE", truncate, "on", NULL,
           "/predict cuts texts longer than the model\nreads; off: refuses them."),
    SWITCH("auto-truncate", "GTE_SERVER_AUTO_TRUNCATE", auto_truncate, "off", NULL,
           "So do the other routes, where a request does\nnot say (its \"truncate\")."),
    TEXT("cache", 0, "FILE|memory|off", "GTE_SERVER_CACHE", cache, NULL, NULL,
         "The cache of results [server.cache in the\nuser's cache directory]."),
    NUMBER("cache-memory", 0, "GTE_SERVER_CACHE_MEMORY", cache_memory, 1, MILLION, "64", NULL,
           "MiB of it in memory."),
    NUMBER("cache-size", 0, "GTE_SERVER_CACHE_SIZE", cache_size, 1, MILLION, "1024", NULL,
           "MiB of it in the file."),
    TEXT("labels", 0, "FILE", "GTE_SERVER_LABELS", labels, NULL, NULL,
         "What classification and sentiment choose from\nwhere a request brings no labels, JSON\n"
         "[built in]."),

    TEXT("host", 0, "ADDRESS", "GTE_SERVER_HOST", host, "127.0.0.1", "Listening",
         "Address to listen on; 0.0.0.0 or :: for all."),
    NUMBER("port", 'p', "GTE_INSTANCE_PORT", port, 0, 65535, "5000", NULL,
           "Port; 0: any free one."),
    TEXT("unix-socket", 0, "PATH", "GTE_SERVER_UNIX_SOCKET", unix_socket, NULL, NULL,
         "Listen on a Unix socket instead."),
    SWITCH("reuse-port", "GTE_SERVER_REUSE_PORT", reuse_port, "off", NULL,
           "Let several servers listen on one port\n(SO_REUSEPORT)."),
    NUMBER("http-threads", 0, "GTE_SERVER_HTTP_THREADS", http_threads, 1, 64, "2", NULL,
           "Threads for connections, JSON and cache."),
    TEXT("tls-cert", 0, "FILE", "GTE_SERVER_TLS_CERT", tls_cert, NULL, NULL,
         "Certificate chain, PEM: serve TLS 1.2 and 1.3."),
    TEXT("tls-key", 0, "FILE", "GTE_SERVER_TLS_KEY", tls_key, NULL, NULL, "Its private key, PEM."),
    TEXT("instance-id", 0, "ID", "GTE_INSTANCE_ID", instance_id, "0", NULL,
         "This server's name in logs and health."),

    TEXT("api-key-file", 0, "FILE", "GTE_SERVER_API_KEY_FILE", api_key_file, NULL, "Admission",
         "Keys that clients must show, one a line\n(Authorization: Bearer KEY, or X-API-Key)."),
    TEXT("cors", 0, "ORIGINS", "GTE_SERVER_CORS", cors, NULL, NULL,
         "Origins whose pages may use the server,\nseparated by commas; * for all."),
    TEXT("trusted-proxies", 0, "ADDRESSES", "GTE_SERVER_TRUSTED_PROXIES", trusted_proxies, NULL,
         NULL, "Proxies whose X-Forwarded-For names the\nclient; unix for a Unix socket."),
    NUMBER("rate", 0, "GTE_SERVER_RATE", rate, 0, MILLION, "0", NULL,
           "Requests a second of one key, or of one\naddress without keys; 0: no limit."),
    NUMBER("rate-burst", 0, "GTE_SERVER_RATE_BURST", rate_burst, 0, MILLION, "0", NULL,
           "Requests above the rate that may come at once\n[0: as many as a second's]."),
    NUMBER("connections", 0, "GTE_SERVER_CONNECTIONS", connections, 1, MILLION, "4096", NULL,
           "Connections at one time."),
    NUMBER("connections-per-address", 0, "GTE_SERVER_CONNECTIONS_PER_ADDRESS",
           connections_per_address, 0, MILLION, "0", NULL, "The same of one address; 0: no limit."),

    NUMBER("max-body", 0, "GTE_SERVER_MAX_BODY", max_body, 1024, 1 << 30, "2000000", "Limits",
           "Bytes of a request's body."),
    NUMBER("max-items", 0, "GTE_SERVER_MAX_ITEMS", max_items, 1, 65536, "2048", NULL,
           "Texts of one request."),
    NUMBER("max-tokens", 0, "GTE_SERVER_MAX_TOKENS", max_tokens, 1, 1 << 30, "300000", NULL,
           "Tokens of one request, after cutting."),
    NUMBER("requests-memory", 0, "GTE_SERVER_REQUESTS_MEMORY", requests_memory, 1, MILLION, "512",
           NULL,
           "MiB that requests may hold: bodies, vectors,\nanswers not yet taken. Beyond it large "
           "ones are\nrefused."),
    NUMBER("queue-items", 0, "GTE_SERVER_QUEUE_ITEMS", queue_items, 1, MILLION, "4096", NULL,
           "Texts that may wait for the encoder."),
    NUMBER("queue-tokens", 0, "GTE_SERVER_QUEUE_TOKENS", queue_tokens, 1, 1 << 30, "524288", NULL,
           "Tokens that may wait for the encoder."),
    NUMBER("queue-seconds", 0, "GTE_SERVER_QUEUE_SECONDS", queue_seconds, 0, 86400, "30", NULL,
           "Refuse when what waits will take longer;\n0: no such bound."),
    NUMBER("header-timeout", 0, "GTE_SERVER_HEADER_TIMEOUT", header_timeout, 1, 3600, "10", NULL,
           "Seconds for a request's head to arrive."),
    NUMBER("body-timeout", 0, "GTE_SERVER_BODY_TIMEOUT", body_timeout, 1, 3600, "30", NULL,
           "Seconds for its body to arrive."),
    NUMBER("idle-timeout", 0, "GTE_SERVER_IDLE_TIMEOUT", idle_timeout, 1, 3600, "75", NULL,
           "Seconds a connection may stay between\nrequests."),
    NUMBER("send-timeout", 0, "GTE_SERVER_SEND_TIMEOUT", send_timeout, 1, 3600, "30", NULL,
           "Seconds for a client to take its answer."),
    NUMBER("request-timeout", 0, "GTE_SERVER_REQUEST_TIMEOUT", request_timeout, 1, 86400, "120",
           NULL,
           "Seconds until an answer, else 504; a client\nmay ask for less (X-Request-Timeout)."),
    NUMBER("drain-timeout", 0, "GTE_SERVER_DRAIN_TIMEOUT", drain_timeout, 0, 86400, "30", NULL,
           "Seconds that accepted requests have to finish\nafter SIGTERM."),

    TEXT("log-dir", 0, "DIR", "GTE_SERVER_LOG_DIR", log_dir, NULL, "Log",
         "Also write app.log (ten old ones of 10 MB)\nand app_json.log (thirty days) there."),
    TEXT("log-level", 0, "LEVEL", "GTE_SERVER_LOG_LEVEL", log_level, "info", NULL,
         "debug, info, warning or error."),
    {0},
};
