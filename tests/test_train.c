/* The trainer: L-BFGS, the losses of logistic regression, folds, the choice of C, prototypes. The
 * oracles are finite differences and plain gradient descent in double, written here from the
 * formulas. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/choose_c.h"
#include "train/folds.h"
#include "train/judge_texts.h"
#include "train/product.h"
#include "train/prototype.h"

#define ROWS 60
#define DIMS 5
#define CLASSES 4

/* Rows around CLASSES centres, not separable; label i % CLASSES. */
typedef struct toy {
    float x[ROWS * DIMS];
    uint32_t starts[ROWS + 1], labels[2 * ROWS];
    train__rows rows;
    train__truth truth;
} toy;

static uint32_t random_state = 1;
static double uniform(void)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (double)(random_state >> 8) / (1 << 24) - 0.5;
}

static void make_toy(toy *t)
{
    random_state = 7;
    for (size_t i = 0; i < ROWS; i++) {
        t->starts[i] = (uint32_t)i;
        t->labels[i] = (uint32_t)(i % CLASSES);
        for (size_t j = 0; j < DIMS; j++)
            t->x[i * DIMS + j] = (float)(uniform() + (j == i % CLASSES ? 0.6 : 0));
    }
    t->starts[ROWS] = ROWS;
    t->rows = (train__rows){t->x, ROWS, DIMS, CLASSES, 0, 0};
    t->truth = (train__truth){t->starts, t->labels, CLASSES};
}

/* Two labels for every third row, none for every fifth. */
static void make_several(toy *t)
{
    uint32_t used = 0;
    make_toy(t);
    for (size_t i = 0; i < ROWS; i++) {
        t->starts[i] = used;
        if (i % 5 != 0) t->labels[used++] = (uint32_t)(i % CLASSES);
        if (i % 3 == 0) t->labels[used++] = (uint32_t)((i + 1) % CLASSES);
    }
    t->starts[ROWS] = used;
}

/* (1 - x)^2 + 100 (y - x^2)^2 */
static gte_status rosenbrock(void *arg, const double *x, double *value, double *gradient,
                             gte_error *err)
{
    const double a = 1 - x[0], b = x[1] - x[0] * x[0];
    (void)err;
    ++*(int *)arg;
    *value = a * a + 100 * b * b;
    gradient[0] = -2 * a - 400 * x[0] * b;
    gradient[1] = 200 * b;
    return GTE_OK;
}

static void test_minimise(void)
{
    int calls = 0;
    double x[2] = {-1.2, 1};
    const train__function function = {2, rosenbrock, &calls, 0};
    const train__limits limits = {1e-10, 200};
    train__outcome outcome;
    CU_ASSERT_EQUAL(train__minimise(&function, &limits, x, &outcome, NULL), GTE_OK);
    CU_ASSERT_TRUE(outcome.converged);
    CU_ASSERT_EQUAL(outcome.evaluations, calls);
    CU_ASSERT_TRUE(outcome.iterations < 60);
    CU_ASSERT_DOUBLE_EQUAL(x[0], 1, 1e-8);
    CU_ASSERT_DOUBLE_EQUAL(x[1], 1, 1e-8);
    const train__limits few = {1e-10, 3};
    x[0] = -1.2;
    CU_ASSERT_EQUAL(train__minimise(&function, &few, x, &outcome, NULL), GTE_OK);
    CU_ASSERT_FALSE(outcome.converged);
    CU_ASSERT_EQUAL(outcome.iterations, 3);
}

/* Derivatives by the loss against differences of it. */
static void check_derivatives(const train__loss *loss)
{
    float scores[ROWS * CLASSES], moved[ROWS * CLASSES], derivative[ROWS * CLASSES];
    for (size_t i = 0; i < ROWS * CLASSES; i++) scores[i] = (float)(6 * uniform());
    memcpy(derivative, scores, sizeof scores);
    loss->run(loss->arg, 0, ROWS, derivative, NULL, NULL);
    for (size_t i = 0; i < ROWS * CLASSES; i += 7) {
        const float step = 1.0f / 64;
        double value[2];
        for (int side = 0; side < 2; side++) {
            memcpy(moved, scores, sizeof scores);
            moved[i] += side ? step : -step;
            value[side] = loss->run(loss->arg, 0, ROWS, moved, NULL, NULL);
        }
        /* h^2 / 6 times a third derivative below 0.1, and rounding of 1e-6 / (2 h) */
        CU_ASSERT_DOUBLE_EQUAL((value[1] - value[0]) / (2 * (double)step), (double)derivative[i],
                               1e-4);
    }
}

