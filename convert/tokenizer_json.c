/* tokenizer.json: HuggingFace's whole pipeline in one file. The BERT pipeline is read; any other
 * component is refused by name, because a tokenizer that is nearly right gives plausible but wrong
 * vectors. Its truncation and padding are training leftovers and are ignored, as is the decoder. */
#include <stdio.h>
#include <string.h>

#include "convert/json.h"
#include "convert/vocabulary.h"
#include "model/format.h"

#define FILE_NAME "tokenizer.json"

static gte_status unsupported(const char *component, const char *type, const char *expected,
                              gte_error *err)
{
    return gte__fail(err, GTE_E_UNSUPPORTED, 0,
                     FILE_NAME ": %s: \"%.80s\" is not supported; this version reads %s", component,
                     type, expected);
}

/* The `type` of a component; `absent` where the key is null or missing. */
static gte_status component_type(const convert__object *root, const char *key, const char *path,
                                 convert__object *out, const char **type, gte_error *err)
{
    *type = "null";
    gte_status status = convert__json_object(root, key, CONVERT__OPTIONAL, path, out, err);
    if (status != GTE_OK || !out->json) return status;
    return convert__json_string(out, "type", CONVERT__REQUIRED, type, err);
}

static gte_status read_pieces(convert__vocabulary *out, const convert__object *vocab,
                              gte_error *err)
{
    const char *text;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)vocab->json, text, value)
    {
        json_int_t id = json_integer_value(value);
        if (!json_is_integer(value) || id < 0 || id >= (json_int_t)GTE__MAX_VOCAB)
            return convert__json_wrong(vocab, text, "an id", err);
        if (!*text) continue; /* never matches: a hole */
        gte_status status =
            convert__vocabulary_set(out, FILE_NAME, (uint32_t)id, text, strlen(text), err);
        if (status != GTE_OK) return status;
    }
    return GTE_OK;
}

static gte_status read_model(convert__vocabulary *out, const convert__object *root, gte_error *err)
{
    convert__object model, vocab;
    const char *type = "WordPiece", *prefix = NULL, *unk = NULL;
    gte_status status =
        convert__json_object(root, "model", CONVERT__REQUIRED, "model.", &model, err);
    if (status == GTE_OK)
        status = convert__json_string(&model, "type", CONVERT__OPTIONAL, &type, err);
    if (status != GTE_OK) return status;
    if (strcmp(type, "WordPiece") != 0) return unsupported("model.type", type, "WordPiece", err);
    status =
        convert__json_string(&model, "continuing_subword_prefix", CONVERT__REQUIRED, &prefix, err);
    if (status == GTE_OK && strcmp(prefix, "##") != 0)
        return unsupported("model.continuing_subword_prefix", prefix, "\"##\"", err);
    if (status == GTE_OK)
        status = convert__json_string(&model, "unk_token", CONVERT__REQUIRED, &unk, err);
    out->desc.max_word_chars = 100;
    if (status == GTE_OK)
        status = convert__json_u32(&model, "max_input_chars_per_word", CONVERT__OPTIONAL, 1,
                                   1u << 20, &out->desc.max_word_chars, err);
    if (status == GTE_OK)
        status =
            convert__json_object(&model, "vocab", CONVERT__REQUIRED, "model.vocab.", &vocab, err);
    if (status == GTE_OK) status = read_pieces(out, &vocab, err);
    if (status != GTE_OK) return status;
    return convert__vocabulary_find(out, FILE_NAME, "model.unk_token", unk, &out->desc.unk_id, err);
}

static gte_status read_added(convert__vocabulary *out, const convert__object *root, gte_error *err)
{
    const json_t *list = NULL;
    gte_status status = convert__json_array(root, "added_tokens", CONVERT__OPTIONAL, &list, err);
    for (size_t i = 0; i < json_array_size(list) && status == GTE_OK; i++) {
        convert__object object = {FILE_NAME, "added_tokens.", json_array_get(list, i)};
        const char *text = "";
        convert__added token = {0};
        if (!json_is_object(object.json))
            return gte__fail(err, GTE_E_FORMAT, 0,
                             FILE_NAME ": added_tokens: entry %zu is no "
                                       "object",
                             i);
        status = convert__json_string(&object, "content", CONVERT__REQUIRED, &text, err);
        if (status == GTE_OK)
            status = convert__json_u32(&object, "id", CONVERT__REQUIRED, 0, GTE__MAX_VOCAB - 1,
                                       &token.id, err);
        if (status == GTE_OK) status = convert__added_flags(&object, &token.flags, err);
        if (status != GTE_OK) return status;
        token.text = text;
        token.size = strlen(text);
        status = convert__vocabulary_add(out, FILE_NAME, &token, err);
    }
    return status;
}

