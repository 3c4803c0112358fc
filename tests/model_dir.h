/* Small HuggingFace model directories, made in the scratch folder with every defect a test asks
 * for. Weights are multiples of 1/64 below 2, so that F32, F16 and BF16 hold the same numbers.
 * tests/golden/make_torch_bin.py writes the same weights. */
#ifndef TESTS_MODEL_DIR_H
#define TESTS_MODEL_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_DIR_HIDDEN 8
#define MODEL_DIR_LAYERS 2
#define MODEL_DIR_FFN 16
#define MODEL_DIR_VOCAB 16
#define MODEL_DIR_POSITIONS 12
#define MODEL_DIR_TYPES 2

typedef struct model_dir_options {
    const char *dtype;  /* "F32" (NULL too), "F16", "BF16", or another to declare */
    const char *prefix; /* before every name; NULL: none */
    bool gamma_beta;    /* the norms' old names */
    bool extras;        /* pooler.dense.* and embeddings.position_ids (I64) */
    bool crf;           /* RaNER's ffn.* and crf.* of 3 labels; linear and classifier lack a bias */
    unsigned shards;    /* 0: one file; else an index and so many files */
    const char *drop;   /* a tensor (without prefix) that is left out */
    const char *twice;  /* a tensor whose declared shape gets one more row */
    const char *poison; /* a tensor whose element 3 is `poison_bits` of the dtype */
    uint32_t poison_bits;
} model_dir_options;

/* Makes a directory of that name; returns its path in a static buffer (4 in turn). NULL: all
 * defaults. Holds config.json, vocab.txt, tokenizer_config.json, 1_Pooling/config.json, weights. */
const char *model_dir_make(const char *name, const model_dir_options *options);

/* Writes a file of the directory; text NULL removes it. Folders on the way are made. */
void model_dir_put(const char *dir, const char *file, const char *text);
void model_dir_put_bytes(const char *dir, const char *file, const void *data, size_t size);

/* config.json with `key` set to the JSON text `value`; value NULL leaves the key out. */
void model_dir_config(const char *dir, const char *key, const char *value);

/* Element i of a tensor, by its name without prefix. */
float model_dir_weight(const char *tensor, size_t i);

/* A whole tokenizer.json for the same vocabulary; the parts that are NULL are the usual ones. */
void model_dir_tokenizer(const char *dir, const char *normalizer, const char *pre_tokenizer,
                         const char *post_processor, const char *model, const char *added);

#endif
