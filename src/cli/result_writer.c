/* The library's JSON, with the logits behind it or spread over lines. */
#include "result_writer.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "json_text.h"
#include "report.h"
#include "token_lists.h"

/* The result as the library writes it, in writer->json; *size bytes. */
static int fetch(cli_result_writer *w, const gte_result *result, size_t *size)
{
    gte_error err;
    gte_status status;
    while ((status = gte_result_json(result, w->flags, w->json, w->capacity, size, &err)) ==
           GTE_E_CAPACITY) {
        char *json = realloc(w->json, *size + *size / 2);
        if (!json) return cli__out_of_memory();
        w->json = json;
        w->capacity = *size + *size / 2;
    }
    return status == GTE_OK ? CLI_OK : cli__fail("%s", err.message);
}

static void write_logits(const cli_result_writer *w, const gte_result_info *info)
{
    cli__sink_string(w->sink, ",\"logits\":");
    if (info->logit_tokens) cli__sink_string(w->sink, "[");
    for (size_t i = 0; i < info->logit_rows; i++) {
        if (i) cli__sink_string(w->sink, ",");
        cli__json_floats(w->sink, info->logits + i * info->logit_columns, info->logit_columns);
    }
    /* of a text without tokens there are none, of an answer without a head no such thing */
    if (!info->logit_tokens && !info->logit_rows)
        cli__sink_string(w->sink, w->head ? "[]" : "null");
    if (info->logit_tokens) cli__sink_string(w->sink, "]");
    if (gte_head_label(w->head, 0)) {
        cli__sink_string(w->sink, ",\"logit_labels\":[");
        for (int i = 0; gte_head_label(w->head, i); i++) {
            if (i) cli__sink_string(w->sink, ",");
            cli__json_c_string(w->sink, gte_head_label(w->head, i));
        }
        cli__sink_string(w->sink, "]");
    }
    if (!info->logit_tokens) return;
    cli__sink_string(w->sink, ",\"offsets\":");
    cli__json_offsets(w->sink, info->logit_tokens, info->logit_rows);
    cli__sink_string(w->sink, ",\"tokens\":");
    cli__json_pieces(w->sink, w->model, info->logit_tokens, info->logit_rows);
}

static int write_pretty(cli_result_writer *w, size_t size)
{
    json_t *json = json_loadb(w->json, size, JSON_ALLOW_NUL, NULL);
    char *text = json ? json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(json);
    if (!text) return cli__out_of_memory();
    cli__sink_string(w->sink, text);
    cli__sink_string(w->sink, "\n");
    free(text);
    return CLI_OK;
}

int cli__write_result(cli_result_writer *w, const gte_result *result)
{
    size_t size = 0;
    int code = fetch(w, result, &size);
    if (code != CLI_OK) return code;
    if (w->pretty) return write_pretty(w, size);
    if (!w->logits) {
        cli__sink_write(w->sink, w->json, size);
    } else {
        gte_result_info info;
        gte_result_describe(result, &info, sizeof info);
        cli__sink_write(w->sink, w->json, size - 1);
        write_logits(w, &info);
        cli__sink_string(w->sink, "}");
    }
    cli__sink_string(w->sink, "\n");
    return CLI_OK;
}
