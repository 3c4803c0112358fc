/* The trainer of tagged words: what tags mean, and the conditional random field against sums over
 * every path of short sentences. */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/chain_crf.h"

#define MOST_TAGS 7
#define MOST_WORDS 4

/* One sentence, "word/TAG word/TAG". */
static void add_sentence(train__examples *examples, const char *line)
{
    char copy[256], *save = NULL;
    snprintf(copy, sizeof copy, "%s", line);
    CU_ASSERT_EQUAL(train__example_begin(examples, "", 0, examples->count + 1, NULL), GTE_OK);
    for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        char *tag = strchr(word, '/');
        CU_ASSERT_EQUAL(train__example_word(examples, word, (size_t)(tag - word), tag + 1,
                                            strlen(tag + 1), NULL),
                        GTE_OK);
    }
}

static size_t spans_of(const train__examples *examples, const train__tags *tags, size_t sentence,
                       train__span *spans)
{
    uint32_t labels[16];
    const train__example *example = &examples->items[sentence];
    for (uint32_t i = 0; i < example->count; i++)
        labels[i] = examples->marks[example->first + i].label;
    return train__tags_spans(tags, labels, example->count, spans);
}

static bool is_span(const train__tags *tags, const train__span *span, uint32_t start, uint32_t end,
                    const char *type)
{
    return span->start == start && span->end == end &&
           strcmp(tags->types.names[span->type], type) == 0;
}

static void test_bio(void)
{
    train__examples examples = {0};
    train__tags tags;
    train__span spans[16];
    size_t repaired;
    add_sentence(&examples, "a/B-PER b/I-PER c/B-PER d/O e/B-LOC");
    add_sentence(&examples, "a/I-PER b/I-LOC c/I-LOC");
    add_sentence(&examples, "a/B-LOC b/I-LOC");
    CU_ASSERT_EQUAL(train__tags_read(&examples, &tags, &repaired, NULL), GTE_OK);
    CU_ASSERT_EQUAL(repaired, 2);
    CU_ASSERT_FALSE(tags.closed);
    CU_ASSERT_EQUAL_FATAL(spans_of(&examples, &tags, 0, spans), 3);
    CU_ASSERT_TRUE(is_span(&tags, &spans[0], 0, 2, "PER"));
    CU_ASSERT_TRUE(is_span(&tags, &spans[1], 2, 3, "PER"));
    CU_ASSERT_TRUE(is_span(&tags, &spans[2], 4, 5, "LOC"));
    CU_ASSERT_EQUAL_FATAL(spans_of(&examples, &tags, 1, spans), 2);
    CU_ASSERT_TRUE(is_span(&tags, &spans[0], 0, 1, "PER"));
    CU_ASSERT_TRUE(is_span(&tags, &spans[1], 1, 3, "LOC"));
    train__tags_free(&tags);
    train__examples_free(&examples);
}

static void test_closed(void)
{
    train__examples examples = {0};
    train__tags tags;
    train__span spans[16];
    gte_error err;
    size_t repaired;
    add_sentence(&examples, "a/S-PER b/B-LOC c/M-LOC d/E-LOC e/O f/B-PER g/E-PER");
    CU_ASSERT_EQUAL(train__tags_read(&examples, &tags, &repaired, NULL), GTE_OK);
    CU_ASSERT_TRUE(tags.closed);
    CU_ASSERT_EQUAL_FATAL(spans_of(&examples, &tags, 0, spans), 3);
    CU_ASSERT_TRUE(is_span(&tags, &spans[0], 0, 1, "PER"));
    CU_ASSERT_TRUE(is_span(&tags, &spans[1], 1, 4, "LOC"));
    CU_ASSERT_TRUE(is_span(&tags, &spans[2], 5, 7, "PER"));
    train__tags_free(&tags);
    add_sentence(&examples, "a/B-LOC b/O");
    CU_ASSERT_EQUAL(train__tags_read(&examples, &tags, &repaired, &err), GTE_E_ARGUMENT);
    CU_ASSERT_EQUAL(err.index, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "word 2: O after B-LOC"));
    train__tags_free(&tags);
    train__examples_free(&examples);
    add_sentence(&examples, "a/O b/PERSON");
    CU_ASSERT_EQUAL(train__tags_read(&examples, &tags, &repaired, &err), GTE_E_ARGUMENT);
    train__tags_free(&tags);
    train__examples_free(&examples);
}

