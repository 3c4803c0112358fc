/* gte.h - text to vectors on a CPU: the whole public surface of libgte.
 *
 *     gte_model *model;
 *     gte_context *ctx;
 *     gte_error err;
 *     if (gte_model_open(&model, "gte-small.gte", NULL, &err) != GTE_OK) puts(err.message);
 *     gte_context_create(&ctx, model, NULL, &err);
 *     gte_text text = gte_text_of("hello world");
 *     gte_embed(ctx, &text, 1, NULL, vector, capacity, &err);
 *     gte_context_free(&ctx);
 *     gte_model_close(&model);
 *
 * Rules that hold for every function here:
 *  - Everything that can fail returns a gte_status; GTE_OK is 0. The gte_error pointer is optional
 *    (NULL is allowed); when given it is filled on failure with a message that says what to do, and
 *    its status is set to GTE_OK on success.
 *  - The library never prints, never exits, never aborts, and keeps no reference to caller memory
 *    after a call returns, unless the function says otherwise.
 *  - A gte_model is immutable: any number of threads may use one at the same time. A gte_context is
 *    one workspace: one thread at a time. Different contexts are independent.
 *  - Text is UTF-8, a pointer and a length in bytes; it may contain NUL bytes.
 *  - Options structs begin with their own size; fill them with the matching GTE_..._INIT, so that a
 *    program built against an older header keeps working. NULL means the defaults.
 */
#ifndef GTE_H
#define GTE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GTE_VERSION_MAJOR 0
#define GTE_VERSION_MINOR 1
#define GTE_VERSION_PATCH 0
#define GTE_VERSION_STRING "0.1.0"
/* MAJOR * 10000 + MINOR * 100 + PATCH; comparable with gte_version_number(). */
#define GTE_VERSION_NUMBER (GTE_VERSION_MAJOR * 10000 + GTE_VERSION_MINOR * 100 + GTE_VERSION_PATCH)

#if defined(__GNUC__)
#define GTE_API __attribute__((visibility("default")))
#else
#define GTE_API
#endif

/* ---- status ------------------------------------------------------------------------------- */

/* Values are pinned: a code never changes its number. X(name, number, short text) */
#define GTE_STATUS_MAP(X)                                                                          \
    X(OK, 0, "ok")                                                                                 \
    X(E_ARGUMENT, 1, "an argument is wrong")                                                       \
    X(E_MEMORY, 2, "out of memory")                                                                \
    X(E_IO, 3, "a file could not be read or written")                                              \
    X(E_FORMAT, 4, "not a valid model file")                                                       \
    X(E_VERSION, 5, "a model file of a version this library cannot read")                          \
    X(E_UNSUPPORTED, 6, "not supported by this build or model")                                    \
    X(E_UTF8, 7, "text is not valid UTF-8")                                                        \
    X(E_CAPACITY, 8, "the caller's buffer is too small")                                           \
    X(E_CHECKSUM, 9, "the model file is damaged: its checksum differs")                            \
    X(E_CANCELLED, 10, "the caller asked to stop")                                                 \
    X(E_INTERNAL, 11, "a defect in this library")                                                  \
    X(E_TOO_LONG, 12, "text is longer than the model reads")

typedef enum gte_status {
#define GTE_STATUS_ENUM(name, number, text) GTE_##name = number,
    GTE_STATUS_MAP(GTE_STATUS_ENUM)
#undef GTE_STATUS_ENUM
} gte_status;

/* Filled on failure. `offset` is a byte position where one makes sense (the first invalid byte of
 * a text, the place in a model file), `index` the number of the text at fault (0 when n = 1) and
 * `part` which half of it: 0 the text, 1 its pair. */
typedef struct gte_error {
    gte_status status;
    int part;
    uint64_t offset;
    size_t index;
    char message[256]; /* always NUL-terminated, one line, no trailing period */
    uint64_t reserved[4];
} gte_error;

/* "GTE_E_UTF8" and "text is not valid UTF-8" for a status; "GTE_E_UNKNOWN" and "unknown status"
 * for any other number. Constant strings, never NULL. Thread-safe. */
GTE_API const char *gte_status_name(gte_status status);
GTE_API const char *gte_status_message(gte_status status);

/* ---- version and machine ------------------------------------------------------------------ */

/* The version of the library that is linked, which may be newer than this header. */
GTE_API const char *gte_version(void);
GTE_API int gte_version_number(void);

