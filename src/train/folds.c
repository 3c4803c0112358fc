/* Stratified folds: examples in random order, then label by label, dealt like cards. */
#include "folds.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"

/* SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* A number below n. The remainder's bias is n / 2^64. */
static size_t below(uint64_t *state, size_t n)
{
    return (size_t)(next_random(state) % n);
}

static void shuffle(train__example *items, size_t n, uint64_t seed)
{
    for (size_t i = n; i > 1; i--) {
        const size_t j = below(&seed, i);
        const train__example held = items[i - 1];
        items[i - 1] = items[j];
        items[j] = held;
    }
}

/* For each example the rarest of its labels; those without any have the number after the last. */
static void choose_strata(const train__examples *examples, const size_t *often, uint32_t *stratum)
{
    for (size_t i = 0; i < examples->count; i++) {
        const train__example *example = &examples->items[i];
        const train__mark *marks = examples->marks + example->first;
        stratum[i] = examples->labels.count;
        for (uint32_t j = 0; j < example->count; j++)
            if (stratum[i] == examples->labels.count || often[marks[j].label] < often[stratum[i]])
                stratum[i] = marks[j].label;
    }
}

/* Stable: `to` gets the numbers 0 .. n - 1 ordered by key, keys being below `keys`. starts[keys]
 * is room for counting. */
static void sort_by_key(const uint32_t *key, size_t n, size_t keys, size_t *starts, size_t *to)
{
    memset(starts, 0, keys * sizeof *starts);
    for (size_t i = 0; i < n; i++) starts[key[i]]++;
    for (size_t k = 0, at = 0; k < keys; k++) {
        const size_t size = starts[k];
        starts[k] = at;
        at += size;
    }
    for (size_t i = 0; i < n; i++) to[starts[key[i]]++] = i;
}

typedef struct deal {
    size_t *starts, *order; /* [labels + 1 or folds], [n] */
    uint32_t *key;          /* [n] */
    train__example *items;  /* [n] */
} deal;

/* The examples into the order in which sort_by_key puts key. */
static void reorder(train__examples *examples, deal *d, size_t keys)
{
    const size_t n = examples->count;
    sort_by_key(d->key, n, keys, d->starts, d->order);
    memcpy(d->items, examples->items, n * sizeof *d->items);
    for (size_t i = 0; i < n; i++) examples->items[i] = d->items[d->order[i]];
}

static void arrange(train__examples *examples, unsigned count, bool stratified, deal *d,
                    train__folds *folds)
{
    const size_t n = examples->count, labels = examples->labels.count;
    if (stratified) {
        memset(d->starts, 0, (labels + 1) * sizeof *d->starts);
        for (size_t i = 0; i < examples->mark_count; i++) d->starts[examples->marks[i].label]++;
        choose_strata(examples, d->starts, d->key);
        reorder(examples, d, labels + 1);
    }
    for (size_t i = 0; i < n; i++) d->key[i] = (uint32_t)(i % count);
    reorder(examples, d, count);
    /* of n dealt to `count`, the first n % count have one more */
    for (unsigned f = 0; f < count; f++)
        folds->bounds[f + 1] = folds->bounds[f] + n / count + (f < n % count);
}

gte_status train__folds_arrange(train__examples *examples, unsigned count, bool stratified,
                                uint64_t seed, train__folds *folds, gte_error *err)
{
    const size_t n = examples->count, keys = (size_t)examples->labels.count + TRAIN__MOST_FOLDS + 1;
    gte__plan plan = {0};
    *folds = (train__folds){.count = count};
    shuffle(examples->items, n, seed);
    if (count == 0) return GTE_OK;
    const size_t starts = gte__plan_add(&plan, keys, sizeof(size_t));
    const size_t order = gte__plan_add(&plan, n, sizeof(size_t));
    const size_t key = gte__plan_add(&plan, n, sizeof(uint32_t));
    const size_t items = gte__plan_add(&plan, n, sizeof(train__example));
    char *block = plan.bad ? NULL : gte__block_alloc(plan.total);
    if (!block) return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for %zu examples", n);
    deal d = {(size_t *)(void *)(block + starts), (size_t *)(void *)(block + order),
              (uint32_t *)(void *)(block + key), (train__example *)(void *)(block + items)};
    arrange(examples, count, stratified, &d, folds);
    free(block);
    return GTE_OK;
}
