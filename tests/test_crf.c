/* Linear-chain CRFs by a second route: every one of the K^n sequences; and long chains. */
#include <math.h>
#include <string.h>

#include "support.h"
#include "tag_passage.h"

/* ---- a CRF by every sequence ----------------------------------------------------------------- */

typedef struct every {
    size_t n, k;
    const tag_head *h;
    const float *x;
    uint32_t best[8];
    double base, top, total; /* the highest score, the sum of exp(score - base) */
} every;

static double score_of(const every *e, const uint32_t *y)
{
    double score = (double)e->h->start[y[0]] + (double)e->h->end[y[e->n - 1]];
    for (size_t t = 0; t < e->n; t++) score += (double)e->x[t * e->k + y[t]];
    for (size_t t = 1; t < e->n; t++) score += (double)e->h->transitions[y[t - 1] * e->k + y[t]];
    return score;
}

/* All K^n of them in order; the chance of those that have wanted[a .. b]. */
static double enumerate(every *e, const uint32_t *wanted, size_t a, size_t b)
{
    uint32_t y[8] = {0};
    double hit = 0.0;
    e->top = -INFINITY;
    e->total = 0.0;
    for (;;) {
        const double score = score_of(e, y), chance = exp(score - e->base);
        if (score > e->top) {
            e->top = score;
            memcpy(e->best, y, sizeof y);
        }
        e->total += chance;
        if (wanted && memcmp(y + a, wanted + a, (b - a + 1) * sizeof *y) == 0) hit += chance;
        size_t t = 0;
        while (t < e->n && ++y[t] == e->k) y[t++] = 0;
        if (t == e->n) return hit / e->total;
    }
}

static void random_floats(float *x, size_t n, float scale, uint64_t *seed)
{
    for (size_t i = 0; i < n; i++)
        x[i] = scale * ((float)(support_random(seed) >> 40) / (float)(1 << 23) - 1.0f);
}

/* `forbid`: transitions that must not be, as trained models with hard rules have them; `force`: the
 * path begins with a label that nothing may follow, so that all sums underflow. */
static void check_every(size_t n, size_t k, bool forbid, bool force, uint64_t *seed)
{
    tag_head h;
    float x[8 * 6];
    gte__unit units[8];
    gte__tag_span span = {0, 0, 0.0};
    gte__buffer steps = {0}, rows = {0};
    const gte__crf_memory memory = {&steps, &rows};
    gte_error err = {0};
    tag_make_head(&h, (uint32_t)k, GTE__HEAD_CRF);
    random_floats(x, n * k, 4.0f, seed);
    random_floats(h.start, k, 2.0f, seed);
    random_floats(h.end, k, 2.0f, seed);
    random_floats(h.transitions, k * k, 3.0f, seed);
    for (size_t i = 0; forbid && i < k * k; i++)
        if (support_random(seed) % 2) h.transitions[i] = -10000.0f;
    for (size_t i = 0; force && i < k; i++) h.transitions[i] = -10000.0f;
    if (force) x[0] = 10000.0f;
    for (size_t u = 0; u < n; u++) units[u] = (gte__unit){(uint32_t)u, (uint32_t)u, 0, 0, 0.0f};
    CU_ASSERT_EQUAL_FATAL(gte__crf_decode(&h.head, x, units, n, memory, &err), GTE_OK);
    every e = {n, k, &h, x, {0}, 0.0, 0.0, 0.0};
    enumerate(&e, NULL, 0, 0);
    e.base = e.top;
    uint32_t got[8];
    for (size_t u = 0; u < n; u++) got[u] = units[u].label;
    CU_ASSERT_TRUE(fabs(score_of(&e, got) - e.top) < 1e-9 * fmax(1.0, fabs(e.top)));
    for (size_t a = 0; a < n; a++)
        for (size_t b = a; b < n; b++) {
            span = (gte__tag_span){(uint32_t)a, (uint32_t)b, 0.0};
            CU_ASSERT_EQUAL_FATAL(gte__crf_scores(&h.head, x, units, n, &span, 1, memory, &err),
                                  GTE_OK);
            CU_ASSERT_TRUE(fabs(span.score - enumerate(&e, got, a, b)) < 1e-9);
        }
    gte__buffer_free(&steps);
    gte__buffer_free(&rows);
}

