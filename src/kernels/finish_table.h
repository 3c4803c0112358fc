/* The eight finish functions of a vector kernel and their table, from an inlined
 * finish(const gte__finish *, finish_form). Included by the finish_<isa>.h that defines it. */
#ifndef GTE_KERNELS_FINISH_TABLE_H
#define GTE_KERNELS_FINISH_TABLE_H

#include <stdbool.h>

#include "kernels/gemm.h"

/* What a finish function is made of: constants, so that each is compiled without the others. */
typedef struct finish_form {
    bool integer; /* int32 sums: dequantise and add the bias */
    bool bf16;    /* C is bf16, else f32 */
    gte__epilogue epilogue;
} finish_form;

static inline bool finish_is_gelu(finish_form form)
{
    return form.epilogue == GTE__EPILOGUE_GELU_ERF || form.epilogue == GTE__EPILOGUE_GELU_TANH;
}

#define FINISH_FUNCTION(name, integer, epilogue, bf16)                                             \
    static void name(const gte__finish *f)                                                         \
    {                                                                                              \
        finish(f, (finish_form){integer, bf16, epilogue});                                         \
    }
#define FINISH_FUNCTIONS(integer)                                                                  \
    FINISH_FUNCTION(bias_f32, integer, GTE__EPILOGUE_BIAS, false)                                  \
    FINISH_FUNCTION(bias_bf16, integer, GTE__EPILOGUE_BIAS, true)                                  \
    FINISH_FUNCTION(gelu_erf_f32, integer, GTE__EPILOGUE_GELU_ERF, false)                          \
    FINISH_FUNCTION(gelu_erf_bf16, integer, GTE__EPILOGUE_GELU_ERF, true)                          \
    FINISH_FUNCTION(gelu_tanh_f32, integer, GTE__EPILOGUE_GELU_TANH, false)                        \
    FINISH_FUNCTION(gelu_tanh_bf16, integer, GTE__EPILOGUE_GELU_TANH, true)                        \
    FINISH_FUNCTION(residual_f32, integer, GTE__EPILOGUE_RESIDUAL, false)                          \
    FINISH_FUNCTION(residual_bf16, integer, GTE__EPILOGUE_RESIDUAL, true)
#define FINISH_TABLE                                                                               \
    {                                                                                              \
        {bias_f32, bias_bf16}, {gelu_erf_f32, gelu_erf_bf16}, {gelu_tanh_f32, gelu_tanh_bf16},     \
            {residual_f32, residual_bf16},                                                         \
    }

#endif