/* BertNormalizer, also alone in a Sequence; null is a BertNormalizer with everything off. */
static gte_status read_normalizer(convert__vocabulary *out, const convert__object *root,
                                  gte_error *err)
{
    convert__object object;
    const char *type;
    gte_status status = component_type(root, "normalizer", "normalizer.", &object, &type, err);
    if (status != GTE_OK || !object.json) return status;
    if (strcmp(type, "Sequence") == 0) {
        const json_t *list = NULL;
        status = convert__json_array(&object, "normalizers", CONVERT__REQUIRED, &list, err);
        if (status != GTE_OK) return status;
        if (json_array_size(list) != 1)
            return unsupported("normalizer", "Sequence of several", "one BertNormalizer", err);
        object.json = json_array_get(list, 0);
        status = convert__json_string(&object, "type", CONVERT__REQUIRED, &type, err);
        if (status != GTE_OK) return status;
    }
    if (strcmp(type, "BertNormalizer") != 0)
        return unsupported("normalizer", type, "BertNormalizer", err);
    bool clean = true, chinese = true, lowercase = true;
    status = convert__json_bool(&object, "clean_text", CONVERT__OPTIONAL, &clean, err);
    if (status == GTE_OK)
        status =
            convert__json_bool(&object, "handle_chinese_chars", CONVERT__OPTIONAL, &chinese, err);
    if (status == GTE_OK)
        status = convert__json_bool(&object, "lowercase", CONVERT__OPTIONAL, &lowercase, err);
    bool strip = lowercase; /* null: as lowercase */
    if (status == GTE_OK)
        status = convert__json_bool(&object, "strip_accents", CONVERT__OPTIONAL, &strip, err);
    out->desc.flags = (clean ? GTE__TOK_CLEAN_TEXT : 0) | (chinese ? GTE__TOK_CJK_SPLIT : 0) |
                      (lowercase ? GTE__TOK_LOWERCASE : 0) | (strip ? GTE__TOK_STRIP_ACCENTS : 0);
    return status;
}

/* Template items as text: "[CLS]:0 $A:0 [SEP]:0". */
static gte_status template_text(const convert__object *object, const char *key, char *out,
                                size_t size, gte_error *err)
{
    const json_t *list = NULL;
    gte_status status = convert__json_array(object, key, CONVERT__REQUIRED, &list, err);
    if (status != GTE_OK) return status;
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < json_array_size(list) && at < size; i++) {
        const json_t *item = json_array_get(list, i);
        const json_t *special = json_object_get(item, "SpecialToken");
        const json_t *body = special ? special : json_object_get(item, "Sequence");
        const char *id = json_string_value(json_object_get(body, "id"));
        int n = snprintf(out + at, size - at, "%s%s%s:%d", i ? " " : "", special ? "" : "$",
                         id ? id : "?", (int)json_integer_value(json_object_get(body, "type_id")));
        if (n < 0) return convert__json_wrong(object, key, "a template", err);
        at += (size_t)n;
    }
    return GTE_OK;
}

/* The one id of a template's special token. */
static gte_status special_id(const convert__object *object, const char *name, uint32_t *out,
                             gte_error *err)
{
    convert__object specials;
    gte_status status = convert__json_object(object, "special_tokens", CONVERT__REQUIRED,
                                             "post_processor.special_tokens.", &specials, err);
    if (status != GTE_OK) return status;
    const json_t *ids = json_object_get(json_object_get(specials.json, name), "ids");
    json_int_t id = json_integer_value(json_array_get(ids, 0));
    if (json_array_size(ids) != 1 || !json_is_integer(json_array_get(ids, 0)) || id < 0 ||
        id >= (json_int_t)GTE__MAX_VOCAB)
        return convert__json_wrong(&specials, name, "one id", err);
    *out = (uint32_t)id;
    return GTE_OK;
}

