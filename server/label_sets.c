/* Sets of labels: those built in, and reading others. */
#include "server/label_sets.h"

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "gte_cache.h"

#define TASKS 2
#define LANGUAGES 2
#define MOST_FILE 1048576

static const server__label topics_zh[] = {
    {"科技", "科技、互联网、人工智能"}, {"体育", "体育、比赛、运动员"},
    {"财经", "财经、股票、公司、市场"}, {"娱乐", "娱乐、电影、音乐、明星"},
    {"教育", "教育、学校、考试"},       {"健康", "健康、医疗、疾病"},
    {"旅游", "旅游、景点、酒店"},       {"社会", "社会、民生、法律"},
    {"美食", "美食、餐厅、做饭"},       {"天气", "天气、气温、下雨"},
};
static const server__label topics_en[] = {
    {"technology", "technology, computers and software"},
    {"sports", "sports, matches and athletes"},
    {"business", "business, companies and the stock market"},
    {"entertainment", "entertainment, films, music and celebrities"},
    {"education", "education, schools and exams"},
    {"health", "health, medicine and illness"},
    {"travel", "travel, sights and hotels"},
    {"society", "society, law and politics"},
    {"food", "food, restaurants and cooking"},
    {"weather", "weather, temperature and rain"},
};
static const server__label feelings_zh[] = {
    {"正面", "非常好，很满意，喜欢，推荐"},
    {"负面", "非常差，很失望，讨厌，糟糕"},
};
static const server__label feelings_en[] = {
    {"positive", "very good, satisfied, I love it, recommended"},
    {"negative", "very bad, disappointed, I hate it, terrible"},
};

#define SET(table)                                                                                 \
    {                                                                                              \
        table, sizeof(table) / sizeof *(table)                                                     \
    }
/* In the order of the names below. */
static const server__label_set built_in[TASKS][LANGUAGES] = {
    {SET(topics_en), SET(topics_zh)},
    {SET(feelings_en), SET(feelings_zh)},
};
static const char *const task_names[TASKS] = {"classification", "sentiment"};
static const char *const language_names[LANGUAGES] = {"en", "zh"};

struct server__label_sets {
    atomic_size_t holders;
    server__label_set sets[TASKS][LANGUAGES];
    server__label *own[TASKS][LANGUAGES]; /* NULL: built in */
    json_t *json;                         /* holds the strings of `own` */
    char id[SERVER__LABEL_SETS_ID];
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

static bool read_label(server__label *out, const json_t *json, const place *at)
{
    const bool named = json_object_get(json, "name"), told = json_object_get(json, "text");
    out->name = string_of(json, "name");
    out->text = told ? string_of(json, "text") : out->name;
    if (out->name && out->text && json_object_size(json) == (size_t)named + told) return true;
    return refuse(at, "a label is {\"name\": ..., \"text\": ...}, strings that are not empty");
}

static bool read_set(server__label_sets *sets, int task, int language, const json_t *json,
                     const place *at)
{
    const size_t count = json_array_size(json);
    if (count == 0 || count > SERVER__LABELS_MOST)
        return refuse(at, "there must be a list of 1 to 100 labels");
    server__label *own = sets->own[task][language] = calloc(count, sizeof *own);
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

/* The digest of what was read; built-in sets belong to the version, and keep zeros. */
static bool set_id(server__label_sets *sets)
{
    gte_cache_scope scope;
    gte_cache_key key;
    char *text = json_dumps(sets->json, JSON_COMPACT);
    if (!text) return false;
    gte_cache_scope_init(&scope, NULL, "labels", NULL, 0, 0, 0);
    gte_cache_key_of(&scope, gte_text_of(text), &key);
    memcpy(sets->id, key.bytes, sizeof sets->id);
    free(text);
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
    if (!sets->json) {
        snprintf(message, size, "%s:%d: %s", path, error.line, error.text);
        return false;
    }
    if (!read_all(sets, &at)) return false;
    return set_id(sets) || refuse(&at, "out of memory");
}

server__label_sets *server__label_sets_read(const char *path, char *message, size_t size)
{
    server__label_sets *sets = calloc(1, sizeof *sets);
    if (!sets) {
        snprintf(message, size, "out of memory");
        return NULL;
    }
    atomic_init(&sets->holders, 1);
    memcpy(sets->sets, built_in, sizeof sets->sets);
    if (path && !read_file(sets, path, message, size)) server__label_sets_drop(&sets);
    return sets;
}

/* ---- holding --------------------------------------------------------------------------------- */

server__label_set server__label_sets_of(const server__label_sets *sets, server__label_task task,
                                        bool chinese)
{
    return sets->sets[task][chinese];
}

const char *server__label_sets_id(const server__label_sets *sets)
{
    return sets->id;
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
