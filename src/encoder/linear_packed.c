/* The packed backend: kernels/gemm.h and kernels/attention.h on the weights in the file. */
#include "encoder/linear.h"

static void product(const gte__kernel_set *kernels, const gte__gemm *g, size_t row, size_t row_end,
                    size_t panel, size_t panel_end)
{
    gte__gemm_run(kernels->gemm, g, row, row_end, panel, panel_end);
}

/* Keys and values are packed for each call: a head that several threads share is packed by each of
 * them, which costs less than waiting for one. */
static void attend(const gte__kernel_set *kernels, gte__attention *at, size_t row, size_t row_end)
{
    at->panels = (char *)at->scratch + GTE__ATTENTION_SCRATCH;
    gte__attention_pack(kernels->attention, at);
    gte__attention_rows(kernels->attention, at, row, row_end);
}

static size_t attention_scratch(gte__element type, size_t tokens, size_t head_size)
{
    return GTE__ATTENTION_SCRATCH + gte__attention_panels(type, tokens, head_size);
}

/* Nothing is taken from the system, and there are no threads to hold back. */
static bool ready(int threads)
{
    return threads > 0;
}

static void thread_start(void)
{
}

static int enter(void)
{
    return 0;
}

static void leave(int token)
{
    (void)token;
}

const gte__backend gte__backend_packed = {
    .name = "packed",
    .unpacks = false,
    .layer_rows = 256,
    .ffn_rows = 128,
    .product = product,
    .attend = attend,
    .attention_scratch = attention_scratch,
    .ready = ready,
    .thread_start = thread_start,
    .enter = enter,
    .leave = leave,
};
