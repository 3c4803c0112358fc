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

/* min(|x|, limit), and in the low bits of the result of `nearest` the segment it falls in: those of
 * 1.5 * 2^23 + s are the integer nearest to s. */
INLINE __m512 gelu_size(__m512 x, float limit)
{
    enum { SMALLER_SIZE = 2, SIGN_CLEAR = 8 };
    return _mm512_range_ps(x, _mm512_set1_ps(limit), SMALLER_SIZE | SIGN_CLEAR);
}
INLINE __m512 gelu_nearest(__m512 a, float per_unit, __m512 magic)
{
    return _mm512_fmadd_ps(a, _mm512_set1_ps(per_unit), magic);
}

/* The tables stay in memory: a permutation reads them there at no cost, and registers are short. */
INLINE void gelu_fine(const gte__gelu_fine *table, __m512 *x, int count)
{
    const __m512 magic = _mm512_set1_ps(12582912.0f);
    __m512 a[TOGETHER], f[TOGETHER], u[TOGETHER];
    __m512i j[TOGETHER];
    for (int i = 0; i < count; i++) a[i] = gelu_size(x[i], table->limit);
    for (int i = 0; i < count; i++) f[i] = gelu_nearest(a[i], table->per_unit, magic);
    for (int i = 0; i < count; i++) j[i] = _mm512_castps_si512(f[i]);
    for (int i = 0; i < count; i++) f[i] = _mm512_sub_ps(f[i], magic);
    for (int i = 0; i < count; i++) {
        f[i] = _mm512_fmsub_ps(a[i], _mm512_set1_ps(table->per_unit), f[i]);
        u[i] = _mm512_permutexvar_ps(j[i], _mm512_load_ps(table->c[GTE__GELU_DEGREE]));
    }
    for (int d = GTE__GELU_DEGREE - 1; d >= 0; d--) {
        for (int i = 0; i < count; i++) {
            const __m512 c = _mm512_permutexvar_ps(j[i], _mm512_load_ps(table->c[d]));
            u[i] = _mm512_fmadd_ps(u[i], f[i], c);
        }
    }
    for (int i = 0; i < count; i++) {
        x[i] = _mm512_fnmadd_ps(a[i], u[i], _mm512_max_ps(_mm512_setzero_ps(), x[i]));
    }
}

INLINE __m512 gelu_lookup(const float c[32], __m512i j)
{
    return _mm512_permutex2var_ps(_mm512_load_ps(c), j, _mm512_load_ps(c + 16));
}

INLINE void gelu_coarse(const gte__gelu_coarse *table, __m512 *x, int count)
{
    const __m512 magic = _mm512_set1_ps(12582912.0f);
    __m512 a[TOGETHER], u[TOGETHER];
    __m512i j[TOGETHER];
    for (int i = 0; i < count; i++) a[i] = gelu_size(x[i], table->limit);
    for (int i = 0; i < count; i++) {
        j[i] = _mm512_castps_si512(gelu_nearest(a[i], table->per_unit, magic));
    }
    for (int i = 0; i < count; i++) u[i] = gelu_lookup(table->c[1], j[i]);
    for (int i = 0; i < count; i++) {
        u[i] = _mm512_fmadd_ps(u[i], a[i], gelu_lookup(table->c[0], j[i]));
    }
    for (int i = 0; i < count; i++) {
        x[i] = _mm512_fnmadd_ps(a[i], u[i], _mm512_max_ps(_mm512_setzero_ps(), x[i]));
    }
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

/* What dequantising needs of the columns: bias, scale and sums of both halves. */
enum { BIAS = 0, SCALE = 2, SUMS = 4, COLUMN_REGISTERS = 6 };

INLINE void columns_load(__m512 *columns, const gte__finish *f)
{
    for (int half = 0; half < 2; half++) {
        columns[BIAS + half] = _mm512_loadu_ps(f->bias + 16 * half);
        columns[SCALE + half] = _mm512_loadu_ps(f->scale + 16 * half);
        columns[SUMS + half] = _mm512_loadu_ps(f->sums + 16 * half);
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
        const bool tanh_form = form.epilogue == GTE__EPILOGUE_GELU_TANH;
        if (form.bf16)
            gelu_coarse(&gte__gelu_coarse_tables[tanh_form], x, 2 * rows);
        else
            gelu_fine(&gte__gelu_fine_tables[tanh_form], x, 2 * rows);
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
    if (form.integer) columns_load(columns, f);
    size_t r = 0;
    for (; r + 2 <= f->rows; r += 2) finish_rows(f, form, columns, r, 2, mask);
    if (r < f->rows) finish_rows(f, form, columns, r, 1, mask);
}

#endif
