/* libFuzzer target: any bytes as a head, for a model of the width that the head names. The digests
 * are put right first, or nothing behind them would ever be reached; what opens answers a request
 * of its kind. Runs from the root of the repository, where the models are. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sha256.h"
#include "convert/convert.h"
#include "gte_task.h"
#include "handle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct base {
    const char *folder;
    gte_model *model;
    gte_context *ctx;
} base;

static base bases[] = {{"tests/golden/heads/ner-bio", NULL, NULL},
                       {"tests/golden/heads/uie", NULL, NULL}};
static gte_result *result;

static void must(gte_status status, const gte_error *err)
{
    if (status == GTE_OK) return;
    fprintf(stderr, "%s\n", err->message);
    abort();
}

static void open_bases(void)
{
    gte_context_options options = GTE_CONTEXT_OPTIONS_INIT;
    gte_error err;
    char path[64];
    options.threads = 1;
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
        snprintf(path, sizeof path, "/tmp/fuzz-head-%ld.gte", (long)getpid());
        must(gte_convert(bases[i].folder, path, NULL, &err), &err);
        must(gte_model_open(&bases[i].model, path, NULL, &err), &err);
        unlink(path);
        must(gte_context_create(&bases[i].ctx, bases[i].model, &options, &err), &err);
    }
    must(gte_result_create(&result, &err), &err);
}

static const base *base_of(const gte__head_header *h)
{
    const gte_model_info wide = {0};
    gte_model_info info = wide;
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
        gte_model_describe(bases[i].model, &info, sizeof info);
        if ((uint32_t)info.hidden_size == h->hidden_size) return &bases[i];
    }
    return &bases[0];
}

/* The content's own digest, and that of the model it is to be opened with. */
static void sign(gte__head_header *h, size_t size, const base *b)
{
    gte__sha256 s;
    memcpy(h->encoder, b->model->file.header->sha256, sizeof h->encoder);
    memset(h->sha256, 0, sizeof h->sha256);
    gte__sha256_init(&s);
    gte__sha256_update(&s, (const uint8_t *)h, size);
    gte__sha256_final(&s, h->sha256);
}

static void ask(const base *b, const gte_head *head)
{
    static const gte_task tasks[] = {GTE_TASK_NONE, GTE_TASK_CLASSIFICATION, GTE_TASK_NER,
                                     GTE_TASK_QA, GTE_TASK_RELATION};
    static const gte_schema_node schema[] = {{"人物", -1}, {"时间", 0}};
    static char json[1 << 16];
    gte_request request = GTE_REQUEST_INIT;
    gte_head_info info;
    gte_error err;
    size_t size;
    gte_head_describe(head, &info, sizeof info);
    for (int i = 0; i < info.labels; i++)
        if (!gte_head_label(head, i)) abort();
    if (info.labels > 512) return;
    request.task = tasks[info.kind];
    request.flags = GTE_KEEP_LOGITS;
    request.text = gte_text_of("张三在北京大学工作,李四在OpenAI playing 😀.");
    if (info.kind == GTE_HEAD_SPAN) {
        request.text.pair = "谁?";
        request.text.pair_size = strlen("谁?");
    }
    if (info.kind == GTE_HEAD_POINTER) {
        request.schema = schema;
        request.schema_count = 2;
    }
    if (gte_predict(b->ctx, head, &request, 1, &result, &err) != GTE_OK) return;
    (void)gte_result_json(result, 0, json, sizeof json, &size, &err);
    (void)gte_result_json(result, GTE_JSON_RAW, json, sizeof json, &size, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gte_head *head = NULL;
    gte_error err;
    if (!result) open_bases();
    void *aligned = aligned_alloc(64, (size + 64) / 64 * 64);
    if (!aligned) return 0;
    memcpy(aligned, data, size);
    const base *b = &bases[0];
    if (size >= sizeof(gte__head_header)) {
        b = base_of(aligned);
        sign(aligned, size, b);
    }
    if (gte_head_open_memory(&head, b->model, aligned, size, &err) == GTE_OK)
        ask(b, head);
    else if (head || err.status == GTE_OK)
        abort();
    gte_head_close(&head);
    free(aligned);
    return 0;
}
