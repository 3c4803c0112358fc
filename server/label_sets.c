/* Sets of labels, read from a file. */
#include "server/label_sets.h"

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define TASKS 2
#define LANGUAGES 2
#define MOST_FILE 1048576

/* In the order of server__label_sets.sets. */
static const char *const task_names[TASKS] = {"classification", "sentiment"};
static const char *const language_names[LANGUAGES] = {"en", "zh"};

struct server__label_sets {
    atomic_size_t holders;
    server__label_set sets[TASKS][LANGUAGES];
    gte_label *own[TASKS][LANGUAGES]; /* NULL: those of the library */
    json_t *json;                     /* holds the strings of `own` */
};

/* ---- reading --------------------------------------------------------------------------------- */

/* For messages: the file, and where in it. */
typedef struct place {
    const char *path, *task, *language;
    char *message;
    size_t size;
} place;

static bool refuse(const place *at, const char *why)
{
    snprintf(at->message, at->size, "%s: %s%s%s%s%s", at->path, at->task ? at->task : "",
             at->language ? "." : "", at->language ? at->language : "", at->task ? ": " : "", why);
    return false;
}

static const char *string_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text && *text ? text : NULL;
}

static bool read_label(gte_label *out, const json_t *json, const place *at)
{
    const bool named = json_object_get(json, "name"), told = json_object_get(json, "text");
    out->name = string_of(json, "name");
    out->text = told ? string_of(json, "text") : out->name;
    if (!out->name || !out->text || json_object_size(json) != (size_t)named + told)
        return refuse(at, "a label is {\"name\": ..., \"text\": ...}, strings that are not empty");
    if (strlen(out->name) > GTE_SCHEMA_NAME_MAX || strlen(out->text) > GTE_SCHEMA_NAME_MAX)
        return refuse(at, "a label's name or text is longer than 256 bytes");
    return true;
}

static bool read_set(server__label_sets *sets, int task, int language, const json_t *json,
                     const place *at)
{
    const size_t count = json_array_size(json);
    if (count == 0 || count > GTE_LABELS_MAX)
        return refuse(at, "there must be a list of 1 to 100 labels");
    gte_label *own = sets->own[task][language] = calloc(count, sizeof *own);
    if (!own) return refuse(at, "out of memory");
    for (size_t i = 0; i < count; i++) {
        if (!read_label(&own[i], json_array_get(json, i), at)) return false;
        for (size_t j = 0; j < i; j++)
            if (strcmp(own[i].name, own[j].name) == 0) return refuse(at, "one name stands twice");
    }
    sets->sets[task][language] = (server__label_set){own, count};
    return true;
}

static int index_of(const char *name, const char *const names[], int count)
{
    int i = 0;
    while (i < count && strcmp(names[i], name) != 0) i++;
    return i;
}

static bool read_task(server__label_sets *sets, int task, json_t *json, place *at)
{
    const char *name;
    json_t *list;
    if (!json_is_object(json)) return refuse(at, "there must be an object with \"en\" or \"zh\"");
    json_object_foreach(json, name, list)
    {
        const int language = index_of(name, language_names, LANGUAGES);
        if (language == LANGUAGES) return refuse(at, "languages are \"en\" and \"zh\"");
        at->language = language_names[language];
        if (!read_set(sets, task, language, list, at)) return false;
        at->language = NULL;
    }
    return true;
}

static bool read_all(server__label_sets *sets, place *at)
{
    const char *name;
    json_t *task;
    if (!json_is_object(sets->json)) return refuse(at, "there must be an object");
    json_object_foreach(sets->json, name, task)
    {
        const int number = index_of(name, task_names, TASKS);
        if (number == TASKS) return refuse(at, "tasks are \"classification\" and \"sentiment\"");
        at->task = task_names[number];
        if (!read_task(sets, number, task, at)) return false;
        at->task = NULL;
    }
    return true;
}

/* The text of the file, or NULL, answered in the message. */
static char *read_text(const place *at, size_t *size)
{
    FILE *file = fopen(at->path, "re");
    char *text = file ? malloc(MOST_FILE) : NULL;
    *size = text ? fread(text, 1, MOST_FILE, file) : 0;
    const bool good = text && !ferror(file) && *size < MOST_FILE;
    if (!good) refuse(at, *size == MOST_FILE ? "longer than 1 MiB" : "cannot be read");
    if (file) fclose(file);
    if (good) return text;
    free(text);
    return NULL;
}

static bool read_file(server__label_sets *sets, const char *path, char *message, size_t size)
{
    place at = {path, NULL, NULL, message, size};
    json_error_t error;
    size_t length;
    char *text = read_text(&at, &length);
    if (!text) return false;
    sets->json = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    free(text);
    if (!sets->json && !error.text[0]) return refuse(&at, "out of memory");
    if (!sets->json) {
        snprintf(message, size, "%s:%d: %s", path, error.line, error.text);
        return false;
    }
    return read_all(sets, &at);
}

server__label_sets *server__label_sets_read(const char *path, char *message, size_t size)
{
    server__label_sets *sets = calloc(1, sizeof *sets);
    if (!sets) {
        snprintf(message, size, "out of memory");
        return NULL;
    }
    atomic_init(&sets->holders, 1);
    if (path && !read_file(sets, path, message, size)) server__label_sets_drop(&sets);
    return sets;
}

/* ---- holding --------------------------------------------------------------------------------- */

server__label_set server__label_sets_of(const server__label_sets *sets, gte_task task,
                                        gte_text text)
{
    const bool chinese = gte__utf8_is_chinese(text.data, text.size);
    if (task == GTE_TASK_CLASSIFICATION) return sets->sets[0][chinese];
    if (task == GTE_TASK_SENTIMENT) return sets->sets[1][chinese];
    return (server__label_set){0};
}

void server__label_sets_drop(server__label_sets **sets)
{
    server__label_sets *s = *sets;
    *sets = NULL;
    if (!s || atomic_fetch_sub(&s->holders, 1) > 1) return;
    for (int i = 0; i < TASKS * LANGUAGES; i++) free(s->own[i / LANGUAGES][i % LANGUAGES]);
    json_decref(s->json);
    free(s);
}

struct server__labels {
    pthread_mutex_t lock;
    server__label_sets *sets;
};

server__labels *server__labels_create(server__label_sets *sets)
{
    server__labels *labels = calloc(1, sizeof *labels);
    if (!labels) {
        server__label_sets_drop(&sets);
        return NULL;
    }
    pthread_mutex_init(&labels->lock, NULL);
    labels->sets = sets;
    return labels;
}

void server__labels_free(server__labels **labels)
{
    server__labels *l = *labels;
    if (!l) return;
    *labels = NULL;
    server__label_sets_drop(&l->sets);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

server__label_sets *server__labels_hold(server__labels *labels)
{
    pthread_mutex_lock(&labels->lock);
    server__label_sets *sets = labels->sets;
    atomic_fetch_add(&sets->holders, 1);
    pthread_mutex_unlock(&labels->lock);
    return sets;
}

void server__labels_install(server__labels *labels, server__label_sets *sets)
{
    pthread_mutex_lock(&labels->lock);
    server__label_sets *old = labels->sets;
    labels->sets = sets;
    pthread_mutex_unlock(&labels->lock);
    server__label_sets_drop(&old);
}
