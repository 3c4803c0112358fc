/* The checksum in every row: against damage, not against whoever may write the file. */
#ifndef GTE_CACHE_CHECKSUM_H
#define GTE_CACHE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

#include "gte_cache.h"

/* 64 bits over the key, the size and the bytes: a row under another row's key is damage too. */
uint64_t cache__checksum(const gte_cache_key *key, const void *data, size_t size);

#endif
