/* gte embed: texts to vectors, a stream. */
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cached_vectors.h"
#include "interrupt.h"
#include "report.h"
#include "session.h"
#include "terminal.h"
#include "vector_writer.h"

typedef struct embed_values {
    cli_model_values model;
    cli_input_values input;
    cli_engine_values engine;
    cli_text_values text;
    cli_vector_values vectors;
    const char *output, *cache;
    int format, no_normalize, color;
} embed_values;

static const cli_option options[] = {
    CLI_GROUP_ROW(cli__model_options, embed_values, model),
    CLI_GROUP_ROW(cli__input_options, embed_values, input),
    CLI_STRING_ROW("output", 'o', "FILE", embed_values, output,
                   "Write to FILE, which appears when it is whole."),
    CLI_CHOICE_ROW("format", 0, CLI_FORMAT_VALUES, embed_values, format,
                   "How vectors are written [default: text on a\nterminal, else jsonl]."),
    CLI_GROUP_ROW(cli__vector_options, embed_values, vectors),
    CLI_FLAG_ROW("no-normalize", 0, embed_values, no_normalize,
                 "Leave vectors as pooled instead of giving them\nlength 1."),
    CLI_GROUP_ROW(cli__engine_options, embed_values, engine),
    CLI_GROUP_ROW(cli__text_options, embed_values, text),
    CLI_STRING_ROW("cache", 0, "FILE", embed_values, cache,
                   "Keep vectors in FILE, and take those that it has\nfrom there."),
    CLI_CHOICE_ROW("color", 0, CLI_COLOR_VALUES, embed_values, color,
                   "Colours in the text format [default: auto]."),
    CLI_LAST_ROW,
};

static const char details[] =
    "Texts are the arguments, or the lines of --file or of standard input (-). There is one\n"
    "vector per input, in order; an empty line is an empty text. Formats:\n"
    "  text   the numbers with spaces between, a line per vector; cut to the width of a terminal\n"
    "  json   one array of arrays\n"
    "  jsonl  {\"embedding\":[...]} per line; the numbers read back as the same floats\n"
    "  npy    NumPy float32 [texts, dimensions]; to a pipe, held in TMPDIR until the end\n"
    "  raw    float32, little-endian, nothing else\n"
    "After Ctrl-C the output holds whole vectors; --output leaves them in FILE.part.\n";

static int embed_stream(cli_session *session, cli_source *source, const embed_values *values,
                        const char *prompt, cli_vector_writer *writer)
{
    cli_chunk chunk;
    float *vectors = NULL;
    int code = cli__chunk_create(&chunk, values->engine.batch_tokens);
    if (code == CLI_OK && values->cache)
        code = cli__cached_open(session, values->cache, chunk.most);
    if (code == CLI_OK && !(vectors = cli__session_vectors(session, &chunk))) code = CLI_FAILED;
    cli__progress_start(&session->bar, "texts", writer->sink->fd);
    while (code == CLI_OK && !writer->sink->error) {
        int got = cli__session_next(session, &chunk, source, prompt, vectors);
        if (got == 0) break;
        if (got < 0) code = -got;
        if (got < 0) break;
        cli__writer_rows(writer, vectors, chunk.count);
        if (cli__source_interactive(source)) cli__sink_flush(writer->sink);
        if (cli__interrupted()) code = CLI_INTERRUPTED;
    }
    cli__cached_close(session);
    free(vectors);
    cli__chunk_free(&chunk);
    return code;
}

/* Everything between an open session and an open sink. */
static int embed_to(cli_session *session, cli_source *source, const embed_values *values,
                    cli_sink *sink)
{
    cli_vector_writer writer;
    const char *prompt;
    int format = values->format, terminal = isatty(sink->fd);
    if (terminal && (format == CLI_FORMAT_NPY || format == CLI_FORMAT_RAW))
        return cli__misuse("binary output to a terminal; use -o FILE or a pipe");
    if (!format) format = terminal ? CLI_FORMAT_TEXT : CLI_FORMAT_JSONL;
    int code = cli__session_prompt(session, "prompt", values->vectors.prompt, NULL, &prompt);
    if (code != CLI_OK) return code;
    cli__source_invite(source);
    code = cli__writer_begin(&writer, sink, format, session->dims,
                             cli__use_color(values->color, sink->fd));
    if (code != CLI_OK) return code;
    return cli__writer_end(&writer, embed_stream(session, source, values, prompt, &writer));
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The output takes its name at the end, and would take it from what was read. */
static int check_output(const cli_session *session, const cli_source *source, const char *output,
                        const char *cache)
{
    struct stat out, other;
    if (!output || strcmp(output, "-") == 0) return CLI_OK;
    if (stat(output, &out) != 0 || !S_ISREG(out.st_mode)) return CLI_OK;
    if (!source->operands && fstat(source->lines.fd, &other) == 0 && same_file(&out, &other))
        return cli__misuse("--output %s is the file the texts are read from", output);
    if (stat(session->path, &other) == 0 && same_file(&out, &other))
        return cli__misuse("--output %s is the model", output);
    if (cache && stat(cache, &other) == 0 && same_file(&out, &other))
        return cli__misuse("--output %s is the cache", output);
    return CLI_OK;
}

static int run_embed(const cli_command *self, int argc, char **argv)
{
    embed_values values = {0};
    cli_session session = {0};
    cli_source source;
    cli_sink *sink = NULL;
    int operands, code = cli__parse(self, argc, argv, &values, &operands);
    if (code != CLI_RUN) return code;
    code = cli__source_open(&source, "texts", argv, operands, values.input.file,
                            values.input.jsonl != 0, values.text.replace_invalid != 0);
    if (code != CLI_OK) return code;
    code = cli__session_open(&session, values.model.model);
    if (code == CLI_OK) code = check_output(&session, &source, values.output, values.cache);
    if (code == CLI_OK)
        code = cli__session_start(&session, &values.engine, &values.vectors, &values.text);
    if (code == CLI_OK && !(sink = malloc(sizeof *sink))) code = cli__out_of_memory();
    if (code == CLI_OK && (code = cli__sink_open(sink, values.output)) == CLI_OK) {
        session.options.no_normalize = values.no_normalize;
        code = cli__sink_close(sink, embed_to(&session, &source, &values, sink));
    }
    free(sink);
    cli__session_close(&session);
    cli__source_close(&source);
    return code;
}

const cli_command cli__embed_command = {
    .name = "embed",
    .synopsis = "[TEXT...]",
    .summary = "Turn texts into vectors.",
    .details = details,
    .options = options,
    .run = run_embed,
};
