/* What the small JSON files of a model directory say, checked: the architecture (config.c) and what
 * sentence-transformers and ModelScope add to it (sentence_config.c). Reads no weights. */
#ifndef CONVERT_CONFIG_H
#define CONVERT_CONFIG_H

#include "convert/meta.h"
#include "convert/source.h"

typedef struct convert__config {
    /* The fields of gte__file_header, same names, same bounds. */
    uint32_t activation, hidden_size, layers, heads, ffn_size;
    uint32_t vocab_size, max_positions, type_vocab_size, max_tokens;
    uint32_t pooling, normalize;
    uint32_t linear_dtype, table_dtype; /* the caller's wish: f32 until gte_convert sets it */
    float layer_norm_eps;
    uint32_t pad_id;
    /* sentence_bert_config.json: the text is folded to lower case before the tokenizer */
    bool lowercase_text;
    uint32_t lower_layers; /* SiameseUIE, where it is said: layers below the split; else 0 */
    char architecture[64]; /* "BertForMaskedLM": whose head is left out; "" for BertModel */
    convert__meta meta;
} convert__config;

/* Reads every file; *out must be freed with convert__config_free whatever the result. */
gte_status convert__config_read(convert__config *out, const convert__source *source,
                                gte_error *err);
void convert__config_free(convert__config *config);

/* sentence_config.c: pooling, normalize, max_tokens, lowercase_text and prompts, from the files
 * around config.json. `config` holds the architecture already. */
gte_status convert__sentence_config_read(convert__config *config, const convert__source *source,
                                         gte_error *err);

#endif
