/* The opcodes: reads one after the other and moves values between stack, memo and containers. */
#include "convert/pickle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convert/pickle_machine.h"

/* Little-endian, at most 8 bytes; 0 after a failure. */
static uint64_t read_uint(convert__pickle *m, unsigned size)
{
    if (m->size - m->at < size) {
        convert__pickle_broken(m, "cut");
        return 0;
    }
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++) value |= (uint64_t)m->data[m->at + i] << (8 * i);
    m->at += size;
    return value;
}

static void push_simple(convert__pickle *m, uint32_t kind, int64_t number)
{
    convert__pickle_push(m, (convert__pickle_value){kind, 0, number});
}

static void push_string(convert__pickle *m, unsigned length_size)
{
    uint64_t length = read_uint(m, length_size);
    if (m->status != GTE_OK) return;
    if (length > m->size - m->at) {
        convert__pickle_broken(m, "cut inside a string");
        return;
    }
    convert__pickle_push(m,
                         (convert__pickle_value){PICKLE_STRING, (uint32_t)length, (int64_t)m->at});
    m->at += (size_t)length;
}

/* LONG1: a length byte, then two's complement. */
static void push_long(convert__pickle *m)
{
    unsigned size = (unsigned)read_uint(m, 1);
    if (size > 8) {
        convert__pickle_broken(m, "an integer of more than 64 bits");
        return;
    }
    uint64_t value = read_uint(m, size);
    if (size > 0 && size < 8 && value >> (8 * size - 1)) value |= UINT64_MAX << (8 * size);
    push_simple(m, PICKLE_INT, (int64_t)value);
}

static const char *read_line(convert__pickle *m, size_t *size)
{
    const uint8_t *start = m->data + m->at;
    const uint8_t *end = memchr(start, '\n', m->size - m->at);
    *size = end ? (size_t)(end - start) : 0;
    if (!end)
        convert__pickle_broken(m, "cut inside a name");
    else
        m->at += *size + 1;
    return (const char *)start;
}

static void global(convert__pickle *m)
{
    size_t module_size, name_size;
    const char *module = read_line(m, &module_size);
    if (m->status != GTE_OK) return;
    const char *name = read_line(m, &name_size);
    if (m->status == GTE_OK) convert__pickle_global_named(m, module, module_size, name, name_size);
}

static void stack_global(convert__pickle *m)
{
    convert__pickle_value name = convert__pickle_pop(m), module = convert__pickle_pop(m);
    if (m->status != GTE_OK) return;
    if (name.kind != PICKLE_STRING || module.kind != PICKLE_STRING) {
        convert__pickle_broken(m, "a name that is no string");
        return;
    }
    convert__pickle_global_named(m, (const char *)m->data + module.number, module.size,
                                 (const char *)m->data + name.number, name.size);
}

static void tuple_of(convert__pickle *m, size_t count)
{
    convert__pickle_value values[3];
    for (size_t i = count; i-- > 0;) values[i] = convert__pickle_pop(m);
    convert__pickle_tuple(m, values, count);
}

static void tuple_to_mark(convert__pickle *m)
{
    size_t count, first = convert__pickle_pop_mark(m, &count);
    if (m->status == GTE_OK) convert__pickle_tuple(m, m->stack + first, count);
}

/* SETITEMS: the dictionary lies below the mark. */
static void set_items(convert__pickle *m)
{
    size_t count, first = convert__pickle_pop_mark(m, &count);
    convert__pickle_value dict = convert__pickle_pop(m);
    if (m->status == GTE_OK && count % 2 != 0) convert__pickle_broken(m, "a key without a value");
    for (size_t i = 0; i + 1 < count && m->status == GTE_OK; i += 2)
        convert__pickle_set_item(m, dict, m->stack[first + i], m->stack[first + i + 1]);
    convert__pickle_push(m, dict);
}

static void set_item(convert__pickle *m)
{
    convert__pickle_value value = convert__pickle_pop(m), key = convert__pickle_pop(m);
    convert__pickle_value dict = convert__pickle_pop(m);
    convert__pickle_set_item(m, dict, key, value);
    convert__pickle_push(m, dict);
}

/* Attributes of a state_dict (its _metadata of module versions) change no weight. */
static void build(convert__pickle *m)
{
    convert__pickle_pop(m);
    if (m->status == GTE_OK && (m->depth == 0 || m->stack[m->depth - 1].kind != PICKLE_DICT))
        convert__pickle_broken(m, "attributes for something that is no dictionary");
}

