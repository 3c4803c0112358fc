/* From options to a model, a context and vectors. Where the model file is looked for is
 * model_path.c's. */
#include "session.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cached_vectors.h"
#include "interrupt.h"
#include "model_path.h"
#include "report.h"

#define MAX_THREADS 1024
#define MAX_BATCH_TOKENS 1048576
#define MAX_DIMS 65536

const cli_option cli__model_options[] = {
    CLI_STRING_ROW("model", 'm', "FILE", cli_model_values, model,
                   "The model, a .gte file [environment: GTE_MODEL;\n"
                   "else the installed default model]."),
    CLI_LAST_ROW,
};

const cli_option cli__input_options[] = {
    CLI_STRING_ROW("file", 'f', "FILE", cli_input_values, file,
                   "Read texts from FILE, one per line; - is\nstandard input."),
    CLI_FLAG_ROW("jsonl", 0, cli_input_values, jsonl,
                 "Every input is a JSON string, [\"text\", \"pair\"]\nread together, or "
                 "{\"text\": \"...\"}."),
    CLI_LAST_ROW,
};

const cli_option cli__engine_options[] = {
    CLI_INTEGER_ROW("threads", 't', "N", 1, MAX_THREADS, cli_engine_values, threads,
                    "Threads [default: what affinity and the cgroup\n"
                    "allow; environment: GTE_THREADS]."),
    CLI_INTEGER_ROW("batch-tokens", 0, "N", 1, MAX_BATCH_TOKENS, cli_engine_values, batch_tokens,
                    "Tokens that go through the encoder at once\n"
                    "[default: 1024]; more takes more memory."),
    CLI_CHOICE_ROW("backend", 0, "auto|packed|openblas", cli_engine_values, backend,
                   "What multiplies matrices [default: auto, the\n"
                   "library's choice; environment: GTE_BACKEND]."),
    CLI_LAST_ROW,
};

const cli_option cli__text_options[] = {
    CLI_FLAG_ROW("special-as-text", 0, cli_text_values, special_as_text,
                 "Read \"[SEP]\" and the like in a text as plain\n"
                 "characters, not as special tokens."),
    CLI_FLAG_ROW("replace-invalid", 0, cli_text_values, replace_invalid,
                 "Replace invalid UTF-8 by U+FFFD instead of\nfailing."),
    CLI_LAST_ROW,
};

const cli_option cli__vector_options[] = {
    CLI_INTEGER_ROW("dims", 'd', "N", 1, MAX_DIMS, cli_vector_values, dims,
                    "Keep the first N dimensions."),
    CLI_CHOICE_ROW("pooling", 0, "mean|cls", cli_vector_values, pooling,
                   "How tokens become one vector [default: as the\nmodel says]."),
    CLI_FLAG_ROW("no-truncate", 0, cli_vector_values, no_truncate,
                 "Fail at a text longer than the model can read\ninstead of cutting it."),
    CLI_STRING_ROW("prompt", 0, "NAME|TEXT", cli_vector_values, prompt,
                   "Put the model's prompt NAME, or else TEXT itself,\n"
                   "before every text (of gte search: query) [default:\n"
                   "the model's own choice, if it has one]; '' for\nnone."),
    CLI_LAST_ROW,
};

unsigned cli__text_flags(const cli_text_values *values)
{
    return (values->special_as_text ? GTE_SPECIAL_AS_TEXT : 0) |
           (values->replace_invalid ? GTE_REPLACE_INVALID : 0);
}

int cli__check_cpu(void)
{
    static const char *const levels[] = {"",       "scalar",     "avx2",      "avxvnni",
                                         "avx512", "avx512vnni", "avx512bf16"};
    const char *text = getenv("GTE_CPU");
    if (!text) return CLI_OK;
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (strcmp(text, levels[i]) == 0) return CLI_OK;
    return cli__misuse("GTE_CPU takes one of scalar|avx2|avxvnni|avx512|avx512vnni|avx512bf16, "
                       "not '%s'",
                       text);
}

/* Its vectors look like any other's; who did not choose it must know. */
static void tell_stand_in(const cli_session *session)
{
    const char *name = gte_model_meta(session->model, "name");
    if (name && strcmp(name, "standin") == 0)
        cli__note("no -m or GTE_MODEL: using the stand-in model %s, which has no trained knowledge",
                  session->path);
}

