/* OpenBLAS behind the seam of linear.h: the only file that calls cblas.
 *
 * Threads. Debian ships OpenBLAS as an openmp and a pthread build. The openmp build asks libgomp
 * how many threads the calling thread may start; we answer one, on each thread of ours and only
 * there, so the host program's own use of OpenBLAS keeps its threads. The pthread build knows a
 * single number for the whole process: there we set it to one, the one trace this library leaves in
 * a process, since its pool beside our team would be two pools on the same cores.
 *
 * cblas prints to stdout when a size is wrong; sizes here come from a validated model and a planned
 * workspace, so that cannot happen. */
#include "encoder/linear.h"

#include <cblas.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/mman.h>

#if !defined(OPENBLAS_OPENMP)
#define OPENBLAS_OPENMP 2
#define OPENBLAS_THREAD 1
#endif

/* libgomp's; declared here because clang has no omp.h without its own runtime */
int omp_get_max_threads(void);
void omp_set_num_threads(int threads);

/* OpenBLAS has a fixed number of work buffers for all threads of the process, twice as many as the
 * threads it was built for (64 in Debian's), and writes past their table when more products run at
 * the same time. Half of them are ours at most; the rest is the host program's. */
#define MOST_AT_ONCE 64

static sem_t gate;

/* c [m, n] = a [m, k] b + beta c; leading dimensions in elements. */
static void multiply(CBLAS_TRANSPOSE trans_b, size_t m, size_t n, size_t k, const float *a,
                     blasint lda, const float *b, blasint ldb, float beta, float *c, blasint ldc)
{
    while (sem_wait(&gate) != 0) continue; /* a signal */
    cblas_sgemm(CblasRowMajor, CblasNoTrans, trans_b, (blasint)m, (blasint)n, (blasint)k, 1.0f, a,
                lda, b, ldb, beta, c, ldc);
    sem_post(&gate);
}

/* Elements from one row to the next; strides of f32 are whole cache lines. */
static blasint leading(size_t stride)
{
    return (blasint)(stride / sizeof(float));
}

static float *row_of(void *base, size_t stride, size_t row)
{
    return (float *)(void *)((char *)base + row * stride);
}

static const float *row_in(const void *base, size_t stride, size_t row)
{
    return (const float *)(const void *)((const char *)base + row * stride);
}

/* W is [n, k] row-major here (linear.h); a panel is a name for 32 of its rows. */
static void product(const gte__kernel_set *kernels, const gte__gemm *g, size_t row, size_t row_end,
                    size_t panel, size_t panel_end)
{
    const gte__gemm_weights *w = g->weights;
    const size_t column = panel * GTE__PANEL_COLUMNS, most = panel_end * GTE__PANEL_COLUMNS;
    const size_t columns = (most < w->n ? most : w->n) - column;
    const float *weights = (const float *)w->panels + column * w->k;
    float *c = row_of(g->c, g->c_stride, row) + column;
    const float beta = g->epilogue == GTE__EPILOGUE_RESIDUAL ? 1.0f : 0.0f;
    void (*finish)(float *, const float *, size_t) =
        g->epilogue == GTE__EPILOGUE_GELU_ERF    ? kernels->rows->f32_bias_gelu_erf
        : g->epilogue == GTE__EPILOGUE_GELU_TANH ? kernels->rows->f32_bias_gelu_tanh
                                                 : kernels->rows->f32_bias;
    multiply(CblasTrans, row_end - row, columns, w->k, row_in(g->a, g->a_stride, row),
             leading(g->a_stride), weights, (blasint)w->k, beta, c, leading(g->c_stride));
    for (; row < row_end; row++)
        finish(row_of(g->c, g->c_stride, row) + column, w->bias + column, columns);
}

/* Scores of a block of queries against all keys: [64, keys] floats in a core's cache, whole rows,
 * so the softmax is exact; never [keys, keys]. */
#define QUERY_BLOCK 64

/* Floats from one row of scores to the next: whole cache lines, since a row that ends with a masked
 * store inside the line where the next row begins stalls the softmax of that row (twice the time at
 * 50 tokens). */
