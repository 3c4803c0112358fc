/* Epilogues of AVX-512 tiles, shared by the f32, bf16 and int8 kernels of that width.
 *
 * The sums of a tile lie in L1 ([rows, 32], f32 or int32); each row is two registers. Every
 * function here is inlined with constant choices, so that a kernel's file instantiates only what
 * its table names. No kernels of its own. */
#ifndef GTE_KERNELS_FINISH_AVX512_H
#define GTE_KERNELS_FINISH_AVX512_H

#include <immintrin.h>
#include <stdbool.h>

#include "kernels/finish_table.h"
#include "kernels/gelu_table.h"

#define INLINE static inline __attribute__((always_inline))

/* Two rows of two registers go through the steps together: the chain of one is longer than what
 * the scheduler can look past. */
#define TOGETHER 4

INLINE const gte__gelu_table *gelu_table(const finish_form form)
{
    return &gte__gelu_tables[form.epilogue == GTE__EPILOGUE_GELU_TANH][form.bf16];
}

/* The table stays in memory: a permutation reads it there at no cost, and registers are short. */
INLINE __m512 coefficients(const gte__gelu_table *table, int degree, __m512i j)
{
    return _mm512_permutexvar_ps(j, _mm512_load_ps(table->c[degree]));
}

/* z in, gelu out. The low mantissa bits of 1.5 * 2^23 + s are the integer nearest to s. */
INLINE void gelu(const gte__gelu_table *table, __m512 *z, int count, bool coarse)
{
    const __m512 magic = _mm512_set1_ps(12582912.0f), limit = _mm512_set1_ps(GTE__GELU_LIMIT);
    const int degree = coarse ? GTE__GELU_DEGREE_COARSE : GTE__GELU_DEGREE_FINE;
    const __m512 half = _mm512_set1_ps(table->half);
    __m512 size[TOGETHER], f[TOGETHER], t[TOGETHER];
    __m512i j[TOGETHER];
    for (int i = 0; i < count; i++) size[i] = _mm512_abs_ps(z[i]);
    for (int i = 0; i < count; i++) f[i] = _mm512_min_ps(size[i], limit);
    for (int i = 0; i < count; i++) t[i] = _mm512_add_ps(f[i], magic);
    for (int i = 0; i < count; i++) j[i] = _mm512_castps_si512(t[i]);
    for (int i = 0; i < count; i++) f[i] = _mm512_sub_ps(f[i], _mm512_sub_ps(t[i], magic));
    for (int i = 0; i < count; i++) t[i] = coefficients(table, degree, j[i]);
    for (int d = degree - 1; d >= 0; d--) {
        for (int i = 0; i < count; i++) {
            t[i] = _mm512_fmadd_ps(t[i], f[i], coefficients(table, d, j[i]));
        }
    }
    for (int i = 0; i < count; i++) z[i] = _mm512_mul_ps(z[i], half);
    for (int i = 0; i < count; i++) z[i] = _mm512_fmadd_ps(size[i], t[i], z[i]);
}

/* To nearest, ties away from zero; a NaN keeps its upper half, which stays a NaN. */
INLINE __m512i bf16_round(__m512 x)
{
    const __m512i bits = _mm512_castps_si512(x);
    const __mmask16 number = _mm512_cmp_ps_mask(x, x, _CMP_ORD_Q);
    return _mm512_mask_add_epi32(bits, number, bits, _mm512_set1_epi32(0x8000));
}

INLINE __m512i bf16_pair(__m512 lo, __m512 hi)
{
#if defined(__AVX512BF16__)
    return (__m512i)_mm512_cvtne2ps_pbh(hi, lo);
#else
    const __m512i odd =
        _mm512_set_epi16(63, 61, 59, 57, 55, 53, 51, 49, 47, 45, 43, 41, 39, 37, 35, 33, 31, 29, 27,
                         25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1);
    return _mm512_permutex2var_epi16(bf16_round(lo), odd, bf16_round(hi));
#endif
}

