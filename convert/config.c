/* config.json: is this a BERT encoder that the library computes exactly, and of which shape?
 * Everything that would change the function and is not implemented is refused by name. */
#include "convert/config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convert/json.h"
#include "model/format.h"

#define FILE_NAME "config.json"

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* BertModel, BertForSequenceClassification, ...: each holds the same encoder. */
static gte_status read_architectures(convert__config *out, const convert__object *object,
                                     gte_error *err)
{
    const json_t *list = NULL;
    gte_status status = convert__json_array(object, "architectures", CONVERT__OPTIONAL, &list, err);
    if (status != GTE_OK) return status;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        if (!name) return convert__json_wrong(object, "architectures", "a list of names", err);
        if (strcmp(name, "BertModel") != 0 && !starts_with(name, "BertFor") &&
            !starts_with(name, "SbertFor") && !starts_with(name, "SiameseUie"))
            return gte__fail(err, GTE_E_UNSUPPORTED, 0,
                             FILE_NAME
                             ": architectures: \"%.80s\" is not supported; this version "
                             "converts BertModel, BertFor..., SbertFor... and SiameseUie...",
                             name);
        if (strcmp(name, "BertModel") != 0)
            snprintf(out->architecture, sizeof out->architecture, "%s", name);
    }
    return GTE_OK;
}

/* Families that people bring under the same names. */
static const char *family_of(const char *model_type)
{
    static const char *const families[][2] = {
        {"new", " (gte v1.5; not yet)"},
        {"modernbert", " (gte-modernbert; not yet)"},
        {"qwen2", " (gte-Qwen2, a decoder)"},
        {"xlm-roberta", " (the multilingual e5 and bge-m3; not yet)"},
    };
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (strcmp(model_type, families[i][0]) == 0) return families[i][1];
    return "";
}

static gte_status read_model_type(convert__config *out, const convert__object *object,
                                  gte_error *err)
{
    const char *type = NULL;
    gte_status status = convert__json_string(object, "model_type", CONVERT__OPTIONAL, &type, err);
    if (status != GTE_OK) return status;
    /* The first BERT configs have neither key; without both nothing says what the weights are. */
    if (!type && !convert__json_get(object, "architectures"))
        return convert__json_wrong(object, "model_type", "\"bert\"", err);
    /* StructBERT is BERT, trained otherwise (Wang et al., 2019) */
    if (type && strcmp(type, "bert") != 0 && strcmp(type, "structbert") != 0)
        return gte__fail(err, GTE_E_UNSUPPORTED, 0,
                         FILE_NAME ": model_type: \"%.80s\"%s is not supported; this version "
                                   "converts \"bert\"",
                         type, family_of(type));
    return read_architectures(out, object, err);
}

static gte_status refuse_true(const convert__object *object, const char *key, gte_error *err)
{
    bool value = false;
    gte_status status = convert__json_bool(object, key, CONVERT__OPTIONAL, &value, err);
    if (status == GTE_OK && value)
        return gte__fail(err, GTE_E_UNSUPPORTED, 0, FILE_NAME ": %s: true is not supported", key);
    return status;
}

static gte_status read_activation(const convert__object *object, uint32_t *out, gte_error *err)
{
    static const struct {
        const char *name;
        uint32_t activation;
    } known[] = {{"gelu", GTE__ACT_GELU_ERF},
                 {"gelu_new", GTE__ACT_GELU_TANH},
                 {"gelu_pytorch_tanh", GTE__ACT_GELU_TANH}};
    const char *name = NULL;
    gte_status status = convert__json_string(object, "hidden_act", CONVERT__REQUIRED, &name, err);
    if (status != GTE_OK) return status;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(name, known[i].name) == 0) {
            *out = known[i].activation;
            return GTE_OK;
        }
    }
    return gte__fail(err, GTE_E_UNSUPPORTED, 0,
                     FILE_NAME ": hidden_act: \"%.80s\" is not supported; this version computes "
                               "gelu, gelu_new and gelu_pytorch_tanh",
                     name);
}

static gte_status check_position_type(const convert__object *object, gte_error *err)
{
    const char *type = "absolute";
    gte_status status =
        convert__json_string(object, "position_embedding_type", CONVERT__OPTIONAL, &type, err);
    if (status == GTE_OK && strcmp(type, "absolute") != 0)
        return gte__fail(err, GTE_E_UNSUPPORTED, 0,
                         FILE_NAME ": position_embedding_type: \"%.80s\" is not supported; this "
                                   "version computes \"absolute\"",
                         type);
    return status;
}

/* SiameseUIE: how many of the layers see text and hint together. */
static gte_status read_split(convert__config *out, const convert__object *object, gte_error *err)
{
    uint32_t upper = 0;
    gte_status status = convert__json_u32(object, "num_cross_attention_layers", CONVERT__OPTIONAL,
                                          1, GTE__MAX_LAYERS, &upper, err);
    if (status == GTE_OK && upper >= out->layers)
        return convert__json_wrong(object, "num_cross_attention_layers",
                                   "fewer than num_hidden_layers", err);
    if (upper) out->lower_layers = out->layers - upper;
    return status;
}

