/* The files around config.json that say how a sentence becomes a vector: modules.json, the Pooling
 * module's config.json, sentence_bert_config.json, config_sentence_transformers.json
 * (sentence-transformers), configuration.json (ModelScope), tokenizer_config.json (one key).
 * All are optional; each default is stated in convert/README.md and noted to the caller. */
#include <stdio.h>
#include <string.h>

#include "convert/config.h"
#include "convert/json.h"
#include "model/format.h"

#define POOLING_FILE "1_Pooling/config.json"

/* Chosen by every module of a modules.json, in order. */
typedef struct modules {
    bool present;
    bool pooling, normalize;
    char pooling_file[256]; /* the Pooling module's config.json */
} modules;

/* "sentence_transformers.models.Pooling" -> "Pooling" */
static const char *type_suffix(const char *type)
{
    const char *dot = strrchr(type, '.');
    return dot ? dot + 1 : type;
}

static gte_status add_module(modules *out, size_t i, const convert__object *object, gte_error *err)
{
    const char *type = NULL, *path = "";
    gte_status status = convert__json_string(object, "type", CONVERT__REQUIRED, &type, err);
    if (status == GTE_OK)
        status = convert__json_string(object, "path", CONVERT__OPTIONAL, &path, err);
    if (status != GTE_OK) return status;
    const char *name = type_suffix(type);
    if (strcmp(name, "Transformer") == 0 && i == 0) {
        if (*path)
            return gte__fail(err, GTE_E_UNSUPPORTED, 0,
                             "modules.json: the Transformer lies in \"%.80s\", expected in \"\"; "
                             "convert a directory that has the weights at its top",
                             path);
        return GTE_OK;
    }
    if (strcmp(name, "Pooling") == 0 && i == 1) {
        out->pooling = true;
        int n = snprintf(out->pooling_file, sizeof out->pooling_file, "%s/config.json", path);
        if (n < 0 || (size_t)n >= sizeof out->pooling_file)
            return convert__json_wrong(object, "path", "a shorter path", err);
        return GTE_OK;
    }
    if (strcmp(name, "Normalize") == 0 && i == 2) {
        out->normalize = true;
        return GTE_OK;
    }
    return gte__fail(err, GTE_E_UNSUPPORTED, 0,
                     "modules.json: module %zu is \"%.80s\", which is not supported here; this "
                     "version computes Transformer, Pooling, Normalize, in this order",
                     i, type);
}

static gte_status read_modules(modules *out, const convert__source *source, gte_error *err)
{
    json_t *root;
    gte_status status =
        convert__json_load(&root, source, "modules.json", CONVERT__JSON_ARRAY, &out->present, err);
    if (status != GTE_OK || !out->present) return status;
    size_t n = json_array_size(root);
    for (size_t i = 0; i < n && status == GTE_OK; i++) {
        const json_t *item = json_array_get(root, i);
        convert__object object = {"modules.json", "", item};
        if (!json_is_object(item))
            status = gte__fail(err, GTE_E_FORMAT, 0, "modules.json: entry %zu is no object", i);
        else
            status = add_module(out, i, &object, err);
    }
    if (status == GTE_OK && n < 2)
        status = gte__fail(err, GTE_E_UNSUPPORTED, 0,
                           "modules.json: expected Transformer and Pooling, found %zu modules", n);
    json_decref(root);
    return status;
}

/* `mode`: "cls", "mean", ... of the newer configs, which replaces the booleans. */
static gte_status pooling_by_name(convert__config *config, const char *file, const char *mode,
                                  gte_error *err)
{
    if (strcmp(mode, "mean") == 0)
        config->pooling = GTE__POOL_MEAN;
    else if (strcmp(mode, "cls") == 0)
        config->pooling = GTE__POOL_CLS;
    else
        return gte__fail(err, GTE_E_UNSUPPORTED, 0,
                         "%s: pooling_mode: \"%.80s\" is not supported; this version computes "
                         "mean and cls",
                         file, mode);
    return GTE_OK;
}

static gte_status pooling_by_flags(convert__config *config, const convert__object *object,
                                   gte_error *err)
{
    static const char *const keys[] = {
        "pooling_mode_cls_token",           "pooling_mode_mean_tokens",
        "pooling_mode_max_tokens",          "pooling_mode_mean_sqrt_len_tokens",
        "pooling_mode_weightedmean_tokens", "pooling_mode_lasttoken"};
    size_t chosen = SIZE_MAX;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        bool on = false;
        gte_status status = convert__json_bool(object, keys[i], CONVERT__OPTIONAL, &on, err);
        if (status != GTE_OK) return status;
        if (!on) continue;
        if (chosen != SIZE_MAX)
            return gte__fail(err, GTE_E_UNSUPPORTED, 0,
                             "%s: %s and %s are both true; this version computes one pooling",
                             object->file, keys[chosen], keys[i]);
        if (i > 1)
            return gte__fail(err, GTE_E_UNSUPPORTED, 0,
                             "%s: %s is not supported; this version computes mean and cls",
                             object->file, keys[i]);
        chosen = i;
    }
    if (chosen == SIZE_MAX)
        return gte__fail(err, GTE_E_FORMAT, 0, "%s: no pooling_mode_... is true", object->file);
    config->pooling = chosen == 0 ? GTE__POOL_CLS : GTE__POOL_MEAN;
    return GTE_OK;
}

