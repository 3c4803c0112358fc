/* The plan of a .gte file: which tensors of the checkpoint become which records, where everything
 * lies; then the writing of it, tensor by tensor, without the model ever being whole in memory. */
#ifndef CONVERT_PACK_H
#define CONVERT_PACK_H

#include "convert/checkpoint.h"
#include "convert/config.h"
#include "convert/write.h"
#include "model/format.h"

#define CONVERT__MAX_PARTS 3 /* query, key and value */

typedef struct convert__item {
    gte__tensor_record record;
    const convert__tensor *parts[CONVERT__MAX_PARTS]; /* one below the other; none: made here */
} convert__item;

typedef struct convert__pack {
    gte__file_header header; /* complete but for the digest */
    convert__item *items;
    size_t count;
    const void *tokenizer; /* the caller's; kept until the file is written */
    const char *meta;
    const void *head; /* the HEAD section, or NULL; the caller's, too */
    uint64_t head_size;
} convert__pack;

/* Finds every tensor of the architecture, checks its type and shape, notes the tensors that are
 * left over and lays out the file. *out must be freed whatever the result. */
gte_status convert__pack_plan(convert__pack *out, const convert__source *source,
                              const convert__config *config, const convert__checkpoint *checkpoint,
                              const void *tokenizer, uint64_t tokenizer_size, const void *head,
                              uint64_t head_size, gte_error *err);

/* Writes the whole file; out->total is header.file_size. NaN and infinity are GTE_E_FORMAT with
 * the tensor's name and the place. */
gte_status convert__pack_write(const convert__pack *pack, convert__output *out, gte_error *err);

/* The item of a role that stands in the file. */
const convert__item *convert__pack_find(const convert__pack *pack, uint32_t role, uint32_t layer);

/* ---- the writer's parts -------------------------------------------------------------------- */

#define CONVERT__BUFFER_FLOATS 65536u

/* stream.c: elements [first, first + n) of a tensor as f32. GTE_E_FORMAT if one is not finite. */
gte_status convert__read_finite(const convert__tensor *tensor, uint64_t first, size_t n, float *out,
                                gte_error *err);

/* write_panels.c: the weight of a linear layer, through a buffer of CONVERT__BUFFER_FLOATS. In int8
 * `matrix` holds its numbers and `scale` those of its rows; else they are NULL. */
gte_status convert__write_panels(convert__output *out, const convert__item *item,
                                 const float *matrix, const float *scale, float *buffer,
                                 gte_error *err);

/* write_table.c: a table as bf16 or u8, and the scales and offsets of its rows in u8. */
gte_status convert__write_table(convert__output *out, const convert__item *item, float *buffer,
                                gte_error *err);
gte_status convert__write_table_scales(convert__output *out, const convert__item *table,
                                       float *buffer, gte_error *err);
/* To nearest, ties to even. False when the number is beyond what bf16 holds. */
bool convert__bf16_round(float x, uint16_t *out);

void convert__pack_free(convert__pack *pack);

#endif
