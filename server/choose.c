/* Choosing by name, or by purpose. */
#include "server/choose.h"

#include "server/errors.h"
#include "server/routes.h"
#include "server/service.h"

/* What X-Model-ID names. False: answered. *out NULL: it names nothing. */
static bool named_by(server__request *request, const server__choice **out)
{
    const char *name = server__header(request, "X-Model-ID");
    *out = NULL;
    if (!name || !*name) return true;
    *out = server__models_find(&request->service->models, name);
    if (*out) return true;
    server__fail(request, 404, "model_not_found", "X-Model-ID",
                 "no model '%.200s' is loaded: GET /v1/models lists those that are", name);
    return false;
}

/* A model that cannot do what is asked: OpenAI tells 400, TEI 424. */
static bool wrong_kind(server__request *request, const char *name, const char *what)
{
    const int status = request->route->shape == SERVER__OPENAI ? 400 : 424;
    server__fail(request, status, "wrong_model", name ? "model" : NULL, "%s%.200s%s",
                 name ? name : "", name ? " " : "", what);
    return false;
}

bool server__choose_embedding(server__request *request, const char *named)
{
    const server__models *models = &request->service->models;
    const server__choice *choice;
    if (!named_by(request, &choice)) return false;
    if (!choice && named) choice = server__models_find(models, named);
    if (choice && !choice->embeds)
        return wrong_kind(request, choice->name,
                          "is for tasks (POST /predict) and makes no embeddings");
    request->choice = choice ? choice : models->embedding;
    if (request->choice) return true;
    return wrong_kind(request, NULL,
                      "no embedding model is loaded: all that are have heads for tasks "
                      "(--embedding NAME lets one serve its vectors all the same)");
}

bool server__choose_tokenizer(server__request *request)
{
    const server__models *models = &request->service->models;
    if (!named_by(request, &request->choice)) return false;
    if (!request->choice)
        request->choice = models->embedding ? models->embedding : models->choices[0];
    return true;
}

static bool takes(const server__choice *choice, server__need need)
{
    if (need == SERVER__NEEDS_LABELS) return !choice->head;
    return need == SERVER__NEEDS_NOTHING ||
           (choice->head && choice->head_info.kind == GTE_HEAD_POINTER);
}

/* The server's choice for the task, or where that cannot take what the request brings, the first
 * that does the task and can. */
static const server__choice *first_taking(const server__models *models, gte_task task,
                                          server__need need)
{
    const server__choice *choice = models->of_task[task];
    if (choice && takes(choice, need)) return choice;
    if (need == SERVER__NEEDS_LABELS && models->embedding && takes(models->embedding, need))
        return models->embedding;
    for (size_t i = 0; i < models->count; i++) {
        choice = models->choices[i];
        if (choice->tasks & GTE_TASK_BIT(task) && takes(choice, need)) return choice;
    }
    return NULL;
}

static bool cannot_take(server__request *request, int status, gte_task task, server__need need)
{
    if (need == SERVER__NEEDS_LABELS)
        server__fail(request, status, status == 422 ? "bad_labels" : "no_model", "labels",
                     "'labels' are for an embedding model, a head has labels of its own");
    else
        server__fail(request, status, status == 422 ? "bad_schema" : "no_model", "schema",
                     "'schema' is for a SiameseUIE: what does %s here is none",
                     gte_task_name(task));
    return false;
}

static bool choose_named(server__request *request, const server__choice *named, gte_task task,
                         server__need need)
{
    gte_error err;
    const bool bare = need == SERVER__NEEDS_LABELS && !named->head;
    request->choice =
        bare ? named : server__models_doing(&request->service->models, named, task, &err);
    if (request->choice)
        return takes(request->choice, need) || cannot_take(request, 422, task, need);
    server__fail(request, 503, "no_model", "task_type",
                 "'%s' does not do this task (GET /v1/models tells what each does): %s",
                 named->name, err.message);
    return false;
}

bool server__choose_task(server__request *request, gte_task task, server__need need)
{
    const server__models *models = &request->service->models;
    const server__choice *named, *any = models->choices[0];
    gte_error err;
    if (!named_by(request, &named)) return false;
    if (named) return choose_named(request, named, task, need);
    request->choice = first_taking(models, task, need);
    if (request->choice) return true;
    if (models->of_task[task]) {
        const bool never = task == GTE_TASK_CLASSIFICATION || task == GTE_TASK_QA;
        return cannot_take(request, never && need == SERVER__NEEDS_SCHEMA ? 422 : 503, task, need);
    }
    gte_predict_check(any->model->model, any->head, task, &err);
    server__fail(request, 503, "no_model", "task_type", "no model loaded for this task: %s",
                 err.message);
    return false;
}

static bool is_sequence(const server__choice *choice, bool pairs)
{
    return choice->head && choice->head_info.kind == GTE_HEAD_SEQUENCE &&
           (choice->head_info.labels == 1) == pairs;
}

bool server__choose_reranker(server__request *request, bool *answered)
{
    const server__choice *named;
    *answered = !named_by(request, &named);
    if (*answered) return false;
    const server__choice *choice = named ? named : request->service->models.reranker;
    if (!choice || !is_sequence(choice, true)) return false;
    request->choice = choice;
    return true;
}

bool server__choose_classifier(server__request *request)
{
    const server__choice *named;
    if (!named_by(request, &named)) return false;
    const server__choice *choice = named ? named : request->service->models.classifier;
    if (choice && is_sequence(choice, false)) {
        request->choice = choice;
        return true;
    }
    server__fail(request, 424, "no_classifier", "inputs",
                 "%.200s is not a classifier: TEI's predict needs a BertForSequenceClassification "
                 "of several labels, or a head of gte train",
                 named ? named->name : "the model");
    return false;
}
