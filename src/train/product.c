/* OpenBLAS for the trainer: the only file of the room that calls cblas.
 *
 * The trainer is a part of the command, which owns its process, so one thread for all of OpenBLAS
 * may be asked for; the library is more careful (encoder/linear_openblas.c). One thread also makes
 * the sums, and with them the trained weights, the same in every run. */
#include "product.h"

#include <cblas.h>

void train__product_setup(void)
{
    openblas_set_num_threads(1);
}

void train__product_scores(const float *x, size_t rows, size_t d, const float *w, size_t k,
                           float *scores)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)rows, (blasint)k, (blasint)d,
                1.0f, x, (blasint)d, w, (blasint)d, 1.0f, scores, (blasint)k);
}

void train__product_gradient(const float *x, size_t rows, size_t d, const float *residual, size_t k,
                             float *gradient)
{
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (blasint)k, (blasint)d, (blasint)rows,
                1.0f, residual, (blasint)k, x, (blasint)d, 1.0f, gradient, (blasint)d);
}
