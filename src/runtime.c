/* gte_runtime_describe: what the library found and chose on this machine. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cpu.h"
#include "encoder/linear.h"
#include "handle.h"

/* A shell may export OPENBLAS_CORETYPE; naming an older core there halves OpenBLAS or worse. The
 * cores with AVX-512 kernels in OpenBLAS 0.3: */
static int core_has_avx512(const char *core)
{
    static const char *const names[] = {"SkylakeX", "Cooperlake", "SapphireRapids"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(core, names[i]) == 0) return 1;
    return 0;
}

static const char *warning(const char *core)
{
    const char *forced = getenv("OPENBLAS_CORETYPE");
    if (!forced || !*forced) return NULL;
    if (gte__cpu_isa_best() >= GTE__ISA_AVX512 && !core_has_avx512(core))
        return "OPENBLAS_CORETYPE names a core without AVX-512, which this processor has: unset it";
    return NULL;
}

void gte_runtime_describe(gte_runtime *out, size_t size)
{
    const gte_runtime info = {
        .isa = gte__isa_name(gte__cpu_isa()),
        .isa_best = gte__isa_name(gte__cpu_isa_best()),
        .blas = gte__blas_version(),
        .blas_core = gte__blas_core(),
        .blas_threading = gte__blas_threading(),
        .blas_warning = warning(gte__blas_core()),
        .threads = gte__cpu_threads(),
    };
    gte__describe(out, size, &info, sizeof info);
}
