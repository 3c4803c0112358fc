/* The server's parts that need no socket: the guard, buckets, JSON on the way out, the batcher.
 * What needs one is in tests/server/. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/batcher.h"
#include "server/buckets.h"
#include "server/guard.h"
#include "server/http.h"
#include "server/json_out.h"
#include "server/timestamp.h"
#include "support.h"

#define SECOND 1000000000u

/* ---- guard ----------------------------------------------------------------------------------- */

/* The verdict on a head of up to four headers; 0: it passes. */
static int verdict(const char *version, const char *target, const char *const (*headers)[2])
{
    server__guard guard = {0};
    int status;
    for (; (*headers)[0]; headers++)
        server__guard_header(&guard, (*headers)[0], strlen((*headers)[0]), (*headers)[1],
                             strlen((*headers)[1]));
    return server__guard_verdict(&guard, version, target, &status) ? status : 0;
}

static void test_guard(void)
{
    static const struct {
        const char *version, *headers[5][2];
        int status;
    } cases[] = {
        {"HTTP/1.1", {{"Host", "a"}}, 0},
        {"HTTP/1.1", {{"Host", "a"}, {"Content-Length", "17"}}, 0},
        {"HTTP/1.1", {{"Host", "a"}, {"transfer-encoding", "Chunked"}}, 0},
        {"HTTP/1.0", {{"Content-Length", "0"}}, 0},
        {"HTTP/1.1", {{"Content-Length", "1"}}, 400},
        {"HTTP/1.1", {{"Host", "a"}, {"host", "a"}}, 400},
        {"HTTP/1.1", {{"Host", "a"}, {"Content-Length", "1"}, {"content-length", "1"}}, 400},
        {"HTTP/1.1", {{"Host", "a"}, {"Content-Length", "1, 1"}}, 400},
        {"HTTP/1.1", {{"Host", "a"}, {"Content-Length", ""}}, 400},
        {"HTTP/1.1", {{"Host", "a"}, {"Content-Length", "1 "}}, 400},
        {"HTTP/1.1", {{"Host", "a"}, {"Content-Length", "-1"}}, 400},
        {"HTTP/1.1", {{"Host", "a"}, {"Content-Length", "9999999999999999999"}}, 400},
        {"HTTP/1.1",
         {{"Host", "a"}, {"Content-Length", "1"}, {"Transfer-Encoding", "chunked"}},
         400},
        {"HTTP/1.1",
         {{"Host", "a"}, {"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}},
         400},
        {"HTTP/1.1", {{"Host", "a"}, {"Transfer-Encoding", "gzip, chunked"}}, 501},
        {"HTTP/1.1", {{"Host", "a"}, {"Transfer-Encoding", "\tchunked"}}, 501},
        {"HTTP/1.0", {{"Transfer-Encoding", "chunked"}}, 400},
        {"HTTP/1.1", {{"Host", "a"}, {"X Y", "b"}}, 400},
        {"HTTP/1.1", {{"Host", "a"}, {"X", "b\rc"}}, 400},
        {"HTTP/1.1", {{"Host", "a"}, {"", "b"}}, 400},
        {"HTTP/2.0", {{"Host", "a"}}, 505},
    };
    static const struct {
        const char *target;
        unsigned count;
    } queries[] = {{"/a", 0},       {"/a&b", 0},  {"/a?", 1},    {"/a?b", 1},
                   {"/a?b=1&c", 2}, {"/a?&&", 3}, {"/a?b?c", 1}, {"", 0}};
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++)
        CU_ASSERT_EQUAL(server__guard_arguments(queries[i].target), queries[i].count);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CU_ASSERT_EQUAL(verdict(cases[i].version, "/live", cases[i].headers), cases[i].status);
    CU_ASSERT_EQUAL(verdict("HTTP/1.1", "/a%00b", cases[0].headers), 400);
    CU_ASSERT_EQUAL(verdict("HTTP/1.1", "/a\nb", cases[0].headers), 400);
}

/* ---- buckets --------------------------------------------------------------------------------- */

static void test_buckets(void)
{
    server__buckets *buckets = server__buckets_create();
    unsigned seconds = 0;
    uint64_t now = 1000 * (uint64_t)SECOND;
    CU_ASSERT_PTR_NOT_NULL_FATAL(buckets);
    for (int i = 0; i < 4; i++)
        CU_ASSERT_TRUE(server__buckets_take(buckets, "a", 2, 4, now, &seconds));
    CU_ASSERT_FALSE(server__buckets_take(buckets, "a", 2, 4, now, &seconds));
    CU_ASSERT_TRUE(seconds >= 1);
    CU_ASSERT_TRUE(server__buckets_take(buckets, "b", 2, 4, now, &seconds));
    now += SECOND / 2; /* one token later */
    CU_ASSERT_TRUE(server__buckets_take(buckets, "a", 2, 4, now, &seconds));
    CU_ASSERT_FALSE(server__buckets_take(buckets, "a", 2, 4, now, &seconds));
    now += 100 * (uint64_t)SECOND; /* never more than the burst */
    for (int i = 0; i < 4; i++)
        CU_ASSERT_TRUE(server__buckets_take(buckets, "a", 2, 4, now, &seconds));
    CU_ASSERT_FALSE(server__buckets_take(buckets, "a", 2, 4, now, &seconds));
    server__buckets_free(&buckets);
    CU_ASSERT_PTR_NULL(buckets);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void expect_text(server__text *text, const char *wanted)
{
    CU_ASSERT_FALSE(text->failed);
    CU_ASSERT_EQUAL(text->size, strlen(wanted));
    if (text->size == strlen(wanted)) CU_ASSERT_EQUAL(memcmp(text->data, wanted, text->size), 0);
    text->size = 0;
}

static void test_thousandths(void)
{
    static const uint64_t values[] = {0, 7, 89, 450, 1000, 1002, 12345678, 86400000000};
    server__text text = {0};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char wanted[32];
        snprintf(wanted, sizeof wanted, "%.3f", (double)values[i] / 1000);
        server__json_thousandths(&text, values[i]);
        CU_ASSERT_EQUAL(text.size, strlen(wanted));
        CU_ASSERT_NSTRING_EQUAL(text.data, wanted, text.size);
        server__text_free(&text);
    }
}

/* The milliseconds are put into a second that was written before. */
static void test_timestamp(void)
{
    struct timespec begin, end;
    struct tm parts = {0};
    for (int i = 0; i < 200; i++) {
        char now[SERVER__TIMESTAMP_SIZE];
        int milliseconds;
        clock_gettime(CLOCK_REALTIME, &begin);
        server__timestamp(now);
        clock_gettime(CLOCK_REALTIME, &end);
        const char *rest = strptime(now, "%Y-%m-%dT%H:%M:%S", &parts);
        CU_ASSERT_FATAL(rest && sscanf(rest, ".%3dZ", &milliseconds) == 1);
        CU_ASSERT_STRING_EQUAL(rest + 4, "Z");
        const int64_t at = (int64_t)timegm(&parts) * 1000 + milliseconds;
        CU_ASSERT(at >= (int64_t)begin.tv_sec * 1000 + begin.tv_nsec / 1000000);
        CU_ASSERT(at <= (int64_t)end.tv_sec * 1000 + end.tv_nsec / 1000000);
        nanosleep(&(struct timespec){0, 6100000}, NULL); /* over a second in all */
    }
}

static void test_json_out(void)
{
    static const float values[] = {1.0f, -0.5f, 0.1f};
    server__text text = {0};
    server__json_string(&text, "a\"\\\n\x01\x7f/\xe4\xb8\xad", 10);
    expect_text(&text, "\"a\\\"\\\\\\n\\u0001\\u007f/\xe4\xb8\xad\"");
    server__json_string(&text, "\xff\xc3x\0y", 5);
    expect_text(&text, "\"\xef\xbf\xbd\xef\xbf\xbdx\\u0000y\"");
    server__json_c_string(&text, NULL);
    expect_text(&text, "null");
    server__json_floats(&text, values, 3);
    expect_text(&text, "[1,-0.5,0.100000001]");
    server__json_floats(&text, values, 0);
    expect_text(&text, "[]");
    server__json_base64(&text, values, 0);
    expect_text(&text, "\"\"");
    server__json_base64(&text, values, 1);
    expect_text(&text, "\"AACAPw==\"");
    server__json_base64(&text, values, 2);
    expect_text(&text, "\"AACAPwAAAL8=\"");
    server__json_base64(&text, values, 3);
    expect_text(&text, "\"AACAPwAAAL/NzMw9\"");
    server__text_free(&text);
}

/* ---- batcher --------------------------------------------------------------------------------- */

typedef struct ends {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    int count[4];
} ends;

static void count_end(server__job *job, server__job_end end)
{
    ends *e = job->arg;
    pthread_mutex_lock(&e->lock);
    e->count[end]++;
    pthread_cond_signal(&e->wake);
    pthread_mutex_unlock(&e->lock);
}

static bool always_gone(const server__job *job)
{
    (void)job;
    return true;
}

#define JOBS 64
#define LENGTH 128

/* JOBS jobs of one long input each, of which every other two are equal. */
typedef struct crowd {
    gte_token tokens[JOBS][LENGTH];
    server__item items[JOBS];
    server__job jobs[JOBS];
    float *vectors;
    ends ends;
} crowd;

static void submit_crowd(crowd *c, server__batcher *batcher, size_t dims, uint64_t deadline_ns)
{
    for (int i = 0; i < JOBS; i++) {
        for (int k = 0; k < LENGTH; k++) c->tokens[i][k].id = (i / 2 * 7 + k) % 100;
        c->items[i] = (server__item){
            .tokens = c->tokens[i], .count = LENGTH, .out = c->vectors + (size_t)i * dims};
        c->jobs[i] = (server__job){.items = &c->items[i],
                                   .count = 1,
                                   .options = {(int)dims, GTE_POOLING_MEAN, 0},
                                   .deadline_ns = deadline_ns,
                                   .done = count_end,
                                   .gone = deadline_ns ? NULL : always_gone,
                                   .arg = &c->ends};
        CU_ASSERT_EQUAL(server__batcher_submit(batcher, &c->jobs[i]), SERVER__SUBMITTED);
    }
}

static int all_ends(const ends *e)
{
    return e->count[0] + e->count[1] + e->count[2] + e->count[3];
}

static void test_batcher(void)
{
    gte_model *model = support_standin_open();
    gte_model_info info;
    gte_error err;
    gte_model_describe(model, &info, sizeof info);
    size_t dims = (size_t)info.hidden_size;
    const server__batcher_options options = {
        .workers = 2, .threads = 1, .queue_items = 2 * JOBS, .queue_tokens = 2 * JOBS * LENGTH};
    server__batcher *batcher = server__batcher_start(model, &options, &err);
    crowd *c = calloc(1, sizeof *c);
    CU_ASSERT_PTR_NOT_NULL_FATAL(batcher);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    c->ends = (ends){PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, {0}};
    c->vectors = calloc(JOBS * dims, sizeof *c->vectors);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c->vectors);

    submit_crowd(c, batcher, dims, UINT64_MAX);
    pthread_mutex_lock(&c->ends.lock);
    while (all_ends(&c->ends) < JOBS) pthread_cond_wait(&c->ends.wake, &c->ends.lock);
    pthread_mutex_unlock(&c->ends.lock);
    CU_ASSERT_EQUAL(c->ends.count[SERVER__JOB_DONE], JOBS);
    CU_ASSERT_TRUE(support_max_difference(c->vectors, c->vectors + dims, dims) < 2e-6);
    CU_ASSERT_TRUE(support_max_difference(c->vectors, c->vectors + 2 * dims, dims) > 1e-3);

    /* a sweep in the middle: each job ends once, one way or the other */
    memset(c->ends.count, 0, sizeof c->ends.count);
    submit_crowd(c, batcher, dims, 1);
    server__batcher_sweep(batcher, 2);
    server__batcher_close(batcher, false);
    CU_ASSERT_EQUAL(c->ends.count[SERVER__JOB_DONE] + c->ends.count[SERVER__JOB_DEADLINE], JOBS);
    CU_ASSERT_TRUE(c->ends.count[SERVER__JOB_DEADLINE] > 0);
    CU_ASSERT_EQUAL(server__batcher_submit(batcher, &c->jobs[0]), SERVER__QUEUE_CLOSED);
    server__batcher_free(&batcher);
    free(c->vectors);
    free(c);
    gte_model_close(&model);
}

