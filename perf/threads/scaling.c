/* What more threads bring, and what a neighbour costs: times cells of TEXTSxTOKENS through the
 * public API with several numbers of threads, in rounds that take turns, so that what disturbs the
 * machine disturbs all alike.
 *
 *     scaling [-c CELL,...] [-t THREADS,...] [-r ROUNDS] [-s SPINNERS] [-p] [-b o] MODEL...
 *
 * -s starts that many processes that spin, each pinned to a CPU of its own from the last one down;
 * -p pins the caller to the first CPU and all other threads to the second; -b o takes OpenBLAS.
 * Prints a line per model, cell and number of threads: median, mean, 99th percentile and least wall
 * time of a call, its CPU time, and how much faster than the first number of threads it is. The CPU
 * time of short calls is inexact: the kernel adds up that of other threads at its ticks.
 * perf/threads/run.sh builds it and runs the tables. */
#include <dirent.h>
#include <gte.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_SETTINGS = 16, MOST_ROUNDS = 100000, MOST_SPINNERS = 64 };

typedef struct options {
    const char *cells, *threads;
    int rounds, spinners, pin;
    gte_backend backend;
    pid_t spinner[MOST_SPINNERS];
} options;

typedef struct setting {
    gte_context *ctx;
    int threads;
    double *wall, cpu, mean;
} setting;

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void die(const char *what)
{
    fprintf(stderr, "scaling: %s\n", what);
    exit(1);
}

/* The n-th CPU of the affinity mask, counted from the last. */
static int cpu_from_end(int n)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) die("no affinity mask");
    for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--)
        if (CPU_ISSET((size_t)cpu, &set) && n-- == 0) return cpu;
    die("more spinners than CPUs");
    return 0;
}

static void spin(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sched_setaffinity(0, sizeof set, &set);
    for (volatile unsigned long n = 0;;) n++;
}

static void start_spinners(options *o)
{
    for (int i = 0; i < o->spinners; i++) {
        const int cpu = cpu_from_end(i);
        o->spinner[i] = fork();
        if (o->spinner[i] == 0) spin(cpu);
    }
}

static void stop_spinners(const options *o)
{
    for (int i = 0; i < o->spinners; i++) {
        kill(o->spinner[i], SIGKILL);
        waitpid(o->spinner[i], NULL, 0);
    }
}

/* A text of so many tokens in a vocabulary of w0, w1, ... (make_random_model.py). */
static gte_text make_text(size_t tokens)
{
    char *text = malloc(tokens * 8), *at = text;
    if (!text) die("no memory");
    *at = '\0';
    for (size_t i = 2; i < tokens; i++) at += sprintf(at, "w%d ", rand() % 20000);
    return gte_text_of(text);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void embed(gte_context *ctx, const gte_text *texts, size_t n, float *out, size_t capacity)
{
    gte_error err;
    if (gte_embed(ctx, texts, n, NULL, out, capacity, &err) != GTE_OK) die(err.message);
}

/* The caller to the first CPU, everybody else to the second: where an idle machine of two puts
 * them. */
static void pin_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *d; tasks && (d = readdir(tasks));) {
        const int task = (int)strtol(d->d_name, NULL, 10);
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(task == getpid() ? 0 : 1, &set);
        if (task > 0) sched_setaffinity(task, sizeof set, &set);
    }
    if (tasks) closedir(tasks);
}

/* Rounds of all settings by turns; a round of a setting is one call. */
static void run_rounds(setting *s, size_t settings, int rounds, const gte_text *texts, size_t n,
                       float *out, size_t capacity)
{
    for (int round = -2; round < rounds; round++) {
        for (size_t i = 0; i < settings; i++) {
            const double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
            embed(s[i].ctx, texts, n, out, capacity);
            if (round < 0) continue;
            s[i].wall[round] = seconds(CLOCK_MONOTONIC) - wall;
            s[i].cpu += seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        }
    }
}