static void test_derivatives(void)
{
    toy t;
    make_toy(&t);
    train__loss loss = train__softmax_loss(&t.truth);
    check_derivatives(&loss);
    make_several(&t);
    loss = train__sigmoid_loss(&t.truth);
    check_derivatives(&loss);
}

/* The multinomial objective's gradient in double, from the formula, over rows outside the hole. */
static void plain_gradient(const toy *t, double c, const double *w, double *gradient)
{
    const double *bias = w + CLASSES * DIMS;
    const size_t trained = ROWS - (t->rows.hole_to - t->rows.hole_from);
    for (size_t i = 0; i < CLASSES * DIMS; i++) gradient[i] = w[i] / (c * (double)trained);
    for (size_t i = 0; i < CLASSES; i++) gradient[CLASSES * DIMS + i] = 0;
    for (size_t i = 0; i < ROWS; i++) {
        double p[CLASSES], sum = 0;
        if (i >= t->rows.hole_from && i < t->rows.hole_to) continue;
        for (size_t k = 0; k < CLASSES; k++) {
            double score = bias[k];
            for (size_t j = 0; j < DIMS; j++) score += w[k * DIMS + j] * (double)t->x[i * DIMS + j];
            sum += p[k] = exp(score);
        }
        for (size_t k = 0; k < CLASSES; k++) {
            const double residual = (p[k] / sum - (t->labels[i] == k)) / (double)trained;
            for (size_t j = 0; j < DIMS; j++)
                gradient[k * DIMS + j] += residual * (double)t->x[i * DIMS + j];
            gradient[CLASSES * DIMS + k] += residual;
        }
    }
}

static void check_optimum(toy *t, double c)
{
    enum { WEIGHTS = CLASSES * DIMS + CLASSES };
    double w[WEIGHTS] = {0}, plain[WEIGHTS] = {0}, gradient[WEIGHTS];
    const train__loss loss = train__softmax_loss(&t->truth);
    const train__options options = {.c = c, .tolerance = 2e-6};
    train__outcome outcome;
    CU_ASSERT_EQUAL(train__linear_fit(&t->rows, &loss, &options, w, &outcome, NULL), GTE_OK);
    CU_ASSERT_TRUE(outcome.converged);
    for (int step = 0; step < 20000; step++) {
        plain_gradient(t, c, plain, gradient);
        for (size_t i = 0; i < WEIGHTS; i++) plain[i] -= 2 * gradient[i];
    }
    for (size_t i = 0; i < WEIGHTS; i++) CU_ASSERT_DOUBLE_EQUAL(w[i], plain[i], 2e-3);
}

static void test_optimum(void)
{
    toy t;
    make_toy(&t);
    check_optimum(&t, 1);
    check_optimum(&t, 30);
    t.rows.hole_from = 20;
    t.rows.hole_to = 41;
    check_optimum(&t, 3);
}

static int stop_after(void *arg)
{
    return --*(int *)arg < 0;
}

static void test_refused(void)
{
    toy t;
    gte_error err;
    double w[CLASSES * DIMS + CLASSES] = {0};
    int left = 3;
    train__outcome outcome;
    make_toy(&t);
    const train__loss loss = train__softmax_loss(&t.truth);
    train__options options = {.c = 1, .poll = stop_after, .poll_arg = &left};
    CU_ASSERT_EQUAL(train__linear_fit(&t.rows, &loss, &options, w, &outcome, &err),
                    GTE_E_CANCELLED);
    options.poll = NULL;
    t.x[7 * DIMS + 2] = NAN;
    CU_ASSERT_EQUAL(train__linear_fit(&t.rows, &loss, &options, w, &outcome, &err), GTE_E_ARGUMENT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "example 8"));
    make_toy(&t);
    t.rows.hole_to = ROWS;
    CU_ASSERT_EQUAL(train__linear_fit(&t.rows, &loss, &options, w, &outcome, &err), GTE_E_ARGUMENT);
}

