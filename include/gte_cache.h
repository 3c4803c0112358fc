/* gte_cache.h - answers that need not be computed twice: the whole public surface of libgtecache.
 *
 *     gte_cache_options options = GTE_CACHE_OPTIONS_INIT;
 *     options.path = "vectors.cache";
 *     gte_cache_open(&cache, &options, &err);
 *     gte_cache_scope_vectors(&scope, &model_info, &embed_options, "avx512 packed");
 *     gte_cache_key_of(&scope, gte_text_of("hello world"), &key);
 *     if (gte_cache_get(cache, &key, vector, sizeof vector, &size) != GTE_CACHE_HIT) {
 *         gte_embed(ctx, ..., vector, ...);
 *         if (gte_cache_finite(vector, dims)) gte_cache_put(cache, &key, vector, sizeof vector);
 *     }
 *     gte_cache_close(&cache);
 *
 * A value is bytes: a vector in the type the model gives it, or a JSON answer. A hit returns the
 * very bytes that were put. Two tiers: memory, and a SQLite file that outlives the process and may
 * be open in several at once. Both are bounded by bytes. Only digests of texts are stored.
 *
 * Rules beside those of gte.h:
 *  - No fault of the file reaches get or put: damaged, locked, full, read-only, deleted, foreign,
 *    it is a miss, or a value that is not kept. gte_cache_stats tells. What was repaired or
 *    replaced is used again by itself.
 *  - Neither waits for the disk to write, nor for other processes' locks: a thread of the cache
 *    writes. Where its queue is full, values are dropped and counted.
 *  - Functions of a gte_cache may be called from any number of threads at the same time, but for
 *    gte_cache_close, which must be the last.
 *  - After fork the child's gets are misses and its puts do nothing: it opens a cache of its own
 *    (the same file, if it likes) and may close the one it inherited.
 *  - The file is for one machine: not on NFS or any other network file system.
 *  - Whoever may write the file may put answers into it; it is made with mode 0600.
 */
#ifndef GTE_CACHE_H
#define GTE_CACHE_H

#include "gte.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- keys --------------------------------------------------------------------------------- */

/* SHA-256 over everything that changes an answer. */
typedef struct gte_cache_key {
    unsigned char bytes[32];
} gte_cache_key;

/* All of a key but the text, prepared once for many texts. Plain bytes: copy it, share it between
 * threads, forget it. */
typedef struct gte_cache_scope {
    uint64_t opaque[16];
} gte_cache_scope;

/* The parts are kept apart by their lengths, and the version of this library is one of them:
 *   model_sha256  gte_model_info.sha256, any string; "" where no model has a part in the answer
 *   task          "embed", "sentiment", ...: what is asked, and in what form the value answers
 *   options       bytes in a form that is the same for the same options (labels, temperature,
 *                 pooling, ...); NULL with size 0 for none
 *   dims, flags   of the answer; 0 where they mean nothing
 * Strings are NUL-terminated; NULL is the same as "". */
GTE_API void gte_cache_scope_init(gte_cache_scope *scope, const char *model_sha256,
                                  const char *task, const void *options, size_t options_size,
                                  int dims, unsigned flags);

/* The scope of gte_embed's vectors, the same in every program, so that they share files. Of the
 * options dims, pooling, no_normalize and flags count (NULL: the defaults), defaults of the model
 * being the same as those values given. `computed_by` names what changes the last bits, such as
 * "avx512 packed" (gte_runtime.isa and gte_context_info.backend); NULL where that is all one. */
GTE_API void gte_cache_scope_vectors(gte_cache_scope *scope, const gte_model_info *model,
                                     const gte_embed_options *options, const char *computed_by);

/* The key of a text, or of a pair, byte for byte. */
GTE_API void gte_cache_key_of(const gte_cache_scope *scope, gte_text text, gte_cache_key *out);

/* 1 where all n numbers are finite. A vector with a NaN or an infinity is a fault that must not be
 * kept: callers ask before they put. */
