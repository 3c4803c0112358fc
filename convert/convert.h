/* The converter's door: a HuggingFace model directory becomes one .gte file.
 *
 *   directory ──► config.c (config.json and friends) ──► checkpoint (safetensors | pickle)
 *             ──► vocabulary (tokenizer.json | vocab.txt) ──► pack, write to OUT.tmp, rename
 *
 * Uses of the library only src/model/format.h (the file) and src/base (status, memory, sha256).
 * Never prints: messages go to the callbacks. */
#ifndef GTE_CONVERT_CONVERT_H
#define GTE_CONVERT_CONVERT_H

#include "gte.h"

typedef struct gte_convert_options {
    const char *dtype;   /* "f32" (NULL too), "bf16" or "int8": of linear layers and words */
    gte_pooling pooling; /* GTE_POOLING_MODEL: as the directory says; else this, whatever it says */
    const char *name;    /* stored as the model's name; NULL: the directory's */
    /* Optional: pairs of key and value to be stored beside it, then NULL ("source", ...). */
    const char *const *meta;
    /* Optional: bytes written so far of all that will be written. */
    void (*progress)(void *arg, uint64_t done, uint64_t total);
    /* Optional: one line for --verbose ("ignored tensor pooler.dense.weight F32 [384, 384]"). */
    void (*note)(void *arg, const char *line);
    /* Optional: one line for what was guessed or dropped although it may change the vectors. */
    void (*warning)(void *arg, const char *line);
    void *arg;
    /* Optional: polled during long work; a return other than 0 stops with GTE_E_CANCELLED and
     * leaves nothing behind. */
    int (*cancelled)(void *arg);
} gte_convert_options;

/* Reads `model_dir`, checks everything, writes `out_path` (first under a temporary name in the same
 * directory, flushed, then renamed over). Nothing is left under either name on failure, and a file
 * that was at out_path stays as it was. `options` may be NULL.
 * Errors name the file, the tensor or key, and what was expected: GTE_E_IO, GTE_E_FORMAT,
 * GTE_E_UNSUPPORTED, GTE_E_MEMORY, GTE_E_CANCELLED. */
gte_status gte_convert(const char *model_dir, const char *out_path,
                       const gte_convert_options *options, gte_error *err);

/* Whether the small files of `model_dir` (config.json and those of sentence-transformers) describe
 * a model that gte_convert takes; the vocabulary and the weights need not be there. Errors: as of
 * gte_convert. */
gte_status gte_convert_check(const char *model_dir, gte_error *err);

#endif
