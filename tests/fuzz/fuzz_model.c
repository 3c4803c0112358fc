/* Fuzz target: any bytes as a .gte file; what opens is described, tokenized with and embedded with.
 *
 * Encoder sizes are bounded here, by what the header says, so that a run explores parsing and not
 * matrix products. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gte.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void embed(const gte_model *model, gte_text text, const gte_model_info *info)
{
    gte_context_options options = GTE_CONTEXT_OPTIONS_INIT;
    gte_context *ctx = NULL;
    gte_error err;
    float vector[256];
    options.threads = 1;
    options.batch_tokens = 1;
    if (info->hidden_size > 256 || info->ffn_size > 1024 || info->layers > 8 ||
        info->max_tokens > 512)
        return;
    if (gte_context_create(&ctx, model, &options, &err) != GTE_OK) return;
    (void)gte_embed(ctx, &text, 1, NULL, vector, 256, &err);
    gte_context_free(&ctx);
}

static void use(const gte_model *model)
{
    static const char words[] = "w5 [SEP] w17 unknown\xcc\x81 \xe4\xb8\xad w199";
    gte_token tokens[64];
    gte_model_info info;
    gte_error err;
    size_t count;
    gte_model_describe(model, &info, sizeof info);
    for (size_t i = 0; i < gte_model_meta_count(model); i++)
        if (!gte_model_meta(model, gte_model_meta_key(model, i))) abort();
    gte_text text = {words, sizeof words - 1, "w6", 2};
    if (gte_tokenize(model, text, 0, 0, tokens, 64, &count, NULL, &err) == GTE_OK)
        for (size_t i = 0; i < count; i++)
            if (!gte_token_text(model, tokens[i].id, NULL)) abort();
    embed(model, text, &info);
    (void)gte_model_verify(model, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gte_model *model = NULL;
    gte_error err;
    void *aligned = aligned_alloc(64, (size + 64) / 64 * 64);
    if (!aligned) return 0;
    memcpy(aligned, data, size);
    if (gte_model_open_memory(&model, aligned, size, NULL, &err) == GTE_OK)
        use(model);
    else if (model || err.status == GTE_OK)
        abort();
    gte_model_close(&model);
    free(aligned);
    return 0;
}