static void append(convert__pickle *m, bool many)
{
    size_t count;
    if (many)
        convert__pickle_pop_mark(m, &count);
    else
        convert__pickle_pop(m);
    if (m->status == GTE_OK && (m->depth == 0 || m->stack[m->depth - 1].kind != PICKLE_OPAQUE))
        convert__pickle_broken(m, "an append to something that is no list");
}

static void stop(convert__pickle *m)
{
    m->done = true;
}

/* Opcodes that push one value. */
static bool step_value(convert__pickle *m, unsigned op)
{
    switch (op) {
    case '(':
        push_simple(m, PICKLE_MARK, 0);
        return true;
    case 'N':
        push_simple(m, PICKLE_NONE, 0);
        return true;
    case 0x88:
        push_simple(m, PICKLE_BOOL, 1);
        return true;
    case 0x89:
        push_simple(m, PICKLE_BOOL, 0);
        return true;
    case 'J':
        push_simple(m, PICKLE_INT, (int32_t)read_uint(m, 4));
        return true;
    case 'K':
        push_simple(m, PICKLE_INT, (int64_t)read_uint(m, 1));
        return true;
    case 'M':
        push_simple(m, PICKLE_INT, (int64_t)read_uint(m, 2));
        return true;
    case 0x8a:
        push_long(m);
        return true;
    case 'G':
        read_uint(m, 8);
        push_simple(m, PICKLE_OPAQUE, 0);
        return true;
    case ']':
        push_simple(m, PICKLE_OPAQUE, 0);
        return true;
    case '}':
        convert__pickle_new_dict(m);
        return true;
    case 'X':
    case 'T':
        push_string(m, 4);
        return true;
    case 0x8c:
    case 'U':
        push_string(m, 1);
        return true;
    case 0x8d:
        push_string(m, 8);
        return true;
    case 'c':
        global(m);
        return true;
    case 0x93:
        stack_global(m);
        return true;
    default:
        return false;
    }
}

/* Opcodes that work on what is there. */
static bool step_change(convert__pickle *m, unsigned op)
{
    switch (op) {
    case 0x80: /* PROTO; torch writes 2 */
        if (read_uint(m, 1) > 5) convert__pickle_broken(m, "an unknown protocol");
        return true;
    case 0x95:
        read_uint(m, 8);
        return true; /* FRAME */
    case ')':
        tuple_of(m, 0);
        return true;
    case 0x85:
        tuple_of(m, 1);
        return true;
    case 0x86:
        tuple_of(m, 2);
        return true;
    case 0x87:
        tuple_of(m, 3);
        return true;
    case 't':
        tuple_to_mark(m);
        return true;
    case 's':
        set_item(m);
        return true;
    case 'u':
        set_items(m);
        return true;
    case 'a':
        append(m, false);
        return true;
    case 'e':
        append(m, true);
        return true;
    case 'q':
        convert__pickle_put(m, read_uint(m, 1));
        return true;
    case 'r':
        convert__pickle_put(m, read_uint(m, 4));
        return true;
    case 0x94:
        convert__pickle_put(m, m->memo_size);
        return true;
    case 'h':
        convert__pickle_get(m, read_uint(m, 1));
        return true;
    case 'j':
        convert__pickle_get(m, read_uint(m, 4));
        return true;
    case 'R':
        convert__pickle_reduce(m);
        return true;
    case 'Q':
        convert__pickle_storage(m);
        return true;
    case 'b':
        build(m);
        return true;
    case '0':
        convert__pickle_pop(m);
        return true;
    case '.':
        stop(m);
        return true;
    default:
        return false;
    }
}

gte_status convert__pickle_read(const char *file, const uint8_t *data, size_t size,
                                convert__pickle_emit emit, void *arg, gte_error *err)
{
    convert__pickle m = {.file = file, .data = data, .size = size, .err = err};
    if (size > CONVERT__PICKLE_MAX)
        return gte__fail(err, GTE_E_FORMAT, 0, "%s: a pickle of %zu bytes; the limit is %u", file,
                         size, CONVERT__PICKLE_MAX);
    while (m.status == GTE_OK && !m.done) {
        unsigned op = (unsigned)read_uint(&m, 1);
        if (m.status != GTE_OK || step_value(&m, op) || step_change(&m, op)) continue;
        char what[64];
        snprintf(what, sizeof what, "opcode 0x%02x, which no weights need,", op);
        convert__pickle_broken(&m, what);
    }
    convert__pickle_value root = convert__pickle_pop(&m);
    if (m.status == GTE_OK && root.kind != PICKLE_DICT)
        convert__pickle_broken(&m, "something else than a dictionary of tensors");
    if (m.status == GTE_OK) m.status = convert__pickle_tensors(&m, root, emit, arg);
    free(m.stack);
    free(m.items);
    free(m.memo);
    free(m.entries);
    return m.status;
}