static void test_full(void)
{
    gte_model *model = support_standin_open();
    const server__batcher_options options = {
        .workers = 1, .threads = 1, .queue_items = 3, .queue_tokens = 20};
    gte_error err;
    server__batcher *batcher = server__batcher_start(model, &options, &err);
    gte_token tokens[3][8] = {{{1, 0, 0, 0}}, {{2, 0, 0, 0}}, {{3, 0, 0, 0}}};
    float vectors[4];
    ends e = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, {0}};
    server__item items[4] = {{.tokens = tokens[0], .count = 8, .out = vectors},
                             {.tokens = tokens[1], .count = 8, .out = vectors},
                             {.tokens = tokens[2], .count = 8, .out = vectors},
                             {.tokens = tokens[2], .count = 8, .out = vectors}};
    server__job job = {.items = items, .count = 3, .options = {1, GTE_POOLING_MEAN, 0}, .arg = &e};
    job.done = count_end;
    CU_ASSERT_PTR_NOT_NULL_FATAL(batcher);
    CU_ASSERT_EQUAL(server__batcher_submit(batcher, &job), SERVER__QUEUE_FULL); /* of tokens */
    for (int i = 0; i < 3; i++) items[i].count = 2;
    job.count = 4;
    CU_ASSERT_EQUAL(server__batcher_submit(batcher, &job), SERVER__QUEUE_FULL); /* of items */
    CU_ASSERT_TRUE(server__batcher_full(batcher, 4));
    CU_ASSERT_FALSE(server__batcher_full(batcher, 3));
    CU_ASSERT_EQUAL(server__batcher_retry_after(batcher), 1);
    job.count = 3;
    CU_ASSERT_EQUAL(server__batcher_submit(batcher, &job), SERVER__SUBMITTED);
    server__batcher_free(&batcher);
    CU_ASSERT_EQUAL(e.count[SERVER__JOB_DONE], 1);
    gte_model_close(&model);
}

