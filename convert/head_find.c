/* Heads of checkpoints. What tells them apart are the names of tensors and, where those are shared,
 * the architecture that config.json names:
 *
 *     head_clsf, tail_clsf      SiameseUIE's pointers
 *     crf.*, linear | classifier | ffn    ModelScope's RaNER
 *     qa_outputs                BertForQuestionAnswering
 *     classifier                BertForTokenClassification, or with the pooler
 *                               BertForSequenceClassification */
#include "convert/head_find.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convert/head_labels.h"
#include "convert/head_pack.h"
#include "convert/pack.h"
#include "gte_task.h"

typedef struct finder {
    const convert__source *source;
    const convert__config *config;
    convert__checkpoint *checkpoint;
    convert__head head;
    convert__labels labels;
    float *blocks[8]; /* what head points to */
    size_t block_count;
} finder;

/* The tensor called so, under any prefix. */
static convert__tensor *find(const finder *f, const char *name)
{
    const size_t tail = strlen(name);
    for (size_t i = 0; i < f->checkpoint->count; i++) {
        convert__tensor *t = &f->checkpoint->tensors[i];
        const size_t n = strlen(t->name);
        if (n >= tail && strcmp(t->name + n - tail, name) == 0 &&
            (n == tail || t->name[n - tail - 1] == '.'))
            return t;
    }
    return NULL;
}

static gte_status missing(const char *name, gte_error *err)
{
    return gte__fail(err, GTE_E_FORMAT, 0, "tensor %.80s of the head is missing", name);
}

/* `rows` rows (0: a vector) of `cols` numbers into `out`. */
static gte_status read_into(const finder *f, const char *name, uint32_t rows, uint32_t cols,
                            float *out, gte_error *err)
{
    convert__tensor *t = find(f, name);
    if (!t) return missing(name, err);
    const uint64_t shape[2] = {rows ? rows : cols, cols};
    const unsigned rank = rows ? 2 : 1;
    char expected[64], found[128];
    if (t->rank != rank || memcmp(t->shape, shape, rank * sizeof *shape) != 0 ||
        t->dtype == CONVERT__OTHER)
        return gte__fail(
            err, GTE_E_FORMAT, 0, "%.60s: tensor %.80s: expected floats of shape %s, found %s %s",
            t->file, t->name, convert__shape_text(shape, rank, expected, sizeof expected),
            t->dtype_name, convert__shape_text(t->shape, t->rank, found, sizeof found));
    t->used = true;
    return convert__read_finite(t, 0, (size_t)shape[0] * (rows ? cols : 1), out, err);
}

/* Room for so many floats, freed with the finder. */
static float *block(finder *f, size_t count)
{
    float *data = calloc(count, sizeof *data);
    if (data) f->blocks[f->block_count++] = data;
    return data;
}

static gte_status read(finder *f, const char *name, uint32_t rows, uint32_t cols, const float **out,
                       gte_error *err)
{
    float *data = block(f, (size_t)(rows ? rows : 1) * cols);
    if (!data) return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for a head");
    *out = data;
    return read_into(f, name, rows, cols, data, err);
}

/* NAME.weight [K, H] and NAME.bias [K], where K is what the weight says: `least` to `most`. */
static gte_status read_linear(finder *f, const char *name, uint32_t least, uint32_t most,
                              gte_error *err)
{
    char weight[64], bias[64];
    convert__head *h = &f->head;
    snprintf(weight, sizeof weight, "%s.weight", name);
    snprintf(bias, sizeof bias, "%s.bias", name);
    const convert__tensor *t = find(f, weight);
    if (!t) return missing(weight, err);
    if (t->rank != 2 || t->shape[0] < least || t->shape[0] > most)
        return gte__fail(err, GTE_E_FORMAT, 0,
                         "%.60s: tensor %.80s: expected %u to %u rows, one a label", t->file,
                         t->name, least, most);
    h->labels = (uint32_t)t->shape[0];
    gte_status status = read(f, weight, h->labels, h->hidden_size, &h->weight, err);
    if (status == GTE_OK) status = read(f, bias, 0, h->labels, &h->bias, err);
    return status;
}

/* Whether NAME has a weight and a bias that read_linear would take. */
static bool fits_linear(const finder *f, const char *name)
{
    char weight[64], bias[64];
    snprintf(weight, sizeof weight, "%s.weight", name);
    snprintf(bias, sizeof bias, "%s.bias", name);
    const convert__tensor *w = find(f, weight), *b = find(f, bias);
    return w && b && w->rank == 2 && w->shape[1] == f->head.hidden_size && b->rank == 1 &&
           b->shape[0] == w->shape[0];
}

/* ---- each kind ------------------------------------------------------------------------------- */

static gte_status read_pointer(finder *f, gte_error *err)
{
    convert__head *h = &f->head;
    static const char *const names[] = {"head", "tail"};
    const uint32_t hidden = h->hidden_size;
    float *weight = block(f, 2 * (size_t)hidden), *bias = block(f, 2);
    if (!weight || !bias) return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for a head");
    h->kind = GTE__HEAD_POINTER;
    h->tasks = GTE_TASK_BIT(GTE_TASK_NER) | GTE_TASK_BIT(GTE_TASK_RELATION) |
               GTE_TASK_BIT(GTE_TASK_EVENT) | GTE_TASK_BIT(GTE_TASK_SENTIMENT);
    h->labels = 2;
    h->weight = weight;
    h->bias = bias;
    h->names = names;
    h->lower_layers = f->config->lower_layers ? f->config->lower_layers : f->config->layers / 2;
    if (h->lower_layers == 0)
        return gte__fail(err, GTE_E_UNSUPPORTED, 0, "SiameseUIE with one layer cannot be split");
    gte_status status = read_into(f, "head_clsf.weight", 1, hidden, weight, err);
    if (status == GTE_OK)
        status = read_into(f, "tail_clsf.weight", 1, hidden, weight + hidden, err);
    if (status == GTE_OK) status = read_into(f, "head_clsf.bias", 0, 1, bias, err);
    if (status == GTE_OK) status = read_into(f, "tail_clsf.bias", 0, 1, bias + 1, err);
    return status;
}

