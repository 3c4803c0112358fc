/* HuggingFace's BertNormalizer as a stream: clean_text, spaces around CJK, NFD without accents,
 * lowercase. Words of ASCII and CJK characters, which normalisation leaves alone but for the case,
 * go to words.c directly; everything else character by character. */
#include "tokenizer/pass.h"

void gte__normalize_push(gte__pass *pass, uint32_t cp, gte__span span)
{
    if ((pass->normalizer & GTE__TOK_LOWERCASE) && (gte__cp_class(cp) & GTE__CP_LOWERS)) {
        uint32_t lower[GTE__MAX_LOWER];
        unsigned n = gte__cp_lower(cp, lower);
        for (unsigned i = 0; i < n; i++) pass->push(pass, lower[i], span);
    } else {
        pass->push(pass, cp, span);
    }
}

/* NFD without accents of the character at `at`, with class `class`. */
static gte__cursor strip(gte__pass *pass, gte__cursor at, gte__cursor next, const uint8_t *end,
                         uint32_t cp, unsigned class)
{
    if (class & GTE__CP_NONSTARTER) return gte__combining_run(pass, at, end);
    gte__span span = {at.unit, next.unit};
    if (!(class & GTE__CP_DECOMPOSES)) {
        if (!(class & GTE__CP_MARK)) gte__normalize_push(pass, cp, span);
        return next;
    }
    uint32_t parts[GTE__MAX_DECOMPOSITION];
    unsigned classes[GTE__MAX_DECOMPOSITION];
    unsigned n = gte__cp_decompose(cp, parts);
    for (unsigned i = 0; i < n; i++) {
        classes[i] = gte__cp_class(parts[i]);
        /* a combining character that stays (in musical notes): it takes part in the ordering */
        if ((classes[i] & GTE__CP_NONSTARTER) && !(classes[i] & GTE__CP_MARK))
            return gte__combining_run(pass, at, end);
    }
    for (unsigned i = 0; i < n; i++)
        if (!(classes[i] & GTE__CP_MARK)) gte__normalize_push(pass, parts[i], span);
    return next;
}

/* One character of any kind. */
static gte__cursor character(gte__pass *pass, gte__cursor at, const uint8_t *end)
{
    gte__cursor next;
    uint32_t cp = gte__pass_decode(pass, at, end, &next);
    unsigned class = gte__cp_class(cp);
    gte__span span = {at.unit, next.unit};
    if (pass->normalizer & GTE__TOK_CLEAN_TEXT) {
        if (class & GTE__CP_DROP) return next;
        if (class & GTE__CP_SPACE) {
            pass->push(pass, ' ', span);
            return next;
        }
    }
    bool split = (pass->normalizer & GTE__TOK_CJK_SPLIT) && (class & GTE__CP_CJK);
    if (split) pass->push(pass, ' ', span);
    if (pass->normalizer & GTE__TOK_STRIP_ACCENTS)
        next = strip(pass, at, next, end, cp, class);
    else
        gte__normalize_push(pass, cp, span);
    if (split) pass->push(pass, ' ', span);
    return next;
}

/* The word of ASCII letters and digits at `at`, or what may become a longer one. */
static gte__cursor ascii_word(gte__pass *pass, gte__cursor at, const uint8_t *end)
{
    const uint8_t *p = at.p;
    while (p < end && pass->tok->ascii_fold[*p]) p++;
    size_t size = (size_t)(p - at.p);
    /* anything but white space or punctuation may continue it (or vanish and let it continue) */
    unsigned class = p == end ? GTE__CP_SPACE : *p < 0x80 ? gte__cp_class(*p) : GTE__CP_DROP;
    if (!pass->word->chars && !(class & GTE__CP_DROP)) {
        gte__word_ascii(pass, at.p, size, at.unit);
        return (gte__cursor){p, at.unit + (uint32_t)size};
    }
    for (; at.p < p; at.p++, at.unit++)
        gte__word_push(pass, pass->tok->ascii_fold[*at.p], (gte__span){at.unit, at.unit + 1});
    return at;
}

/* Whether p < end begins a character of U+4E00..U+9FFF: 3 bytes that normalise to themselves. */
static inline bool common_cjk(const uint8_t *p, const uint8_t *end)
{
    return *p >= 0xe4 && *p <= 0xe9 && end - p >= 3 && (*p > 0xe4 || p[1] >= 0xb8);
}

gte__cursor gte__normalize(gte__pass *pass, gte__cursor at, const uint8_t *end)
{
    const uint8_t *fold = pass->tok->ascii_fold;
    bool direct = pass->push == gte__word_push;
    bool cjk = direct && (pass->normalizer & GTE__TOK_CJK_SPLIT) && !pass->lossy;
    uint32_t cjk_units = pass->bytes ? 3 : 1;
    while (at.p < end && !gte__pass_done(pass)) {
        if (direct && *at.p == ' ') {
            gte__word_flush(pass);
            at.p++;
            at.unit++;
        } else if (direct && fold[*at.p]) {
            at = ascii_word(pass, at, end);
        } else if (direct && *at.p < 0x80 && (gte__cp_class(*at.p) & GTE__CP_PUNCT)) {
            gte__word_flush(pass);
            gte__word_single(pass, at.p, 1, (gte__span){at.unit, at.unit + 1});
            at.p++;
            at.unit++;
        } else if (cjk && common_cjk(at.p, end)) {
            gte__word_flush(pass);
            gte__word_single(pass, at.p, 3, (gte__span){at.unit, at.unit + cjk_units});
            at.p += 3;
            at.unit += cjk_units;
        } else {
            at = character(pass, at, end);
        }
    }
    return at;
}
