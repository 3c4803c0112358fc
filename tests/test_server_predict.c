/* Predictions in the batcher: bad ones beside good ones, equal ones, two heads in one queue, ones
 * that nobody waits for. tests/server/test_tasks.py asks over HTTP. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "made_head.h"
#include "server/batcher.h"
#include "server/prediction.h"
#include "support.h"

enum { COUNT = 8, LABELS = 3, LONG = 700 };

typedef struct fixture {
    gte_model *model;
    gte_head *heads[2];
    void *bytes[2];
    server__batcher *batcher;
    char long_text[LONG];
    pthread_mutex_t lock;
    pthread_cond_t wake;
    int ends[4];
} fixture;

static void set_up(fixture *f)
{
    static const gte__head_header like = {.kind = GTE__HEAD_SEQUENCE,
                                          .reads = GTE__HEAD_READS_FIRST,
                                          .tasks = GTE_TASK_BIT(GTE_TASK_CLASSIFICATION),
                                          .labels = LABELS};
    const server__batcher_options options = {.workers = 1,
                                             .threads = 1,
                                             .batch_tokens = 4096,
                                             .queue_items = 1000,
                                             .queue_tokens = 100000};
    gte_error err;
    memset(f, 0, sizeof *f);
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->wake, NULL);
    f->model = support_standin_open();
    for (uint64_t i = 0; i < 2; i++)
        f->heads[i] = made_head(f->model, &like, 5 + i, 1.0f, &f->bytes[i]);
    f->batcher = server__batcher_start(f->model, &options, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(f->batcher);
    memset(f->long_text, '!', LONG); /* a token a byte, so that all fit one batch by the estimate */
}

static void tear_down(fixture *f)
{
    server__batcher_free(&f->batcher);
    for (int i = 0; i < 2; i++) {
        gte_head_close(&f->heads[i]);
        free(f->bytes[i]);
    }
    gte_model_close(&f->model);
    pthread_cond_destroy(&f->wake);
    pthread_mutex_destroy(&f->lock);
}

static void count_end(server__job *job, server__job_end end)
{
    fixture *f = job->arg;
    pthread_mutex_lock(&f->lock);
    f->ends[end]++;
    pthread_cond_signal(&f->wake);
    pthread_mutex_unlock(&f->lock);
}

static void wait_for_ends(fixture *f, int count)
{
    pthread_mutex_lock(&f->lock);
    while (f->ends[0] + f->ends[1] + f->ends[2] + f->ends[3] < count)
        pthread_cond_wait(&f->wake, &f->lock);
    pthread_mutex_unlock(&f->lock);
}

/* A bad one does not fit, and may not be cut. `number` makes text and key. */
static server__prediction *ask(const fixture *f, int head, unsigned char number, bool bad)
{
    const gte_request standard = GTE_REQUEST_INIT;
    gte_request request = standard;
    gte_cache_key key = {{number, (unsigned char)head, bad}};
    char text[] = "good morning ?";
    text[sizeof text - 2] = (char)('a' + number);
    request.task = GTE_TASK_CLASSIFICATION;
    request.text = bad ? (gte_text){f->long_text, LONG, NULL, 0} : gte_text_of(text);
    request.flags = GTE_NO_TRUNCATE;
    server__prediction *p = server__prediction_create(f->heads[head], &request, &key);
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    return p;
}

static server__job job_of(fixture *f, server__item *items, size_t count)
{
    for (size_t i = 0; i < count; i++) items[i].count = items[i].prediction->tokens;
    return (server__job){.items = items, .count = count, .done = count_end, .arg = f};
}

/* What the head says to the text when nobody is beside it. */
static void expect_alone(const fixture *f, int head, unsigned char number,
                         const server__prediction *got)
{
    server__prediction *alone = ask(f, head, number, false);
    gte_context *ctx;
    gte_result_info a = {0}, b = {0};
    CU_ASSERT_EQUAL_FATAL(gte_context_create(&ctx, f->model, NULL, NULL), GTE_OK);
    CU_ASSERT_EQUAL(gte_predict(ctx, f->heads[head], &alone->request, 1, &alone->result, NULL),
                    GTE_OK);
    CU_ASSERT_EQUAL_FATAL(got->err.status, GTE_OK);
    gte_result_describe(alone->result, &a, sizeof a);
    gte_result_describe(got->result, &b, sizeof b);
    CU_ASSERT_EQUAL_FATAL(b.label_count, LABELS);
    for (int i = 0; i < LABELS; i++) {
        CU_ASSERT_STRING_EQUAL(a.labels[i].name, b.labels[i].name);
        CU_ASSERT_DOUBLE_EQUAL(a.labels[i].score, b.labels[i].score, 1e-5);
    }
    gte_context_free(&ctx);
    server__prediction_drop(&alone);
}

