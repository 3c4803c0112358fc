/* Keys: a scope for the options, prepared once, then a digest of the text.
 *
 * Nearly all requests of a server have the same options, so each thread keeps the scopes of the
 * last ones: preparing them costs as much as the rest of a hit. */
#include "server/embed_key.h"

#include <stdio.h>

typedef struct scopes {
    const server__model *of; /* NULL: none yet */
    server__vector_options options;
    unsigned flags;
    gte_cache_scope text, ids;
} scopes;

static bool fit(const scopes *s, const server__model *model, const server__embedding *e)
{
    return s->of == model && s->flags == e->flags && s->options.dims == e->options.dims &&
           s->options.pooling == e->options.pooling &&
           s->options.no_normalize == e->options.no_normalize;
}

static void prepare(scopes *s, const server__model *model, const server__embedding *e)
{
    gte_embed_options options = GTE_EMBED_OPTIONS_INIT;
    char how[96];
    s->of = model;
    s->options = e->options;
    s->flags = e->flags;
    options.dims = e->options.dims;
    options.pooling = e->options.pooling;
    options.no_normalize = e->options.no_normalize;
    options.flags = e->flags;
    gte_cache_scope_vectors(&s->text, &model->info, &options, model->computed_by);
    int used = snprintf(how, sizeof how, "%d %d %s", (int)options.pooling, options.no_normalize,
                        model->computed_by);
    gte_cache_scope_init(&s->ids, model->info.sha256, "embed ids", how, (size_t)used, options.dims,
                         options.flags);
}

void server__embed_key(const server__model *model, const server__embedding *embedding, size_t index,
                       gte_cache_key *out)
{
    static _Thread_local scopes last;
    const server__input *input = &embedding->inputs[index];
    gte_text text = {input->data, input->size, NULL, 0};
    if (!fit(&last, model, embedding)) prepare(&last, model, embedding);
    if (input->ids)
        text = (gte_text){(const char *)input->ids, input->id_count * sizeof *input->ids, NULL, 0};
    gte_cache_key_of(input->ids ? &last.ids : &last.text, text, out);
}
