/* Without tokenizer.json: vocab.txt (a piece a line, id = line number) and what tokenizer_config,
 * special_tokens_map and added_tokens say, put together as BertTokenizerFast does. */
#include <stdlib.h>
#include <string.h>

#include "convert/json.h"
#include "convert/vocabulary.h"
#include "model/format.h"

#define FILE_NAME "vocab.txt"
#define CONFIG_FILE "tokenizer_config.json"
#define MAP_FILE "special_tokens_map.json"
#define ADDED_FILE "added_tokens.json"

static bool space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static gte_status read_lines(convert__vocabulary *out, const convert__source *source,
                             gte_error *err)
{
    bool found;
    gte_status status =
        convert__input_open(&out->input, source, FILE_NAME, CONVERT__TEXT_MAX, &found, err);
    if (status != GTE_OK) return status;
    if (!found)
        return gte__fail(err, GTE_E_IO, 0,
                         "no tokenizer: expected tokenizer.json or " FILE_NAME " in %.100s",
                         source->dir);
    const char *p = (const char *)out->input.data, *end = p + out->input.size;
    for (uint32_t id = 0; p < end; id++) {
        const char *line_end = memchr(p, '\n', (size_t)(end - p));
        if (!line_end) line_end = end;
        size_t size = (size_t)(line_end - p);
        while (size > 0 && space(p[size - 1])) size--;
        status = convert__vocabulary_set(out, FILE_NAME, id, p, size, err);
        if (status != GTE_OK) return status;
        p = line_end + 1;
    }
    return GTE_OK;
}

/* A special token's text: a string, or an object with content and flags. Absent: unchanged. */
static gte_status read_special(const convert__object *object, const char *key, const char **text,
                               uint32_t *flags, gte_error *err)
{
    const json_t *value = convert__json_get(object, key);
    if (!value) return GTE_OK;
    if (json_is_string(value)) {
        *text = json_string_value(value);
        return GTE_OK;
    }
    if (!json_is_object(value)) return convert__json_wrong(object, key, "a token", err);
    convert__object token = {object->file, "", value};
    gte_status status = convert__json_string(&token, "content", CONVERT__REQUIRED, text, err);
    if (status == GTE_OK) status = convert__added_flags(&token, flags, err);
    *flags |= GTE__ADDED_SPECIAL;
    return status;
}

/* [UNK], [CLS], ... under the names that the files give them; each is a literal token too. */
static gte_status add_specials(convert__vocabulary *out, const convert__object *map,
                               const convert__object *config, gte_error *err)
{
    const struct {
        const char *key, *text;
        uint32_t *id; /* NULL: may be missing from the vocabulary */
    } specials[] = {{"unk_token", "[UNK]", &out->desc.unk_id},
                    {"cls_token", "[CLS]", &out->desc.cls_id},
                    {"sep_token", "[SEP]", &out->desc.sep_id},
                    {"pad_token", "[PAD]", NULL},
                    {"mask_token", "[MASK]", NULL}};
    for (size_t i = 0; i < sizeof specials / sizeof specials[0]; i++) {
        const char *text = specials[i].text;
        convert__added token = {.flags = GTE__ADDED_SPECIAL};
        gte_status status = read_special(map, specials[i].key, &text, &token.flags, err);
        if (status == GTE_OK)
            status = read_special(config, specials[i].key, &text, &token.flags, err);
        if (status != GTE_OK) return status;
        status = convert__vocabulary_find(out, FILE_NAME, specials[i].key, text, &token.id,
                                          specials[i].id ? err : NULL);
        if (status != GTE_OK && specials[i].id) return status;
        if (status != GTE_OK) continue;
        if (specials[i].id) *specials[i].id = token.id;
        token.text = text;
        token.size = strlen(text);
        status = convert__vocabulary_add(out, FILE_NAME, &token, err);
        if (status != GTE_OK) return status;
    }
    return GTE_OK;
}

