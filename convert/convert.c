/* gte_convert: the path from a model directory to a .gte file, step by step. */
#include "convert/convert.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "convert/head_find.h"
#include "convert/own_files.h"
#include "convert/pack.h"
#include "convert/vocabulary.h"

/* What the caller asks for; above the last where there is no such type. */
static uint32_t dtype_of(const gte_convert_options *options)
{
    static const char *const names[] = {"f32", "bf16", "int8"};
    uint32_t dtype = 0;
    while (options->dtype && dtype <= GTE__DTYPE_INT8 && strcmp(options->dtype, names[dtype]) != 0)
        dtype++;
    return dtype;
}

static gte_status check_arguments(const char *model_dir, const char *out_path,
                                  const gte_convert_options *options, gte_error *err)
{
    struct stat st;
    if (!model_dir || !out_path)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "a model directory and an output path are needed");
    if (dtype_of(options) > GTE__DTYPE_INT8)
        return gte__fail(err, GTE_E_UNSUPPORTED, 0,
                         "dtype \"%.40s\" is not supported; this version writes f32, bf16 and int8",
                         options->dtype);
    if (stat(model_dir, &st) != 0)
        return gte__fail(err, GTE_E_IO, 0, "%.120s: %s%s", model_dir, strerror(errno),
                         errno == ENOENT ? " (nothing is downloaded: give a local directory)" : "");
    if (!S_ISDIR(st.st_mode))
        return gte__fail(err, GTE_E_IO, 0,
                         "%.150s: not a directory; expected a model directory with config.json",
                         model_dir);
    gte_status status = convert__output_check(out_path, err);
    if (status == GTE_OK && convert__is_own_file(model_dir, out_path))
        return gte__fail(err, GTE_E_ARGUMENT, 0, "%.150s is one of the model's own files",
                         out_path);
    return status;
}

/* `license:` of the README's front matter, which model cards begin with. Best effort: no README,
 * or another form, means no key. */
static gte_status add_license(convert__config *config, const convert__source *source,
                              gte_error *err)
{
    convert__input readme;
    bool found;
    gte_status status =
        convert__input_open(&readme, source, "README.md", CONVERT__TEXT_MAX, &found, err);
    if (status == GTE_E_MEMORY) return status;
    if (status != GTE_OK || !found) return gte__ok(err);
    char head[4096], *save = NULL, value[64] = "";
    size_t n = readme.size < sizeof head - 1 ? readme.size : sizeof head - 1;
    memcpy(head, readme.data, n);
    head[n] = '\0';
    convert__input_close(&readme);
    char *line = strtok_r(head, "\r\n", &save);
    if (!line || strcmp(line, "---") != 0) return GTE_OK;
    while ((line = strtok_r(NULL, "\r\n", &save)) && strcmp(line, "---") != 0) {
        if (strncmp(line, "license:", 8) != 0) continue;
        line += 8 + strspn(line + 8, " '\"");
        size_t size = strcspn(line, " '\"#");
        if (size < sizeof value) memcpy(value, line, size);
    }
    return *value ? convert__meta_add(&config->meta, "license", value, err) : GTE_OK;
}

/* What every file says of its making, and what the caller adds. */
static gte_status add_origin(convert__config *config, const convert__source *source, gte_error *err)
{
    gte_status status =
        convert__meta_add(&config->meta, "converter", "gte " GTE_VERSION_STRING, err);
    for (const char *const *at = source->options->meta; at && at[0] && status == GTE_OK; at += 2)
        status = convert__meta_add(&config->meta, at[0], at[1], err);
    return status == GTE_OK ? add_license(config, source, err) : status;
}

/* What was read, for --verbose: the choices that files, defaults and options made together. */
static void note_choices(const convert__source *source, const convert__config *config,
                         const convert__vocabulary *vocabulary)
{
    convert__note(source, "tokenizer: wordpiece from %s, %u ids, %u added tokens, %s",
                  vocabulary->file, vocabulary->desc.vocab_size, vocabulary->desc.added_count,
                  vocabulary->desc.flags & GTE__TOK_LOWERCASE ? "lower case" : "case kept");
    convert__note(source, "pooling: %s; longest input: %u tokens",
                  config->pooling == GTE__POOL_CLS ? "cls" : "mean", config->max_tokens);
}

static gte_status write_file(const convert__pack *pack, const convert__source *source,
                             const char *out_path, gte_error *err)
{
    convert__output out;
    gte_status status = convert__output_open(&out, source, out_path, pack->header.file_size, err);
    if (status == GTE_OK) status = convert__pack_write(pack, &out, err);
    if (status == GTE_OK)
        status = convert__output_commit(&out, offsetof(gte__file_header, sha256), err);
    convert__output_close(&out);
    return status;
}

gte_status gte_convert(const char *model_dir, const char *out_path,
                       const gte_convert_options *options, gte_error *err)
{
    static const gte_convert_options defaults;
    convert__source source = {model_dir, options ? options : &defaults};
    convert__config config = {0};
    convert__vocabulary vocabulary = {0};
    convert__checkpoint checkpoint = {0};
    convert__pack pack = {0};
    void *tokenizer = NULL;
    uint64_t tokenizer_size = 0;
    void *head = NULL;
    size_t head_size = 0;

    gte_status status = check_arguments(model_dir, out_path, source.options, err);
    if (status != GTE_OK) return status;
    status = convert__config_read(&config, &source, err);
    if (status != GTE_OK) goto fail;
    config.linear_dtype = config.table_dtype = dtype_of(source.options);
    status = add_origin(&config, &source, err);
    if (status != GTE_OK) goto fail;
    status = convert__vocabulary_read(&vocabulary, &source, &config, err);
    if (status != GTE_OK) goto fail;
    note_choices(&source, &config, &vocabulary);
    status = convert__tokenizer_pack(&vocabulary.desc, &tokenizer, &tokenizer_size, err);
    if (status != GTE_OK) goto fail;
    status = convert__checkpoint_open(&checkpoint, &source, err);
    if (status != GTE_OK) goto fail;
    status = convert__head_find(&head, &head_size, &source, &config, &checkpoint, err);
    if (status != GTE_OK) goto fail;
    status = convert__pack_plan(&pack, &source, &config, &checkpoint, tokenizer, tokenizer_size,
                                head, head_size, err);
    if (status != GTE_OK) goto fail;
    status = write_file(&pack, &source, out_path, err);
fail: /* success comes here too: everything is freed in reverse order */
    convert__pack_free(&pack);
    convert__checkpoint_close(&checkpoint);
    free(head);
    free(tokenizer);
    convert__vocabulary_free(&vocabulary);
    convert__config_free(&config);
    return status;
}

gte_status gte_convert_check(const char *model_dir, gte_error *err)
{
    static const gte_convert_options quiet;
    const convert__source source = {model_dir, &quiet};
    convert__config config = {0};
    gte_status status = convert__config_read(&config, &source, err);
    convert__config_free(&config);
    return status;
}