static bool reads(const char *sentence, const char *text)
{
    train__examples examples = {0};
    add_sentence(&examples, sentence);
    const train__example *e = &examples.items[0];
    const train__mark *last = &examples.marks[e->count - 1];
    const bool same = e->size == strlen(text) && last->end == e->size &&
                      memcmp(train__example_text(&examples, 0), text, e->size) == 0;
    train__examples_free(&examples);
    return same;
}

/* As somebody would write the words down. */
static void test_joined(void)
{
    CU_ASSERT_TRUE(reads("现/O 技/B-X a/I-X", "现技a"));
    CU_ASSERT_TRUE(reads("two/O b/O c/O", "two bc"));
    CU_ASSERT_TRUE(reads("在/O iPhone/B-X 15/I-X 上/O 看/O", "在iPhone 15上看"));
    CU_ASSERT_TRUE(reads("서울/B-X 시/O", "서울 시"));
    CU_ASSERT_TRUE(reads("I/O saw/O 。/O", "I saw。"));
}

static void test_equal_spans(void)
{
    const train__span truth[] = {{0, 2, 0}, {3, 4, 1}, {6, 8, 0}};
    const train__span predicted[] = {{0, 2, 0}, {3, 4, 0}, {5, 6, 1}, {6, 8, 0}};
    train__counts counts[2] = {{0, 0, 0}};
    train__tally tally = {.of = counts, .k = 2};
    train__spans_tally(truth, 3, predicted, 4, &tally);
    CU_ASSERT_EQUAL(counts[0].right, 2);
    CU_ASSERT_EQUAL(counts[0].claimed, 3);
    CU_ASSERT_EQUAL(counts[1].right, 0);
    CU_ASSERT_DOUBLE_EQUAL(train__tally_micro_f1(&tally), 4.0 / 7, 1e-12);
}

/* A CRF over the tags of `lines`, with random scores and transitions. */
typedef struct field {
    train__examples examples;
    train__tags tags;
    train__chains chains;
    train__crf crf;
    uint32_t units[8], labels[32];
    float scores[32 * MOST_TAGS];
    double extra[MOST_TAGS * (MOST_TAGS + 2)];
    size_t k, rows;
} field;

static uint64_t state = 3;
static double uniform(double width)
{
    return width * ((double)(support_random(&state) >> 11) / (double)(1ull << 53) - 0.5);
}

static void make_field(field *f, const char *const *lines)
{
    size_t repaired;
    memset(f, 0, sizeof *f);
    for (; *lines; lines++) add_sentence(&f->examples, *lines);
    CU_ASSERT_EQUAL_FATAL(train__tags_read(&f->examples, &f->tags, &repaired, NULL), GTE_OK);
    for (size_t s = 0; s < f->examples.count; s++) {
        const train__example *example = &f->examples.items[s];
        for (uint32_t i = 0; i < example->count; i++)
            f->labels[f->rows++] = f->examples.marks[example->first + i].label;
        f->units[s + 1] = (uint32_t)f->rows;
    }
    f->k = f->tags.count;
    f->chains = (train__chains){f->units, f->examples.count, f->labels, &f->tags};
    CU_ASSERT_EQUAL_FATAL(train__crf_create(&f->crf, &f->chains, NULL), GTE_OK);
    for (size_t i = 0; i < f->rows * f->k; i++) f->scores[i] = (float)uniform(6);
    for (size_t i = 0; i < train__crf_extra(f->k); i++) f->extra[i] = uniform(3);
}

static void free_field(field *f)
{
    train__crf_free(&f->crf);
    train__tags_free(&f->tags);
    train__examples_free(&f->examples);
}

/* The score of a path, minus infinity where tags forbid it. */
static double path_score(const field *f, const float *scores, const uint32_t *path, size_t n)
{
    const size_t k = f->k;
    double sum = f->extra[k * k + path[0]] + f->extra[k * k + k + path[n - 1]];
    if (!train__tag_follows(&f->tags, TRAIN__NO_LABEL, path[0])) return -INFINITY;
    if (!train__tag_follows(&f->tags, path[n - 1], TRAIN__NO_LABEL)) return -INFINITY;
    for (size_t t = 0; t < n; t++) {
        sum += (double)scores[t * k + path[t]];
        if (t == 0) continue;
        if (!train__tag_follows(&f->tags, path[t - 1], path[t])) return -INFINITY;
        sum += f->extra[path[t - 1] * k + path[t]];
    }
    return sum;
}

