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

static void product(CBLAS_TRANSPOSE trans_b, size_t m, size_t n, size_t k, const float *a,
                    size_t lda, const float *b, size_t ldb, float *c, size_t ldc)
{
    while (sem_wait(&gate) != 0) continue; /* a signal */
    cblas_sgemm(CblasRowMajor, CblasNoTrans, trans_b, (blasint)m, (blasint)n, (blasint)k, 1.0f, a,
                (blasint)lda, b, (blasint)ldb, 0.0f, c, (blasint)ldc);
    sem_post(&gate);
}

static void product_nt(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                       size_t ldb, float *c, size_t ldc)
{
    product(CblasTrans, m, n, k, a, lda, b, ldb, c, ldc);
}

static void product_nn(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                       size_t ldb, float *c, size_t ldc)
{
    product(CblasNoTrans, m, n, k, a, lda, b, ldb, c, ldc);
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
    product(CblasTrans, 1, 1, 1, &one, 1, &one, 1, &result, 1);
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

const gte__linear gte__linear_openblas = {
    .name = "openblas",
    .product_nt = product_nt,
    .product_nn = product_nn,
    .ready = ready,
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
