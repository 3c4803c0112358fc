/* The machine's values, and what torch makes of them: storages and tensors. Each of the containers
 * grows by at most one value for each byte of input, so CONVERT__PICKLE_MAX bounds the memory. */
#include <stdlib.h>
#include <string.h>

#include "convert/pickle_machine.h"

const convert__pickle_global convert__pickle_globals[] = {
    {"collections", "OrderedDict", PICKLE_DICTIONARY, CONVERT__OTHER, 0},
    {"torch._utils", "_rebuild_tensor_v2", PICKLE_REBUILD, CONVERT__OTHER, 0},
    {"torch._utils", "_rebuild_parameter", PICKLE_PARAMETER, CONVERT__OTHER, 0},
    {"torch", "FloatStorage", PICKLE_CLASS, CONVERT__F32, 4},
    {"torch", "HalfStorage", PICKLE_CLASS, CONVERT__F16, 2},
    {"torch", "BFloat16Storage", PICKLE_CLASS, CONVERT__BF16, 2},
    {"torch", "DoubleStorage", PICKLE_CLASS, CONVERT__OTHER, 8},
    {"torch", "LongStorage", PICKLE_CLASS, CONVERT__OTHER, 8},
    {"torch", "IntStorage", PICKLE_CLASS, CONVERT__OTHER, 4},
    {"torch", "ShortStorage", PICKLE_CLASS, CONVERT__OTHER, 2},
    {"torch", "CharStorage", PICKLE_CLASS, CONVERT__OTHER, 1},
    {"torch", "ByteStorage", PICKLE_CLASS, CONVERT__OTHER, 1},
    {"torch", "BoolStorage", PICKLE_CLASS, CONVERT__OTHER, 1},
};
#define GLOBALS (sizeof convert__pickle_globals / sizeof convert__pickle_globals[0])

static const convert__pickle_value none = {PICKLE_NONE, 0, 0};

void convert__pickle_broken(convert__pickle *m, const char *what)
{
    if (m->status != GTE_OK) return;
    m->status =
        gte__fail(m->err, GTE_E_FORMAT, m->at, "%s: pickle: %s at byte %zu", m->file, what, m->at);
}

/* The array with room for one more element, perhaps moved; NULL after a failure. */
static void *grown(convert__pickle *m, void *array, size_t *capacity, size_t count, size_t size)
{
    if (m->status != GTE_OK) return NULL;
    if (count < *capacity) return array;
    size_t wanted = *capacity ? 2 * *capacity : 256;
    void *bigger = realloc(array, wanted * size);
    if (bigger)
        *capacity = wanted;
    else
        m->status = gte__fail(m->err, GTE_E_MEMORY, 0, "%s: out of memory", m->file);
    return bigger;
}

void convert__pickle_push(convert__pickle *m, convert__pickle_value value)
{
    convert__pickle_value *stack = grown(m, m->stack, &m->stack_capacity, m->depth, sizeof *stack);
    if (!stack) return;
    m->stack = stack;
    stack[m->depth++] = value;
}

convert__pickle_value convert__pickle_pop(convert__pickle *m)
{
    if (m->status == GTE_OK && (m->depth == 0 || m->stack[m->depth - 1].kind == PICKLE_MARK))
        convert__pickle_broken(m, "an empty stack");
    if (m->status != GTE_OK) return none;
    return m->stack[--m->depth];
}

size_t convert__pickle_pop_mark(convert__pickle *m, size_t *count)
{
    *count = 0;
    size_t at = m->depth;
    while (at > 0 && m->stack[at - 1].kind != PICKLE_MARK) at--;
    if (at == 0) {
        convert__pickle_broken(m, "no mark on the stack");
        return 0;
    }
    *count = m->depth - at;
    m->depth = at - 1;
    return at;
}

void convert__pickle_tuple(convert__pickle *m, const convert__pickle_value *values, size_t count)
{
    size_t first = m->item_count;
    for (size_t i = 0; i < count; i++) {
        convert__pickle_value *items =
            grown(m, m->items, &m->item_capacity, m->item_count, sizeof *items);
        if (!items) return;
        m->items = items;
        items[m->item_count++] = values[i];
    }
    convert__pickle_push(m, (convert__pickle_value){PICKLE_TUPLE, (uint32_t)count, (int64_t)first});
}

void convert__pickle_new_dict(convert__pickle *m)
{
    convert__pickle_push(m, (convert__pickle_value){PICKLE_DICT, 0, m->dicts++});
}

void convert__pickle_set_item(convert__pickle *m, convert__pickle_value dict,
                              convert__pickle_value key, convert__pickle_value value)
{
    if (m->status == GTE_OK && dict.kind != PICKLE_DICT)
        convert__pickle_broken(m, "items for something that is no dictionary");
    convert__pickle_entry *entries =
        grown(m, m->entries, &m->entry_capacity, m->entry_count, sizeof *entries);
    if (!entries) return;
    m->entries = entries;
    entries[m->entry_count++] = (convert__pickle_entry){dict.number, key, value};
}

/* Slots are used in order by every pickler, so a slot beyond the next one is damage. */
void convert__pickle_put(convert__pickle *m, uint64_t slot)
{
    if (m->status == GTE_OK && (slot > m->memo_size || m->depth == 0))
        convert__pickle_broken(m, "a memo slot out of order");
    convert__pickle_value *memo = grown(m, m->memo, &m->memo_capacity, m->memo_size, sizeof *memo);
    if (!memo) return;
    m->memo = memo;
    if (slot == m->memo_size) m->memo_size++;
    memo[slot] = m->stack[m->depth - 1];
}