int cli__session_open(cli_session *session, const char *path)
{
    char found[CLI_PATH_SIZE];
    gte_error err;
    bool implicit;
    memset(session, 0, sizeof *session);
    int code = cli__check_cpu();
    if (code != CLI_OK) return code;
    path = cli__model_path(path, found, &implicit);
    if (!path) return CLI_FAILED;
    if (strlen(path) >= sizeof session->path) return cli__fail("the model's path is too long");
    memcpy(session->path, path, strlen(path) + 1);
    if (gte_model_open(&session->model, path, NULL, &err) != GTE_OK) {
        /* the library's message names the file where that helps */
        return strstr(err.message, path) ? cli__fail("%s", err.message)
                                         : cli__fail("%s: %s", path, err.message);
    }
    gte_model_describe(session->model, &session->info, sizeof session->info);
    session->dims = (size_t)session->info.hidden_size;
    if (implicit) tell_stand_in(session);
    return CLI_OK;
}

int cli__session_open_operand(cli_session *session, const cli_command *self, int argc, char **argv,
                              void *values, cli_model_values *model)
{
    int operands, code = cli__parse(self, argc, argv, values, &operands);
    if (code != CLI_RUN) return code;
    if (operands > 1 || (operands == 1 && model->model)) return cli__misuse("one model at a time");
    if (operands == 1) model->model = argv[0];
    code = cli__session_open(session, model->model);
    return code == CLI_OK ? CLI_RUN : code;
}

void cli__session_close(cli_session *session)
{
    cli__progress_wipe();
    gte_context_free(&session->context);
    gte_model_close(&session->model);
}

/* Called by the library between batches. */
static int between_batches(void *arg, size_t done)
{
    cli_session *session = arg;
    if (session->chunk_texts) {
        uint64_t span = session->bytes_after - session->bytes_before;
        double share = (double)done / (double)session->chunk_texts;
        cli__progress_update(&session->bar, session->texts_done + done,
                             session->bytes_before + (uint64_t)((double)span * share),
                             session->bytes_total);
    }
    return cli__interrupted();
}

/* --threads, else GTE_THREADS, else 0 for the library's own choice. */
static int choose_threads(int asked, int *out)
{
    const char *text = getenv("GTE_THREADS");
    *out = asked;
    if (asked || !text || !*text) return CLI_OK;
    if (cli__parse_int(text, 1, MAX_THREADS, out)) return CLI_OK;
    return cli__misuse("GTE_THREADS takes a whole number from 1 to %d, not '%s'", MAX_THREADS,
                       text);
}

/* --backend, else GTE_BACKEND, else the library's choice. `asked` is a place in the option's list,
 * which is in the order of gte_backend. */
static int choose_backend(int asked, gte_backend *out)
{
    static const char *const names[] = {"auto", "packed", "openblas"};
    const char *text = getenv("GTE_BACKEND");
    *out = asked ? (gte_backend)(asked - 1) : GTE_BACKEND_AUTO;
    if (asked || !text || !*text) return CLI_OK;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(text, names[i]) != 0) continue;
        *out = (gte_backend)i;
        return CLI_OK;
    }
    return cli__misuse("GTE_BACKEND takes auto, packed or openblas, not '%s'", text);
}

int cli__session_start(cli_session *session, const cli_engine_values *engine,
                       const cli_vector_values *vectors, const cli_text_values *text)
{
    const gte_embed_options defaults = GTE_EMBED_OPTIONS_INIT;
    gte_context_options context = GTE_CONTEXT_OPTIONS_INIT;
    gte_error err;
    int code = choose_threads(engine->threads, &context.threads);
    if (code == CLI_OK) code = choose_backend(engine->backend, &context.backend);
    if (code != CLI_OK) return code;
    if (vectors->dims > session->info.hidden_size)
        return cli__misuse("--dims %d: the model's vectors have %d dimensions", vectors->dims,
                           session->info.hidden_size);
    context.batch_tokens = engine->batch_tokens;
    session->options = defaults;
    session->options.dims = vectors->dims;
    session->options.pooling = (gte_pooling)vectors->pooling;
    session->options.flags = cli__text_flags(text) | (vectors->no_truncate ? GTE_NO_TRUNCATE : 0);
    session->options.progress = between_batches;
    session->options.progress_arg = session;
    if (vectors->dims) session->dims = (size_t)vectors->dims;
    if (gte_context_create(&session->context, session->model, &context, &err) != GTE_OK)
        return cli__fail("%s", err.message);
    return CLI_OK;
}

