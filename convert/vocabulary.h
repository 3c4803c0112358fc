/* The tokenizer of a model directory as a description that tokenizer_pack.h lays out. Read from
 * tokenizer.json (tokenizer_json.c) or, without it, from vocab.txt and the files around it
 * (vocab_txt.c). Holds the texts the description points into. */
#ifndef CONVERT_VOCABULARY_H
#define CONVERT_VOCABULARY_H

#include "convert/config.h"
#include "convert/json.h"
#include "convert/source.h"
#include "convert/tokenizer_pack.h"

typedef struct convert__vocabulary {
    convert__tokenizer desc; /* complete after convert__vocabulary_read */
    const char *file;        /* the one that was read, for messages */
    /* behind desc: */
    convert__piece *pieces;
    uint32_t capacity;
    convert__added *added;
    uint32_t added_capacity;
    json_t *roots[3]; /* parsed files and a mapped one, whose strings are in use */
    convert__input input;
} convert__vocabulary;

/* *out must be freed whatever the result. Errors: GTE_E_IO, GTE_E_FORMAT, GTE_E_UNSUPPORTED,
 * GTE_E_MEMORY. */
gte_status convert__vocabulary_read(convert__vocabulary *out, const convert__source *source,
                                    const convert__config *config, gte_error *err);
void convert__vocabulary_free(convert__vocabulary *v);

/* ---- for the readers; `file` is for messages ------------------------------------------------ */

gte_status convert__tokenizer_json_read(convert__vocabulary *out, const convert__source *source,
                                        bool *found, gte_error *err);
gte_status convert__vocab_txt_read(convert__vocabulary *out, const convert__source *source,
                                   gte_error *err);

/* Gives id its text; GTE_E_FORMAT when it has another one, or is out of range. */
gte_status convert__vocabulary_set(convert__vocabulary *v, const char *file, uint32_t id,
                                   const char *text, size_t size, gte_error *err);
/* Adds a literal token; of equal texts the last one added counts. Its text does not join the
 * vocabulary, where words would be matched with it. */
gte_status convert__vocabulary_add(convert__vocabulary *v, const char *file,
                                   const convert__added *token, gte_error *err);
/* The highest id of a text; GTE_E_FORMAT "FILE: WHAT ... is not in the vocabulary". */
gte_status convert__vocabulary_find(const convert__vocabulary *v, const char *file,
                                    const char *what, const char *text, uint32_t *id,
                                    gte_error *err);
/* The GTE__ADDED_... flags of an object with single_word, lstrip, rstrip, normalized, special; an
 * absent one keeps its bit of *flags. */
gte_status convert__added_flags(const convert__object *object, uint32_t *flags, gte_error *err);

#endif