/* log of the sum over every path, and the best of them. */
static double every_path(const field *f, const float *scores, size_t n, uint32_t *best)
{
    uint32_t path[MOST_WORDS];
    size_t paths = 1;
    double z = 0, most = -INFINITY;
    for (size_t t = 0; t < n; t++) paths *= f->k;
    for (size_t p = 0; p < paths; p++) {
        for (size_t t = 0, rest = p; t < n; t++, rest /= f->k) path[t] = (uint32_t)(rest % f->k);
        const double score = path_score(f, scores, path, n);
        z += exp(score);
        if (score <= most) continue;
        most = score;
        memcpy(best, path, n * sizeof *path);
    }
    return log(z);
}

static void check_field(const char *const *lines)
{
    field f;
    make_field(&f, lines);
    const train__loss loss = train__crf_loss(&f.crf);
    float scores[32 * MOST_TAGS];
    double gradient[MOST_TAGS * (MOST_TAGS + 2)] = {0}, unused[MOST_TAGS * (MOST_TAGS + 2)] = {0};
    double plain = 0;
    uint32_t best[MOST_WORDS], path[MOST_WORDS];
    for (size_t s = 0; s < f.chains.count; s++) {
        const size_t at = f.units[s], n = f.units[s + 1] - at;
        const float *of = f.scores + at * f.k;
        plain += every_path(&f, of, n, best) - path_score(&f, of, f.labels + at, n);
        train__crf_decode(&f.crf, of, n, f.extra, path);
        CU_ASSERT_EQUAL(memcmp(best, path, n * sizeof *path), 0);
    }
    memcpy(scores, f.scores, sizeof scores);
    CU_ASSERT_DOUBLE_EQUAL(loss.run(loss.arg, 0, f.rows, scores, f.extra, gradient), plain, 1e-4);
    for (size_t i = 0; i < loss.extra; i++) {
        double value[2], held = f.extra[i];
        for (int side = 0; side < 2; side++) {
            memcpy(scores, f.scores, sizeof scores);
            f.extra[i] = held + (side ? 1e-3 : -1e-3);
            value[side] = loss.run(loss.arg, 0, f.rows, scores, f.extra, unused);
        }
        f.extra[i] = held;
        CU_ASSERT_DOUBLE_EQUAL((value[1] - value[0]) / 2e-3, gradient[i], 1e-3);
    }
    for (size_t i = 0; i < f.rows * f.k; i += 3) {
        double value[2];
        float derivative[32 * MOST_TAGS];
        memcpy(derivative, f.scores, sizeof derivative);
        loss.run(loss.arg, 0, f.rows, derivative, f.extra, unused);
        for (int side = 0; side < 2; side++) {
            memcpy(scores, f.scores, sizeof scores);
            scores[i] += side ? 1.0f / 128 : -1.0f / 128;
            value[side] = loss.run(loss.arg, 0, f.rows, scores, f.extra, unused);
        }
        CU_ASSERT_DOUBLE_EQUAL((value[1] - value[0]) * 64, (double)derivative[i], 1e-3);
    }
    free_field(&f);
}

static void test_field(void)
{
    static const char *const bio[] = {"a/B-PER b/I-PER c/B-LOC d/I-LOC", "e/O", "f/O g/B-LOC",
                                      NULL};
    static const char *const bioes[] = {"a/B-X b/I-X c/E-X d/S-X", "e/O f/S-X", NULL};
    check_field(bio);
    check_field(bioes);
}

int main(void)
{
    static const support_case cases[] = {
        {"BIO, IOB1", test_bio},
        {"BIOES, BMES", test_closed},
        {"sentences of characters have no spaces", test_joined},
        {"equal spans", test_equal_spans},
        {"CRF: every path of short sentences", test_field},
    };
    return SUPPORT_MAIN("train: tags", cases);
}
