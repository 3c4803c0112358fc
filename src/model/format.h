/* The .gte file, version 2: one file, little-endian, mapped and used in place.
 *
 *     offset 0      gte__file_header            256 bytes
 *     ...           sections, each aligned to GTE__SECTION_ALIGN, in any order, none overlapping:
 *       META        pairs of NUL-terminated strings: key, value, key, value, ...
 *       TOKENIZER   gte__tokenizer_header, then its tables, ready to use (no parsing at open)
 *       TENSORS     gte__tensor_record[count]
 *       DATA        the tensors, each aligned to GTE__TENSOR_ALIGN
 *       HEAD        optional: what a task needs behind the encoder (head_format.h)
 *
 * `sha256` is the digest of the whole file with those 32 bytes as zero: it detects damage and
 * identifies the model. Every offset in the header counts from the start of the file; every
 * offset inside a section counts from the start of that section; tensor offsets count from the
 * start of DATA. A reader validates every field before use; bytes that no field names are zero.
 *
 * Shared by the reader (src/model/) and the writer (convert/). Structs here have no padding; the
 * static assertions at the end hold the layout. */
#ifndef GTE_MODEL_FORMAT_H
#define GTE_MODEL_FORMAT_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/panels.h"

#define GTE__MAGIC "GTEMODEL" /* 8 bytes, no NUL */
#define GTE__FORMAT_VERSION 2u
#define GTE__SECTION_ALIGN 4096u
#define GTE__TENSOR_ALIGN 64u
#define GTE__SHA256_SIZE 32u

/* Bounds that no model of the family comes near; they keep every product within 64 bits and a
 * damaged field from asking for absurd memory. */
#define GTE__MAX_HIDDEN 16384u
#define GTE__MAX_FFN 65536u
#define GTE__MAX_LAYERS 512u
#define GTE__MAX_HEADS 1024u
#define GTE__MAX_POSITIONS 131072u
#define GTE__MAX_VOCAB 4194304u
#define GTE__MAX_TYPES 16u
#define GTE__MAX_PIECE_BYTES 65535u
#define GTE__MAX_META_BYTES 1048576u /* prompts are sentences, not books */
#define GTE__MAX_WORD_CHARS 512u
#define GTE__MAX_ADDED_TOKENS 65536u
#define GTE__MAX_ADDED_BYTES 256u /* of an added token: how far one is looked for at each place */

enum gte__section_kind {
    GTE__SECTION_META = 0,
    GTE__SECTION_TOKENIZER = 1,
    GTE__SECTION_TENSORS = 2,
    GTE__SECTION_DATA = 3,
    GTE__SECTION_COUNT = 4
};

typedef struct gte__section {
    uint64_t offset; /* from the start of the file */
    uint64_t size;   /* bytes */
} gte__section;

enum gte__architecture { GTE__ARCH_BERT = 1 };
enum gte__activation { GTE__ACT_GELU_ERF = 1, GTE__ACT_GELU_TANH = 2 };
enum gte__file_pooling { GTE__POOL_MEAN = 1, GTE__POOL_CLS = 2 }; /* = enum gte_pooling */
/* INT8 is signed in panels, unsigned in a table; a float scale stands in a tensor of its own. */
enum gte__dtype {
    GTE__DTYPE_F32 = GTE__ELEMENT_F32,
    GTE__DTYPE_BF16 = GTE__ELEMENT_BF16,
    GTE__DTYPE_INT8 = GTE__ELEMENT_INT8
};
/* Weights of linear layers lie in panels (base/panels.h), tables and vectors row by row. */
enum gte__layout { GTE__LAYOUT_ROW_MAJOR = 0, GTE__LAYOUT_PANELS = 1 };

typedef struct gte__file_header {
    char magic[8];
    uint32_t version;
    uint32_t header_size; /* sizeof(gte__file_header) */
    uint64_t file_size;
    uint8_t sha256[GTE__SHA256_SIZE];
    gte__section sections[GTE__SECTION_COUNT];

    /* the architecture; H, L, A, F as in encoder.c */
    uint32_t architecture;
    uint32_t activation;
    uint32_t hidden_size; /* H, a multiple of heads */
    uint32_t layers;      /* L */
    uint32_t heads;       /* A */
    uint32_t ffn_size;    /* F */
    uint32_t vocab_size;  /* rows of the word table; at least the tokenizer's */
    uint32_t max_positions;
    uint32_t type_vocab_size; /* at least 1 */
    uint32_t max_tokens;      /* longest input with its special tokens; 2 .. max_positions */
    uint32_t pooling;
    uint32_t normalize;     /* 0 or 1 */
    uint32_t linear_dtype;  /* of the linear layers' weights */
    float layer_norm_eps;   /* finite, > 0 */
    uint32_t table_dtype;   /* of the word table; all else is f32 */
    uint32_t reserved_word; /* zero */
    gte__section head;      /* of size 0 where there is none; offset 0 then */
    uint8_t reserved[56];   /* zero */
} gte__file_header;

