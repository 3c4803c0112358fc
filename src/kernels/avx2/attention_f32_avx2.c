/* f32 attention on AVX2: packing and softmax; products by the tiles of gemm_f32_avx2.c. */
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "kernels/attention.h"

#define INLINE static inline __attribute__((always_inline))

/* 8 rows of 8 to 8 columns of 8. */
INLINE void transpose(__m256 r[8])
{
    __m256 t[8];
    for (int i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
        r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
        r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
        r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
    }
    for (int i = 0; i < 4; i++) {
        t[i] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x20);
        t[i + 4] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x31);
    }
    memcpy(r, t, sizeof t);
}

/* Blocks of 8 keys x 8 features; the rest one by one. */
static void pack_keys(void *panels, const void *k, size_t stride, size_t keys, size_t head_size)
{
    float *out = panels;
    const size_t padded = gte__panel_count(keys) * GTE__PANEL_COLUMNS;
    for (size_t key = 0; key < padded; key += 8) {
        float *panel = out + key / GTE__PANEL_COLUMNS * head_size * GTE__PANEL_COLUMNS + key % 32;
        const size_t rows = keys > key ? (keys - key < 8 ? keys - key : 8) : 0;
        for (size_t d = 0; d < head_size; d += 8) {
            const size_t columns = head_size - d < 8 ? head_size - d : 8;
            __m256 r[8];
            for (size_t i = 0; i < 8; i++) {
                r[i] = _mm256_setzero_ps();
                const char *from = (const char *)k + (key + i) * stride + d * sizeof(float);
                if (i < rows && columns == 8)
                    r[i] = _mm256_loadu_ps((const float *)(const void *)from);
                else if (i < rows)
                    memcpy(&r[i], from, columns * sizeof(float));
            }
            transpose(r);
            for (size_t i = 0; i < columns; i++) {
                _mm256_store_ps(panel + (d + i) * GTE__PANEL_COLUMNS, r[i]);
            }
        }
    }
}

static void pack_values(void *panels, const void *v, size_t stride, size_t keys, size_t head_size)
{
    const size_t padded = gte__panel_count(keys) * GTE__PANEL_COLUMNS;
    float *to = panels;
    for (size_t d = 0; d < head_size; d += GTE__PANEL_COLUMNS) {
        const size_t columns = head_size - d < 32 ? head_size - d : 32;
        for (size_t key = 0; key < padded; key++, to += GTE__PANEL_COLUMNS) {
            if (key >= keys || columns < 32) memset(to, 0, GTE__LINE_BYTES);
            if (key >= keys) continue;
            memcpy(to, (const char *)v + key * stride + d * sizeof *to, columns * sizeof *to);
        }
    }
}

/* 2^y for y <= 0: minimax for 2^f = 1 + f q(f), |f| <= 1/2, relative error
 * 1.6e-7. Below -126 the result is 2^-126, which no sum of weights (at least 1) can see. */
INLINE __m256 exp2_negative(__m256 y)
{
    static const float c[5] = {0.693147004f, 0.240222424f, 0.0555073358f, 0.00967151299f,
                               0.00132647273f};
    y = _mm256_max_ps(_mm256_set1_ps(-126), y);
    const __m256 n = _mm256_round_ps(y, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const __m256 f = _mm256_sub_ps(y, n);
    __m256 q = _mm256_set1_ps(c[4]);
    for (int i = 3; i >= 0; i--) q = _mm256_fmadd_ps(q, f, _mm256_set1_ps(c[i]));
    const __m256i power = _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23);
    const __m256 p = _mm256_fmadd_ps(q, f, _mm256_set1_ps(1));
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), power));
}

/* One value from eight: halves meet, then pairs, then neighbours. */
static float highest(__m256 x)
{
    __m128 y = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    y = _mm_max_ps(y, _mm_movehl_ps(y, y));
    return _mm_cvtss_f32(_mm_max_ss(y, _mm_movehdup_ps(y)));
}

static float total(__m256 x)
{
    __m128 y = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    y = _mm_add_ps(y, _mm_movehl_ps(y, y));
    return _mm_cvtss_f32(_mm_add_ss(y, _mm_movehdup_ps(y)));
}

static void softmax(const gte__softmax *s)
{
    const size_t padded = gte__panel_count(s->keys) * GTE__PANEL_COLUMNS;
    const __m256 by = _mm256_set1_ps(s->scale);
    for (size_t r = 0; r < s->rows; r++) {
        float *x = (float *)(void *)((char *)s->scores + r * s->stride);
        for (size_t i = s->keys; i < padded; i++) x[i] = -1e30f;
        __m256 high = _mm256_load_ps(x);
        for (size_t i = 8; i < padded; i += 8) high = _mm256_max_ps(high, _mm256_load_ps(x + i));
        const float top = fmaxf(highest(high), s->top[r]);
        const __m256 less = _mm256_set1_ps(s->scale * top);
        __m256 sum = _mm256_setzero_ps();
        for (size_t i = 0; i < padded; i += 8) {
            const __m256 w = exp2_negative(_mm256_fmsub_ps(_mm256_load_ps(x + i), by, less));
            sum = _mm256_add_ps(sum, w);
            _mm256_store_ps(x + i, w);
        }
        s->keep[r] = s->sum[r] > 0 ? exp2f((s->top[r] - top) * s->scale) : 0;
        s->sum[r] = s->sum[r] * s->keep[r] + total(sum);
        s->top[r] = top;
    }
}

static void scale_row(void *out, const float *x, float by, size_t columns, gte__element type)
{
    float *to = out;
    (void)type; /* a kernel of type f32 writes f32 */
    for (size_t i = 0; i < columns; i++) to[i] = x[i] * by;
}

const gte__attention_kernel gte__attention_f32_avx2 = {
    .isa = "avx2",
    .type = GTE__ELEMENT_F32,
    .gemm = &gte__gemm_f32_avx2,
    .pack_keys = pack_keys,
    .pack_values = pack_values,
    .softmax = softmax,
    .scale_row = scale_row,
};