static size_t score_row(size_t tokens)
{
    return (tokens + 15) & ~(size_t)15;
}

static void attend(const gte__kernel_set *kernels, gte__attention *at, size_t row, size_t row_end)
{
    float *scores = at->scratch;
    const size_t keys = at->length, d = at->head_size, score = score_row(keys);
    const blasint ld = leading(at->stride);
    for (; row < row_end; row += QUERY_BLOCK) {
        const size_t left = row_end - row, m = left < QUERY_BLOCK ? left : QUERY_BLOCK;
        multiply(CblasTrans, m, keys, d, row_in(at->q, at->stride, row), ld, at->k, ld, 0.0f,
                 scores, (blasint)score);
        for (size_t i = 0; i < m; i++)
            kernels->rows->f32_softmax(scores + i * score, at->scale, keys);
        multiply(CblasNoTrans, m, d, keys, scores, (blasint)score, at->v, ld, 0.0f,
                 row_of(at->out, at->out_stride, row), leading(at->out_stride));
    }
}

static size_t attention_scratch(gte__element type, size_t tokens, size_t head_size)
{
    (void)type; /* f32 */
    (void)head_size;
    return QUERY_BLOCK * score_row(tokens) * sizeof(float);
}

/* OpenBLAS maps a work buffer for each thread at its first product and tries for ever when it gets
 * none (driver/others/memory.c, 0.3.21: BUFFER_SIZE is 32 << 22 on x86-64). So we try first. */
static bool ready(int threads)
{
    const size_t buffer = (size_t)32 << 22;
    size_t size = (size_t)threads * (buffer + 65536);
    void *probe = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (probe == MAP_FAILED) return false;
    munmap(probe, size);
    return true;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_gate(void)
{
    sem_init(&gate, 0, MOST_AT_ONCE);
}

/* The calling thread's products run on it alone from here on. */
static void one_thread(void)
{
    pthread_once(&once, make_gate);
    if (openblas_get_parallel() == OPENBLAS_OPENMP) omp_set_num_threads(1);
    if (openblas_get_parallel() == OPENBLAS_THREAD && openblas_get_num_threads() != 1)
        openblas_set_num_threads(1);
}

/* A first product, so that OpenBLAS takes its buffers now and not during the first embedding. */
static void thread_start(void)
{
    const float one = 1.0f;
    float result;
    one_thread();
    multiply(CblasTrans, 1, 1, 1, &one, 1, &one, 1, 0.0f, &result, 1);
}

static int enter(void)
{
    int before = openblas_get_parallel() == OPENBLAS_OPENMP ? omp_get_max_threads() : 0;
    one_thread();
    return before;
}

static void leave(int before)
{
    if (before > 0) omp_set_num_threads(before);
}

const gte__backend gte__backend_openblas = {
    .name = "openblas",
    .ready = ready,
    .unpacks = true,
    .layer_rows = SIZE_MAX, /* it packs W anew for each call */
    .ffn_rows = SIZE_MAX,
    .product = product,
    .attend = attend,
    .attention_scratch = attention_scratch,
    .thread_start = thread_start,
    .enter = enter,
    .leave = leave,
};

/* openblas_get_config() begins "OpenBLAS 0.3.21 DYNAMIC_ARCH ..." */
static char version[32];

static void read_version(void)
{
    char number[20] = "";
    if (sscanf(openblas_get_config(), "OpenBLAS %19s", number) != 1) number[0] = '\0';
    snprintf(version, sizeof version, "OpenBLAS %s", number[0] ? number : "(unknown version)");
}

const char *gte__blas_version(void)
{
    static pthread_once_t version_once = PTHREAD_ONCE_INIT;
    pthread_once(&version_once, read_version);
    return version;
}

const char *gte__blas_core(void)
{
    return openblas_get_corename();
}

const char *gte__blas_threading(void)
{
    switch (openblas_get_parallel()) {
    case OPENBLAS_OPENMP:
        return "openmp";
    case OPENBLAS_THREAD:
        return "pthread";
    default:
        return "none";
    }
}