static gte_status read_crf(finder *f, gte_error *err)
{
    static const char *const linear[] = {"linear", "classifier", "ffn"};
    convert__head *h = &f->head;
    const char *name = linear[0];
    h->kind = GTE__HEAD_TOKEN;
    h->flags = GTE__HEAD_CRF;
    h->tasks = GTE_TASK_BIT(GTE_TASK_NER);
    for (size_t i = sizeof linear / sizeof *linear; i-- > 0;)
        if (fits_linear(f, linear[i])) name = linear[i];
    gte_status status = read_linear(f, name, 1, GTE__MAX_LABELS, err);
    if (status != GTE_OK) return status;
    status = read(f, "crf.start_transitions", 0, h->labels, &h->crf_start, err);
    if (status == GTE_OK) status = read(f, "crf.end_transitions", 0, h->labels, &h->crf_end, err);
    if (status == GTE_OK)
        status = read(f, "crf.transitions", h->labels, h->labels, &h->crf_transitions, err);
    return status;
}

static gte_status read_sequence(finder *f, gte_error *err)
{
    convert__head *h = &f->head;
    h->kind = GTE__HEAD_SEQUENCE;
    h->reads = GTE__HEAD_READS_FIRST;
    h->flags = GTE__HEAD_POOLER;
    gte_status status = read_linear(f, "classifier", 1, GTE__MAX_LABELS, err);
    if (status == GTE_OK)
        status = read(f, "pooler.dense.weight", h->hidden_size, h->hidden_size, &h->pooler, err);
    if (status == GTE_OK)
        status = read(f, "pooler.dense.bias", 0, h->hidden_size, &h->pooler_bias, err);
    return status;
}

static bool is_of(const finder *f, const char *architecture)
{
    return strstr(f->config->architecture, architecture) != NULL;
}

/* Fills f->head; kind 0 when there is none. */
static gte_status read_head(finder *f, gte_error *err)
{
    gte_status status = GTE_OK;
    const bool classifier = find(f, "classifier.weight") != NULL;
    if (find(f, "head_clsf.weight") && find(f, "tail_clsf.weight")) return read_pointer(f, err);
    if (find(f, "crf.transitions")) {
        status = read_crf(f, err);
    } else if (find(f, "qa_outputs.weight")) {
        static const char *const names[] = {"start", "end"};
        f->head.kind = GTE__HEAD_SPAN;
        f->head.tasks = GTE_TASK_BIT(GTE_TASK_QA);
        f->head.names = names;
        return read_linear(f, "qa_outputs", 2, 2, err);
    } else if (classifier && is_of(f, "ForTokenClassification")) {
        f->head.kind = GTE__HEAD_TOKEN;
        f->head.tasks = GTE_TASK_BIT(GTE_TASK_NER);
        status = read_linear(f, "classifier", 1, GTE__MAX_LABELS, err);
    } else if (classifier && find(f, "pooler.dense.weight") &&
               (is_of(f, "ForSequenceClassification") || !*f->config->architecture)) {
        status = read_sequence(f, err);
    }
    if (status != GTE_OK || f->head.kind == 0) return status;
    status = convert__labels_read(&f->labels, f->source, f->head.labels, err);
    f->head.names = f->labels.names;
    if (status != GTE_OK || f->head.kind != GTE__HEAD_SEQUENCE) return status;
    f->head.flags |= f->labels.multi_label ? GTE__HEAD_MULTI_LABEL : 0;
    f->head.flags |= f->labels.regression ? GTE__HEAD_RAW : 0;
    if (f->head.labels > 1)
        f->head.tasks =
            GTE_TASK_BIT(convert__labels_are_feelings(&f->labels) ? GTE_TASK_SENTIMENT
                                                                  : GTE_TASK_CLASSIFICATION);
    return status;
}

gte_status convert__head_find(void **out, size_t *size, const convert__source *source,
                              const convert__config *config, convert__checkpoint *checkpoint,
                              gte_error *err)
{
    static const char *const kinds[] = {"", "sequence", "token", "span", "pointer"};
    finder f = {.source = source, .config = config, .checkpoint = checkpoint};
    *out = NULL;
    *size = 0;
    f.head.hidden_size = config->hidden_size;
    gte_status status = read_head(&f, err);
    if (status == GTE_OK && f.head.kind) status = convert__head_pack(&f.head, NULL, out, size, err);
    if (status == GTE_OK && f.head.kind)
        convert__note(source, "head: %s, %u labels%s", kinds[f.head.kind], f.head.labels,
                      f.head.flags & GTE__HEAD_CRF ? ", CRF" : "");
    for (size_t i = 0; i < f.block_count; i++) free(f.blocks[i]);
    convert__labels_free(&f.labels);
    return status;
}