static void print_cell(const char *model, const char *cell, const options *o, setting *s,
                       size_t settings)
{
    for (size_t i = 0; i < settings; i++) {
        double *wall = s[i].wall;
        s[i].mean = 0;
        for (int r = 0; r < o->rounds; r++) s[i].mean += wall[r] / o->rounds;
        qsort(wall, (size_t)o->rounds, sizeof *wall, by_value);
        printf("%-16s %8s %3d threads  median %9.3f  mean %9.3f  p99 %9.3f  least %9.3f  "
               "cpu %9.3f ms  x%.2f (mean x%.2f)\n",
               model, cell, s[i].threads, wall[o->rounds / 2] * 1e3, s[i].mean * 1e3,
               wall[o->rounds * 99 / 100] * 1e3, wall[0] * 1e3, s[i].cpu / o->rounds * 1e3,
               s[0].wall[o->rounds / 2] / wall[o->rounds / 2], s[0].mean / s[i].mean);
    }
}

static void run_cell(const gte_model *model, const char *name, const char *cell, const options *o)
{
    setting s[MOST_SETTINGS];
    size_t settings = 0, n, tokens;
    gte_model_info info;
    gte_model_describe(model, &info, sizeof info);
    if (sscanf(cell, "%zux%zu", &n, &tokens) != 2 || !n || tokens < 2) die("bad cell");
    const size_t capacity = n * (size_t)info.hidden_size;
    gte_text *texts = calloc(n, sizeof *texts);
    float *out = calloc(capacity, sizeof *out);
    if (!texts || !out) die("no memory");
    for (size_t i = 0; i < n; i++) texts[i] = make_text(tokens);
    for (const char *t = o->threads; *t && settings < MOST_SETTINGS; t += strspn(t, ",")) {
        gte_context_options co = GTE_CONTEXT_OPTIONS_INIT;
        gte_error err;
        char *end;
        co.threads = (int)strtol(t, &end, 10);
        t = end;
        co.backend = o->backend;
        s[settings] = (setting){.threads = co.threads};
        s[settings].wall = calloc((size_t)o->rounds, sizeof *s->wall);
        if (!s[settings].wall || gte_context_create(&s[settings].ctx, model, &co, &err) != GTE_OK)
            die("no context");
        settings++;
    }
    if (o->pin) pin_threads();
    run_rounds(s, settings, o->rounds, texts, n, out, capacity);
    print_cell(name, cell, o, s, settings);
    for (size_t i = 0; i < settings; i++) {
        gte_context_free(&s[i].ctx);
        free(s[i].wall);
    }
    for (size_t i = 0; i < n; i++) free((void *)(uintptr_t)texts[i].data);
    free(texts);
    free(out);
}

int main(int argc, char **argv)
{
    options o = {
        .cells = "1x32,1x64,1x128,1x512,32x32,32x128,8x512", .threads = "1,2", .rounds = 20};
    for (int c; (c = getopt(argc, argv, "c:t:r:s:b:p")) != -1;) {
        if (c == 'c') o.cells = optarg;
        if (c == 't') o.threads = optarg;
        if (c == 'r') o.rounds = atoi(optarg);
        if (c == 'p') o.pin = 1;
        if (c == 's') o.spinners = atoi(optarg);
        if (c == 'b') o.backend = *optarg == 'o' ? GTE_BACKEND_OPENBLAS : GTE_BACKEND_PACKED;
    }
    if (o.rounds < 1 || o.rounds > MOST_ROUNDS || o.spinners > MOST_SPINNERS) die("bad number");
    start_spinners(&o);
    for (; optind < argc; optind++) {
        gte_model *model = NULL;
        gte_error err;
        const char *slash = strrchr(argv[optind], '/');
        if (gte_model_open(&model, argv[optind], NULL, &err) != GTE_OK) die(err.message);
        char *cells = strdup(o.cells), *rest = NULL;
        for (char *cell = strtok_r(cells, ",", &rest); cell; cell = strtok_r(NULL, ",", &rest)) {
            run_cell(model, slash ? slash + 1 : argv[optind], cell, &o);
            fflush(stdout);
        }
        free(cells);
        gte_model_close(&model);
    }
    stop_spinners(&o);
    return 0;
}
