/* gte behind the protocol of README.md here: gte_peer MODEL.gte THREADS packed|openblas|auto.
 *
 * Text in, vectors out through the public API, so that the tokenizer counts. peer_gte.sh starts it,
 * bench_peers.py drives it. It measures nothing but itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gte.h"

#define CELLS 32
#define CALLS 4096

typedef struct cell {
    size_t texts, tokens;
    gte_text *text;
    char *bytes;
    float *vectors;
} cell;

typedef struct peer {
    gte_model *model;
    gte_context *ctx;
    size_t hidden, cells;
    cell cell[CELLS];
} peer;

static void die(const char *message)
{
    printf("error %s\n", message);
    exit(1);
}

static void check(gte_status status, const gte_error *err)
{
    if (status != GTE_OK) die(err->message);
}

static void *need(void *memory)
{
    if (!memory) die("out of memory");
    return memory;
}

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static char *read_text(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END) != 0) die("cannot read the cell");
    long size = ftell(f);
    rewind(f);
    char *bytes = need(malloc((size_t)size + 1));
    if (fread(bytes, 1, (size_t)size, f) != (size_t)size) die("cannot read the cell");
    bytes[size] = '\0';
    fclose(f);
    return bytes;
}

static cell *find_cell(peer *p, size_t texts, size_t tokens)
{
    for (size_t i = 0; i < p->cells; i++)
        if (p->cell[i].texts == texts && p->cell[i].tokens == tokens) return &p->cell[i];
    return NULL;
}

static void embed(const peer *p, const cell *c, uint32_t *counts)
{
    gte_embed_options options = GTE_EMBED_OPTIONS_INIT;
    gte_error err;
    options.token_counts = counts;
    check(gte_embed(p->ctx, c->text, c->texts, &options, c->vectors, c->texts * p->hidden, &err),
          &err);
}

/* Reads a text a line, and proves that each is as long as the cell says. */
static void load_cell(peer *p, size_t texts, size_t tokens, const char *input, const char *output)
{
    if (p->cells == CELLS) die("too many cells");
    cell *c = &p->cell[p->cells++];
    char path[4096 + 8];
    snprintf(path, sizeof path, "%s.txt", input);
    *c = (cell){texts, tokens, need(calloc(texts, sizeof *c->text)), read_text(path),
                need(calloc(texts * p->hidden, sizeof(float)))};
    char *save = NULL, *line = strtok_r(c->bytes, "\n", &save);
    for (size_t i = 0; i < texts; i++, line = strtok_r(NULL, "\n", &save)) {
        if (!line) die("too few texts");
        c->text[i] = gte_text_of(line);
    }
    uint32_t *counts = need(calloc(texts, sizeof *counts));
    embed(p, c, counts);
    for (size_t i = 0; i < texts; i++)
        if (counts[i] != tokens) die("a text is not as long as its cell says");
    free(counts);
    FILE *f = fopen(output, "wb");
    if (!f || fwrite(c->vectors, sizeof(float), texts * p->hidden, f) != texts * p->hidden ||
        fclose(f) != 0)
        die("cannot write the vectors");
    puts("ok");
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void run_cell(const peer *p, const cell *c, double limit)
{
    static double wall[CALLS], cpu[CALLS];
    size_t n = 0;
    double end = seconds(CLOCK_MONOTONIC) + limit;
    do {
        double w = seconds(CLOCK_MONOTONIC), u = seconds(CLOCK_PROCESS_CPUTIME_ID);
        embed(p, c, NULL);
        cpu[n] = seconds(CLOCK_PROCESS_CPUTIME_ID) - u;
        wall[n++] = seconds(CLOCK_MONOTONIC) - w;
    } while (n < CALLS && seconds(CLOCK_MONOTONIC) < end);
    qsort(wall, n, sizeof *wall, compare);
    qsort(cpu, n, sizeof *cpu, compare);
    printf("%zu %.9f %.9f\n", n, wall[n / 2], cpu[n / 2]);
}

static void serve(peer *p)
{
    char line[8192], input[4096], output[4096];
    size_t texts, tokens;
    double limit;
    while (fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "cell %zu %zu %4095s %4095s", &texts, &tokens, input, output) == 4)
            load_cell(p, texts, tokens, input, output);
        else if (sscanf(line, "run %zu %zu %lf", &texts, &tokens, &limit) == 3 &&
                 find_cell(p, texts, tokens))
            run_cell(p, find_cell(p, texts, tokens), limit);
        else
            die("unknown command or cell");
        fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    static peer p;
    gte_error err;
    gte_model_info info;
    gte_runtime runtime;
    gte_context_options options = GTE_CONTEXT_OPTIONS_INIT;
    if (argc != 4) die("usage: gte_peer MODEL.gte THREADS packed|openblas|auto");
    options.threads = atoi(argv[2]);
    if (strcmp(argv[3], "packed") == 0) options.backend = GTE_BACKEND_PACKED;
    if (strcmp(argv[3], "openblas") == 0) options.backend = GTE_BACKEND_OPENBLAS;
    check(gte_model_open(&p.model, argv[1], NULL, &err), &err);
    check(gte_context_create(&p.ctx, p.model, &options, &err), &err);
    gte_model_describe(p.model, &info, sizeof info);
    gte_runtime_describe(&runtime, sizeof runtime);
    p.hidden = (size_t)info.hidden_size;
    if (options.backend == GTE_BACKEND_OPENBLAS)
        printf("ready %s, core type %s, %s\n", runtime.blas, runtime.blas_core,
               runtime.blas_threading);
    else
        printf("ready gte %s, %s kernels\n", gte_version(), runtime.isa);
    fflush(stdout);
    serve(&p);
    for (size_t i = 0; i < p.cells; i++) {
        free(p.cell[i].text);
        free(p.cell[i].bytes);
        free(p.cell[i].vectors);
    }
    gte_context_free(&p.ctx);
    gte_model_close(&p.model);
    return 0;
}