/* tokenizer_config.json's added_tokens_decoder: {"0": {content, lstrip, ...}, ...} */
static gte_status add_decoder(convert__vocabulary *out, const convert__object *config,
                              gte_error *err)
{
    convert__object decoder;
    gte_status status = convert__json_object(config, "added_tokens_decoder", CONVERT__OPTIONAL,
                                             "added_tokens_decoder.", &decoder, err);
    if (status != GTE_OK || !decoder.json) return status;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)decoder.json, key, value)
    {
        char *end;
        unsigned long id = strtoul(key, &end, 10);
        convert__object object = {CONFIG_FILE, decoder.path, value};
        convert__added token = {0};
        const char *text = "";
        if (*end || end == key || id >= GTE__MAX_VOCAB || !json_is_object(value))
            return convert__json_wrong(&decoder, key, "an id and a token", err);
        status = convert__json_string(&object, "content", CONVERT__REQUIRED, &text, err);
        if (status == GTE_OK) status = convert__added_flags(&object, &token.flags, err);
        if (status != GTE_OK) return status;
        token.id = (uint32_t)id;
        token.text = text;
        token.size = strlen(text);
        status = convert__vocabulary_add(out, CONFIG_FILE, &token, err);
        if (status != GTE_OK) return status;
    }
    return GTE_OK;
}

/* added_tokens.json of older repositories: {"text": id}; matched on the normalised text unless one
 * of the files read after it, which win, says otherwise. */
static gte_status add_plain(convert__vocabulary *out, const json_t *root, gte_error *err)
{
    const char *text;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)root, text, value)
    {
        json_int_t id = json_integer_value(value);
        convert__object object = {ADDED_FILE, "", root};
        if (!json_is_integer(value) || id < 0 || id >= (json_int_t)GTE__MAX_VOCAB)
            return convert__json_wrong(&object, text, "an id", err);
        convert__added token = {
            .text = text, .size = strlen(text), .id = (uint32_t)id, .flags = GTE__ADDED_NORMALIZED};
        gte_status status = convert__vocabulary_add(out, ADDED_FILE, &token, err);
        if (status != GTE_OK) return status;
    }
    return GTE_OK;
}

static gte_status read_flags(convert__vocabulary *out, const convert__object *config,
                             gte_error *err)
{
    static const char *const classes[] = {"BertTokenizer", "BertTokenizerFast",
                                          "DistilBertTokenizer", "DistilBertTokenizerFast"};
    const char *name = classes[0];
    gte_status status =
        convert__json_string(config, "tokenizer_class", CONVERT__OPTIONAL, &name, err);
    if (status != GTE_OK) return status;
    bool known = false;
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (strcmp(name, classes[i]) == 0) known = true;
    if (!known)
        return gte__fail(err, GTE_E_UNSUPPORTED, 0,
                         CONFIG_FILE ": tokenizer_class: \"%.80s\" is not supported without a "
                                     "tokenizer.json; this version reads BertTokenizer",
                         name);
    bool lowercase = true, chinese = true, bytes = false;
    status = convert__json_bool(config, "do_lower_case", CONVERT__OPTIONAL, &lowercase, err);
    if (status == GTE_OK)
        status =
            convert__json_bool(config, "tokenize_chinese_chars", CONVERT__OPTIONAL, &chinese, err);
    bool strip = lowercase; /* null: as do_lower_case */
    if (status == GTE_OK)
        status = convert__json_bool(config, "strip_accents", CONVERT__OPTIONAL, &strip, err);
    if (status == GTE_OK) /* this project's own key: HuggingFace's WordPiece has no such thing */
        status = convert__json_bool(config, "byte_fallback", CONVERT__OPTIONAL, &bytes, err);
    out->desc.flags = GTE__TOK_CLEAN_TEXT | (chinese ? GTE__TOK_CJK_SPLIT : 0) |
                      (lowercase ? GTE__TOK_LOWERCASE : 0) | (strip ? GTE__TOK_STRIP_ACCENTS : 0) |
                      (bytes ? GTE__TOK_BYTE_FALLBACK : 0);
    out->desc.max_word_chars = 100;
    return status;
}

gte_status convert__vocab_txt_read(convert__vocabulary *out, const convert__source *source,
                                   gte_error *err)
{
    static const char *const files[] = {CONFIG_FILE, MAP_FILE, ADDED_FILE};
    gte_status status = read_lines(out, source, err);
    for (size_t i = 0; i < 3 && status == GTE_OK; i++) {
        bool found; /* a missing file reads as NULL, in which every key is absent */
        status = convert__json_load(&out->roots[i], source, files[i],
                                    i == 0 ? CONVERT__JSON_BIG_NUMBERS : 0, &found, err);
    }
    convert__object config = {CONFIG_FILE, "", out->roots[0]};
    convert__object map = {MAP_FILE, "", out->roots[1]};
    if (status == GTE_OK) status = read_flags(out, &config, err);
    if (status == GTE_OK) status = add_plain(out, out->roots[2], err);
    if (status == GTE_OK) status = add_specials(out, &map, &config, err);
    if (status == GTE_OK) status = add_decoder(out, &config, err);
    return status;
}
