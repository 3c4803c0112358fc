/* Double-array construction: nodes are placed depth first, each with all its children at once, at
 * the first base where they fit. Free slots are searched from a mark that moves on when what lies
 * behind it is nearly full, which keeps the search short and the array dense. */
#include "convert/trie_build.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define FIRST_CAPACITY 4096u
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
    uint32_t used; /* one past the highest unit in use */
    uint32_t mark; /* slots before it are not tried any more */
    node *stack;   /* at most one node per key, plus the roots */
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
    for (uint32_t i = b->capacity; i < capacity; i++)
        units[i] = (gte__trie_unit){0, GTE__TRIE_FREE, -1};
    b->units = units;
    b->capacity = capacity;
    return GTE_OK;
}

/* A slot is taken when it is a child, and the first three are: unit 0 and the two roots. */
static bool taken(const builder *b, uint32_t slot)
{
    return slot < 3 || b->units[slot].check != GTE__TRIE_FREE;
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
    uint32_t seen = 0, full = 0;
    uint32_t slot = b->mark > labels[0] ? b->mark : labels[0];
    uint32_t begin = slot;
    for (;; slot++) {
        gte_status status = grow(b, slot + 256, err);
        if (status != GTE_OK) return status;
        seen++;
        if (taken(b, slot)) {
            full++;
            continue;
        }
        if (fits(b, slot - labels[0], labels, count)) break;
    }
    /* nearly nothing free on the way: the next search starts here */
    if (begin == b->mark && full >= seen - seen / 16) b->mark = slot;
    *base = slot - labels[0];
    return GTE_OK;
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
        b->units[unit].check = at.unit;
        if (unit >= b->used) b->used = unit + 1;
        b->stack[b->depth++] = (node){unit, starts[c], starts[c + 1], at.depth + 1};
    }
    return GTE_OK;
}

gte_status convert__trie_build(convert__trie *out, convert__trie_key *keys, size_t n,
                               gte_error *err)
{
    builder b = {.keys = keys, .used = 3, .mark = 3};
    size_t nodes, bytes, split = 0;
    gte_status status;
    *out = (convert__trie){.roots = {1, 2}};
    if (!gte__add(n, 2, &nodes) || !gte__mul(nodes, sizeof *b.stack, &bytes) ||
        !(b.stack = malloc(bytes)))
        return gte__fail(err, GTE_E_MEMORY, 0, "no memory for the vocabulary's trie");
    if (n) qsort(keys, n, sizeof *keys, compare_keys);
    while (split < n && keys[split].root == CONVERT__TRIE_WORD) split++;
    status = grow(&b, b.used, err);
    if (status != GTE_OK) goto fail;
    b.stack[b.depth++] = (node){2, split, n, 0};
    b.stack[b.depth++] = (node){1, 0, split, 0};
    while (b.depth) {
        status = expand(&b, b.stack[--b.depth], err);
        if (status != GTE_OK) goto fail;
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