/* What the library found and chose on this machine. Strings are constant, owned by the library. */
typedef struct gte_runtime {
    const char *isa;            /* kernels in use: "scalar", "avx2", "avxvnni", "avx512",
                                 * "avx512vnni", "avx512bf16" */
    const char *isa_best;       /* the best the processor has; differs when GTE_CPU lowers it */
    const char *blas;           /* "OpenBLAS 0.3.21" */
    const char *blas_core;      /* the core type OpenBLAS chose: "SkylakeX", "Haswell", ... */
    const char *blas_threading; /* "openmp", "pthread" or "none" */
    const char *blas_warning;   /* NULL, or why OpenBLAS is slower than it could be here */
    int threads;                /* threads a context takes by default: affinity and cgroup quota */
} gte_runtime;

/* Fills the first `size` bytes of *out: pass sizeof *out, so that a program built against an older
 * header keeps working. Thread-safe. The environment variable GTE_CPU (one of those names) lowers
 * the instruction set; it is read once, at the first use of the library. */
GTE_API void gte_runtime_describe(gte_runtime *out, size_t size);

/* ---- model -------------------------------------------------------------------------------- */

typedef struct gte_model gte_model;

typedef struct gte_model_options {
    size_t struct_size;
    int verify; /* 1: also do what gte_model_verify does; reads the whole file. Default 0 */
    int reserved[7];
} gte_model_options;
#define GTE_MODEL_OPTIONS_INIT                                                                     \
    {                                                                                              \
        sizeof(gte_model_options), 0,                                                              \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

/* Maps a .gte file read-only and checks every field of it that is used afterwards; nothing is
 * copied, so processes that open one file share its pages. On failure *out is NULL. The caller
 * closes the model with gte_model_close. The file must not be changed in place while it is open
 * (replace it by rename, as gte convert does).
 * Errors: GTE_E_IO, GTE_E_FORMAT, GTE_E_VERSION, GTE_E_UNSUPPORTED, GTE_E_MEMORY,
 * GTE_E_CHECKSUM, GTE_E_ARGUMENT. */
GTE_API gte_status gte_model_open(gte_model **out, const char *path,
                                  const gte_model_options *options, gte_error *err);

/* The same from memory the caller keeps, unchanged, until the model is closed. `data` must be
 * aligned to 64 bytes. */
GTE_API gte_status gte_model_open_memory(gte_model **out, const void *data, size_t size,
                                         const gte_model_options *options, gte_error *err);

/* Closes and sets *model to NULL. NULL and a pointer to NULL are allowed. Every context made from
 * the model must have been freed before. */
GTE_API void gte_model_close(gte_model **model);

/* Reads the whole file: the SHA-256 in its header, and that every weight is finite.
 * Errors: GTE_E_CHECKSUM, GTE_E_FORMAT. Thread-safe. */
GTE_API gte_status gte_model_verify(const gte_model *model, gte_error *err);

typedef enum gte_pooling {
    GTE_POOLING_MODEL = 0,
    GTE_POOLING_MEAN = 1,
    GTE_POOLING_CLS = 2,
    GTE_POOLING_NONE = 3 /* gte_embed_tokens only: the state of every token, not normalised */
} gte_pooling;

typedef struct gte_model_info {
    const char *architecture; /* "bert" */
    const char *dtype;        /* of the linear weights: "f32", "bf16" or "int8" */
    const char *tokenizer;    /* "wordpiece" */
    const char *activation;   /* "gelu" (exact, erf) or "gelu_tanh" */
    int hidden_size;          /* also the number of dimensions of a vector */
    int layers, heads, ffn_size;
    int vocab_size, max_positions, type_vocab_size;
    int max_tokens;      /* the longest input, special tokens included; longer ones are cut */
    gte_pooling pooling; /* the model's own: GTE_POOLING_MEAN or GTE_POOLING_CLS */
    int normalize;       /* 1 where the model's own description asks for L2 normalisation */
    int lowercase;       /* 1 where the tokenizer folds case */
    uint64_t parameters; /* number of weights */
    uint64_t file_size;  /* bytes */
    char sha256[65];     /* digest of the content, lower-case hexadecimal; identifies the model */
} gte_model_info;

/* Fills the first `size` bytes of *out (pass sizeof *out); strings in it live as long as the model.
 * Thread-safe. */
GTE_API void gte_model_describe(const gte_model *model, gte_model_info *out, size_t size);

/* Free-form text the converter stored: "name", "source", "license", "prompt.query", ... The i-th
 * pair for 0 <= i < gte_model_meta_count(); NULL when i is out of range. Strings live as long as
 * the model. Thread-safe. */
GTE_API size_t gte_model_meta_count(const gte_model *model);
GTE_API const char *gte_model_meta_key(const gte_model *model, size_t i);
GTE_API const char *gte_model_meta_value(const gte_model *model, size_t i);
/* The value of a key, or NULL. */
GTE_API const char *gte_model_meta(const gte_model *model, const char *key);

/* ---- context ------------------------------------------------------------------------------ */

typedef struct gte_context gte_context;

/* What multiplies matrices. */
typedef enum gte_backend {
    GTE_BACKEND_AUTO = 0,    /* packed where it has vector kernels for machine and model */
    GTE_BACKEND_PACKED = 1,  /* the library's own kernels, on the weights as the file has them */
    GTE_BACKEND_OPENBLAS = 2 /* OpenBLAS; each context holds a copy of the weights in f32 */
} gte_backend;

typedef struct gte_context_options {
    size_t struct_size;
    int threads;      /* 0: gte_runtime.threads. The calling thread is one of them */
    int batch_tokens; /* tokens that go through the encoder at once; 0: 1024. At least the model's
                         max_tokens, at most 2^20. Bounds the memory, not the vectors */
    gte_backend backend;
    int reserved[5];
} gte_context_options;
#define GTE_CONTEXT_OPTIONS_INIT                                                                   \
    {                                                                                              \
        sizeof(gte_context_options), 0, 0, GTE_BACKEND_AUTO,                                       \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

/* One workspace, allocated whole: gte_embed allocates nothing. On failure *out is NULL. The model
 * must outlive the context. Starts threads - 1 threads, which sleep between calls.
 * Errors: GTE_E_ARGUMENT, GTE_E_MEMORY, GTE_E_UNSUPPORTED. */
GTE_API gte_status gte_context_create(gte_context **out, const gte_model *model,
                                      const gte_context_options *options, gte_error *err);
/* Frees, joins the threads and sets *ctx to NULL. NULL and a pointer to NULL are allowed. A process
 * made by fork has none of the threads: a context made before works there, on the caller's thread,
 * and may be freed there. */
GTE_API void gte_context_free(gte_context **ctx);

typedef struct gte_context_info {
    int threads;           /* including the caller */
    int batch_tokens;      /* after rounding */
    size_t workspace_size; /* bytes reserved; pages are touched only as batches need them */
    const char *backend;   /* "packed" or "openblas"; a constant string */
} gte_context_info;
/* Fills the first `size` bytes of *out: pass sizeof *out. */
GTE_API void gte_context_describe(const gte_context *ctx, gte_context_info *out, size_t size);

/* ---- text --------------------------------------------------------------------------------- */

/* One input: a text, or a pair of texts that the model reads together ([CLS] a [SEP] b [SEP]).
 * `pair` is NULL for a single text; an empty pair is a pair ("" with pair_size 0). */
typedef struct gte_text {
    const char *data;
    size_t size; /* bytes */
    const char *pair;
    size_t pair_size;
} gte_text;

/* A single text from a NUL-terminated string. */
GTE_API gte_text gte_text_of(const char *string);

/* Flags for gte_tokenize and gte_embed. */
#define GTE_SPECIAL_AS_TEXT 1u /* "[SEP]" in a text is five characters, not the special token */
#define GTE_REPLACE_INVALID 2u /* invalid UTF-8 becomes U+FFFD instead of an error */
#define GTE_OFFSETS_BYTES 4u   /* gte_token offsets in bytes instead of code points */
#define GTE_NO_SPECIAL 8u      /* gte_tokenize: leave out the [CLS] and [SEP] of the template */
#define GTE_NO_TRUNCATE 16u    /* too long is GTE_E_TOO_LONG instead of a cut */

typedef struct gte_token {
    int32_t id;
    int32_t type;   /* 0, or 1 for the second text of a pair and its closing [SEP] */
    uint32_t start; /* where the token begins in its text, in code points */
    uint32_t end;   /* one past its end; template tokens have 0, 0 */
} gte_token;

/* Turns one input into tokens exactly as HuggingFace tokenizers does: ids, type ids and offsets.
 * The result is cut to max_tokens (0: the model's), special tokens included, a pair by the
 * "longest first" rule. Writes at most `capacity` tokens to `out` and the number of tokens to
 * *count; when they are more than `capacity` (or out is NULL), *count still holds the number
 * needed and GTE_E_CAPACITY is returned. *truncated (optional) says whether text was left out.
 * A text of 4 GiB or more and unknown flags are GTE_E_ARGUMENT. Thread-safe; allocates nothing.
 * Errors: GTE_E_UTF8 (err->offset is the first invalid byte), GTE_E_CAPACITY, GTE_E_ARGUMENT,
 * GTE_E_TOO_LONG (with GTE_NO_TRUNCATE). */
GTE_API gte_status gte_tokenize(const gte_model *model, gte_text text, unsigned flags,
                                size_t max_tokens, gte_token *out, size_t capacity, size_t *count,
                                int *truncated, gte_error *err);

/* The vocabulary entry of an id ("##ing", "[CLS]"), not NUL-terminated, its length in *size; NULL
 * for an id outside the vocabulary. Lives as long as the model. Thread-safe. */
GTE_API const char *gte_token_text(const gte_model *model, int32_t id, size_t *size);

/* ---- embed -------------------------------------------------------------------------------- */

typedef struct gte_embed_options {
    size_t struct_size;
    int dims;            /* keep the first so many dimensions, then normalise; 0: all */
    gte_pooling pooling; /* GTE_POOLING_MODEL: as the model says */
    int no_normalize;    /* 1: leave the vector as pooled; 0: divide it by its L2 norm, whatever the
                            model's own description says (model cards normalise throughout) */
    unsigned flags;      /* GTE_SPECIAL_AS_TEXT, GTE_REPLACE_INVALID, GTE_NO_TRUNCATE */
    /* Called after each batch with the number of texts done, n at the end; a return other than 0
     * before the end stops with GTE_E_CANCELLED and err->index that number. The vectors of the
     * texts done are complete. */
    int (*progress)(void *arg, size_t done);
    void *progress_arg;
    /* Optional, [n]: filled with the number of tokens each text had after the cut. */
    uint32_t *token_counts;
    uintptr_t reserved[4];
} gte_embed_options;
#define GTE_EMBED_OPTIONS_INIT                                                                     \
    {                                                                                              \
        sizeof(gte_embed_options), 0, GTE_POOLING_MODEL, 0, 0, NULL, NULL, NULL,                   \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

/* The vectors of n inputs, [n, dims] row-major, into `out`, which holds `capacity` floats (at
 * least n * dims, else GTE_E_CAPACITY). Texts of different lengths share a batch without padding,
 * and a text's vector does not depend on its neighbours beyond rounding (1e-6).
 *   mean: sum of the token states / number of tokens; cls: the state of the first token;
 *   L2:   v / max(||v||, 1e-12)                    (sentence-transformers' Pooling and Normalize)
 * On failure err->index is the text at fault and the contents of out are unspecified.
 * Errors: GTE_E_ARGUMENT, GTE_E_UTF8, GTE_E_CAPACITY, GTE_E_TOO_LONG, GTE_E_CANCELLED. */
GTE_API gte_status gte_embed(gte_context *ctx, const gte_text *texts, size_t n,
                             const gte_embed_options *options, float *out, size_t capacity,
                             gte_error *err);

/* The same of inputs that are tokens already, special tokens included, as gte_tokenize gives them:
 * input i is tokens[starts[i] .. starts[i + 1] - 1], [n + 1] starts. Only ids and types are read.
 * An input has 1 to max_tokens tokens. With GTE_POOLING_NONE out is [tokens, dims], the last hidden
 * state of each token of all inputs, cut to dims and otherwise as it is. On failure err->index is
 * the input at fault and err->offset the token. Errors: GTE_E_ARGUMENT, GTE_E_CAPACITY,
 * GTE_E_TOO_LONG, GTE_E_CANCELLED. */
GTE_API gte_status gte_embed_tokens(gte_context *ctx, const gte_token *tokens, const size_t *starts,
                                    size_t n, const gte_embed_options *options, float *out,
                                    size_t capacity, gte_error *err);

/* ---- similarity --------------------------------------------------------------------------- */

/* Cosine of every row of a [na, dims] with every row of b [nb, dims] into out [na, nb]:
 * a.b / (max(|a|, 1e-12) max(|b|, 1e-12)), kept within [-1, 1]. Rows need not be normalised, but
 * their squares must not overflow f32 (|a| < 1e19). na or nb may be 0. Thread-safe.
 * Errors: GTE_E_ARGUMENT. */
GTE_API gte_status gte_similarity(const float *a, size_t na, const float *b, size_t nb, size_t dims,
                                  float *out, gte_error *err);

/* ---- trace -------------------------------------------------------------------------------- */

/* What a context does. A call encloses the rest, a forward pass all but tokenize, pool, head and
 * decode; the others are steps: those of one thread follow each other and never overlap. Numbers
 * are pinned; newer versions may add some. X(name, number, name in words) */
#define GTE_TRACE_MAP(X)                                                                           \
    X(CALL, 0, "call")                                                                             \
    X(FORWARD, 1, "forward")                                                                       \
    X(TOKENIZE, 2, "tokenize")                                                                     \
    X(EMBED, 3, "embed") /* rows of three tables, their sum, its norm */                           \
    X(QKV, 4, "qkv")     /* linear: queries, keys and values */                                    \
    X(ATTENTION, 5, "attention")                                                                   \
    X(ATTENTION_OUT, 6, "attention out") /* linear, bias, residual */                              \
    X(NORM, 7, "norm")                                                                             \
    X(FFN_UP, 8, "ffn up")      /* linear, bias, GELU */                                           \
    X(FFN_DOWN, 9, "ffn down")  /* linear, bias, residual */                                       \
    X(QUANTIZE, 10, "quantize") /* rows to int8, where nothing else does it on the way */          \
    X(POOL, 11, "pool")                                                                            \
    X(WAIT, 12, "wait")     /* within a pass: no work, or sharing it out */                        \
    X(HEAD, 13, "head")     /* states to logits (gte_task.h) */                                    \
    X(DECODE, 14, "decode") /* logits to a result */

typedef enum gte_trace_operation {
#define GTE_TRACE_ENUM(name, number, text) GTE_TRACE_##name = number,
    GTE_TRACE_MAP(GTE_TRACE_ENUM)
#undef GTE_TRACE_ENUM
} gte_trace_operation;

/* The name in words, a constant string; "unknown" for any other number. Thread-safe. */
GTE_API const char *gte_trace_operation_name(gte_trace_operation operation);

/* One thing done. FLOPs are those of the mathematics (a multiplication and an addition are two),
 * bytes each operand and each result once, from whatever cache. */
typedef struct gte_trace_span {
    int64_t begin_ns, end_ns; /* CLOCK_MONOTONIC */
    gte_trace_operation operation;
    int layer;     /* from 0; -1 outside of the layers */
    int member;    /* thread of the context: 0 is the caller's */
    uint32_t rows; /* tokens; of a call, texts */
    uint64_t flops, bytes;
    int64_t cpu_ns; /* of the thread in a step, with GTE_TRACE_CPU; else 0 */
} gte_trace_span;

/* Flag: also record each step's processor time, which leaves out others': asks the kernel. */
#define GTE_TRACE_CPU 1u

/* Records what this context does from now on, in `capacity` spans per thread allocated here; older
 * ones are forgotten. A call takes some 10 to 50 spans per layer, batch and thread. Costs two clock
 * readings a step at most; a context without a trace pays nothing that can be measured. The
 * context's thread only; not from within a progress callback.
 * Errors: GTE_E_ARGUMENT (capacity 0, unknown flags), GTE_E_MEMORY (an older recording goes on). */
GTE_API gte_status gte_context_trace_start(gte_context *ctx, size_t capacity, unsigned flags,
                                           gte_error *err);

/* Stops recording; what was recorded stays readable until the next start or the context's end. */
GTE_API void gte_context_trace_stop(gte_context *ctx);

/* Writes at most `capacity` spans of `span_size` bytes each (pass sizeof *out) and returns how many
 * there are in all; out may be NULL. They come thread by thread, each in the order in which spans
 * ended. *dropped (optional): how many found no room. The context's thread only. */
GTE_API size_t gte_context_trace_read(const gte_context *ctx, gte_trace_span *out, size_t span_size,
                                      size_t capacity, uint64_t *dropped);

#ifdef __cplusplus
}
#endif
#endif