static void test_choose(void)
{
    const double grid[] = {1e-4, 0.1, 10, 1000, 1e5};
    const size_t bounds[] = {0, 20, 40, 60};
    toy t;
    make_toy(&t);
    train__trials trials;
    const train__loss loss = train__softmax_loss(&t.truth);
    const train__text_judge texts = {&t.rows, &t.truth, false};
    const train__judge judge = train__judge_of_texts(&texts);
    const train__options options = {0};
    CU_ASSERT_EQUAL(
        train__choose_c(&t.rows, &loss, &options, bounds, 3, &judge, grid, 5, &trials, NULL),
        GTE_OK);
    CU_ASSERT_TRUE(trials.best >= 1 && trials.count <= trials.best + 3);
    const train__trial *best = &trials.of[trials.best];
    CU_ASSERT_TRUE(best->mean.accuracy > 0.6 && best->mean.accuracy < 1);
    CU_ASSERT_TRUE(best->spread.accuracy > 0 && best->spread.accuracy < 0.3);
    for (size_t i = 0; i < trials.count; i++)
        CU_ASSERT_TRUE(trials.of[i].mean.accuracy <= best->mean.accuracy);
}

static void test_tally(void)
{
    train__counts counts[3] = {{0, 0, 0}};
    train__tally tally = {.of = counts, .k = 3};
    const float scores[4][3] = {{2, 1, 0}, {0, 3, 1}, {5, 1, 1}, {0, 1, 0}};
    const uint32_t truth[4] = {0, 1, 1, 1};
    for (size_t i = 0; i < 4; i++) train__tally_add(&tally, scores[i], &truth[i], 1, false);
    CU_ASSERT_DOUBLE_EQUAL(train__tally_accuracy(&tally), 0.75, 1e-12);
    /* label 0: 1 right of 2 said and 1 there; label 1: 2 of 2 and 3; label 2 does not count */
    CU_ASSERT_DOUBLE_EQUAL(train__tally_macro_f1(&tally), (2.0 / 3 + 0.8) / 2, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(train__tally_micro_f1(&tally), 0.75, 1e-12);
    memset(counts, 0, sizeof counts);
    const uint32_t both[2] = {0, 2};
    const float signs[3] = {0.5f, -1, -2};
    tally = (train__tally){.of = counts, .k = 3};
    train__tally_add(&tally, signs, both, 2, true);
    CU_ASSERT_DOUBLE_EQUAL(train__tally_accuracy(&tally), 0, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(train__tally_micro_f1(&tally), 2.0 / 3, 1e-12);
}

static void make_examples(train__examples *examples)
{
    static const char *const names[] = {"a", "b", "c"};
    memset(examples, 0, sizeof *examples);
    for (uint64_t i = 0; i < 100; i++) {
        const char *name = names[i < 60 ? 0 : i < 90 ? 1 : 2];
        CU_ASSERT_EQUAL(train__example_begin(examples, "text", 4, i, NULL), GTE_OK);
        CU_ASSERT_EQUAL(train__example_label(examples, name, 1, NULL), GTE_OK);
    }
}

static void test_folds(void)
{
    train__examples one, two;
    train__folds folds;
    make_examples(&one);
    make_examples(&two);
    CU_ASSERT_EQUAL(train__folds_arrange(&one, 7, true, 42, &folds, NULL), GTE_OK);
    CU_ASSERT_EQUAL(folds.bounds[7], 100);
    int seen[100] = {0};
    for (unsigned f = 0; f < 7; f++) {
        int labels[3] = {0};
        for (size_t i = folds.bounds[f]; i < folds.bounds[f + 1]; i++) {
            labels[one.marks[one.items[i].first].label]++;
            seen[one.items[i].line]++;
        }
        CU_ASSERT_TRUE(labels[0] >= 8 && labels[0] <= 9);
        CU_ASSERT_TRUE(labels[1] >= 4 && labels[1] <= 5);
        CU_ASSERT_TRUE(labels[2] >= 1 && labels[2] <= 2);
    }
    for (size_t i = 0; i < 100; i++) CU_ASSERT_EQUAL(seen[i], 1);
    CU_ASSERT_EQUAL(train__folds_arrange(&two, 7, true, 42, &folds, NULL), GTE_OK);
    size_t same = 0;
    for (size_t i = 0; i < 100; i++) same += one.items[i].line == two.items[i].line;
    CU_ASSERT_EQUAL(same, 100);
    train__examples_free(&two);
    make_examples(&two);
    CU_ASSERT_EQUAL(train__folds_arrange(&two, 7, true, 43, &folds, NULL), GTE_OK);
    for (size_t i = same = 0; i < 100; i++) same += one.items[i].line == two.items[i].line;
    CU_ASSERT_TRUE(same < 50);
    train__examples_free(&one);
    train__examples_free(&two);
}

/* The cosine of a row to the mean of the others of a label. */
static double plain_cosine(const toy *t, size_t row, uint32_t label)
{
    double mean[DIMS] = {0}, product = 0, square = 0;
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < DIMS && i != row && t->labels[i] == label; j++)
            mean[j] += (double)t->x[i * DIMS + j];
    for (size_t j = 0; j < DIMS; j++) {
        product += mean[j] * (double)t->x[row * DIMS + j];
        square += mean[j] * mean[j];
    }
    return product / sqrt(square);
}

static void test_prototypes(void)
{
    toy t;
    float w[CLASSES * DIMS];
    train__counts counts[CLASSES] = {{0, 0, 0}};
    train__tally tally = {.of = counts, .k = CLASSES};
    train__prototypes made;
    size_t right = 0;
    make_toy(&t);
    for (size_t i = 0; i < ROWS; i++) {
        double square = 0;
        for (size_t j = 0; j < DIMS; j++) square += pow((double)t.x[i * DIMS + j], 2);
        for (size_t j = 0; j < DIMS; j++) t.x[i * DIMS + j] /= (float)sqrt(square);
    }
    CU_ASSERT_EQUAL(train__prototypes_make(&t.rows, &t.truth, w, &made, &tally, NULL), GTE_OK);
    CU_ASSERT_EQUAL(made.judged, ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        uint32_t best = 0;
        for (uint32_t k = 1; k < CLASSES; k++)
            if (plain_cosine(&t, i, k) > plain_cosine(&t, i, best)) best = k;
        right += best == t.labels[i];
    }
    CU_ASSERT_EQUAL(tally.exact, right);
    double length = 0;
    for (size_t j = 0; j < DIMS; j++) length += pow((double)w[j], 2);
    CU_ASSERT_DOUBLE_EQUAL(sqrt(length) * made.temperature, 1, 1e-5);
}

static void test_labels(void)
{
    train__examples examples = {0};
    gte_error err;
    char name[TRAIN__LABEL_BYTES + 2];
    memset(name, 'x', sizeof name);
    CU_ASSERT_EQUAL(train__example_begin(&examples, "text", 4, 1, &err), GTE_OK);
    CU_ASSERT_EQUAL(train__example_label(&examples, name, 0, &err), GTE_E_ARGUMENT);
    CU_ASSERT_EQUAL(train__example_label(&examples, name, sizeof name, &err), GTE_E_ARGUMENT);
    CU_ASSERT_EQUAL(train__example_label(&examples, "a\nb", 3, &err), GTE_E_ARGUMENT);
    CU_ASSERT_EQUAL(train__example_label(&examples, "a\xff", 2, &err), GTE_E_ARGUMENT);
    CU_ASSERT_EQUAL(train__example_label(&examples, "a", 1, &err), GTE_OK);
    CU_ASSERT_EQUAL(train__example_label(&examples, "a", 1, &err), GTE_OK);
    CU_ASSERT_EQUAL(examples.items[0].count, 1);
    CU_ASSERT_EQUAL(train__example_begin(&examples, "a\xff", 2, 2, &err), GTE_E_ARGUMENT);
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "label %d", i);
        CU_ASSERT_EQUAL(train__example_label(&examples, name, strlen(name), &err), GTE_OK);
    }
    CU_ASSERT_EQUAL(train__label_find(&examples.labels, "label 617", 9), 618);
    CU_ASSERT_EQUAL(train__label_find(&examples.labels, "label", 5), TRAIN__NO_LABEL);
    train__examples_free(&examples);
}

int main(void)
{
    static const support_case cases[] = {
        {"L-BFGS finds the minimum of Rosenbrock's function", test_minimise},
        {"losses: derivatives against differences", test_derivatives},
        {"the optimum against plain gradient descent", test_optimum},
        {"what cannot be trained on, and a stop", test_refused},
        {"the choice of C", test_choose},
        {"accuracy and F1", test_tally},
        {"folds", test_folds},
        {"prototypes against plain means", test_prototypes},
        {"labels", test_labels},
    };
    train__product_setup();
    return SUPPORT_MAIN("train", cases);
}
