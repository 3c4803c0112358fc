#include "tag_passage.h"

#include <stdio.h>

#include "convert/convert.h"
#include "support.h"

/* ---- a model for its tokenizer, a head for its labels ---------------------------------------- */

gte_model *tag_open_model(const char *name)
{
    const char *path = support_tmp_path("%s.gte", name);
    char folder[256];
    gte_model *model = NULL;
    gte_error err = {0};
    snprintf(folder, sizeof folder, TAG_HEADS "/%s", name);
    CU_ASSERT_EQUAL_FATAL(gte_convert(folder, path, NULL, &err), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(gte_model_open(&model, path, NULL, &err), GTE_OK);
    return model;
}

void tag_make_head(tag_head *h, uint32_t k, unsigned flags)
{
    h->header = (gte__head_header){.kind = GTE__HEAD_TOKEN, .labels = k, .flags = flags};
    h->head = (gte_head){.header = &h->header, .labels = h->labels, .name = ""};
    if (!(flags & GTE__HEAD_CRF)) return;
    h->head.crf_start = h->start;
    h->head.crf_end = h->end;
    h->head.crf_transitions = h->transitions;
}

void tag_name_labels(tag_head *h, const char *const *names, uint32_t k, unsigned flags)
{
    for (uint32_t i = 0; i < k; i++) h->labels[i] = names[i];
    tag_make_head(h, k, flags);
}

/* ---- a request through the decoder alone ----------------------------------------------------- */

gte_status tag_begin(tag_passage *p, const gte_model *model, const tag_head *h, gte_text text,
                     gte_error *err)
{
    const gte_request standard = GTE_REQUEST_INIT;
    const unsigned flags = p->request.flags;
    const gte_aggregation how = p->request.aggregation;
    const int window = p->request.window_tokens, stride = p->request.stride_tokens;
    p->request = standard;
    p->request.task = GTE_TASK_NER;
    p->request.text = text;
    p->request.flags = flags;
    p->request.aggregation = how;
    p->request.window_tokens = window;
    p->request.stride_tokens = stride;
    if (!p->result) CU_ASSERT_EQUAL_FATAL(gte_result_create(&p->result, err), GTE_OK);
    p->inputs.count = p->inputs.token_count = 0;
    p->run = (gte__run){.model = &model->file,
                        .tokenizer = &model->tokenizer,
                        .head = &h->head,
                        .request = &p->request,
                        .result = p->result,
                        .inputs = &p->inputs};
    gte_status status = gte__result_begin(p->result, &p->request, gte__tag_decoder.engine, err);
    return status == GTE_OK ? gte__tag_decoder.plan(&p->run, err) : status;
}

gte_result_info tag_finish(tag_passage *p, const float *logits)
{
    gte_error err = {0};
    gte_result_info info;
    CU_ASSERT_EQUAL_FATAL(gte__tag_decoder.decode(&p->run, logits, &err), GTE_OK);
    gte__result_end(p->result);
    gte_result_describe(p->result, &info, sizeof info);
    return info;
}

void tag_end(tag_passage *p)
{
    gte_result_free(&p->result);
    gte__buffer_free(&p->inputs.tokens);
    gte__buffer_free(&p->inputs.starts);
}
