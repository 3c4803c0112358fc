/* Threads: many contexts at the same time, and each way in which the threads of one share a pass,
 * give the vectors of one thread; a busy neighbour costs its share and no more. Most of its worth
 * shows under ThreadSanitizer (make test-tsan). */
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/team.h"
#include "support.h"

enum { THREADS = 8, ROUNDS = 3, TEXTS = 6, MAX_DIMS = 1024 };

static const char *const sentences[TEXTS] = {
    "the cat sleeps in the garden",
    "a dog runs on the street",
    "今天天气很好",
    "",
    "stock markets fell again today, said the bank",
    "music",
};

static gte_model *model;
static float expected[TEXTS * MAX_DIMS];
static size_t dims;

typedef struct worker {
    pthread_t thread;
    int threads; /* of its context */
    double worst;
    int failed;
} worker;

static int embed_all(gte_context *ctx, float *out)
{
    gte_text texts[TEXTS];
    gte_error err;
    for (size_t i = 0; i < TEXTS; i++) texts[i] = gte_text_of(sentences[i]);
    return gte_embed(ctx, texts, TEXTS, NULL, out, TEXTS * MAX_DIMS, &err) == GTE_OK;
}

static void *work(void *arg)
{
    worker *w = arg;
    static _Thread_local float out[TEXTS * MAX_DIMS];
    gte_context_options options = GTE_CONTEXT_OPTIONS_INIT;
    gte_context *ctx = NULL;
    gte_token tokens[64];
    size_t count;
    options.threads = w->threads;
    for (int round = 0; round < ROUNDS && !w->failed; round++) {
        if (gte_context_create(&ctx, model, &options, NULL) != GTE_OK ||
            (round > 0 && gte_context_trace_start(ctx, 1024, 0, NULL) != GTE_OK) ||
            !embed_all(ctx, out))
            w->failed = 1;
        double d = support_max_difference(out, expected, TEXTS * dims);
        if (!(d <= w->worst)) w->worst = d;
        if (gte_tokenize(model, gte_text_of(sentences[0]), 0, 0, tokens, 64, &count, NULL, NULL) !=
                GTE_OK ||
            count < 3)
            w->failed = 1;
        gte_context_free(&ctx);
    }
    return NULL;
}

static void test_eight_contexts(void)
{
    worker workers[THREADS];
    gte_context *ctx = NULL;
    gte_context_options one = GTE_CONTEXT_OPTIONS_INIT;
    gte_model_info info;
    model = support_standin_open();
    gte_model_describe(model, &info, sizeof info);
    dims = (size_t)info.hidden_size;
    CU_ASSERT_TRUE_FATAL(dims <= MAX_DIMS);
    one.threads = 1;
    CU_ASSERT_EQUAL_FATAL(gte_context_create(&ctx, model, &one, NULL), GTE_OK);
    CU_ASSERT_TRUE(embed_all(ctx, expected));
    gte_context_free(&ctx);

    memset(workers, 0, sizeof workers);
    for (int i = 0; i < THREADS; i++) {
        workers[i].threads = 1 + i % 3;
        CU_ASSERT_EQUAL_FATAL(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        CU_ASSERT_EQUAL(workers[i].failed, 0);
        CU_ASSERT_TRUE(workers[i].worst <= 1e-6);
    }
    gte_model_close(&model);
}

/* ---- one context, many threads ------------------------------------------------------------- */

enum { MOST_TEXTS = 96, MOST_WORDS = 300 };

/* `texts` texts of so many words; their vectors by that many threads. */
typedef struct cell {
    size_t texts, words;
} cell;

/* For each way to share a pass (encoder/split.c), some sizes for few and for many threads. */
static const cell cells[] = {{1, 1},  {1, 6},   {1, 30}, {1, 110},
                             {3, 60}, {5, 200}, {40, 9}, {96, 30}};

static void make_texts(const cell *c, gte_text *texts, char *space, size_t size)
{
    static const char *const words[] = {"cat ", "dog ", "music ", "garden ", "天"};
    char *at = space;
    for (size_t i = 0; i < c->texts; i++) {
        texts[i] = gte_text_of(at);
        for (size_t w = 0; w < c->words + i % 3; w++) {
            const char *word = words[(i + w * w) % 5];
            CU_ASSERT_TRUE_FATAL((size_t)(at - space) + strlen(word) + 1 < size);
            at = stpcpy(at, word);
        }
        texts[i].size = (size_t)(at - texts[i].data);
        *at++ = '\0';
    }
}

static void embed_with(int threads, const gte_text *texts, size_t n, float *out)
{
    gte_context_options options = GTE_CONTEXT_OPTIONS_INIT;
    gte_context *ctx = NULL;
    gte_error err;
    options.threads = threads;
    options.batch_tokens = 4096;
    CU_ASSERT_EQUAL_FATAL(gte_context_create(&ctx, model, &options, NULL), GTE_OK);
    CU_ASSERT_EQUAL(gte_embed(ctx, texts, n, NULL, out, n * dims, &err), GTE_OK);
    gte_context_free(&ctx);
}

/* More threads than cores, too: the vectors are those of one thread. */
static void test_shares(void)
{
    static const int threads[] = {2, 3, 4, 7, 64};
    const size_t size = (size_t)MOST_TEXTS * MOST_WORDS * 8;
    char *space = malloc(size);
    model = support_standin_open();
    float *want = calloc(MOST_TEXTS * dims, sizeof *want);
    float *got = calloc(MOST_TEXTS * dims, sizeof *got);
    gte_text texts[MOST_TEXTS];
    CU_ASSERT_TRUE_FATAL(space && want && got);
    for (size_t c = 0; c < sizeof cells / sizeof *cells; c++) {
        make_texts(&cells[c], texts, space, size);
        embed_with(1, texts, cells[c].texts, want);
        for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
            embed_with(threads[t], texts, cells[c].texts, got);
            CU_ASSERT_TRUE(support_max_difference(got, want, cells[c].texts * dims) <= 1e-6);
        }
    }
    free(space);
    free(want);
    free(got);
    gte_model_close(&model);
}