/* What dequantising needs of the columns, times `by`: bias, scale and sums of both halves. */
enum { BIAS = 0, SCALE = 2, SUMS = 4, COLUMN_REGISTERS = 6 };

INLINE void columns_load(__m512 *columns, const gte__finish *f, float by)
{
    const __m512 times = _mm512_set1_ps(by);
    for (int half = 0; half < 2; half++) {
        columns[BIAS + half] = _mm512_mul_ps(_mm512_loadu_ps(f->bias + 16 * half), times);
        columns[SCALE + half] = _mm512_mul_ps(_mm512_loadu_ps(f->scale + 16 * half), times);
        columns[SUMS + half] = _mm512_mul_ps(_mm512_loadu_ps(f->sums + 16 * half), times);
    }
}

INLINE __m512 dequantise(__m512 acc, const gte__row_scale *row, const __m512 *columns, int half)
{
    const __m512 base =
        _mm512_fmadd_ps(_mm512_set1_ps(row->offset), columns[SUMS + half], columns[BIAS + half]);
    const __m512 sum = _mm512_cvtepi32_ps(_mm512_castps_si512(acc));
    return _mm512_fmadd_ps(_mm512_mul_ps(sum, _mm512_set1_ps(row->scale)), columns[SCALE + half],
                           base);
}

INLINE void finish_store(void *c, __m512 lo, __m512 hi, uint32_t mask, bool bf16)
{
    if (bf16) {
        _mm512_mask_storeu_epi16(c, mask, bf16_pair(lo, hi));
    } else {
        _mm512_mask_storeu_ps(c, (__mmask16)mask, lo);
        _mm512_mask_storeu_ps((float *)c + 16, (__mmask16)(mask >> 16), hi);
    }
}

/* `rows` (1 or 2) rows from row r on; `mask` has a bit per column. */
INLINE void finish_rows(const gte__finish *f, const finish_form form, const __m512 *columns,
                        size_t r, int rows, uint32_t mask)
{
    const float *acc = (const float *)f->acc + r * GTE__PANEL_COLUMNS;
    __m512 x[TOGETHER];
    for (int i = 0; i < 2 * rows; i++) {
        x[i] = _mm512_load_ps(acc + 16 * i);
        if (form.integer) x[i] = dequantise(x[i], f->a_rows + r + i / 2, columns, i % 2);
    }
    if (finish_is_gelu(form)) {
        const gte__gelu_table *table = gelu_table(form);
        for (int i = 0; i < 2 * rows && !form.integer; i++) {
            x[i] = _mm512_mul_ps(x[i], _mm512_set1_ps(table->per_unit));
        }
        gelu(table, x, 2 * rows, form.bf16);
    }
    if (form.epilogue == GTE__EPILOGUE_RESIDUAL) {
        for (int i = 0; i < 2 * rows; i++) {
            const char *row = (const char *)f->residual + (r + (size_t)i / 2) * f->residual_stride;
            const __mmask16 half = (__mmask16)(mask >> i % 2 * 16);
            x[i] = _mm512_add_ps(x[i], _mm512_maskz_loadu_ps(half, row + i % 2 * 64));
        }
    }
    for (int i = 0; i < rows; i++) {
        void *c = (char *)f->c + (r + (size_t)i) * f->c_stride;
        finish_store(c, x[2 * i], x[2 * i + 1], mask, form.bf16);
    }
}

INLINE void finish(const gte__finish *f, const finish_form form)
{
    const uint32_t mask = f->columns == GTE__PANEL_COLUMNS ? ~0u : (1u << f->columns) - 1;
    __m512 columns[COLUMN_REGISTERS];
    if (form.integer) {
        columns_load(columns, f, finish_is_gelu(form) ? gelu_table(form)->per_unit : 1);
    }
    size_t r = 0;
    for (; r + 2 <= f->rows; r += 2) finish_rows(f, form, columns, r, 2, mask);
    if (r < f->rows) finish_rows(f, form, columns, r, 1, mask);
}

#endif
