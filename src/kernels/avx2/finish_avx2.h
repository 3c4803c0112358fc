/* Epilogues of AVX2 tiles, shared by the f32, bf16 and int8 kernels of that width; the same shape
 * as avx512/finish_avx512.h with 8 columns at a time. A panel that is not full is finished in a
 * buffer of whole rows and copied, which costs nothing: it is the last of many. */
#ifndef GTE_KERNELS_FINISH_AVX2_H
#define GTE_KERNELS_FINISH_AVX2_H

#include <immintrin.h>
#include <string.h>

#include "kernels/finish_table.h"
#include "kernels/gelu_table.h"

#define INLINE static inline __attribute__((always_inline))

/* One of 16 values by the low four bits of j: two lookups of 8, the fourth bit chooses. */
INLINE __m256 lookup(const float table[16], __m256i j, __m256 fourth)
{
    const __m256 lo = _mm256_permutevar8x32_ps(_mm256_load_ps(table), j);
    const __m256 hi = _mm256_permutevar8x32_ps(_mm256_load_ps(table + 8), j);
    return _mm256_blendv_ps(lo, hi, fourth);
}

/* The low mantissa bits of 1.5 * 2^23 + s are the integer nearest to s. */
INLINE __m256 gelu(const gte__gelu_fine *table, __m256 x)
{
    const __m256 magic = _mm256_set1_ps(12582912.0f), per_unit = _mm256_set1_ps(table->per_unit);
    const __m256 size = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x);
    const __m256 a = _mm256_min_ps(size, _mm256_set1_ps(table->limit));
    const __m256 shifted = _mm256_fmadd_ps(a, per_unit, magic);
    const __m256 f = _mm256_fmsub_ps(a, per_unit, _mm256_sub_ps(shifted, magic));
    const __m256i j = _mm256_castps_si256(shifted);
    const __m256 fourth = _mm256_castsi256_ps(_mm256_slli_epi32(j, 28));
    __m256 u = lookup(table->c[GTE__GELU_DEGREE], j, fourth);
    for (int d = GTE__GELU_DEGREE - 1; d >= 0; d--) {
        u = _mm256_fmadd_ps(u, f, lookup(table->c[d], j, fourth));
    }
    return _mm256_fnmadd_ps(a, u, _mm256_max_ps(_mm256_setzero_ps(), x));
}

INLINE __m256 dequantise(__m256i acc, gte__row_scale row, const gte__finish *f, size_t n)
{
    const __m256 base = _mm256_fmadd_ps(_mm256_set1_ps(row.offset), _mm256_loadu_ps(f->sums + n),
                                        _mm256_loadu_ps(f->bias + n));
    const __m256 sum = _mm256_mul_ps(_mm256_cvtepi32_ps(acc), _mm256_set1_ps(row.scale));
    return _mm256_fmadd_ps(sum, _mm256_loadu_ps(f->scale + n), base);
}

/* To nearest, ties away from zero; a NaN keeps its upper half, which stays a NaN. */
INLINE __m128i bf16_round(__m256 x)
{
    const __m256 number = _mm256_cmp_ps(x, x, _CMP_ORD_Q);
    const __m256i half = _mm256_and_si256(_mm256_castps_si256(number), _mm256_set1_epi32(0x8000));
    const __m256i bits = _mm256_add_epi32(_mm256_castps_si256(x), half);
    const __m256i high = _mm256_srli_epi32(bits, 16);
    return _mm_packus_epi32(_mm256_castsi256_si128(high), _mm256_extracti128_si256(high, 1));
}

/* One row of a full panel. */
INLINE void finish_row(const gte__finish *f, const finish_form form, size_t r, const float *acc,
                       const float *residual, void *c)
{
    const bool is_gelu = finish_is_gelu(form);
    const gte__gelu_fine *table = &gte__gelu_fine_tables[form.epilogue == GTE__EPILOGUE_GELU_TANH];
    for (size_t n = 0; n < GTE__PANEL_COLUMNS; n += 8) {
        __m256 x = _mm256_load_ps(acc + n);
        if (form.integer) x = dequantise(_mm256_castps_si256(x), f->a_rows[r], f, n);
        if (is_gelu) x = gelu(table, x);
        if (form.epilogue == GTE__EPILOGUE_RESIDUAL) {
            x = _mm256_add_ps(x, _mm256_loadu_ps(residual + n));
        }
        if (form.bf16)
            _mm_storeu_si128((__m128i *)((uint16_t *)c + n), bf16_round(x));
        else
            _mm256_storeu_ps((float *)c + n, x);
    }
}

INLINE void finish(const gte__finish *f, const finish_form form)
{
    const float *acc = f->acc, *residual = f->residual;
    const size_t bytes = f->columns * (form.bf16 ? 2 : 4);
    const bool adds = form.epilogue == GTE__EPILOGUE_RESIDUAL;
    char *c = f->c;
    for (size_t r = 0; r < f->rows; r++, acc += GTE__PANEL_COLUMNS, c += f->c_stride) {
        if (f->columns == GTE__PANEL_COLUMNS) {
            finish_row(f, form, r, acc, residual, c);
        } else {
            float in[GTE__PANEL_COLUMNS] = {0}, out[GTE__PANEL_COLUMNS];
            if (adds) memcpy(in, residual, f->columns * sizeof *in);
            finish_row(f, form, r, acc, in, out);
            memcpy(c, out, bytes);
        }
        if (adds) {
            residual = (const float *)(const void *)((const char *)residual + f->residual_stride);
        }
    }
}

#endif
