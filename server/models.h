/* What is loaded: model files, each mapped once and with a batcher of its own, and what clients can
 * choose of them by name: a file as it is, or a head on top of one. Settled at the start. */
#ifndef SERVER_MODELS_H
#define SERVER_MODELS_H

#include <sys/types.h>

#include "gte_task.h"
#include "server/batcher.h"
#include "server/gate.h"
#include "server/log.h"
#include "server/settings.h"

#define SERVER__NAME_SIZE 256

/* A file. */
typedef struct server__model {
    gte_model *model;
    gte_model_info info;
    gte_token first, last; /* the template's special tokens around one text */
    double load_seconds;
    server__batcher *batcher;
    char computed_by[64]; /* what changes the last bits of an answer: for the cache's keys */
    dev_t device;         /* which file it is */
    ino_t inode;
} server__model;

/* What has a name. */
typedef struct server__choice {
    char name[SERVER__NAME_SIZE];
    server__model *model;
    const gte_head *head;    /* NULL: the encoder alone */
    gte_head *opened;        /* that head, where it has a file of its own */
    gte_head_info head_info; /* of `head` */
    bool embeds;             /* its vectors are served */
    unsigned tasks;          /* it does by itself, GTE_TASK_BIT of each */
} server__choice;

typedef struct server__models {
    server__model *files[SERVER__LIST_MOST];
    size_t file_count;
    server__choice *choices[2 * SERVER__LIST_MOST]; /* models, then heads, as they were given */
    size_t count, model_count;
    const server__choice *embedding;                /* NULL: none */
    const server__choice *of_task[GTE_TASK_QA + 1]; /* NULL: none */
    const server__choice *reranker, *classifier; /* TEI's: of pairs; of several labels; or NULL */
    server__gate gate;
} server__models;

/* Loads and names all; on failure false, and a line in `message`: server__models_close follows. */
bool server__models_open(server__models *models, const server__settings *settings, server__log *log,
                         char *message, size_t size);
/* A batcher for each file. `options` without a gate. */
bool server__models_start(server__models *models, const server__batcher_options *options,
                          char *message, size_t size);
/* NULL: there is none of that name. */
const server__choice *server__models_find(const server__models *models, const char *name);
/* What does the task where a request names a model: the choice itself, or a head of its file. NULL:
 * neither, and `err` says what would. */
const server__choice *server__models_doing(const server__models *models,
                                           const server__choice *choice, gte_task task,
                                           gte_error *err);
/* The first name of a file. */
const char *server__models_name_of(const server__models *models, const server__model *model);
/* Of all batchers. */
server__batcher_state server__models_state(const server__models *models);
/* Seconds that all files took to load. */
double server__models_load_seconds(const server__models *models);
void server__models_close(server__models *models);

/* Whether clients may give it as a name in a header. */
bool server__name_ok(const char *name);

/* models_choose.c: which of the choices does what, when all are there. */
bool server__models_assign(server__models *models, const server__settings *settings, char *message,
                           size_t size);

#endif