/* ---- tensors ------------------------------------------------------------------------------- */

/* What a tensor is. [rows, cols], HuggingFace's orientation: a linear layer is [out, in]. */
enum gte__role {
    GTE__WORD_EMBEDDINGS = 0,     /* [vocab_size, H] */
    GTE__POSITION_EMBEDDINGS = 1, /* [max_positions, H] */
    GTE__TYPE_EMBEDDINGS = 2,     /* [type_vocab_size, H] */
    GTE__EMBEDDING_NORM_GAIN = 3, /* [1, H] */
    GTE__EMBEDDING_NORM_SHIFT = 4,
    /* per layer */
    GTE__QKV_WEIGHT = 5,      /* [3H, H]: query rows, then key, then value */
    GTE__QKV_BIAS = 6,        /* [1, 3H] */
    GTE__ATTN_OUT_WEIGHT = 7, /* [H, H] */
    GTE__ATTN_OUT_BIAS = 8,   /* [1, H] */
    GTE__ATTN_NORM_GAIN = 9,
    GTE__ATTN_NORM_SHIFT = 10,
    GTE__FFN_UP_WEIGHT = 11,   /* [F, H] */
    GTE__FFN_UP_BIAS = 12,     /* [1, F] */
    GTE__FFN_DOWN_WEIGHT = 13, /* [H, F] */
    GTE__FFN_DOWN_BIAS = 14,   /* [1, H] */
    GTE__FFN_NORM_GAIN = 15,
    GTE__FFN_NORM_SHIFT = 16,
    /* per layer, where linear_dtype is int8: W[n][k] = scale[n] w8[n][k] */
    GTE__QKV_SCALE = 17,         /* [1, 3H] */
    GTE__QKV_SUMS = 18,          /* [1, 3H]: scale[n] times the sum of w8[n] */
    GTE__QKV_INPUT_GAIN = 19,    /* [1, H]: in place of the gain and shift of the norm before */
    GTE__ATTN_OUT_SCALE = 20,    /* [1, H] */
    GTE__ATTN_OUT_SUMS = 21,     /* [1, H] */
    GTE__FFN_UP_SCALE = 22,      /* [1, F] */
    GTE__FFN_UP_SUMS = 23,       /* [1, F] */
    GTE__FFN_UP_INPUT_GAIN = 24, /* [1, H] */
    GTE__FFN_DOWN_SCALE = 25,    /* [1, H] */
    GTE__FFN_DOWN_SUMS = 26,     /* [1, H] */
    /* once, where table_dtype is int8 */
    GTE__WORD_SCALES = 27, /* [vocab_size, 2]: x = scale u8 + offset; scale, offset of each row */
    GTE__ROLE_COUNT = 28
};

static inline bool gte__role_is_of_layer(uint32_t role)
{
    return role >= GTE__QKV_WEIGHT && role != GTE__WORD_SCALES;
}

/* Whether a file of these types has the role: exactly once then (per layer for those of a layer),
 * not at all else. */
static inline bool gte__role_stands(uint32_t role, uint32_t linear_dtype, uint32_t table_dtype)
{
    if (role == GTE__WORD_SCALES) return table_dtype == GTE__DTYPE_INT8;
    return role < GTE__QKV_SCALE || linear_dtype == GTE__DTYPE_INT8;
}

typedef struct gte__tensor_record {
    uint32_t role;
    uint32_t layer; /* 0 for the roles that are not per layer */
    uint32_t dtype;
    uint32_t layout;
    uint32_t rows;
    uint32_t cols;
    uint64_t offset;   /* from the start of DATA, a multiple of GTE__TENSOR_ALIGN */
    uint64_t size;     /* bytes: gte__tensor_bytes() */
    uint64_t reserved; /* zero */
} gte__tensor_record;

/* Whether a tensor is the weight of a linear layer: of linear_dtype, in panels. */
static inline bool gte__role_is_linear(uint32_t role)
{
    return role == GTE__QKV_WEIGHT || role == GTE__ATTN_OUT_WEIGHT || role == GTE__FFN_UP_WEIGHT ||
           role == GTE__FFN_DOWN_WEIGHT;
}

/* What a tensor of the role is stored as in a file of these types. */
static inline uint32_t gte__role_dtype(uint32_t role, uint32_t linear_dtype, uint32_t table_dtype)
{
    if (gte__role_is_linear(role)) return linear_dtype;
    return role == GTE__WORD_EMBEDDINGS ? table_dtype : (uint32_t)GTE__DTYPE_F32;
}

