/* Keys: SHA-256 over everything that changes an answer. Stands at the beginning of every look-up;
 * knows nothing of the tiers. SHA-256 and not a faster hash: whoever could make two texts collide
 * could give one user the answer to another's text. */
#include <math.h>
#include <string.h>

#include "base/sha256.h"
#include "gte_cache.h"

/* Changes with the layout below. What the library computes changes with its version. */
#define LAYOUT "gte cache key 1, gte " GTE_VERSION_STRING

_Static_assert(sizeof(gte__sha256) <= sizeof(gte_cache_scope), "a scope holds a running digest");

static void add_number(gte__sha256 *s, uint64_t value)
{
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)(value >> 8 * i);
    gte__sha256_update(s, bytes, sizeof bytes);
}

/* With its length before it, so that "ab", "c" and "a", "bc" differ. */
static void add_part(gte__sha256 *s, const void *data, size_t size)
{
    add_number(s, size);
    if (size) gte__sha256_update(s, data, size);
}

static void add_string(gte__sha256 *s, const char *text)
{
    add_part(s, text, text ? strlen(text) : 0);
}

void gte_cache_scope_init(gte_cache_scope *scope, const char *model_sha256, const char *task,
                          const void *options, size_t options_size, int dims, unsigned flags)
{
    gte__sha256 s;
    unsigned char block[64] = {0};
    gte__sha256_init(&s);
    add_string(&s, LAYOUT);
    add_string(&s, model_sha256);
    add_string(&s, task);
    add_part(&s, options, options_size);
    add_number(&s, (uint64_t)dims);
    add_number(&s, flags);
    gte__sha256_final(&s, block);
    /* The digest fills a whole block of the next: a short text then costs one block more. */
    memset(&s, 0, sizeof s);
    gte__sha256_init(&s);
    gte__sha256_update(&s, block, sizeof block);
    memset(scope, 0, sizeof *scope);
    memcpy(scope, &s, sizeof s);
}

void gte_cache_scope_vectors(gte_cache_scope *scope, const gte_model_info *model,
                             const gte_embed_options *options, const char *computed_by)
{
    const gte_embed_options defaults = GTE_EMBED_OPTIONS_INIT;
    const gte_embed_options *o = options ? options : &defaults;
    char text[128] = "";
    gte_pooling pooling = o->pooling == GTE_POOLING_MODEL ? model->pooling : o->pooling;
    text[0] = pooling == GTE_POOLING_CLS ? 'c' : 'm';
    text[1] = o->no_normalize ? 'p' : 'n';
    if (computed_by) strncat(text, computed_by, sizeof text - 3);
    gte_cache_scope_init(scope, model->sha256, "embed f32", text, strlen(text),
                         o->dims ? o->dims : model->hidden_size, o->flags);
}

void gte_cache_key_of(const gte_cache_scope *scope, gte_text text, gte_cache_key *out)
{
    gte__sha256 s;
    memcpy(&s, scope, sizeof s);
    /* No text has 2^63 bytes. With the length of the whole this tells where the pair begins. */
    add_number(&s, (uint64_t)text.size | (text.pair ? UINT64_C(1) << 63 : 0));
    if (text.size) gte__sha256_update(&s, text.data, text.size);
    if (text.pair && text.pair_size) gte__sha256_update(&s, text.pair, text.pair_size);
    gte__sha256_final(&s, out->bytes);
}

int gte_cache_finite(const float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(values[i])) return 0;
    return 1;
}
