/* Who does what. A head does what it was made for. An embedding model does without a head what the
 * library can do by likeness. A head that does not say what it is for does what its kind can;
 * one of labels is no sentiment's, where topics would pass for feelings. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "server/models.h"

static bool refuse(char *message, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool refuse(char *message, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(message, size, format, args);
    va_end(args);
    return false;
}

static bool can(const server__choice *c, gte_task task, gte_error *err)
{
    return gte_predict_check(c->model->model, c->head, task, err) == GTE_OK;
}

/* What it does where nobody has said that it shall. */
static unsigned tasks_of(const server__choice *c)
{
    const bool silent = c->head && c->head_info.tasks == 0;
    unsigned tasks = 0;
    if (silent && c->head_info.kind == GTE_HEAD_SEQUENCE)
        return c->head_info.labels > 1 ? GTE_TASK_BIT(GTE_TASK_CLASSIFICATION) : 0;
    for (gte_task task = GTE_TASK_NER; task <= GTE_TASK_QA; task++) {
        const bool meant = !c->head || silent || c->head_info.tasks & GTE_TASK_BIT(task);
        if (meant && can(c, task, NULL)) tasks |= GTE_TASK_BIT(task);
    }
    return tasks;
}

/* The first that was made for the task, else the first that can do it. */
static const server__choice *first_for(const server__models *models, gte_task task)
{
    const server__choice *able = NULL;
    for (size_t i = 0; i < models->count; i++) {
        const server__choice *c = models->choices[i];
        if (!(c->tasks & GTE_TASK_BIT(task))) continue;
        if (c->head && c->head_info.tasks & GTE_TASK_BIT(task)) return c;
        if (!able) able = c;
    }
    return able;
}

const server__choice *server__models_doing(const server__models *models,
                                           const server__choice *choice, gte_task task,
                                           gte_error *err)
{
    if (choice->head && (choice->opened || choice->tasks & GTE_TASK_BIT(task)))
        return can(choice, task, err) ? choice : NULL;
    for (size_t i = models->model_count; i < models->count; i++) {
        const server__choice *c = models->choices[i];
        if (c->model == choice->model && c->tasks & GTE_TASK_BIT(task)) return c;
    }
    return can(choice, task, err) ? choice : NULL;
}

/* ---- the settings ---------------------------------------------------------------------------- */

/* One TASK=NAME. */
static bool assign_task(server__models *models, server__word word, char *message, size_t size)
{
    char text[SERVER__NAME_SIZE + 32];
    gte_error err;
    if (word.size >= sizeof text) return refuse(message, size, "--task: a name is too long");
    memcpy(text, word.data, word.size);
    text[word.size] = '\0';
    char *equals = strchr(text, '=');
    if (equals) *equals = '\0';
    const gte_task task = gte_task_named(text);
    if (!equals || task == GTE_TASK_NONE)
        return refuse(message, size,
                      "--task takes TASK=NAME, TASK one of ner, relation, event, sentiment, "
                      "classification, qa; not '%.*s'",
                      (int)word.size, word.data);
    const server__choice *c = server__models_find(models, equals + 1);
    if (!c)
        return refuse(message, size, "--task %s: no model or head is called '%s'", text,
                      equals + 1);
    c = server__models_doing(models, c, task, &err);
    if (!c) return refuse(message, size, "--task %s=%s: %s", text, equals + 1, err.message);
    models->of_task[task] = c;
    return true;
}

static bool assign_embedding(server__models *models, const char *name, char *message, size_t size)
{
    for (size_t i = 0; i < models->model_count; i++) {
        server__choice *c = models->choices[i];
        c->embeds = name ? strcmp(c->name, name) == 0 || !c->head : !c->head;
        const bool wanted = name ? strcmp(c->name, name) == 0 : c->embeds;
        if (wanted && !models->embedding) models->embedding = c;
    }
    if (name && !models->embedding)
        return refuse(message, size, "--embedding: no model is called '%s'", name);
    return true;
}

/* TEI's routes: a score of pairs, and labels of texts. */
static void assign_sequences(server__models *models)
{
    static const gte_task of_texts[] = {GTE_TASK_CLASSIFICATION, GTE_TASK_SENTIMENT};
    for (size_t i = 0; i < 2 && !models->classifier; i++) {
        const server__choice *c = models->of_task[of_texts[i]];
        if (c && c->head && c->head_info.kind == GTE_HEAD_SEQUENCE) models->classifier = c;
    }
    for (size_t i = 0; i < models->count; i++) {
        const server__choice *c = models->choices[i];
        if (!c->head || c->head_info.kind != GTE_HEAD_SEQUENCE) continue;
        if (c->head_info.labels == 1 && !models->reranker) models->reranker = c;
        if (c->head_info.labels > 1 && !models->classifier) models->classifier = c;
    }
}

bool server__models_assign(server__models *models, const server__settings *settings, char *message,
                           size_t size)
{
    for (size_t i = 0; i < models->count; i++)
        models->choices[i]->tasks = tasks_of(models->choices[i]);
    for (size_t i = 0; i < settings->tasks.count; i++)
        if (!assign_task(models, settings->tasks.items[i], message, size)) return false;
    for (gte_task task = GTE_TASK_NER; task <= GTE_TASK_QA; task++)
        if (!models->of_task[task]) models->of_task[task] = first_for(models, task);
    assign_sequences(models);
    return assign_embedding(models, settings->embedding, message, size);
}