static void test_every_sequence(void)
{
    uint64_t seed = 7;
    for (size_t n = 1; n <= 5; n++)
        for (size_t k = 1; k <= 5; k++)
            for (int round = 0; round < 6; round++) check_every(n, k, round % 2, round > 3, &seed);
}

/* The lower label wins. */
static void test_ties(void)
{
    static const float x[6] = {1.0f, 1.0f, 0.0f, 0.0f, 2.0f, 2.0f};
    static tag_head h;
    gte__unit units[3] = {{0, 0, 9, 0, 0.0f}, {1, 1, 9, 1, 0.0f}, {2, 2, 9, 2, 0.0f}};
    gte__buffer steps = {0}, rows = {0};
    gte_error err = {0};
    tag_make_head(&h, 2, GTE__HEAD_CRF);
    CU_ASSERT_EQUAL(gte__crf_decode(&h.head, x, units, 3, (gte__crf_memory){&steps, &rows}, &err),
                    GTE_OK);
    CU_ASSERT_TRUE(units[0].label == 0 && units[1].label == 0 && units[2].label == 0);
    gte__buffer_free(&steps);
    gte__buffer_free(&rows);
}

/* All scores of one pass are those of passes of their own, also where sums underflow, and no
 * length overflows. */
static void test_long_chain(void)
{
    enum { N = 20000, K = 13 };
    static float x[N * K];
    static gte__unit units[N];
    static gte__tag_span spans[N / 10];
    static tag_head h;
    gte__buffer steps = {0}, rows = {0};
    const gte__crf_memory memory = {&steps, &rows};
    gte_error err = {0};
    uint64_t seed = 11;
    tag_make_head(&h, K, GTE__HEAD_CRF);
    random_floats(x, N * K, 400.0f, &seed);
    random_floats(h.transitions, K * K, 900.0f, &seed);
    for (uint32_t u = 0; u < N; u++) units[u] = (gte__unit){u, u, 0, u, 0.0f};
    CU_ASSERT_EQUAL_FATAL(gte__crf_decode(&h.head, x, units, N, memory, &err), GTE_OK);
    for (uint32_t i = 0; i < N / 10; i++)
        spans[i] = (gte__tag_span){10 * i + i % 4, 10 * i + i % 4 + i % 6, 0.0};
    CU_ASSERT_EQUAL_FATAL(gte__crf_scores(&h.head, x, units, N, spans, N / 10, memory, &err),
                          GTE_OK);
    for (size_t i = 0; i < N / 10; i++)
        CU_ASSERT_TRUE(spans[i].score > 0.0 && spans[i].score <= 1.0);
    for (size_t i = 0; i < N / 10; i += 199) {
        gte__tag_span one = spans[i];
        CU_ASSERT_EQUAL(gte__crf_scores(&h.head, x, units, N, &one, 1, memory, &err), GTE_OK);
        CU_ASSERT_DOUBLE_EQUAL(one.score, spans[i].score, 1e-12);
    }
    h.transitions[3] = NAN;
    for (size_t i = 0; i < K; i++) h.end[i] = NAN;
    CU_ASSERT_EQUAL(gte__crf_decode(&h.head, x, units, N, memory, &err), GTE_E_FORMAT);
    gte__buffer_free(&steps);
    gte__buffer_free(&rows);
}

int main(void)
{
    static const support_case cases[] = {
        {"against every sequence", test_every_sequence},
        {"ties", test_ties},
        {"over a long text", test_long_chain},
    };
    return SUPPORT_MAIN("crf", cases);
}