static const char *stored_prompt(const cli_session *session, const char *name)
{
    char key[256];
    if (!name || (size_t)snprintf(key, sizeof key, "prompt.%s", name) >= sizeof key) return NULL;
    return gte_model_meta(session->model, key);
}

/* A misspelt name would become text before every input, and nobody would see it. */
static bool looks_like_name(const char *text)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    return *text && !text[strspn(text, letters)];
}

static int no_such_prompt(const cli_session *session, const char *option, const char *name)
{
    char names[256] = "none";
    size_t used = 0;
    for (size_t i = 0; i < gte_model_meta_count(session->model); i++) {
        const char *key = gte_model_meta_key(session->model, i);
        if (strncmp(key, "prompt.", 7) != 0) continue;
        int n = snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", key + 7);
        if (n < 0 || (size_t)n >= sizeof names - used) break;
        used += (size_t)n;
    }
    return cli__misuse("--%s %s: the model has no prompt of this name (it has: %s); to put the "
                       "text itself before, write --%s '%s: '",
                       option, name, names, option, name);
}

int cli__session_prompt(const cli_session *session, const char *option, const char *argument,
                        const char *const *usual, const char **out)
{
    *out = stored_prompt(session, argument);
    if (argument && !*out && looks_like_name(argument))
        return no_such_prompt(session, option, argument);
    if (argument && !*out) *out = argument;
    for (; !argument && !*out && usual && *usual; usual++) *out = stored_prompt(session, *usual);
    if (!argument && !*out)
        *out = stored_prompt(session, gte_model_meta(session->model, "default_prompt_name"));
    return CLI_OK;
}

float *cli__session_vectors(const cli_session *session, const cli_chunk *chunk)
{
    float *out = calloc(chunk->most * session->dims, sizeof *out);
    if (!out) cli__out_of_memory();
    return out;
}

int cli__session_embed(cli_session *session, const cli_chunk *chunk, float *out, gte_error *err)
{
    if (cli__interrupted()) return -CLI_INTERRUPTED;
    session->chunk_texts = chunk->count;
    gte_status status =
        session->cached
            ? cli__cached_embed(session->cached, session, chunk->texts, chunk->count, out, err)
            : gte_embed(session->context, chunk->texts, chunk->count, &session->options, out,
                        chunk->count * session->dims, err);
    if (status == GTE_E_CANCELLED) return -CLI_INTERRUPTED;
    if (status != GTE_OK) return -CLI_FAILED;
    session->texts_done += chunk->count;
    cli__progress_update(&session->bar, session->texts_done, session->bytes_after,
                         session->bytes_total);
    return 1;
}

int cli__session_report(size_t prompt_size, const char *place, const gte_error *err)
{
    bool in_pair = err->part == 1;
    uint64_t before = in_pair ? 0 : prompt_size; /* the prompt stands before the text alone */
    if (err->status != GTE_E_UTF8) return cli__fail("%s: %s", place, err->message);
    if (err->offset < before) return cli__fail("the prompt is not valid UTF-8");
    return cli__fail("%s: invalid UTF-8 at byte %" PRIu64
                     "%s (use --replace-invalid to read it as U+FFFD)",
                     place, err->offset - before, in_pair ? " of the pair" : "");
}

int cli__session_next(cli_session *session, cli_chunk *chunk, cli_source *source,
                      const char *prompt, float *out)
{
    gte_error err;
    char place[512];
    session->bytes_before = source->lines.consumed;
    session->bytes_total = source->lines.total;
    int got = cli__chunk_fill(chunk, source, prompt);
    if (got != 1) return got;
    session->bytes_after = source->lines.consumed;
    got = cli__session_embed(session, chunk, out, &err);
    if (got != -CLI_FAILED) return got;
    size_t index = err.index < chunk->count ? err.index : 0;
    cli__source_place(source, chunk->count - 1 - index, place, sizeof place);
    return -cli__session_report(chunk->prompt_size, place, &err);
}
