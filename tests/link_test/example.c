/* The example of README.md: the C API in twenty lines. */
#include <gte.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    gte_model *model = NULL;
    gte_context *ctx = NULL;
    gte_error err;
    const char *path = argc > 1 ? argv[1] : "gte-small.gte";
    gte_text texts[2] = {gte_text_of("hello world"), gte_text_of("good morning, everyone")};
    static float vectors[2 * 1024], cosine[4]; /* room for 1024 dimensions each */

    if (gte_model_open(&model, path, NULL, &err) != GTE_OK ||
        gte_context_create(&ctx, model, NULL, &err) != GTE_OK ||
        gte_embed(ctx, texts, 2, NULL, vectors, 2 * 1024, &err) != GTE_OK) {
        fprintf(stderr, "%s: %s\n", gte_status_name(err.status), err.message);
        return 1;
    }
    gte_model_info info;
    gte_model_describe(model, &info, sizeof info);
    gte_similarity(vectors, 2, vectors, 2, (size_t)info.hidden_size, cosine, &err);
    printf("%d dimensions, similarity %.3f\n", info.hidden_size, cosine[1]);
    gte_context_free(&ctx);
    gte_model_close(&model);
    return 0;
}
