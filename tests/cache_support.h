/* What the tests of the cache share: keys and values that follow from a number, so that every byte
 * of an answer can be judged. */
#ifndef TESTS_CACHE_SUPPORT_H
#define TESTS_CACHE_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "gte_cache.h"

gte_cache_key cache_key(size_t number);

/* Whether these are the bytes of the value of `number` with that size. */
bool cache_is_value(size_t number, const void *bytes, size_t size);

/* With the options' path replaced by `path`; options may be NULL. Asserts that it opens. */
gte_cache *cache_open(const char *path, const gte_cache_options *options);

/* True, after support_skip and a close (of NULL, too), in a build without SQLite. */
bool cache_without_sqlite(gte_cache *cache);

/* Puts the value of `number`; at most 1 MiB. */
void cache_put(gte_cache *cache, size_t number, size_t size);

/* Gets it: true at a hit. A hit with other bytes or another size is a failed assertion. */
bool cache_check(gte_cache *cache, size_t number, size_t size);

gte_cache_counts cache_counts(gte_cache *cache);

/* Waits up to ten seconds for a state. */
bool cache_wait_state(gte_cache *cache, gte_cache_state state);

/* "PATH-wal" and the like, in a static buffer. */
const char *cache_beside(const char *path, const char *tail);

#endif