/* ---- many that wait for the same ------------------------------------------------------------ */

enum { ALIKE_JOBS = 64, ALIKE_ITEMS = 2048 };

static void hold_worker(void *arg, size_t items, size_t tokens, double seconds)
{
    (void)items;
    (void)tokens;
    (void)seconds;
    pthread_mutex_lock(arg);
    pthread_mutex_unlock(arg);
}

static void submit_alike(server__batcher *batcher, server__job *job, server__item *items, ends *e,
                         gte_token *token, float *out)
{
    for (int i = 0; i < ALIKE_ITEMS; i++)
        items[i] = (server__item){.tokens = token, .count = 1, .out = out};
    *job = (server__job){.items = items,
                         .count = ALIKE_ITEMS,
                         .options = {1, GTE_POOLING_MEAN, 0},
                         .deadline_ns = 1,
                         .done = count_end,
                         .arg = e};
    CU_ASSERT_EQUAL(server__batcher_submit(batcher, job), SERVER__SUBMITTED);
}

/* Each leaves the list of those that wait in one step: a walk through it would take a minute. */
static void test_alike(void)
{
    gte_model *model = support_standin_open();
    pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
    ends e = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, {0}};
    const server__batcher_options options = {.workers = 1,
                                             .threads = 1,
                                             .queue_items = 2 * ALIKE_ITEMS,
                                             .queue_tokens = 2 * ALIKE_ITEMS,
                                             .on_batch = hold_worker,
                                             .arg = &held};
    gte_error err;
    gte_token token = {1, 0, 0, 0};
    float out;
    server__batcher *batcher = server__batcher_start(model, &options, &err);
    server__item *items = calloc((size_t)ALIKE_JOBS * ALIKE_ITEMS, sizeof *items);
    server__job *jobs = calloc(ALIKE_JOBS, sizeof *jobs);
    CU_ASSERT_TRUE_FATAL(batcher && items && jobs);
    pthread_mutex_lock(&held);
    submit_alike(batcher, &jobs[0], items, &e, &token, &out);
    pthread_mutex_lock(&e.lock);
    while (!all_ends(&e)) pthread_cond_wait(&e.wake, &e.lock);
    pthread_mutex_unlock(&e.lock);
    for (int i = 1; i < ALIKE_JOBS; i++)
        submit_alike(batcher, &jobs[i], items + i * ALIKE_ITEMS, &e, &token, &out);
    const uint64_t begin = server__now();
    server__batcher_sweep(batcher, 2);
    CU_ASSERT_TRUE(server__now() - begin < 2 * (uint64_t)SECOND);
    CU_ASSERT_EQUAL(e.count[SERVER__JOB_DEADLINE], ALIKE_JOBS - 1);
    pthread_mutex_unlock(&held);
    server__batcher_free(&batcher);
    free(items);
    free(jobs);
    gte_model_close(&model);
}

int main(void)
{
    static const support_case cases[] = {
        {"the guard", test_guard},
        {"buckets", test_buckets},
        {"JSON on the way out", test_json_out},
        {"thousandths", test_thousandths},
        {"the time of day", test_timestamp},
        {"the batcher", test_batcher},
        {"a full queue", test_full},
        {"many that wait for the same", test_alike},
    };
    return SUPPORT_MAIN("server", cases);
}
