/* Opening what is to be served. */
#include "server/models.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pull/store.h"
#include "server/http.h"

/* "NAME=FILE" taken apart; without a name `name` is "". A path may hold "=", a name no "/". */
typedef struct given {
    char name[SERVER__NAME_SIZE], path[PULL__PATH_SIZE];
} given;

typedef struct opening {
    server__models *models;
    server__log *log;
    char *message;
    size_t size;
} opening;

static bool refuse(const opening *o, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool refuse(const opening *o, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(o->message, o->size, format, args);
    va_end(args);
    return false;
}

bool server__name_ok(const char *name)
{
    if (!*name) return false;
    for (const unsigned char *p = (const unsigned char *)name; *p; p++)
        if (*p <= ' ' || *p == 127 || *p == '"' || *p == '\\') return false;
    return true;
}

static bool take_apart(const opening *o, server__word word, given *out)
{
    const char *equals = memchr(word.data, '=', word.size);
    const char *slash = memchr(word.data, '/', word.size);
    const bool named = equals && (!slash || equals < slash);
    const size_t name = named ? (size_t)(equals - word.data) : 0, before = named ? name + 1 : 0;
    const size_t path = word.size - before;
    if (name >= sizeof out->name || path >= sizeof out->path || path == 0)
        return refuse(o, "'%.*s' is not [NAME=]FILE", (int)word.size, word.data);
    memcpy(out->name, word.data, name);
    out->name[name] = '\0';
    memcpy(out->path, word.data + before, path);
    out->path[path] = '\0';
    return !named || server__name_ok(out->name) ||
           refuse(o, "'%s': a name has no spaces, quotes or control characters", out->name);
}

/* ---- names ----------------------------------------------------------------------------------- */

const server__choice *server__models_find(const server__models *models, const char *name)
{
    for (size_t i = 0; i < models->count; i++)
        if (strcmp(models->choices[i]->name, name) == 0) return models->choices[i];
    return NULL;
}

/* The name that was given, else the file's own, else the path's last part. */
static server__choice *add_choice(const opening *o, const given *g, const char *own,
                                  server__model *model)
{
    server__models *models = o->models;
    const char *slash = strrchr(g->path, '/');
    const char *name = g->name[0] ? g->name : own && *own ? own : slash ? slash + 1 : g->path;
    if (server__models_find(models, name)) {
        refuse(o, "two models or heads are called '%.200s': give names, NAME=FILE", name);
        return NULL;
    }
    server__choice *choice = calloc(1, sizeof *choice);
    if (!choice) {
        refuse(o, "out of memory");
        return NULL;
    }
    snprintf(choice->name, sizeof choice->name, "%.*s", SERVER__NAME_SIZE - 1, name);
    choice->model = model;
    models->choices[models->count++] = choice;
    return choice;
}

/* ---- models ---------------------------------------------------------------------------------- */

static void tell_standin(const opening *o, const server__model *model)
{
    const char *made_as = gte_model_meta(model->model, "name");
    if (made_as && strcmp(made_as, "standin") == 0)
        server__log_line(o->log, SERVER__WARNING,
                         "this is the stand-in model, which has no trained knowledge: give another "
                         "with -m FILE or GTE_MODEL");
}

static server__model *load(const opening *o, const char *path, const struct stat *st)
{
    gte_error err;
    gte_token ends[2];
    size_t count;
    const uint64_t begin = server__now();
    server__model *m = calloc(1, sizeof *m);
    if (!m) {
        refuse(o, "out of memory");
        return NULL;
    }
    o->models->files[o->models->file_count++] = m;
    m->device = st->st_dev;
    m->inode = st->st_ino;
    server__log_line(o->log, SERVER__INFO, "loading the model %s", path);
    if (gte_model_open(&m->model, path, NULL, &err) != GTE_OK ||
        gte_tokenize(m->model, gte_text_of(""), 0, 0, ends, 2, &count, NULL, &err) != GTE_OK) {
        refuse(o, "%s", err.message);
        return NULL;
    }
    m->first = ends[0];
    m->last = ends[count - 1];
    gte_model_describe(m->model, &m->info, sizeof m->info);
    m->load_seconds = (double)(server__now() - begin) / 1e9;
    return m;
}

/* The file, mapped once however many names it has. */
static server__model *file_of(const opening *o, const char *asked)
{
    char room[PULL__PATH_SIZE];
    struct stat st = {0};
    const char *path = pull__store_resolve(asked, room);
    if (!path) {
        refuse(o,
               "no model '%s': there is no such file, and none of that name is installed; gte "
               "list shows those, gte pull gets one",
               asked);
        return NULL;
    }
    const bool known = stat(path, &st) == 0;
    for (size_t i = 0; known && i < o->models->file_count; i++) {
        server__model *m = o->models->files[i];
        if (m->device == st.st_dev && m->inode == st.st_ino) return m;
    }
    return load(o, path, &st);
}

static bool open_model(const opening *o, server__word word, const char *first_name)
{
    given g;
    if (!take_apart(o, word, &g)) return false;
    server__model *m = file_of(o, g.path);
    if (!m) return false;
    const char *own = first_name ? first_name : gte_model_meta(m->model, "name");
    server__choice *choice = add_choice(o, &g, own, m);
    if (!choice) return false;
    choice->head = gte_model_head(m->model);
    if (choice->head) gte_head_describe(choice->head, &choice->head_info, sizeof choice->head_info);
    server__log_line(o->log, SERVER__INFO,
                     "model %s loaded in %.3f s: %d layers, %d dimensions, %s%s", choice->name,
                     m->load_seconds, m->info.layers, m->info.hidden_size, m->info.dtype,
                     choice->head ? ", with a head" : "");
    tell_standin(o, m);
    return true;
}

/* ---- heads ----------------------------------------------------------------------------------- */

/* A head names its model by digest: the one that takes it is the one. */
static bool open_head(const opening *o, server__word word)
{
    given g;
    gte_error err = {0};
    gte_head *head = NULL;
    gte_status status = GTE_E_ARGUMENT;
    size_t i = 0;
    if (!take_apart(o, word, &g)) return false;
    for (; i < o->models->file_count && status != GTE_OK; i++)
        status = gte_head_open(&head, o->models->files[i]->model, g.path, &err);
    if (status != GTE_OK)
        return refuse(o, "none of the models takes the head %s: %s", g.path, err.message);
    gte_head_info info;
    gte_head_describe(head, &info, sizeof info);
    server__choice *choice = add_choice(o, &g, info.name, o->models->files[i - 1]);
    if (!choice) {
        gte_head_close(&head);
        return false;
    }
    choice->head = choice->opened = head;
    choice->head_info = info;
    server__log_line(o->log, SERVER__INFO, "head %s loaded: %d labels", choice->name, info.labels);
    return true;
}

/* ---- all ------------------------------------------------------------------------------------- */

bool server__models_open(server__models *models, const server__settings *settings, server__log *log,
                         char *message, size_t size)
{
    const opening o = {models, log, message, size};
    server__gate_open(&models->gate, settings->workers);
    if (settings->models.count == 0)
        return refuse(&o, "no model: give one with -m FILE or GTE_MODEL");
    for (size_t i = 0; i < settings->models.count; i++)
        if (!open_model(&o, settings->models.items[i], i ? NULL : settings->name)) return false;
    models->model_count = models->count;
    for (size_t i = 0; i < settings->heads.count; i++)
        if (!open_head(&o, settings->heads.items[i])) return false;
    return server__models_assign(models, settings, message, size);
}

bool server__models_start(server__models *models, const server__batcher_options *options,
                          char *message, size_t size)
{
    gte_runtime runtime;
    gte_runtime_describe(&runtime, sizeof runtime);
    for (size_t i = 0; i < models->file_count; i++) {
        server__model *m = models->files[i];
        server__batcher_options own = *options;
        gte_error err;
        if (models->file_count > 1) own.gate = &models->gate;
        m->batcher = server__batcher_start(m->model, &own, &err);
        if (!m->batcher) {
            snprintf(message, size, "%s", err.message);
            return false;
        }
        snprintf(m->computed_by, sizeof m->computed_by, "%s %s", runtime.isa,
                 server__batcher_backend(m->batcher));
    }
    return true;
}

const char *server__models_name_of(const server__models *models, const server__model *model)
{
    size_t i = 0;
    while (models->choices[i]->model != model) i++;
    return models->choices[i]->name;
}

server__batcher_state server__models_state(const server__models *models)
{
    server__batcher_state sum = {0};
    for (size_t i = 0; i < models->file_count; i++) {
        server__batcher_state s = {0};
        if (models->files[i]->batcher) server__batcher_describe(models->files[i]->batcher, &s);
        sum.queued_items += s.queued_items;
        sum.queued_tokens += s.queued_tokens;
        sum.running_items += s.running_items;
        sum.batches += s.batches;
        sum.items += s.items;
        sum.tokens += s.tokens;
        sum.shared += s.shared;
    }
    return sum;
}

double server__models_load_seconds(const server__models *models)
{
    double sum = 0;
    for (size_t i = 0; i < models->file_count; i++) sum += models->files[i]->load_seconds;
    return sum;
}

void server__models_close(server__models *models)
{
    for (size_t i = 0; i < models->file_count; i++)
        server__batcher_free(&models->files[i]->batcher);
    for (size_t i = 0; i < models->count; i++) {
        gte_head_close(&models->choices[i]->opened);
        free(models->choices[i]);
    }
    for (size_t i = 0; i < models->file_count; i++) {
        gte_model_close(&models->files[i]->model);
        free(models->files[i]);
    }
    if (models->file_count) server__gate_close(&models->gate);
    *models = (server__models){0};
}