static gte_status read_template(convert__vocabulary *out, const convert__object *object,
                                gte_error *err)
{
    char single[128], pair[160], expected[160], cls[40] = "", sep[40] = "";
    gte_status status = template_text(object, "single", single, sizeof single, err);
    if (status == GTE_OK) status = template_text(object, "pair", pair, sizeof pair, err);
    if (status != GTE_OK) return status;
    bool known = sscanf(single, "%39[^:]:0 $A:0 %39[^:]:0", cls, sep) == 2;
    snprintf(expected, sizeof expected, "%s:0 $A:0 %s:0", cls, sep);
    known = known && strcmp(single, expected) == 0;
    if (!known)
        return unsupported("post_processor.single", single, "\"[CLS]:0 $A:0 [SEP]:0\"", err);
    snprintf(expected, sizeof expected, "%s:0 $A:0 %s:0 $B:1 %s:1", cls, sep, sep);
    if (strcmp(pair, expected) != 0)
        return unsupported("post_processor.pair", pair, "\"[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1\"",
                           err);
    status = special_id(object, cls, &out->desc.cls_id, err);
    if (status == GTE_OK) status = special_id(object, sep, &out->desc.sep_id, err);
    return status;
}

/* BertProcessing: "cls": ["[CLS]", 101] */
static gte_status bert_id(const convert__object *object, const char *key, uint32_t *out,
                          gte_error *err)
{
    const json_t *list = NULL;
    gte_status status = convert__json_array(object, key, CONVERT__REQUIRED, &list, err);
    if (status != GTE_OK) return status;
    json_int_t id = json_integer_value(json_array_get(list, 1));
    if (!json_is_integer(json_array_get(list, 1)) || id < 0 || id >= (json_int_t)GTE__MAX_VOCAB)
        return convert__json_wrong(object, key, "a token and its id", err);
    *out = (uint32_t)id;
    return GTE_OK;
}

static gte_status read_post_processor(convert__vocabulary *out, const convert__object *root,
                                      gte_error *err)
{
    convert__object object;
    const char *type;
    gte_status status =
        component_type(root, "post_processor", "post_processor.", &object, &type, err);
    if (status != GTE_OK) return status;
    if (strcmp(type, "TemplateProcessing") == 0) {
        status = read_template(out, &object, err);
    } else if (strcmp(type, "BertProcessing") == 0) {
        status = bert_id(&object, "cls", &out->desc.cls_id, err);
        if (status == GTE_OK) status = bert_id(&object, "sep", &out->desc.sep_id, err);
    } else {
        return unsupported("post_processor", type, "TemplateProcessing and BertProcessing", err);
    }
    if (status != GTE_OK) return status;
    if (out->desc.cls_id >= out->desc.vocab_size || out->desc.sep_id >= out->desc.vocab_size)
        return gte__fail(err, GTE_E_FORMAT, 0,
                         FILE_NAME ": post_processor: ids %u and %u, the vocabulary has %u",
                         out->desc.cls_id, out->desc.sep_id, out->desc.vocab_size);
    return GTE_OK;
}

/* transformers lets tokenizer_config.json override the normalizer, tokenizers does not; the file
 * that describes the whole pipeline is followed, and the disagreement is told. */
static gte_status compare_case(const convert__vocabulary *v, const convert__source *source,
                               gte_error *err)
{
    bool found;
    json_t *root;
    gte_status status = convert__json_load(&root, source, "tokenizer_config.json",
                                           CONVERT__JSON_BIG_NUMBERS, &found, err);
    if (status != GTE_OK || !found) return status;
    convert__object object = {"tokenizer_config.json", "", root};
    bool lowercase = (v->desc.flags & GTE__TOK_LOWERCASE) != 0, wanted = lowercase;
    status = convert__json_bool(&object, "do_lower_case", CONVERT__OPTIONAL, &wanted, err);
    if (status == GTE_OK && wanted != lowercase)
        convert__note(source,
                      "lower case: " FILE_NAME " says %s and is followed; tokenizer_config.json's "
                      "do_lower_case says %s",
                      lowercase ? "true" : "false", wanted ? "true" : "false");
    json_decref(root);
    return status;
}

gte_status convert__tokenizer_json_read(convert__vocabulary *out, const convert__source *source,
                                        bool *found, gte_error *err)
{
    gte_status status = convert__json_load(&out->roots[0], source, FILE_NAME, 0, found, err);
    if (status != GTE_OK || !*found) return status;
    convert__object root = {FILE_NAME, "", out->roots[0]}, object;
    const char *type;
    status = read_model(out, &root, err);
    if (status == GTE_OK) status = read_added(out, &root, err);
    if (status == GTE_OK) status = read_normalizer(out, &root, err);
    if (status == GTE_OK)
        status = component_type(&root, "pre_tokenizer", "pre_tokenizer.", &object, &type, err);
    if (status == GTE_OK && strcmp(type, "BertPreTokenizer") != 0)
        status = unsupported("pre_tokenizer", type, "BertPreTokenizer", err);
    if (status == GTE_OK) status = read_post_processor(out, &root, err);
    if (status == GTE_OK) status = compare_case(out, source, err);
    return status;
}
