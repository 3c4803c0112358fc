/* The base room: statuses, sizes that cannot overflow, SHA-256, the thread team. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/sha256.h"
#include "base/sha256_blocks.h"
#include "base/status.h"
#include "base/team.h"
#include "tests/support.h"

static void status_strings(void)
{
    static const struct {
        gte_status status;
        const char *name, *message;
    } all[] = {
#define ROW(name, number, text) {GTE_##name, "GTE_" #name, text},
        GTE_STATUS_MAP(ROW)
#undef ROW
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        CU_ASSERT_EQUAL(all[i].status, (gte_status)i); /* pinned, without holes */
        CU_ASSERT_STRING_EQUAL(gte_status_name(all[i].status), all[i].name);
        CU_ASSERT_STRING_EQUAL(gte_status_message(all[i].status), all[i].message);
    }
    CU_ASSERT_STRING_EQUAL(gte_status_name((gte_status)999), "GTE_E_UNKNOWN");
    CU_ASSERT_STRING_EQUAL(gte_status_message((gte_status)999), "unknown status");
}

static void status_fail(void)
{
    gte_error err = {.index = 7};
    CU_ASSERT_EQUAL(gte__fail(&err, GTE_E_IO, 42, "%s\n\x1b[31m%d", "name", 5), GTE_E_IO);
    CU_ASSERT_EQUAL(err.status, GTE_E_IO);
    CU_ASSERT_EQUAL(err.offset, 42);
    CU_ASSERT_EQUAL(err.index, 0);
    CU_ASSERT_STRING_EQUAL(err.message, "name??[31m5");
    CU_ASSERT_EQUAL(gte__fail(NULL, GTE_E_IO, 0, "x"), GTE_E_IO);

    char longer[1000];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    gte__fail(&err, GTE_E_IO, 0, "%s", longer);
    CU_ASSERT_EQUAL(strlen(err.message), sizeof err.message - 1);
    static const char *const cut[] = {"\xc3\xa9", "\xe4\xb8\xad", "\xf0\x9f\x98\x80"};
    for (size_t i = 0; i < sizeof cut / sizeof *cut; i++) /* each cut after its first byte */
        for (size_t kept = 1; kept < strlen(cut[i]); kept++) {
            memset(longer, 'a', sizeof longer - 1);
            memcpy(longer + sizeof err.message - 1 - kept, cut[i], strlen(cut[i]));
            gte__fail(&err, GTE_E_IO, 0, "%s", longer);
            CU_ASSERT_EQUAL(strlen(err.message), sizeof err.message - 1 - kept);
        }
    memset(longer, 'a', sizeof longer - 1);
    memcpy(longer + sizeof err.message - 1 - 3, cut[1], 3); /* whole at the end: stays */
    gte__fail(&err, GTE_E_IO, 0, "%s", longer);
    CU_ASSERT_EQUAL(strlen(err.message), sizeof err.message - 1);
    CU_ASSERT_EQUAL(gte__ok(&err), GTE_OK);
    CU_ASSERT_EQUAL(err.status, GTE_OK);
    CU_ASSERT_STRING_EQUAL(err.message, "");
}

