/* Mappings of one code point. The gate in front of each is its class, see unicode.h. */
#include "tokenizer/unicode.h"

#include <utf8proc.h>

unsigned gte__cp_decompose(uint32_t cp, uint32_t out[GTE__MAX_DECOMPOSITION])
{
    out[0] = cp;
    if (!(gte__cp_class(cp) & GTE__CP_DECOMPOSES)) return 1;
    utf8proc_int32_t parts[GTE__MAX_DECOMPOSITION];
    int boundary = 0;
    utf8proc_ssize_t n = utf8proc_decompose_char(
        (utf8proc_int32_t)cp, parts, GTE__MAX_DECOMPOSITION, UTF8PROC_DECOMPOSE, &boundary);
    if (n < 1 || n > GTE__MAX_DECOMPOSITION) return 1;
    for (utf8proc_ssize_t i = 0; i < n; i++) out[i] = (uint32_t)parts[i];
    return (unsigned)n;
}

unsigned gte__cp_combining(uint32_t cp)
{
    if (!(gte__cp_class(cp) & GTE__CP_NONSTARTER)) return 0;
    int value = utf8proc_get_property((utf8proc_int32_t)cp)->combining_class;
    return value > 0 && value < 256 ? (unsigned)value : 0;
}

unsigned gte__cp_lower(uint32_t cp, uint32_t out[GTE__MAX_LOWER])
{
    out[0] = cp;
    if (!(gte__cp_class(cp) & GTE__CP_LOWERS)) return 1;
    if (cp == 0x130) { /* capital I with dot: i and a combining dot */
        out[0] = 'i';
        out[1] = 0x307;
        return 2;
    }
    size_t low = 0, high = gte__lower_run_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const gte__lower_run *run = &gte__lower_runs[middle];
        if (cp > run->last) {
            low = middle + 1;
        } else if (cp < run->first) {
            high = middle;
        } else {
            if ((cp - run->first) % run->step == 0) out[0] = cp + (uint32_t)run->difference;
            return 1;
        }
    }
    return 1;
}

bool gte__cp_is_word(uint32_t cp)
{
    size_t low = 0, high = gte__word_range_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (cp > gte__word_ranges[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < gte__word_range_count && cp >= gte__word_ranges[low].first;
}
