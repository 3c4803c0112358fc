/* Double-array construction: nodes are placed depth first, each with all its children at once, at
 * the first base where they fit. Free slots are a doubly linked list in the slots themselves, so a
 * search touches free slots only: most nodes have one child and take the first one. */
#include "convert/trie_build.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define FIRST_CAPACITY 4096u
#define FIRST_ROOT 1u /* unit 0 is unused */
#define FIRST_CHILD (FIRST_ROOT + CONVERT__TRIE_ROOTS)
#define MAX_UNITS 0x7fffff00u /* an index plus a byte never overflows */

/* A node whose children are still to be placed: the keys [first, last) share its prefix. */
typedef struct node {
    uint32_t unit;
    size_t first, last, depth;
} node;

typedef struct builder {
    const convert__trie_key *keys;
    gte__trie_unit *units;
    uint32_t capacity;
    uint32_t used;                  /* one past the highest unit in use */
    uint32_t first_free, last_free; /* ends of the list of free slots; 0: none */
    node *stack;                    /* at most one node per key, plus the roots */
    size_t depth;
} builder;

static int compare_keys(const void *left, const void *right)
{
    const convert__trie_key *a = left, *b = right;
    if (a->root != b->root) return a->root - b->root;
    int order = memcmp(a->text, b->text, a->size < b->size ? a->size : b->size);
    if (order) return order;
    if (a->size != b->size) return a->size < b->size ? -1 : 1;
    return (a->id > b->id) - (a->id < b->id);
}

/* While a slot is free, its base is the next free slot and its id the previous one; 0 ends. */
static void append_free(builder *b, uint32_t slot)
{
    b->units[slot] = (gte__trie_unit){0, GTE__TRIE_FREE, -1};
    if (slot < FIRST_CHILD) return;
    b->units[slot].id = (int32_t)b->last_free;
    if (b->last_free)
        b->units[b->last_free].base = slot;
    else
        b->first_free = slot;
    b->last_free = slot;
}

static void take(builder *b, uint32_t slot, uint32_t parent)
{
    uint32_t next = b->units[slot].base, previous = (uint32_t)b->units[slot].id;
    if (previous)
        b->units[previous].base = next;
    else
        b->first_free = next;
    if (next)
        b->units[next].id = (int32_t)previous;
    else
        b->last_free = previous;
    b->units[slot] = (gte__trie_unit){0, parent, -1};
    if (slot >= b->used) b->used = slot + 1;
}

/* Room for units below `need`, the new ones free. */
static gte_status grow(builder *b, uint32_t need, gte_error *err)
{
    if (need <= b->capacity) return GTE_OK;
    if (need > MAX_UNITS)
        return gte__fail(err, GTE_E_UNSUPPORTED, 0, "the vocabulary is too large for its trie");
    uint32_t capacity = b->capacity ? b->capacity : FIRST_CAPACITY;
    while (capacity < need) capacity *= 2;
    size_t bytes;
    gte__trie_unit *units = NULL;
    if (gte__mul(capacity, sizeof *units, &bytes)) units = realloc(b->units, bytes);
    if (!units) return gte__fail(err, GTE_E_MEMORY, 0, "no memory for the vocabulary's trie");
    b->units = units;
    for (uint32_t i = b->capacity; i < capacity; i++) append_free(b, i);
    b->capacity = capacity;
    return GTE_OK;
}

/* A slot is taken when it is a child, and the first ones are: unit 0 and the roots. */
static bool taken(const builder *b, uint32_t slot)
{
    return slot < FIRST_CHILD || b->units[slot].check != GTE__TRIE_FREE;
}

static bool fits(const builder *b, uint32_t base, const uint8_t *labels, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (taken(b, base + labels[i])) return false;
    return true;
}

/* The first base at which slots for all labels (ascending) are free. */
static gte_status find_base(builder *b, const uint8_t *labels, unsigned count, uint32_t *base,
                            gte_error *err)
{
    for (uint32_t slot = b->first_free;; slot = b->units[slot].base) {
        uint32_t end = b->capacity;
        gte_status status = grow(b, slot ? slot + 256 : end + 256, err);
        if (status != GTE_OK) return status;
        if (!slot) slot = end; /* the list had ended; the new slots go on with it */
        if (slot < labels[0] || !fits(b, slot - labels[0], labels, count)) continue;
        *base = slot - labels[0];
        return GTE_OK;
    }
}

/* Places the children of one node and pushes those that have keys below them. */
static gte_status expand(builder *b, node at, gte_error *err)
{
    uint8_t labels[256];
    size_t starts[257];
    unsigned count = 0;
    size_t i = at.first;
    for (; i < at.last && b->keys[i].size == at.depth; i++) /* equal keys: the last id stays */
        b->units[at.unit].id = b->keys[i].id;
    for (; i < at.last; i++) {
        uint8_t label = (uint8_t)b->keys[i].text[at.depth];
        if (count && labels[count - 1] == label) continue;
        labels[count] = label;
        starts[count++] = i;
    }
    starts[count] = at.last;
    if (!count) return GTE_OK;
    uint32_t base;
    gte_status status = find_base(b, labels, count, &base, err);
    if (status != GTE_OK) return status;
    b->units[at.unit].base = base;
    for (unsigned c = 0; c < count; c++) {
        uint32_t unit = base + labels[c];
        take(b, unit, at.unit);
        b->stack[b->depth++] = (node){unit, starts[c], starts[c + 1], at.depth + 1};
    }
    return GTE_OK;
}

gte_status convert__trie_build(convert__trie *out, convert__trie_key *keys, size_t n,
                               gte_error *err)
{
    builder b = {.keys = keys, .used = FIRST_CHILD};
    size_t nodes, bytes, last = n;
    gte_status status;
    uint32_t next;
    *out = (convert__trie){0};
    if (!gte__add(n, CONVERT__TRIE_ROOTS, &nodes) || !gte__mul(nodes, sizeof *b.stack, &bytes) ||
        !(b.stack = malloc(bytes)))
        return gte__fail(err, GTE_E_MEMORY, 0, "no memory for the vocabulary's trie");
    if (n) qsort(keys, n, sizeof *keys, compare_keys);
    status = grow(&b, FIRST_CAPACITY, err);
    if (status != GTE_OK) goto fail;
    for (int root = CONVERT__TRIE_ROOTS; root-- > 0;) {
        size_t first = last;
        while (first && keys[first - 1].root == root) first--;
        out->roots[root] = FIRST_ROOT + (uint32_t)root;
        b.stack[b.depth++] = (node){out->roots[root], first, last, 0};
        last = first;
    }
    while (b.depth) {
        status = expand(&b, b.stack[--b.depth], err);
        if (status != GTE_OK) goto fail;
    }
    for (uint32_t slot = b.first_free; slot; slot = next) {
        next = b.units[slot].base;
        b.units[slot] = (gte__trie_unit){0, GTE__TRIE_FREE, -1};
    }
    free(b.stack);
    out->units = b.units;
    out->count = b.used;
    return gte__ok(err);
fail:
    free(b.stack);
    free(b.units);
    return status;
}