/* ---- a busy neighbour ----------------------------------------------------------------------- */

/* Stages of short tasks, as many as a forward pass has. */
typedef struct job_left {
    int stages;
} job_left;

static size_t next_stage(void *arg)
{
    job_left *job = arg;
    return job->stages-- > 0 ? 8 : 0;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void count_up(void *arg, size_t task, int member)
{
    (void)arg, (void)task, (void)member;
    for (volatile int i = 0; i < 10000; i++) continue;
}

static double time_of_job(gte__team *team)
{
    job_left job = {300};
    const double begin = now();
    gte__team_run(team, next_stage, count_up, &job);
    return now() - begin;
}

static pid_t start_spinner(void)
{
    cpu_set_t set, last;
    CPU_ZERO(&last);
    if (sched_getaffinity(0, sizeof set, &set) != 0) return -1;
    for (size_t cpu = CPU_SETSIZE; cpu-- > 0 && !CPU_COUNT(&last);)
        if (CPU_ISSET(cpu, &set)) CPU_SET(cpu, &last);
    const pid_t child = fork();
    if (child != 0) return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sched_setaffinity(0, sizeof last, &last);
    for (volatile int i = 0;;) i = i + 1;
}

/* A process that spins on one CPU may take that CPU, but not hold up the others: threads that wait
 * for the one that shares with it, or spin where it could run, are many times slower than one
 * alone. The least of some rounds: other processes disturb, too. */
static void test_neighbour(void)
{
    const int many = gte__cpu_threads();
    gte__team *alone = gte__team_create(1, NULL);
    gte__team *team = gte__team_create(many > 4 ? 4 : many + (many == 1), NULL);
    CU_ASSERT_TRUE_FATAL(alone && team);
    const pid_t spinner = start_spinner();
    CU_ASSERT_TRUE(spinner > 0);
    double one = 1e9, all = 1e9;
    for (int round = 0; round < 40 && (round < 3 || all > 2.5 * one); round++) {
        one = fmin(one, time_of_job(alone));
        all = fmin(all, time_of_job(team));
    }
    kill(spinner, SIGKILL);
    waitpid(spinner, NULL, 0);
    printf("\n    beside a spinning process: one thread %.1f ms, %d threads %.1f ms", one * 1e3,
           gte__team_threads(team), all * 1e3);
    if (all > 2.5 * one && support_is_busy())
        support_skip("other processes than the neighbour wait for the cores");
    else
        CU_ASSERT_TRUE(all <= 2.5 * one);
    gte__team_free(team);
    gte__team_free(alone);
}

/* A context takes as many threads as the affinity mask has CPUs. */
static void test_affinity(void)
{
    cpu_set_t all, one;
    gte_context *ctx = NULL;
    gte_context_info info;
    CPU_ZERO(&one);
    if (sched_getaffinity(0, sizeof all, &all) != 0) {
        support_skip("more than 1024 CPUs");
        return;
    }
    for (size_t cpu = 0; cpu < CPU_SETSIZE && !CPU_COUNT(&one); cpu++)
        if (CPU_ISSET(cpu, &all)) CPU_SET(cpu, &one);
    model = support_standin_open();
    CU_ASSERT_EQUAL(sched_setaffinity(0, sizeof one, &one), 0);
    CU_ASSERT_EQUAL_FATAL(gte_context_create(&ctx, model, NULL, NULL), GTE_OK);
    CU_ASSERT_EQUAL(sched_setaffinity(0, sizeof all, &all), 0);
    gte_context_describe(ctx, &info, sizeof info);
    CU_ASSERT_EQUAL(info.threads, 1);
    gte_context_free(&ctx);
    gte_model_close(&model);
}

/* The first use of the library, by many threads at once: choosing the kernels happens once. */
static void *describe(void *arg)
{
    gte_runtime_describe(arg, sizeof(gte_runtime));
    return NULL;
}

static void test_first_use(void)
{
    pthread_t threads[THREADS];
    gte_runtime runtimes[THREADS];
    for (int i = 0; i < THREADS; i++)
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, describe, &runtimes[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        CU_ASSERT_STRING_EQUAL(runtimes[i].isa, runtimes[0].isa);
        CU_ASSERT_TRUE(runtimes[i].threads >= 1);
    }
}

int main(void)
{
    static const support_case cases[] = {
        {"the first use of the library", test_first_use},
        {"eight contexts of one model", test_eight_contexts},
        {"each way to share a pass", test_shares},
        {"one CPU, one thread", test_affinity},
        {"a busy neighbour", test_neighbour},
    };
    return SUPPORT_MAIN("threads", cases);
}