static void sizes(void)
{
    size_t n = 5;
    CU_ASSERT_FALSE(gte__mul(SIZE_MAX, 2, &n));
    CU_ASSERT_FALSE(gte__add(SIZE_MAX, 1, &n));
    CU_ASSERT_FALSE(gte__round_up(SIZE_MAX - 3, 64, &n));
    CU_ASSERT_EQUAL(n, 5);
    CU_ASSERT_TRUE(gte__round_up(65, 64, &n));
    CU_ASSERT_EQUAL(n, 128);

    gte__plan plan = {0};
    CU_ASSERT_EQUAL(gte__plan_add(&plan, 3, 4), 0);
    CU_ASSERT_EQUAL(gte__plan_add(&plan, 1, 1), 64);
    CU_ASSERT_EQUAL(plan.total, 128);
    gte__plan_add(&plan, SIZE_MAX / 2, 4);
    CU_ASSERT_TRUE(plan.bad);
    gte__plan_add(&plan, 1, 1); /* stays bad */
    CU_ASSERT_TRUE(plan.bad);

    void *block = gte__block_alloc(1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(block);
    CU_ASSERT_EQUAL((uintptr_t)block % GTE_ALIGNMENT, 0);
    free(block);
    block = gte__block_alloc(0);
    CU_ASSERT_PTR_NOT_NULL(block);
    free(block);
    CU_ASSERT_PTR_NULL(gte__block_alloc(SIZE_MAX));
}

static void hash(const char *text, size_t repeat, size_t step, const char *expected)
{
    gte__sha256 s;
    uint8_t digest[32];
    char hex[65];
    size_t size = strlen(text);
    gte__sha256_init(&s);
    for (size_t i = 0; i < repeat; i++)
        for (size_t at = 0; at < size; at += step)
            gte__sha256_update(&s, text + at, size - at < step ? size - at : step);
    gte__sha256_final(&s, digest);
    for (int i = 0; i < 32; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    CU_ASSERT_STRING_EQUAL(hex, expected);
}

/* The examples of FIPS 180-4 (NIST CSRC, "SHA-256 examples") and the million a's. */
static void sha256(void)
{
    static const char *const two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    static const char *const of_two =
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
    hash("", 1, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash("abc", 1, 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    for (size_t step = 1; step < 60; step++) hash(two, 1, step, of_two);
    hash("aaaaaaaaaa", 100000, 7,
         "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* The processor's instructions give what the definition gives, from any state on, for any number of
 * blocks at any address. */
static void sha256_blocks(void)
{
    static uint8_t data[64 * 33 + 64];
    gte__sha256_blocks *best = gte__sha256_blocks_best();
    uint32_t seed = 1;
    if (best == gte__sha256_blocks_scalar) puts("SKIP no SHA extensions here");
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)((seed = seed * 1664525u + 1013904223u) >> 24);
    for (size_t blocks = 0; blocks <= 33; blocks++)
        for (size_t at = 0; at < 64; at += 7) {
            uint32_t one[8], other[8];
            memcpy(one, data + blocks, sizeof one);
            memcpy(other, one, sizeof other);
            gte__sha256_blocks_scalar(one, data + at, blocks);
            best(other, data + at, blocks);
            CU_ASSERT_EQUAL(memcmp(one, other, sizeof one), 0);
        }
}

typedef struct team_job {
    size_t tasks; /* of the one stage to come */
    _Atomic uint64_t sum;
    _Atomic uint32_t runs[64];
    _Atomic uint32_t bad_member;
    int threads;
} team_job;

static void add_task(void *arg, size_t task, int member)
{
    team_job *job = arg;
    atomic_fetch_add(&job->sum, task);
    if (task < 64) atomic_fetch_add(&job->runs[task], 1);
    if (member < 0 || member >= job->threads) atomic_store(&job->bad_member, 1);
}

static size_t one_stage(void *arg)
{
    team_job *job = arg;
    const size_t tasks = job->tasks;
    job->tasks = 0;
    return tasks;
}

/* Every task once, for many short jobs of many sizes; a pause now and then lets members sleep. */
static void team_runs_each_task_once(void)
{
    for (int threads = 1; threads <= 5; threads++) {
        gte__team *team = gte__team_create(threads, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(team);
        CU_ASSERT_EQUAL(gte__team_threads(team), threads);
        for (size_t i = 0; i < 3000; i++) {
            const size_t tasks = i % 65;
            team_job job = {.tasks = tasks, .threads = threads};
            gte__team_run(team, one_stage, add_task, &job);
            uint64_t wrong = atomic_load(&job.bad_member);
            for (size_t t = 0; t < 64; t++) wrong += atomic_load(&job.runs[t]) != (t < tasks);
            CU_ASSERT_EQUAL(wrong, 0);
            CU_ASSERT_EQUAL(atomic_load(&job.sum), tasks ? tasks * (tasks - 1) / 2 : 0);
            if (i % 1000 == 999) usleep(2000);
        }
        gte__team_free(team);
    }
    gte__team_free(NULL);
}

static void slow_task(void *arg, size_t task, int member)
{
    if (task == 0) usleep(20000);
    add_task(arg, task, member);
}

/* One task that takes long: the others are done meanwhile and the caller waits, asleep. */
static void team_waits_for_a_slow_task(void)
{
    gte__team *team = gte__team_create(3, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(team);
    for (int i = 0; i < 5; i++) {
        team_job job = {.tasks = 9, .threads = 3};
        gte__team_run(team, one_stage, slow_task, &job);
        CU_ASSERT_EQUAL(atomic_load(&job.sum), 36);
    }
    gte__team_free(team);
}

static _Atomic int started;

static void count_start(void)
{
    atomic_fetch_add(&started, 1);
}

static void team_starts_members(void)
{
    atomic_store(&started, 0);
    gte__team *team = gte__team_create(4, count_start);
    CU_ASSERT_PTR_NOT_NULL_FATAL(team);
    gte__team_free(team); /* joins, so every member has started */
    CU_ASSERT_EQUAL(atomic_load(&started), 3);
}

int main(void)
{
    static const support_case cases[] = {
        {"status strings", status_strings},
        {"filling an error", status_fail},
        {"sizes and plans", sizes},
        {"SHA-256 against FIPS 180-4", sha256},
        {"SHA-256 by instructions for it", sha256_blocks},
        {"team: each task once", team_runs_each_task_once},
        {"team: a slow task", team_waits_for_a_slow_task},
        {"team: members start", team_starts_members},
    };
    return SUPPORT_MAIN("base", cases);
}
