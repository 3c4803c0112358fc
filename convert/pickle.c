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

/* The handlers below take what the table says beside them: a kind, a size, a count. */

static void push_simple(convert__pickle *m, unsigned kind)
{
    convert__pickle_push(m, (convert__pickle_value){kind, 0, 0});
}

static void push_bool(convert__pickle *m, unsigned on)
{
    convert__pickle_push(m, (convert__pickle_value){PICKLE_BOOL, 0, on});
}

static void push_number(convert__pickle *m, int64_t number)
{
    convert__pickle_push(m, (convert__pickle_value){PICKLE_INT, 0, number});
}

/* BININT has a sign, the shorter two have none. */
static void push_int(convert__pickle *m, unsigned size)
{
    uint64_t value = read_uint(m, size);
    push_number(m, size == 4 ? (int32_t)value : (int64_t)value);
}

static void push_float(convert__pickle *m, unsigned size)
{
    read_uint(m, size);
    push_simple(m, PICKLE_OPAQUE);
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
static void push_long(convert__pickle *m, unsigned length_size)
{
    unsigned size = (unsigned)read_uint(m, length_size);
    if (size > 8) {
        convert__pickle_broken(m, "an integer of more than 64 bits");
        return;
    }
    uint64_t value = read_uint(m, size);
    if (size > 0 && size < 8 && value >> (8 * size - 1)) value |= UINT64_MAX << (8 * size);
    push_number(m, (int64_t)value);
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

static void global(convert__pickle *m, unsigned unused)
{
    (void)unused;
    size_t module_size, name_size;
    const char *module = read_line(m, &module_size);
    if (m->status != GTE_OK) return;
    const char *name = read_line(m, &name_size);
    if (m->status == GTE_OK) convert__pickle_global_named(m, module, module_size, name, name_size);
}

static void stack_global(convert__pickle *m, unsigned unused)
{
    (void)unused;
    convert__pickle_value name = convert__pickle_pop(m), module = convert__pickle_pop(m);
    if (m->status != GTE_OK) return;
    if (name.kind != PICKLE_STRING || module.kind != PICKLE_STRING) {
        convert__pickle_broken(m, "a name that is no string");
        return;
    }
    convert__pickle_global_named(m, (const char *)m->data + module.number, module.size,
                                 (const char *)m->data + name.number, name.size);
}

static void tuple_of(convert__pickle *m, unsigned count)
{
    convert__pickle_value values[3];
    for (size_t i = count; i-- > 0;) values[i] = convert__pickle_pop(m);
    convert__pickle_tuple(m, values, count);
}

static void tuple_to_mark(convert__pickle *m, unsigned unused)
{
    (void)unused;
    size_t count, first = convert__pickle_pop_mark(m, &count);
    if (m->status == GTE_OK) convert__pickle_tuple(m, m->stack + first, count);
}

/* SETITEMS: the dictionary lies below the mark. */
static void set_items(convert__pickle *m, unsigned unused)
{
    (void)unused;
    size_t count, first = convert__pickle_pop_mark(m, &count);
    convert__pickle_value dict = convert__pickle_pop(m);
    if (m->status == GTE_OK && count % 2 != 0) convert__pickle_broken(m, "a key without a value");
    for (size_t i = 0; i + 1 < count && m->status == GTE_OK; i += 2)
        convert__pickle_set_item(m, dict, m->stack[first + i], m->stack[first + i + 1]);
    convert__pickle_push(m, dict);
}

static void set_item(convert__pickle *m, unsigned unused)
{
    (void)unused;
    convert__pickle_value value = convert__pickle_pop(m), key = convert__pickle_pop(m);
    convert__pickle_value dict = convert__pickle_pop(m);
    convert__pickle_set_item(m, dict, key, value);
    convert__pickle_push(m, dict);
}

/* Attributes of a state_dict (its _metadata of module versions) change no weight. */
static void build(convert__pickle *m, unsigned unused)
{
    (void)unused;
    convert__pickle_pop(m);
    if (m->status == GTE_OK && (m->depth == 0 || m->stack[m->depth - 1].kind != PICKLE_DICT))
        convert__pickle_broken(m, "attributes for something that is no dictionary");
}

static void append(convert__pickle *m, unsigned many)
{
    size_t count;
    if (many)
        convert__pickle_pop_mark(m, &count);
    else
        convert__pickle_pop(m);
    if (m->status == GTE_OK && (m->depth == 0 || m->stack[m->depth - 1].kind != PICKLE_OPAQUE))
        convert__pickle_broken(m, "an append to something that is no list");
}

static void put(convert__pickle *m, unsigned size)
{
    convert__pickle_put(m, size ? read_uint(m, size) : m->memo_size);
}

static void get(convert__pickle *m, unsigned size)
{
    convert__pickle_get(m, read_uint(m, size));
}

/* PROTO and FRAME: torch writes protocol 2, which is a part of those up to 5. */
static void skip(convert__pickle *m, unsigned size)
{
    uint64_t value = read_uint(m, size);
    if (size == 1 && value > 5) convert__pickle_broken(m, "an unknown protocol");
}

static void new_dict(convert__pickle *m, unsigned unused)
{
    (void)unused;
    convert__pickle_new_dict(m);
}

static void reduce(convert__pickle *m, unsigned unused)
{
    (void)unused;
    convert__pickle_reduce(m);
}

static void storage(convert__pickle *m, unsigned unused)
{
    (void)unused;
    convert__pickle_storage(m);
}

static void pop(convert__pickle *m, unsigned unused)
{
    (void)unused;
    convert__pickle_pop(m);
}

static void stop(convert__pickle *m, unsigned unused)
{
    (void)unused;
    m->done = true;
}

/* Every opcode the machine has, under the names of Python's pickletools. */
static const struct {
    uint8_t opcode;
    void (*run)(convert__pickle *m, unsigned argument);
    unsigned argument;
} opcodes[] = {
    {0x80, skip, 1},                   /* PROTO */
    {0x95, skip, 8},                   /* FRAME */
    {'(', push_simple, PICKLE_MARK},   /* MARK */
    {'N', push_simple, PICKLE_NONE},   /* NONE */
    {']', push_simple, PICKLE_OPAQUE}, /* EMPTY_LIST */
    {0x88, push_bool, 1},              /* NEWTRUE */
    {0x89, push_bool, 0},              /* NEWFALSE */
    {'J', push_int, 4},                /* BININT */
    {'M', push_int, 2},                /* BININT2 */
    {'K', push_int, 1},                /* BININT1 */
    {0x8a, push_long, 1},              /* LONG1 */
    {'G', push_float, 8},              /* BINFLOAT */
    {'X', push_string, 4},             /* BINUNICODE */
    {'T', push_string, 4},             /* BINSTRING: Python 2 */
    {'U', push_string, 1},             /* SHORT_BINSTRING */
    {0x8c, push_string, 1},            /* SHORT_BINUNICODE */
    {0x8d, push_string, 8},            /* BINUNICODE8 */
    {'c', global, 0},                  /* GLOBAL */
    {0x93, stack_global, 0},           /* STACK_GLOBAL */
    {')', tuple_of, 0},                /* EMPTY_TUPLE */
    {0x85, tuple_of, 1},               /* TUPLE1 */
    {0x86, tuple_of, 2},               /* TUPLE2 */
    {0x87, tuple_of, 3},               /* TUPLE3 */
    {'t', tuple_to_mark, 0},           /* TUPLE */
    {'}', new_dict, 0},                /* EMPTY_DICT */
    {'s', set_item, 0},                /* SETITEM */
    {'u', set_items, 0},               /* SETITEMS */
    {'a', append, 0},                  /* APPEND */
    {'e', append, 1},                  /* APPENDS */
    {'q', put, 1},                     /* BINPUT */
    {'r', put, 4},                     /* LONG_BINPUT */
    {0x94, put, 0},                    /* MEMOIZE */
    {'h', get, 1},                     /* BINGET */
    {'j', get, 4},                     /* LONG_BINGET */
    {'R', reduce, 0},                  /* REDUCE */
    {'Q', storage, 0},                 /* BINPERSID */
    {'b', build, 0},                   /* BUILD */
    {'0', pop, 0},                     /* POP */
    {'.', stop, 0},                    /* STOP */
};

static void step(convert__pickle *m)
{
    unsigned opcode = (unsigned)read_uint(m, 1);
    if (m->status != GTE_OK) return;
    for (size_t i = 0; i < sizeof opcodes / sizeof opcodes[0]; i++) {
        if (opcodes[i].opcode != opcode) continue;
        opcodes[i].run(m, opcodes[i].argument);
        return;
    }
    char what[64];
    snprintf(what, sizeof what, "opcode 0x%02x, which no weights need,", opcode);
    convert__pickle_broken(m, what);
}

gte_status convert__pickle_read(const char *file, const uint8_t *data, size_t size,
                                convert__pickle_emit emit, void *arg, gte_error *err)
{
    convert__pickle m = {.file = file, .data = data, .size = size, .err = err};
    if (size > CONVERT__PICKLE_MAX)
        return gte__fail(err, GTE_E_FORMAT, 0, "%s: a pickle of %zu bytes; the limit is %u", file,
                         size, CONVERT__PICKLE_MAX);
    while (m.status == GTE_OK && !m.done) step(&m);
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