static gte_status read_pooling(convert__config *config, const convert__object *object,
                               gte_error *err)
{
    uint32_t dimension = config->hidden_size;
    bool include_prompt = true;
    const char *mode = NULL;
    gte_status status = convert__json_u32(object, "word_embedding_dimension", CONVERT__OPTIONAL, 1,
                                          UINT32_MAX, &dimension, err);
    if (status == GTE_OK && dimension != config->hidden_size)
        status = gte__fail(err, GTE_E_FORMAT, 0,
                           "%s: word_embedding_dimension: expected %u (hidden_size), found %u",
                           object->file, config->hidden_size, dimension);
    if (status == GTE_OK)
        status =
            convert__json_bool(object, "include_prompt", CONVERT__OPTIONAL, &include_prompt, err);
    if (status == GTE_OK && !include_prompt)
        status = gte__fail(err, GTE_E_UNSUPPORTED, 0,
                           "%s: include_prompt: false (prompt tokens left out of the pooling) is "
                           "not supported",
                           object->file);
    if (status == GTE_OK)
        status = convert__json_string(object, "pooling_mode", CONVERT__OPTIONAL, &mode, err);
    if (status != GTE_OK) return status;
    return mode ? pooling_by_name(config, object->file, mode, err)
                : pooling_by_flags(config, object, err);
}

/* ModelScope's configuration.json: keys lie at the top or under "model". */
static gte_status read_modelscope(convert__config *config, const convert__source *source,
                                  bool *decided, gte_error *err)
{
    *decided = false;
    bool found;
    json_t *root;
    gte_status status = convert__json_load(&root, source, "configuration.json", 0, &found, err);
    if (status != GTE_OK || !found) return status;
    convert__object top = {"configuration.json", "", root}, model;
    const char *task = "", *pooler = NULL;
    status = convert__json_object(&top, "model", CONVERT__OPTIONAL, "model.", &model, err);
    if (status == GTE_OK)
        status = convert__json_string(&top, "task", CONVERT__OPTIONAL, &task, err);
    if (status == GTE_OK)
        status = convert__json_string(&top, "emb_pooler_type", CONVERT__OPTIONAL, &pooler, err);
    if (status == GTE_OK && model.json)
        status = convert__json_string(&model, "emb_pooler_type", CONVERT__OPTIONAL, &pooler, err);
    if (status == GTE_OK && !pooler && strcmp(task, "sentence-embedding") == 0)
        pooler = "cls"; /* its pipeline's default */
    if (status == GTE_OK && pooler) {
        *decided = true;
        if (strcmp(pooler, "cls") == 0)
            config->pooling = GTE__POOL_CLS;
        else if (strcmp(pooler, "avg") == 0)
            config->pooling = GTE__POOL_MEAN;
        else
            status = gte__fail(err, GTE_E_UNSUPPORTED, 0,
                               "configuration.json: emb_pooler_type: \"%.80s\" is not supported; "
                               "this version computes cls and avg",
                               pooler);
        if (status == GTE_OK) convert__note(source, "pooling: %s, from configuration.json", pooler);
    }
    json_decref(root);
    return status;
}

/* What the caller asked for, which no file can change: not even one that is not supported. */
static bool pooling_asked(convert__config *config, const convert__source *source)
{
    gte_pooling asked = source->options->pooling;
    if (asked == GTE_POOLING_MODEL) return false;
    config->pooling = asked == GTE_POOLING_CLS ? GTE__POOL_CLS : GTE__POOL_MEAN;
    return true;
}

