/* The machine behind pickle.h: values, stack, memo. Shared by pickle.c (opcodes) and
 * pickle_values.c (the data structures and the tensors in them). */
#ifndef CONVERT_PICKLE_MACHINE_H
#define CONVERT_PICKLE_MACHINE_H

#include "convert/pickle.h"

enum convert__pickle_kind {
    PICKLE_MARK,
    PICKLE_NONE,
    PICKLE_BOOL,
    PICKLE_INT,     /* number */
    PICKLE_STRING,  /* [number, number + size) of the input */
    PICKLE_TUPLE,   /* items[number .. number + size) */
    PICKLE_DICT,    /* entries whose dict is `number` */
    PICKLE_OPAQUE,  /* a list or a float: may be there, is not looked at */
    PICKLE_GLOBAL,  /* globals[number] */
    PICKLE_STORAGE, /* a TUPLE: "storage", class, key, device, element count */
    PICKLE_TENSOR   /* a TUPLE: storage, offset, shape, strides, ... */
};

typedef struct convert__pickle_value {
    uint32_t kind;
    uint32_t size;
    int64_t number;
} convert__pickle_value;

typedef struct convert__pickle_entry {
    int64_t dict;
    convert__pickle_value key, value;
} convert__pickle_entry;

typedef struct convert__pickle {
    const char *file;
    const uint8_t *data;
    size_t size, at;
    convert__pickle_value *stack, *items, *memo;
    size_t depth, stack_capacity, item_count, item_capacity;
    size_t memo_size, memo_capacity;
    convert__pickle_entry *entries;
    size_t entry_count, entry_capacity;
    int64_t dicts;
    bool done;
    gte_status status; /* sticky: the first failure; everything after it is ignored */
    gte_error *err;
} convert__pickle;

/* The names a pickle of weights may refer to. */
enum convert__pickle_callable { PICKLE_DICTIONARY, PICKLE_REBUILD, PICKLE_PARAMETER, PICKLE_CLASS };
typedef struct convert__pickle_global {
    const char *module, *name;
    enum convert__pickle_callable callable;
    convert__dtype dtype;  /* of a storage class */
    unsigned element_size; /* of a storage class */
} convert__pickle_global;
extern const convert__pickle_global convert__pickle_globals[];

/* Fails with GTE_E_FORMAT "FILE: pickle: WHAT at byte N". */
void convert__pickle_broken(convert__pickle *m, const char *what);

void convert__pickle_push(convert__pickle *m, convert__pickle_value value);
/* A NONE after a failure; a mark is never popped by it. */
convert__pickle_value convert__pickle_pop(convert__pickle *m);
/* Pops down to and with the last mark; *count values from the returned index of the stack on stay
 * readable until the next push. */
size_t convert__pickle_pop_mark(convert__pickle *m, size_t *count);
/* A tuple of values, which leave the stack top. */
void convert__pickle_tuple(convert__pickle *m, const convert__pickle_value *values, size_t count);
void convert__pickle_new_dict(convert__pickle *m);
void convert__pickle_set_item(convert__pickle *m, convert__pickle_value dict,
                              convert__pickle_value key, convert__pickle_value value);
void convert__pickle_put(convert__pickle *m, uint64_t slot);
void convert__pickle_get(convert__pickle *m, uint64_t slot);

/* The three things that torch does on top of pickle. */
void convert__pickle_global_named(convert__pickle *m, const char *module, size_t module_size,
                                  const char *name, size_t name_size);
void convert__pickle_storage(convert__pickle *m);
void convert__pickle_reduce(convert__pickle *m);

/* Hands the tensors of dictionary `root` out. */
gte_status convert__pickle_tensors(const convert__pickle *m, convert__pickle_value root,
                                   convert__pickle_emit emit, void *arg);

#endif
