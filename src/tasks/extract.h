/* Extraction by pointers, as SiameseUIE does it: what the types of a schema find in a text.
 *
 * The encoder's layers are split in two. The lower ones see the text alone (in windows) and the
 * hint alone ("人物: ", of token type 1, its positions after the text's); the upper ones see
 * [text; hint] as one input, and two linear functions of the text's rows say where a span begins
 * and where it ends. So the lower half of the text is computed once for all hints, and with it what
 * the first upper layer projects.
 *
 *     extract.c         down the schema, level by level
 *       extract_text.c  the text: tokens, windows, their states
 *       extract_ask.c   hints to logits: the passes
 *       extract_spans.c logits to spans
 *     extract_schema.c  the schema where a request has none
 *
 * What a relation or an event is, result_json.c knows. */
#ifndef GTE_TASKS_EXTRACT_H
#define GTE_TASKS_EXTRACT_H

#include <stdbool.h>

#include "encoder/encoder.h"
#include "tasks/buffer.h"

struct gte__run;

/* Tokens of a text: the states of all its windows are kept (3 KiB a token for a base model). */
#define GTE__EXTRACT_TOKENS 32768u
/* Hints of a text in all, and together; spans of a text. Beyond, the result is `truncated`. */
#define GTE__EXTRACT_HINTS 1024u
#define GTE__EXTRACT_TOGETHER 128u
#define GTE__EXTRACT_SPANS 4096u
/* A logit above it points; the logits are raw, whatever the pipeline calls them. */
#define GTE__EXTRACT_THRESHOLD 0.5f

/* A span of the text, found by a hint. */
typedef struct gte__found {
    uint32_t byte, byte_end;
    float score;   /* the mean of its two logits */
    int type;      /* node of the schema */
    int parent;    /* an earlier one, or -1 */
    size_t number; /* in the result */
} gte__found;

/* One text that is asked. Lives in the context, so that what it allocates is used again. */
typedef struct gte__extraction {
    gte__encoder *encoder;
    const struct gte__run *run;
    uint32_t upper;            /* the first upper layer */
    size_t window, step, hint; /* tokens: of a window, from one to the next, of a hint at most */
    size_t tokens;             /* of the text, [CLS] and [SEP] included */
    size_t windows;
    size_t projected_window; /* whose states `projected` holds; SIZE_MAX: none */
    size_t asked;            /* hints so far */
    bool cut_short;

    gte__buffer text;        /* gte_token [tokens], offsets in bytes */
    gte__buffer inputs;      /* gte_token: windows that go through the encoder together */
    gte__buffer states;      /* of all windows, below the upper layers */
    gte__buffer projected;   /* of one window, with what the first upper layer projects */
    gte__buffer hint_bytes;  /* the hints, one after the other */
    gte__buffer hint_tokens; /* gte_token */
    gte__buffer hint_states;
    gte__buffer logits; /* float [hints, tokens, 2]: first of a span, last of a span */
    gte__buffer rows;   /* float [window, 2] */
    gte__buffer found;  /* gte__found, level by level */
    size_t found_count;

    /* of the hints that are asked together */
    size_t hints;
    int hint_type[GTE__EXTRACT_TOGETHER], hint_parent[GTE__EXTRACT_TOGETHER];
    size_t hint_byte[GTE__EXTRACT_TOGETHER + 1], hint_token[GTE__EXTRACT_TOGETHER + 1];
    uint32_t positions[GTE__EXTRACT_TOGETHER]; /* where each begins */
    size_t starts[GTE__EXTRACT_TOGETHER + 1];  /* of a pass */
} gte__extraction;

/* Gives back what a long text took, and all of it. Both accept a zeroed struct. */
void gte__extraction_trim(gte__extraction *x);
void gte__extraction_free(gte__extraction *x);

/* Tokens, windows, and the lower layers over them. Errors: GTE_E_UTF8, GTE_E_TOO_LONG,
 * GTE_E_MEMORY, GTE_E_CANCELLED. */
gte_status gte__extraction_read(gte__extraction *x, gte_error *err);

/* Brings a window's states to x->projected. */
void gte__extraction_project(gte__extraction *x, size_t window);

/* A window's first token, and its tokens: only the last may have fewer. */
static inline size_t gte__window_first(const gte__extraction *x, size_t window)
{
    return window * x->step;
}
static inline size_t gte__window_rows(const gte__extraction *x, size_t window)
{
    const size_t left = x->tokens - gte__window_first(x, window);
    return left < x->window ? left : x->window;
}

/* Tells the trace, if there is one, of a step of the caller's over so many tokens; `mark` begins
 * it. What is not told of is copying states, which no operation is named for. */
static inline void gte__extraction_mark(const gte__extraction *x)
{
    if (x->encoder->trace) gte__trace_mark(x->encoder->trace, 0);
}
static inline void gte__extraction_lap(const gte__extraction *x, gte_trace_operation operation,
                                       size_t rows)
{
    const gte_trace_span span = {.operation = operation, .layer = -1, .rows = (uint32_t)rows};
    if (x->encoder->trace) gte__trace_lap(x->encoder->trace, 0, span);
}

/* Whether the request's progress says so. */
bool gte__extraction_stops(const gte__extraction *x);

/* The logits of the hints that were gathered. Errors: GTE_E_UTF8, GTE_E_MEMORY, GTE_E_FORMAT,
 * GTE_E_CANCELLED. */
gte_status gte__extraction_ask(gte__extraction *x, gte_error *err);

/* Appends what hint `hint` found, in order, none twice: each first token above the threshold with
 * the nearest last token from there on. Errors: GTE_E_MEMORY. */
gte_status gte__extraction_take(gte__extraction *x, size_t hint, gte_error *err);

/* The states of the text and of the hints: what the upper layers begin with. */
static inline gte__point gte__extraction_below(const gte__extraction *x)
{
    return (gte__point){x->upper, false};
}
static inline gte__point gte__extraction_projected(const gte__extraction *x)
{
    return (gte__point){x->upper, true};
}

#endif
