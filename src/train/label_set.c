/* A hash table of names (FNV-1a, linear probing) that never forgets one. */
#include "label_set.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/utf8.h"

static uint32_t hash_of(const char *name, size_t size)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < size; i++) hash = (hash ^ (unsigned char)name[i]) * 16777619u;
    return hash;
}

/* Where the name is in the table, or where it would be put. */
static uint32_t slot_of(const train__label_set *set, const char *name, size_t size)
{
    uint32_t slot = hash_of(name, size) & (set->slots - 1);
    for (; set->table[slot]; slot = (slot + 1) & (set->slots - 1)) {
        const char *held = set->names[set->table[slot] - 1];
        if (strlen(held) == size && memcmp(held, name, size) == 0) break;
    }
    return slot;
}

uint32_t train__label_find(const train__label_set *set, const char *name, size_t size)
{
    if (!set->slots) return TRAIN__NO_LABEL;
    const uint32_t held = set->table[slot_of(set, name, size)];
    return held ? held - 1 : TRAIN__NO_LABEL;
}

static void fill_table(train__label_set *set)
{
    memset(set->table, 0, set->slots * sizeof *set->table);
    for (uint32_t i = 0; i < set->count; i++)
        set->table[slot_of(set, set->names[i], strlen(set->names[i]))] = i + 1;
}

static bool grow(train__label_set *set)
{
    const uint32_t capacity = set->capacity ? 2 * set->capacity : 64;
    char **names = realloc(set->names, capacity * sizeof *names);
    if (!names) return false;
    set->names = names;
    uint32_t *table = realloc(set->table, 2 * (size_t)capacity * sizeof *table);
    if (!table) return false;
    set->table = table;
    set->slots = 2 * capacity;
    set->capacity = capacity;
    fill_table(set);
    return true;
}

static gte_status check_name(const char *name, size_t size, gte_error *err)
{
    if (size == 0) return gte__fail(err, GTE_E_ARGUMENT, 0, "an empty label");
    if (size > TRAIN__LABEL_BYTES)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "a label of %zu bytes, longer than %u: '%.40s...'",
                         size, TRAIN__LABEL_BYTES, name);
    if (gte__utf8_invalid(name, size) < size)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "a label that is not valid UTF-8");
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
            return gte__fail(err, GTE_E_ARGUMENT, 0, "a label with a control character in it");
    return GTE_OK;
}

gte_status train__label_add(train__label_set *set, const char *name, size_t size, uint32_t *out,
                            gte_error *err)
{
    *out = train__label_find(set, name, size);
    if (*out != TRAIN__NO_LABEL) return GTE_OK;
    gte_status status = check_name(name, size, err);
    if (status != GTE_OK) return status;
    if (set->count == TRAIN__MOST_LABELS)
        return gte__fail(err, GTE_E_ARGUMENT, 0,
                         "more than %u labels; is this the column of labels?", TRAIN__MOST_LABELS);
    char *copy = set->count < set->capacity || grow(set) ? malloc(size + 1) : NULL;
    if (!copy) return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for labels");
    memcpy(copy, name, size);
    copy[size] = '\0';
    set->names[set->count++] = copy;
    set->table[slot_of(set, name, size)] = set->count;
    *out = set->count - 1;
    return GTE_OK;
}

void train__label_set_free(train__label_set *set)
{
    for (uint32_t i = 0; i < set->count; i++) free(set->names[i]);
    free(set->names);
    free(set->table);
    memset(set, 0, sizeof *set);
}