void convert__pickle_get(convert__pickle *m, uint64_t slot)
{
    if (m->status == GTE_OK && slot >= m->memo_size)
        convert__pickle_broken(m, "an empty memo slot");
    if (m->status == GTE_OK) convert__pickle_push(m, m->memo[slot]);
}

void convert__pickle_global_named(convert__pickle *m, const char *module, size_t module_size,
                                  const char *name, size_t name_size)
{
    for (size_t i = 0; i < GLOBALS; i++) {
        const convert__pickle_global *g = &convert__pickle_globals[i];
        if (strlen(g->module) != module_size || memcmp(g->module, module, module_size) != 0 ||
            strlen(g->name) != name_size || memcmp(g->name, name, name_size) != 0)
            continue;
        convert__pickle_push(m, (convert__pickle_value){PICKLE_GLOBAL, 0, (int64_t)i});
        return;
    }
    m->status = gte__fail(m->err, GTE_E_UNSUPPORTED, m->at,
                          "%s: refers to %.*s.%.*s, which no weights need; nothing was run",
                          m->file, module_size > 60 ? 60 : (int)module_size, module,
                          name_size > 60 ? 60 : (int)name_size, name);
}

/* Item i of a tuple, storage or tensor; NONE outside. */
static convert__pickle_value item(const convert__pickle *m, convert__pickle_value tuple, uint32_t i)
{
    return i < tuple.size ? m->items[(size_t)tuple.number + i] : none;
}

static const convert__pickle_global *as_global(convert__pickle_value value)
{
    return value.kind == PICKLE_GLOBAL ? &convert__pickle_globals[value.number] : NULL;
}

static bool natural(convert__pickle_value value)
{
    return value.kind == PICKLE_INT && value.number >= 0;
}

/* BINPERSID: ("storage", torch.FloatStorage, "0", "cpu", 16) */
void convert__pickle_storage(convert__pickle *m)
{
    convert__pickle_value id = convert__pickle_pop(m);
    if (m->status != GTE_OK) return;
    const convert__pickle_global *class =
        id.kind == PICKLE_TUPLE ? as_global(item(m, id, 1)) : NULL;
    if (!class || class->callable != PICKLE_CLASS || item(m, id, 2).kind != PICKLE_STRING ||
        !natural(item(m, id, 4))) {
        convert__pickle_broken(m, "a storage that is not described as torch does");
        return;
    }
    id.kind = PICKLE_STORAGE;
    convert__pickle_push(m, id);
}

static bool tensor_ok(const convert__pickle *m, convert__pickle_value args)
{
    convert__pickle_value shape = item(m, args, 2), strides = item(m, args, 3);
    if (item(m, args, 0).kind != PICKLE_STORAGE || !natural(item(m, args, 1)) ||
        shape.kind != PICKLE_TUPLE || strides.kind != PICKLE_TUPLE || shape.size != strides.size ||
        shape.size > CONVERT__MAX_RANK)
        return false;
    for (uint32_t i = 0; i < shape.size; i++)
        if (!natural(item(m, shape, i)) || !natural(item(m, strides, i))) return false;
    return true;
}

void convert__pickle_reduce(convert__pickle *m)
{
    convert__pickle_value args = convert__pickle_pop(m);
    const convert__pickle_global *callee = as_global(convert__pickle_pop(m));
    if (m->status != GTE_OK) return;
    if (!callee || args.kind != PICKLE_TUPLE) {
        convert__pickle_broken(m, "a call of something that is not known");
    } else if (callee->callable == PICKLE_DICTIONARY && args.size == 0) {
        convert__pickle_new_dict(m);
    } else if (callee->callable == PICKLE_REBUILD && tensor_ok(m, args)) {
        args.kind = PICKLE_TENSOR;
        convert__pickle_push(m, args);
    } else if (callee->callable == PICKLE_PARAMETER && item(m, args, 0).kind == PICKLE_TENSOR) {
        convert__pickle_push(m, item(m, args, 0));
    } else {
        m->status = gte__fail(m->err, GTE_E_FORMAT, m->at,
                              "%s: pickle: unexpected arguments for %s.%s at byte %zu", m->file,
                              callee->module, callee->name, m->at);
    }
}

static void describe(const convert__pickle *m, convert__pickle_value tensor, convert__pickled *out)
{
    convert__pickle_value storage = item(m, tensor, 0), shape = item(m, tensor, 2);
    convert__pickle_value strides = item(m, tensor, 3), key = item(m, storage, 2);
    const convert__pickle_global *class = as_global(item(m, storage, 1));
    out->key = (const char *)m->data + key.number;
    out->key_size = key.size;
    out->storage = class->name;
    out->dtype = class->dtype;
    out->element_size = class->element_size;
    out->storage_count = (uint64_t)item(m, storage, 4).number;
    out->offset = (uint64_t)item(m, tensor, 1).number;
    out->rank = shape.size;
    for (uint32_t i = 0; i < shape.size; i++) {
        out->shape[i] = (uint64_t)item(m, shape, i).number;
        out->strides[i] = (uint64_t)item(m, strides, i).number;
    }
}

gte_status convert__pickle_tensors(const convert__pickle *m, convert__pickle_value root,
                                   convert__pickle_emit emit, void *arg)
{
    for (size_t i = 0; i < m->entry_count; i++) {
        const convert__pickle_entry *entry = &m->entries[i];
        if (entry->dict != root.number || entry->key.kind != PICKLE_STRING ||
            entry->value.kind != PICKLE_TENSOR)
            continue;
        convert__pickled tensor = {.name = (const char *)m->data + entry->key.number,
                                   .name_size = entry->key.size};
        describe(m, entry->value, &tensor);
        gte_status status = emit(arg, &tensor, m->err);
        if (status != GTE_OK) return status;
    }
    return GTE_OK;
}
