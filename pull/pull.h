/* The door of the room that fetches models: one model of a hub becomes one installed .gte file.
 *
 *   hub.c (URLs, the list of files) ──► selection.c (what the converter needs) ──► fetch.c (one
 *   file: retries, resuming, digest) ──► gte_convert ──► DIR/NAME.gte, by rename
 *
 * The only room of the project that touches the network, and of it only http_curl.c. Never prints:
 * messages go to the callbacks. */
#ifndef GTE_PULL_PULL_H
#define GTE_PULL_PULL_H

#include <stdbool.h>

#include "gte.h"

enum pull__hub { PULL__HF, PULL__MODELSCOPE };

#define PULL__HF_ENDPOINT "https://huggingface.co"
#define PULL__MODELSCOPE_ENDPOINT "https://www.modelscope.cn"

#define PULL__PATH_SIZE 4096

typedef struct pull__options {
    enum pull__hub from;
    const char *endpoint; /* "https://..."; NULL: the hub's own */
    const char *token;    /* shown to the endpoint only; NULL: none */
    const char *repo;     /* "OWNER/NAME" */
    const char *revision; /* branch, tag or commit; NULL: the hub's main branch */
    const char *dtype;    /* as gte_convert_options has it */
    const char *name;     /* what the model is called from then on; NULL: NAME */
    const char *dir;      /* where models lie; made when it is not there */
    unsigned timeout;     /* seconds without a byte after which a connection counts as cut */
    unsigned retries;     /* attempts in a row that bring nothing, after the first */
    /* Optional: bytes fetched of all; then, from 0 again, bytes converted. */
    void (*progress)(void *arg, uint64_t done, uint64_t total);
    void (*note)(void *arg, const char *line);    /* optional: what is being done, for people */
    void (*warning)(void *arg, const char *line); /* optional: what may change results */
    int (*cancelled)(void *arg);                  /* optional: other than 0 stops */
    void *arg;
} pull__options;

/* Whether this build can fetch at all (libcurl). */
bool pull__available(void);

/* Fetches, checks, converts and installs; `path` (PULL__PATH_SIZE) gets where the model is. What an
 * interrupted or failed call has fetched is kept in DIR/.pull and used by the next one; under
 * DIR/NAME.gte stands the old model or the whole new one, never anything between.
 * *unchanged: the hub's revision was installed already, nothing was fetched.
 * Errors say in the same line what can be done: GTE_E_IO, GTE_E_CHECKSUM, GTE_E_ARGUMENT,
 * GTE_E_CANCELLED, and those of gte_convert. */
gte_status pull__model(const pull__options *options, char *path, bool *unchanged, gte_error *err);

#endif
