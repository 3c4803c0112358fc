/* Which backend runs a model: the packed kernels where vector kernels exist for the machine and the
 * model's shapes, OpenBLAS elsewhere; or what the caller asks for. */
#include "encoder/linear.h"
#include "kernels/dispatch.h"

/* kernels/attention.h takes heads of such sizes only. */
static bool heads_fit(const gte__file_header *h)
{
    const uint32_t head_size = h->hidden_size / h->heads;
    return head_size % 2 == 0 && head_size <= GTE__HEAD_SIZE_MAX;
}

gte_status gte__backend_choose(gte_backend wanted, const gte__file_header *h,
                               const gte__backend **backend, gte__kernel_set *kernels,
                               gte_error *err)
{
    const gte__isa isa = gte__cpu_isa();
    *kernels = (gte__kernel_set){
        .rows = gte__kernels_for(isa),
        .gemm = gte__gemm_kernel_for((gte__element)h->linear_dtype, isa),
        .attention = gte__attention_kernel_for(isa),
    };
    /* The scalar kernels define; OpenBLAS is faster even on machines it has no kernel for. */
    if (wanted == GTE_BACKEND_AUTO)
        wanted = heads_fit(h) && isa != GTE__ISA_SCALAR ? GTE_BACKEND_PACKED : GTE_BACKEND_OPENBLAS;
    switch (wanted) {
    case GTE_BACKEND_PACKED:
        if (!heads_fit(h))
            return gte__fail(err, GTE_E_UNSUPPORTED, 0,
                             "the packed backend takes even head sizes up to %u, not %u",
                             GTE__HEAD_SIZE_MAX, h->hidden_size / h->heads);
        *backend = &gte__backend_packed;
        return GTE_OK;
    case GTE_BACKEND_OPENBLAS:
        *backend = &gte__backend_openblas;
        return GTE_OK;
    default:
        return gte__fail(err, GTE_E_ARGUMENT, 0, "unknown backend %d", (int)wanted);
    }
}
