/* Labels of a head, from config.json. */
#include "convert/head_labels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "convert/json.h"

#define FILE_NAME "config.json"

static gte_status set_name(convert__labels *out, uint64_t i, const char *name, gte_error *err)
{
    if (i >= out->count || out->own[i])
        return gte__fail(err, GTE_E_FORMAT, 0,
                         FILE_NAME ": label \"%.60s\" has the number %llu; expected each number "
                                   "below %u once",
                         name, (unsigned long long)i, out->count);
    if (!*name)
        return gte__fail(err, GTE_E_FORMAT, 0, FILE_NAME ": label %llu is empty",
                         (unsigned long long)i);
    out->own[i] = strdup(name);
    return out->own[i] ? GTE_OK : gte__fail(err, GTE_E_MEMORY, 0, "out of memory for labels");
}

/* {"0": "O", ...} */
static gte_status read_id2label(convert__labels *out, const json_t *object, gte_error *err)
{
    const char *id;
    json_t *value, *map = json_incref((json_t *)(uintptr_t)object);
    gte_status status = GTE_OK;
    json_object_foreach(map, id, value)
    {
        char *end;
        const unsigned long long i = strtoull(id, &end, 10);
        if (!*id || *end || !json_is_string(value))
            status =
                gte__fail(err, GTE_E_FORMAT, 0,
                          FILE_NAME ": id2label: expected numbers and names, found \"%.60s\"", id);
        else
            status = set_name(out, i, json_string_value(value), err);
        if (status != GTE_OK) break;
    }
    json_decref(map);
    return status;
}

/* {"O": 0, ...} */
static gte_status read_label2id(convert__labels *out, const json_t *object, gte_error *err)
{
    const char *name;
    json_t *value, *map = json_incref((json_t *)(uintptr_t)object);
    gte_status status = GTE_OK;
    json_object_foreach(map, name, value)
    {
        if (!json_is_integer(value) || json_integer_value(value) < 0)
            status = gte__fail(err, GTE_E_FORMAT, 0,
                               FILE_NAME ": label2id: \"%.60s\" has no number", name);
        else
            status = set_name(out, (uint64_t)json_integer_value(value), name, err);
        if (status != GTE_OK) break;
    }
    json_decref(map);
    return status;
}

static gte_status read_names(convert__labels *out, const convert__object *config, gte_error *err)
{
    const json_t *names = convert__json_get(config, "id2label");
    const json_t *numbers = convert__json_get(config, "label2id");
    gte_status status = GTE_OK;
    if (names && !json_is_object(names))
        return convert__json_wrong(config, "id2label", "an object", err);
    if (json_object_size(names))
        status = read_id2label(out, names, err);
    else if (json_object_size(numbers))
        status = read_label2id(out, numbers, err);
    else
        for (uint32_t i = 0; i < out->count && status == GTE_OK; i++) {
            char name[32];
            snprintf(name, sizeof name, "LABEL_%u", i);
            status = set_name(out, i, name, err);
        }
    for (uint32_t i = 0; i < out->count && status == GTE_OK; i++)
        if (!out->own[i])
            status = gte__fail(err, GTE_E_FORMAT, 0,
                               FILE_NAME ": the head has %u labels, and label %u has no name",
                               out->count, i);
    return status;
}

gte_status convert__labels_read(convert__labels *out, const convert__source *source, uint32_t count,
                                gte_error *err)
{
    json_t *root;
    bool found;
    const char *problem = "";
    *out = (convert__labels){.count = count};
    out->own = calloc(count, sizeof *out->own);
    out->names = calloc(count, sizeof *out->names);
    if (!out->own || !out->names)
        return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for labels");
    gte_status status = convert__json_load(&root, source, FILE_NAME, 0, &found, err);
    if (status != GTE_OK) return status;
    if (!found) return gte__fail(err, GTE_E_IO, 0, FILE_NAME " went away");
    const convert__object object = {FILE_NAME, "", root};
    status = convert__json_string(&object, "problem_type", CONVERT__OPTIONAL, &problem, err);
    if (status == GTE_OK) status = read_names(out, &object, err);
    out->multi_label = strcmp(problem, "multi_label_classification") == 0;
    out->regression = strcmp(problem, "regression") == 0;
    json_decref(root);
    for (uint32_t i = 0; i < count; i++) out->names[i] = out->own[i];
    return status;
}

void convert__labels_free(convert__labels *labels)
{
    for (uint32_t i = 0; labels->own && i < labels->count; i++) free(labels->own[i]);
    free(labels->own);
    free(labels->names);
    *labels = (convert__labels){0};
}

static bool is_feeling(const char *name)
{
    static const char *const words[] = {"posi",  "nega", "neutral", "star", "good", "bad", "happy",
                                        "angry", "sad",  "正",      "负",   "中性", "好",  "差",
                                        "积极",  "消极", "喜",      "怒",   "情感", "情绪"};
    if (strcasecmp(name, "pos") == 0 || strcasecmp(name, "neg") == 0 ||
        strcasecmp(name, "neu") == 0)
        return true;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasestr(name, words[i])) return true;
    return false;
}

bool convert__labels_are_feelings(const convert__labels *labels)
{
    for (uint32_t i = 0; i < labels->count; i++)
        if (!is_feeling(labels->names[i])) return false;
    return true;
}