static gte_status read_shape(convert__config *out, const convert__object *object, gte_error *err)
{
    const struct {
        const char *key;
        uint32_t max;
        uint32_t *value;
    } fields[] = {
        {"hidden_size", GTE__MAX_HIDDEN, &out->hidden_size},
        {"num_hidden_layers", GTE__MAX_LAYERS, &out->layers},
        {"num_attention_heads", GTE__MAX_HEADS, &out->heads},
        {"intermediate_size", GTE__MAX_FFN, &out->ffn_size},
        {"vocab_size", GTE__MAX_VOCAB, &out->vocab_size},
        {"max_position_embeddings", GTE__MAX_POSITIONS, &out->max_positions},
        {"type_vocab_size", GTE__MAX_TYPES, &out->type_vocab_size},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        gte_status status = convert__json_u32(object, fields[i].key, CONVERT__REQUIRED, 1,
                                              fields[i].max, fields[i].value, err);
        if (status != GTE_OK) return status;
    }
    if (out->hidden_size % out->heads != 0)
        return gte__fail(err, GTE_E_FORMAT, 0,
                         FILE_NAME ": hidden_size %u is not a multiple of num_attention_heads %u",
                         out->hidden_size, out->heads);
    if (out->max_positions < 2)
        return gte__fail(err, GTE_E_FORMAT, 0,
                         FILE_NAME ": max_position_embeddings: expected at least 2, found 1");
    gte_status split = read_split(out, object, err);
    if (split != GTE_OK) return split;
    double eps = 1e-12; /* BertConfig's default */
    gte_status status = convert__json_real(object, "layer_norm_eps", CONVERT__OPTIONAL, &eps, err);
    if (status != GTE_OK) return status;
    out->layer_norm_eps = (float)eps;
    if (!(out->layer_norm_eps > 0) || !isfinite(out->layer_norm_eps) || eps > 1)
        return convert__json_wrong(object, "layer_norm_eps", "a number above 0, at most 1", err);
    out->pad_id = 0;
    return convert__json_u32(object, "pad_token_id", CONVERT__OPTIONAL, 0, out->vocab_size - 1,
                             &out->pad_id, err);
}

static gte_status read_architecture(convert__config *out, const convert__object *object,
                                    gte_error *err)
{
    gte_status status = read_model_type(out, object, err);
    if (status == GTE_OK) status = refuse_true(object, "is_decoder", err);
    if (status == GTE_OK) status = refuse_true(object, "add_cross_attention", err);
    if (status == GTE_OK) status = check_position_type(object, err);
    if (status == GTE_OK) status = read_activation(object, &out->activation, err);
    if (status == GTE_OK) status = read_shape(out, object, err);
    return status;
}

/* What the directory is called, links and dots followed; "" for the root. */
static void directory_name(const char *dir, char *out, size_t size)
{
    char *path = realpath(dir, NULL);
    const char *slash = path ? strrchr(path, '/') : NULL;
    const char *base = slash ? slash + 1 : "";
    snprintf(out, size, "%s", strlen(base) < size ? base : "");
    free(path);
}

/* The model's name: what the caller says, else what the directory is called, and when that says
 * nothing (a snapshot's hash) the name under which it was trained. */
static gte_status add_name(convert__config *out, const convert__source *source,
                           const convert__object *object, gte_error *err)
{
    const char *trained = "";
    gte_status status =
        convert__json_string(object, "_name_or_path", CONVERT__OPTIONAL, &trained, err);
    if (status != GTE_OK) return status;
    char base[256];
    directory_name(source->dir, base, sizeof base);
    bool hash = strlen(base) == 40 && strspn(base, "0123456789abcdef") == 40;
    const char *name = *base && !hash ? base : *trained ? trained : "unnamed";
    if (source->options->name) name = source->options->name;
    status = convert__meta_add(&out->meta, "name", name, err);
    if (status == GTE_OK && *trained && strcmp(trained, name) != 0)
        status = convert__meta_add(&out->meta, "trained_from", trained, err);
    return status;
}

gte_status convert__config_read(convert__config *out, const convert__source *source, gte_error *err)
{
    *out = (convert__config){0};
    json_t *root;
    bool found;
    gte_status status = convert__json_load(&root, source, FILE_NAME, 0, &found, err);
    if (status != GTE_OK) return status;
    if (!found)
        return gte__fail(err, GTE_E_IO, 0,
                         "%.120s/" FILE_NAME ": No such file or directory; expected a HuggingFace "
                         "model directory",
                         source->dir);
    convert__object object = {FILE_NAME, "", root};
    status = read_architecture(out, &object, err);
    if (status == GTE_OK) status = add_name(out, source, &object, err);
    json_decref(root);
    if (status != GTE_OK) return status;
    return convert__sentence_config_read(out, source, err);
}

void convert__config_free(convert__config *config)
{
    convert__meta_free(&config->meta);
}