static inline uint32_t gte__role_layout(uint32_t role)
{
    return gte__role_is_linear(role) ? GTE__LAYOUT_PANELS : GTE__LAYOUT_ROW_MAJOR;
}

/* Bytes of a tensor. Rows are at most 2^22 and columns 2^18, as the bounds above say. */
static inline uint64_t gte__tensor_bytes(uint32_t layout, uint32_t dtype, uint32_t rows,
                                         uint32_t cols)
{
    if (layout == GTE__LAYOUT_PANELS) return gte__panels_bytes((gte__element)dtype, rows, cols);
    return (uint64_t)rows * cols * gte__element_bytes((gte__element)dtype);
}

/* ---- tokenizer ----------------------------------------------------------------------------- */

enum gte__tokenizer_kind { GTE__TOKENIZER_WORDPIECE = 1 };

/* HuggingFace's BertNormalizer, field by field */
#define GTE__TOK_CLEAN_TEXT 1u
#define GTE__TOK_CJK_SPLIT 2u
#define GTE__TOK_STRIP_ACCENTS 4u
#define GTE__TOK_LOWERCASE 8u
/* Not HuggingFace's: a word that no pieces spell becomes its bytes, "<0xE9>", instead of [UNK], as
 * BPE models do it (Llama's byte_fallback). A byte whose piece the vocabulary lacks is [UNK]. */
#define GTE__TOK_BYTE_FALLBACK 16u

/* A trie over the UTF-8 bytes of the vocabulary as a double array. Unit 0 is unused. A walk starts
 * at a root (pieces that begin a word: trie_root_word; pieces that continue one, stored without
 * their "##" prefix: trie_root_suffix); the child of unit s by byte c is t = base(s) + c, and
 * exists if t < trie_units and check(t) == s. The check of a unit that is no child is
 * GTE__TRIE_FREE. id is the vocabulary id of the piece that ends at the unit, or -1. Indices are
 * checked during the walk, ids once at open.
 *
 * Two more roots find added tokens, and ids below those are indices of the array of added tokens:
 * trie_root_added the texts of those that are matched as they stand, trie_root_normalized the
 * normal forms of the `normalized` ones. One that normalises to nothing is in neither. */
#define GTE__TRIE_FREE 0xffffffffu
typedef struct gte__trie_unit {
    uint32_t base;
    uint32_t check;
    int32_t id;
} gte__trie_unit;

/* A literal token of tokenizer.json's added_tokens, cut out of the text before (or, `normalized`,
 * after) normalisation. At one place the longest wins; of equal ones the trie holds one. */
#define GTE__ADDED_SINGLE_WORD 1u
#define GTE__ADDED_LSTRIP 2u
#define GTE__ADDED_RSTRIP 4u
#define GTE__ADDED_NORMALIZED 8u
#define GTE__ADDED_SPECIAL 16u

typedef struct gte__added_token {
    uint32_t id;
    uint32_t flags;
} gte__added_token;

typedef struct gte__tokenizer_header {
    uint32_t kind;
    uint32_t flags;          /* GTE__TOK_... */
    uint32_t vocab_size;     /* ids are 0 .. vocab_size - 1; a hole has an empty string */
    uint32_t max_word_chars; /* longer is one unknown token: 100; 1 .. GTE__MAX_WORD_CHARS */
    uint32_t unk_id, cls_id, sep_id, pad_id;
    uint32_t trie_root_word, trie_root_suffix;
    uint32_t trie_units;
    uint32_t added_count;
    /* offsets from the start of the TOKENIZER section, each a multiple of 64 */
    uint64_t trie_offset;         /* gte__trie_unit[trie_units] */
    uint64_t string_index_offset; /* uint32_t[vocab_size + 1], non-decreasing, into the bytes */
    uint64_t string_bytes_offset; /* the pieces as in vocab.txt ("##ing"), no terminators */
    uint64_t string_bytes_size;
    uint64_t added_offset; /* gte__added_token[added_count] */
    uint32_t trie_root_added, trie_root_normalized;
    uint8_t reserved[32]; /* zero */
} gte__tokenizer_header;

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the file is little-endian and used as it lies in memory"
#endif

static_assert(sizeof(gte__section) == 16, "layout");
static_assert(sizeof(gte__file_header) == 256, "layout");
static_assert(sizeof(gte__tensor_record) == 48, "layout");
static_assert(sizeof(gte__trie_unit) == 12, "layout");
static_assert(sizeof(gte__added_token) == 8, "layout");
static_assert(sizeof(gte__tokenizer_header) == 128, "layout");

#endif
