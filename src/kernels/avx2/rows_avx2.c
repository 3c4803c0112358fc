/* Rows to u8 on AVX2 (kernels/rows.h); wide activations are f32 at this level, so there are no bf16
 * copies. */
#include "kernels/rows.h"

#include <math.h>
#include <string.h>

#include "kernels_avx2.h"

/* x at n, or `absent` in the lanes past the row. */
static inline __m256 load(const float *x, size_t left, __m256 absent)
{
    if (left >= LANES) return _mm256_loadu_ps(x);
    const __m256i m = first_lanes(left);
    return _mm256_blendv_ps(absent, _mm256_maskload_ps(x, m), _mm256_castsi256_ps(m));
}

static gte__row_scale row_range(const float *x, size_t n)
{
    __m256 low = _mm256_set1_ps(INFINITY), high = _mm256_set1_ps(-INFINITY);
    for (size_t i = 0; i < n; i += LANES) {
        low = _mm256_min_ps(low, load(x + i, n - i, low));
        high = _mm256_max_ps(high, load(x + i, n - i, high));
    }
    const float least = -max_lanes(_mm256_sub_ps(_mm256_setzero_ps(), low));
    return (gte__row_scale){(max_lanes(high) - least) / 255, least};
}

static inline __m256i quantise(const float *x, size_t left, __m256 by, __m256 plus)
{
    const __m256 y = load(x, left, _mm256_setzero_ps());
    return _mm256_cvtps_epi32(_mm256_fmadd_ps(y, by, plus));
}

/* 32 values; packing works within 128-bit lanes, a permutation puts the fours in order. */
static inline __m256i quantise_32(const float *x, size_t left, __m256 by, __m256 plus)
{
    __m256i part[4];
    for (size_t i = 0; i < 4; i++) {
        const size_t at = i * LANES < left ? i * LANES : 0, rest = left - at;
        part[i] = quantise(x + at, rest, by, plus);
    }
    const __m256i ab = _mm256_packus_epi32(part[0], part[1]);
    const __m256i cd = _mm256_packus_epi32(part[2], part[3]);
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    return _mm256_permutevar8x32_epi32(_mm256_packus_epi16(ab, cd), order);
}

static void row_quantise(uint8_t *q, const float *x, size_t n, gte__row_scale scale)
{
    const float inverse = scale.scale > 0 ? 1 / scale.scale : 0;
    const __m256 by = _mm256_set1_ps(inverse), plus = _mm256_set1_ps(-scale.offset * inverse);
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        _mm256_storeu_si256((__m256i *)(void *)(q + i), quantise_32(x + i, 32, by, plus));
    }
    if (i < n) {
        const __m256i rest = quantise_32(x + i, n - i, by, plus);
        memcpy(q + i, &rest, n - i);
    }
}

static void row_copy(const float *x, size_t n, const gte__row_copy *copy)
{
    if (copy->type != GTE__ELEMENT_INT8) return;
    *copy->scale = row_range(x, n);
    row_quantise(copy->data, x, n, *copy->scale);
}

static void layernorm(float *x, const float *gain, const float *shift, size_t n, float eps,
                      const gte__row_copy *copy)
{
    gte__f32_layernorm_avx2(x, x, gain, shift, n, eps);
    row_copy(x, n, copy);
}

const gte__row_kernels gte__rows_avx2 = {.isa = "avx2", .layernorm = layernorm, .copy = row_copy};