GTE_API int gte_cache_finite(const float *values, size_t n);

/* ---- a cache ------------------------------------------------------------------------------ */

typedef struct gte_cache gte_cache;

#define GTE_CACHE_NONE UINT64_MAX /* for memory_bytes: no memory tier */

typedef struct gte_cache_options {
    size_t struct_size;
    const char *path;      /* the SQLite file, made where it is not there; NULL: memory alone.
                              Beside it stand path-wal and path-shm while it is open */
    uint64_t memory_bytes; /* of the memory tier, its bookkeeping included; 0: 64 MiB */
    uint64_t disk_bytes;   /* of the file; 0: 1 GiB, at least 1 MiB. The oldest rows go first. The
                              log beside it (path-wal) takes some 16 MiB more, and up to 256 where
                              several processes never pause */
    uint64_t queue_bytes;  /* values that wait to be written; 0: 32 MiB */
    uint64_t value_bytes;  /* larger values are not kept; 0: 1 MiB, at most 64 MiB */
    int retry_ms;          /* after a fault of the file it is tried again after so long; 0: 30000.
                              At most 3600000 */
    int close_ms;          /* how long gte_cache_close waits for rows to be written; 0: 5000 */
    int read_only;         /* 1: never write the file, nor make it */
    int reserved_int;
    uintptr_t reserved[6];
} gte_cache_options;
#define GTE_CACHE_OPTIONS_INIT                                                                     \
    {                                                                                              \
        sizeof(gte_cache_options), NULL, 0, 0, 0, 0, 0, 0, 0, 0,                                   \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

/* Opens a cache and starts its thread. A file that cannot be used is no failure: the cache then
 * works in memory and tries again later; gte_cache_stats tells. A file that is not ours is never
 * changed; one of ours that is damaged is renamed to path.corrupt and begun anew. Options are
 * copied. On failure *out is NULL.
 * Errors: GTE_E_ARGUMENT, GTE_E_MEMORY. */
GTE_API gte_status gte_cache_open(gte_cache **out, const gte_cache_options *options,
                                  gte_error *err);

/* Writes what waits, for at most close_ms, closes the file and sets *cache to NULL. NULL and a
 * pointer to NULL are allowed. */
GTE_API void gte_cache_close(gte_cache **cache);

typedef enum gte_cache_answer {
    GTE_CACHE_MISS = 0,
    GTE_CACHE_HIT = 1,
    GTE_CACHE_SMALL = 2 /* it is there, but `capacity` is less than *size */
} gte_cache_answer;

/* Copies the value of a key to `out`, `capacity` bytes of the caller's, and its size to *size (0 at
 * a miss). At GTE_CACHE_SMALL nothing is copied: call again with *size bytes. */
GTE_API gte_cache_answer gte_cache_get(gte_cache *cache, const gte_cache_key *key, void *out,
                                       size_t capacity, size_t *size);

/* Keeps a copy of `size` bytes; a value that the key has already is replaced. At once in memory,
 * soon in the file. */
GTE_API void gte_cache_put(gte_cache *cache, const gte_cache_key *key, const void *value,
                           size_t size);

/* Waits until every put that returned before is in the file: committed, so that the end of this
 * process, however it comes, loses none (a power failure may lose the last seconds). Without a file
 * it does nothing. timeout_ms 0: as long as it takes, which is bounded, since rows that cannot be
 * written are dropped.
 * Errors: GTE_E_IO (rows put since the last flush were dropped; the message says why),
 * GTE_E_CANCELLED (timeout). */
GTE_API gte_status gte_cache_flush(gte_cache *cache, int timeout_ms, gte_error *err);

/* Forgets everything, in memory and in the file. What other processes hold in memory stays.
 * Errors: GTE_E_IO. */
GTE_API gte_status gte_cache_clear(gte_cache *cache, gte_error *err);

typedef enum gte_cache_state {
    GTE_CACHE_MEMORY_ONLY = 0, /* no path was given */
    GTE_CACHE_OK = 1,
    GTE_CACHE_READ_ONLY = 2, /* the file is read; it cannot be written, or was not to be */
    GTE_CACHE_WAITING = 3,   /* it could not be used; it will be tried again */
    GTE_CACHE_FOREIGN = 4    /* a file of another kind, or of another version of this one, or no
                                regular file: left alone until another stands there */
} gte_cache_state;

/* Counts are since gte_cache_open. */
typedef struct gte_cache_counts {
    gte_cache_state state;
    char fault[200];         /* the last fault of the file, one line, or "" */
    uint64_t hits_memory;    /* gets answered by the memory tier */
    uint64_t hits_disk;      /* gets answered by the file */
    uint64_t misses;         /* all other gets */
    uint64_t puts;           /* values given */
    uint64_t refused;        /* of these, larger than value_bytes */
    uint64_t stored;         /* rows committed to the file */
    uint64_t dropped;        /* rows not stored: the queue was full, the file was at fault */
    uint64_t evicted_memory; /* entries that made room for others */
    uint64_t evicted_disk;   /* rows that made room for others */
    uint64_t faults;         /* failed calls of SQLite */
    uint64_t damaged_rows;   /* rows whose checksum was wrong: misses */
    uint64_t set_aside;      /* files renamed to path.corrupt */
    uint64_t memory_entries, memory_bytes;
    uint64_t queued_rows, queued_bytes;
    uint64_t disk_rows, disk_bytes; /* as of the last write of this process; 0: not known */
    uint64_t reserved[8];
} gte_cache_counts;

/* Fills the first `size` bytes of *out: pass sizeof *out. Reads counters, no file. */
GTE_API void gte_cache_stats(gte_cache *cache, gte_cache_counts *out, size_t size);

/* ---- a file ------------------------------------------------------------------------------- */

/* What `gte cache` does to a file that may be open in other processes. None of these sets aside or
 * makes a file. GTE_E_UNSUPPORTED: the library was built without SQLite. */

typedef struct gte_cache_file_info {
    uint64_t rows;
    uint64_t value_bytes;  /* of all values */
    uint64_t file_bytes;   /* of the file */
    uint64_t log_bytes;    /* of path-wal */
    uint64_t free_bytes;   /* of file_bytes, what gte_cache_file_vacuum would give back */
    int64_t oldest;        /* when the first and the last row were written, seconds since 1970; */
    int64_t newest;        /* 0 without rows */
    uint64_t damaged_rows; /* gte_cache_file_verify: rows whose checksum is wrong */
    uint64_t reserved[8];
} gte_cache_file_info;

/* Counts what is there. `out` may be NULL; else pass sizeof *out.
 * Errors: GTE_E_IO (not there, locked, not readable), GTE_E_FORMAT (not a cache of ours, or damaged
 * too far to read), GTE_E_VERSION, GTE_E_ARGUMENT, GTE_E_MEMORY, GTE_E_UNSUPPORTED. */
GTE_API gte_status gte_cache_file_describe(const char *path, gte_cache_file_info *out, size_t size,
                                           gte_error *err);

/* Reads every page and every row. Damage is GTE_E_CHECKSUM, with the count in *out where it is
 * bounded to rows; else as gte_cache_file_describe. */
GTE_API gte_status gte_cache_file_verify(const char *path, gte_cache_file_info *out, size_t size,
                                         gte_error *err);

/* Removes all rows, or those written before `before` (seconds since 1970; 0: all), overwrites what
 * they held, and tells how many (`removed` may be NULL). The memory of running processes stays. */
GTE_API gte_status gte_cache_file_purge(const char *path, int64_t before, uint64_t *removed,
                                        gte_error *err);

/* Gives the free room back to the file system. Needs as much room again while it works, and no
 * other process that is writing. */
GTE_API gte_status gte_cache_file_vacuum(const char *path, gte_error *err);

#ifdef __cplusplus
}
#endif
#endif
