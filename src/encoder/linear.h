/* The seam of the matrix products: linear layers and attention. Two backends stand behind it:
 *
 *     linear_packed.c    kernels of this project on the weights as they lie in the file (panels)
 *     linear_openblas.c  OpenBLAS on weights unpacked to rows at creation, for machines and shapes
 *                        that have no kernel
 *
 * Both take the same descriptions (kernels/gemm.h, kernels/attention.h); activations are f32, or
 * what the packed kernel asks for (kernels.gemm->a, made by kernels.narrow). A backend says by
 * `unpacks` what `weights->panels` points to: panels, or [n, k] row-major f32. The residual of a
 * product is always C itself. */
#ifndef GTE_ENCODER_LINEAR_H
#define GTE_ENCODER_LINEAR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "kernels/attention.h"
#include "kernels/gemm.h"
#include "kernels/kernels.h"
#include "kernels/rows.h"
#include "model/model.h"

/* The kernels of one level. */
typedef struct gte__kernel_set {
    const gte__kernels *rows;
    const gte__gemm_kernel *gemm;
    const gte__attention_kernel *attention;
    const gte__row_kernels *narrow; /* rows to what a product reads; NULL where that is f32 */
} gte__kernel_set;

typedef struct gte__backend {
    const char *name; /* "packed", "openblas" */
    bool unpacks;
    /* Rows that should go through a layer, and through its feed-forward half, together: what a
     * core's cache holds. SIZE_MAX: the more the better. */
    size_t layer_rows, ffn_rows;

    /* C of rows [row, row_end) and of the columns of panels [panel, panel_end). */
    void (*product)(const gte__kernel_set *kernels, const gte__gemm *g, size_t row, size_t row_end,
                    size_t panel, size_t panel_end);
    /* Queries [row, row_end) of one head of one text. at->scratch has attention_scratch() bytes for
     * a text of at most `tokens`; at->panels is the backend's. */
    void (*attend)(const gte__kernel_set *kernels, gte__attention *at, size_t row, size_t row_end);
    size_t (*attention_scratch)(gte__element type, size_t tokens, size_t head_size);

    /* Whether this many threads can run at the same time: false where the backend would not find
     * the memory it takes at its first product. */
    bool (*ready)(int threads);
    /* The products run on the calling thread alone, so that the team's threads and the backend's
     * never fight. A member of the team calls thread_start once; a caller brackets its work with
     * enter and leave, which restore what was. */
    void (*thread_start)(void);
    int (*enter)(void);
    void (*leave)(int token);
} gte__backend;

extern const gte__backend gte__backend_packed, gte__backend_openblas;

/* backend.c: the backend and the kernels for this model on this machine. GTE_E_UNSUPPORTED when
 * the one that is asked for cannot run the model, GTE_E_ARGUMENT when there is no such backend. */
gte_status gte__backend_choose(gte_backend wanted, const gte__file_header *h,
                               const gte__backend **backend, gte__kernel_set *kernels,
                               gte_error *err);

/* unpack.c: a matrix in panels of `type` to [rows, cols] f32, row-major; int8 with its scale. */
void gte__unpack(float *out, const gte__matrix *w, gte__element type);

/* What OpenBLAS says of itself; constant strings (see gte_runtime in gte.h). */
const char *gte__blas_version(void);
const char *gte__blas_core(void);
const char *gte__blas_threading(void);

#endif