static gte_status choose_pooling(convert__config *config, const convert__source *source,
                                 gte_error *err)
{
    modules parts = {0};
    gte_status status = read_modules(&parts, source, err);
    if (status != GTE_OK) return status;
    config->normalize = parts.present ? parts.normalize : 1;
    if (!config->normalize)
        convert__note(source, "modules.json has no Normalize: the model's own vectors have any "
                              "length; embedding still normalises unless told otherwise");
    if (pooling_asked(config, source)) return GTE_OK;
    const char *file = parts.pooling ? parts.pooling_file : POOLING_FILE;
    json_t *root;
    bool found, decided = false;
    status = convert__json_load(&root, source, file, 0, parts.pooling ? NULL : &found, err);
    if (status != GTE_OK) return status;
    if (root) {
        convert__object object = {file, "", root};
        status = read_pooling(config, &object, err);
        json_decref(root);
        return status;
    }
    status = read_modelscope(config, source, &decided, err);
    if (status != GTE_OK || decided) return status;
    config->pooling = GTE__POOL_MEAN;
    convert__warn(source, "no " POOLING_FILE ": mean pooling assumed (--pooling cls overrides)");
    return GTE_OK;
}

/* sentence_bert_config.json's max_seq_length decides; without it the smaller of the tokenizer's
 * model_max_length and the position table. Never more than the table has rows. */
static gte_status choose_max_tokens(convert__config *config, const convert__source *source,
                                    gte_error *err)
{
    bool found;
    json_t *root;
    uint32_t limit = 0;
    gte_status status =
        convert__json_load(&root, source, "sentence_bert_config.json", 0, &found, err);
    if (status == GTE_OK && found) {
        convert__object object = {"sentence_bert_config.json", "", root};
        status = convert__json_u32(&object, "max_seq_length", CONVERT__OPTIONAL, 2, UINT32_MAX,
                                   &limit, err);
        if (status == GTE_OK)
            status = convert__json_bool(&object, "do_lower_case", CONVERT__OPTIONAL,
                                        &config->lowercase_text, err);
        json_decref(root);
    }
    if (status != GTE_OK) return status;
    double length = 1e30; /* transformers' own "no limit" */
    status = convert__json_load(&root, source, "tokenizer_config.json", CONVERT__JSON_BIG_NUMBERS,
                                &found, err);
    if (status == GTE_OK && found) {
        convert__object object = {"tokenizer_config.json", "", root};
        status = convert__json_real(&object, "model_max_length", CONVERT__OPTIONAL, &length, err);
        if (status == GTE_OK && !(length >= 2))
            status = convert__json_wrong(&object, "model_max_length", "a number from 2", err);
        json_decref(root);
    }
    if (status != GTE_OK) return status;
    if (limit == 0) limit = length < UINT32_MAX ? (uint32_t)length : UINT32_MAX;
    if (limit > config->max_positions) limit = config->max_positions;
    config->max_tokens = limit;
    return GTE_OK;
}

static gte_status add_prompts(convert__config *config, const convert__source *source,
                              const convert__object *object, gte_error *err)
{
    convert__object prompts;
    const char *standard = NULL;
    gte_status status =
        convert__json_object(object, "prompts", CONVERT__OPTIONAL, "prompts.", &prompts, err);
    if (status == GTE_OK)
        status =
            convert__json_string(object, "default_prompt_name", CONVERT__OPTIONAL, &standard, err);
    if (status != GTE_OK) return status;
    for (void *it = json_object_iter((json_t *)(uintptr_t)prompts.json); it;
         it = json_object_iter_next((json_t *)(uintptr_t)prompts.json, it)) {
        const char *name = json_object_iter_key(it);
        const char *text = json_string_value(json_object_iter_value(it));
        if (!text) return convert__json_wrong(&prompts, name, "a string", err);
        char key[256];
        int n = snprintf(key, sizeof key, "prompt.%s", name);
        if (n < 0 || (size_t)n >= sizeof key)
            return convert__json_wrong(&prompts, name, "a shorter name", err);
        status = convert__meta_add(&config->meta, key, text, err);
        if (status != GTE_OK) return status;
        convert__note(source, "prompt %s: \"%s\"", name, text);
    }
    if (!standard) return GTE_OK;
    if (!json_object_get(prompts.json, standard))
        return convert__json_wrong(object, "default_prompt_name", "the name of a prompt", err);
    return convert__meta_add(&config->meta, "default_prompt_name", standard, err);
}

static gte_status read_prompts(convert__config *config, const convert__source *source,
                               gte_error *err)
{
    bool found;
    json_t *root;
    gte_status status =
        convert__json_load(&root, source, "config_sentence_transformers.json", 0, &found, err);
    if (status != GTE_OK || !found) return status;
    convert__object object = {"config_sentence_transformers.json", "", root};
    status = add_prompts(config, source, &object, err);
    json_decref(root);
    return status;
}

gte_status convert__sentence_config_read(convert__config *config, const convert__source *source,
                                         gte_error *err)
{
    gte_status status = choose_pooling(config, source, err);
    if (status == GTE_OK) status = choose_max_tokens(config, source, err);
    if (status == GTE_OK) status = read_prompts(config, source, err);
    return status;
}