/* One batch of which some are bad: those are told, the others answered. */
static void test_neighbours(void)
{
    static const unsigned bad[] = {0x00, 0x01, 0x80, 0x11, 0x4a, 0x7f, 0xff};
    fixture f;
    set_up(&f);
    for (size_t n = 0; n < sizeof bad / sizeof *bad; n++) {
        server__item items[COUNT] = {{0}};
        for (unsigned char i = 0; i < COUNT; i++)
            items[i].prediction = ask(&f, 0, i, bad[n] >> i & 1);
        /* equal ones would be computed once, so that bad ones must differ */
        for (unsigned char i = 0; i < COUNT; i++) items[i].prediction->key.bytes[9] = i;
        server__job job = job_of(&f, items, COUNT);
        CU_ASSERT_EQUAL_FATAL(server__batcher_submit(f.batcher, &job), SERVER__SUBMITTED);
        wait_for_ends(&f, (int)n + 1);
        for (unsigned char i = 0; i < COUNT; i++) {
            if (bad[n] >> i & 1) {
                CU_ASSERT_EQUAL(items[i].prediction->err.status, GTE_E_TOO_LONG);
            } else {
                expect_alone(&f, 0, i, items[i].prediction);
            }
            server__prediction_drop(&items[i].prediction);
        }
    }
    CU_ASSERT_EQUAL(f.ends[SERVER__JOB_DONE], sizeof bad / sizeof *bad);
    tear_down(&f);
}

/* Each by its own head, equal ones once. */
static void test_heads(void)
{
    fixture f;
    server__batcher_state state;
    server__item items[COUNT] = {{0}};
    set_up(&f);
    for (unsigned char i = 0; i < COUNT; i++)
        items[i].prediction = ask(&f, i % 2, (unsigned char)(i / 4), false);
    server__job job = job_of(&f, items, COUNT);
    CU_ASSERT_EQUAL_FATAL(server__batcher_submit(f.batcher, &job), SERVER__SUBMITTED);
    wait_for_ends(&f, 1);
    server__batcher_describe(f.batcher, &state);
    CU_ASSERT_EQUAL(state.items, 4);
    CU_ASSERT_EQUAL(state.shared, 4);
    CU_ASSERT_PTR_EQUAL(items[0].prediction, items[2].prediction);
    for (unsigned char i = 0; i < COUNT; i++) {
        expect_alone(&f, i % 2, (unsigned char)(i / 4), items[i].prediction);
        server__prediction_drop(&items[i].prediction);
    }
    tear_down(&f);
}

/* Jobs past their deadline leave the queue or the encoder, whichever they are on, again and again,
 * and nothing is lost or freed twice. */
static void test_leaving(void)
{
    fixture f;
    set_up(&f);
    for (int n = 0; n < 50; n++) {
        server__item items[COUNT] = {{0}};
        for (unsigned char i = 0; i < COUNT; i++)
            items[i].prediction = ask(&f, i % 2, (unsigned char)(i / 4), false);
        server__job job = job_of(&f, items, COUNT);
        job.deadline_ns = 1;
        CU_ASSERT_EQUAL_FATAL(server__batcher_submit(f.batcher, &job), SERVER__SUBMITTED);
        server__batcher_sweep(f.batcher, 2);
        wait_for_ends(&f, n + 1);
        for (int i = 0; i < COUNT; i++) server__prediction_drop(&items[i].prediction);
    }
    CU_ASSERT_EQUAL(f.ends[SERVER__JOB_DONE] + f.ends[SERVER__JOB_DEADLINE], 50);
    tear_down(&f);
}

int main(void)
{
    static const support_case cases[] = {
        {"bad neighbours", test_neighbours},
        {"two heads in one queue, equal ones once", test_heads},
        {"leaving", test_leaving},
    };
    return SUPPORT_MAIN("server predictions", cases);
}
