/* Which backend runs a model: the packed kernels where vector kernels exist for the machine and the
 * model's shapes, OpenBLAS elsewhere; or what the caller asks for. */
#include "encoder/linear.h"
#include "kernels/dispatch.h"

/* kernels/attention.h takes heads of such sizes only, and a product on bf16 weights reads pairs of
 * activations (hidden is even where the head size is). */
static bool shapes_fit(const gte__file_header *h)
{
    const uint32_t head_size = h->hidden_size / h->heads;
    return head_size % 2 == 0 && head_size <= GTE__HEAD_SIZE_MAX &&
           (h->linear_dtype == GTE__DTYPE_F32 || h->ffn_size % 2 == 0);
}

static void choose_packed(gte__element weights, gte__isa isa, gte__kernel_set *kernels)
{
    kernels->gemm = gte__gemm_kernel_for(weights, isa);
    kernels->attention = gte__attention_kernel_for(kernels->gemm->wide, isa);
    kernels->narrow = gte__row_kernels_for(kernels->gemm->a, isa);
}

gte_status gte__backend_choose(gte_backend wanted, const gte__file_header *h,
                               const gte__backend **backend, gte__kernel_set *kernels,
                               gte_error *err)
{
    const gte__isa isa = gte__cpu_isa();
    *kernels = (gte__kernel_set){.rows = gte__kernels_for(isa)};
    /* The scalar kernels define; OpenBLAS is faster even on machines it has no kernel for. */
    if (wanted == GTE_BACKEND_AUTO)
        wanted =
            shapes_fit(h) && isa != GTE__ISA_SCALAR ? GTE_BACKEND_PACKED : GTE_BACKEND_OPENBLAS;
    switch (wanted) {
    case GTE_BACKEND_PACKED:
        if (!shapes_fit(h))
            return gte__fail(err, GTE_E_UNSUPPORTED, 0,
                             "the packed backend takes even head sizes up to %u, not %u, and with "
                             "bf16 an even ffn_size, not %u",
                             GTE__HEAD_SIZE_MAX, h->hidden_size / h->heads, h->ffn_size);
        choose_packed((gte__element)h->linear_dtype, isa, kernels);
        *backend = &gte__backend_packed;
        return GTE_OK;
    case GTE_BACKEND_OPENBLAS:
        *backend = &gte__backend_openblas;
        return GTE_OK;
    default:
        return gte__fail(err, GTE_E_ARGUMENT, 0, "unknown backend %d", (int)wanted);
    }
}
