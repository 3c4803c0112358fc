/* gte_task.h - what a text says, not only what it is like: classification, sentiment, named
 * entities, relations, events and questions, by heads on top of libgte's encoder. Part of libgte.
 *
 *     gte_result *result;
 *     gte_request request = GTE_REQUEST_INIT;
 *     gte_result_create(&result, &err);
 *     request.task = GTE_TASK_NER;
 *     request.text = gte_text_of("彭小军认为，国内银行现在走的是台湾的发卡模式");
 *     gte_predict(ctx, gte_model_head(model), &request, 1, &result, &err);
 *     gte_result_info info;
 *     gte_result_describe(result, &info, sizeof info);     // info.spans, or gte_result_json
 *     gte_result_free(&result);
 *
 * The rules at the top of gte.h hold here. A head is a small layer behind the encoder's hidden
 * states: of one vector for a text (GTE_HEAD_SEQUENCE), of one for each token (GTE_HEAD_TOKEN), of
 * where an answer begins and ends (GTE_HEAD_SPAN), or of where a thing that a hint names begins and
 * ends (GTE_HEAD_POINTER). It lies in the model's file, where the checkpoint had one, or in a file
 * of its own, made by gte train for one encoder. */
#ifndef GTE_TASK_H
#define GTE_TASK_H

#include "gte.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- tasks -------------------------------------------------------------------------------- */

/* X(name, number, name in words) */
#define GTE_TASK_MAP(X)                                                                            \
    X(NER, 1, "ner")                                                                               \
    X(RELATION, 2, "relation")                                                                     \
    X(EVENT, 3, "event")                                                                           \
    X(SENTIMENT, 4, "sentiment")                                                                   \
    X(CLASSIFICATION, 5, "classification")                                                         \
    X(QA, 6, "qa")

typedef enum gte_task {
    GTE_TASK_NONE = 0,
#define GTE_TASK_ENUM(name, number, text) GTE_TASK_##name = number,
    GTE_TASK_MAP(GTE_TASK_ENUM)
#undef GTE_TASK_ENUM
} gte_task;

/* A set of tasks, as in gte_head_info.tasks. */
#define GTE_TASK_BIT(task) (1u << (task))

/* "ner"; NULL for a number that is no task. And the other way: GTE_TASK_NONE for no task's name.
 * Thread-safe. */
GTE_API const char *gte_task_name(gte_task task);
GTE_API gte_task gte_task_named(const char *name);

/* ---- heads -------------------------------------------------------------------------------- */

typedef struct gte_head gte_head;

typedef enum gte_head_kind {
    GTE_HEAD_SEQUENCE = 1, /* [labels] logits of a text or pair */
    GTE_HEAD_TOKEN = 2,    /* [tokens, labels] logits, with a CRF or without */
    GTE_HEAD_SPAN = 3,     /* [tokens, 2]: an answer's first and last token (Devlin et al., 2018) */
    GTE_HEAD_POINTER = 4   /* [tokens, 2]: first and last token of what a hint names (SiameseUIE) */
} gte_head_kind;

typedef struct gte_head_info {
    gte_head_kind kind;
    int labels;       /* logits a row: of kinds SPAN and POINTER 2 */
    unsigned tasks;   /* what it is for: GTE_TASK_BIT of each; of kind SEQUENCE 0 may mean a score
                          of a pair, as rerankers give */
    int multi_label;  /* 1: each label by itself (sigmoid), else one of them (softmax) */
    int crf;          /* 1: labels of tokens are chosen together (Lafferty et al., 2001) */
    int of_embedding; /* 1: reads the text's normalised vector, as gte train makes them */
    int lower_layers; /* POINTER: layers in which text and hint do not see each other */
    const char *name; /* may be "" */
    char sha256[65];  /* identifies the head; of one in a model's file, the model's */
} gte_head_info;

/* The head in the model's own file, or NULL. Lives as long as the model. Thread-safe. */
GTE_API const gte_head *gte_model_head(const gte_model *model);

/* Maps a head's file and checks every field; it must have been made for this very model, and runs
 * in contexts of this handle alone. On failure *out is NULL. Closed with gte_head_close, before the
 * model. Immutable: any number of threads.
 * Errors: GTE_E_IO, GTE_E_FORMAT, GTE_E_VERSION, GTE_E_ARGUMENT (another encoder's), GTE_E_MEMORY,
 * GTE_E_CHECKSUM. */
GTE_API gte_status gte_head_open(gte_head **out, const gte_model *model, const char *path,
                                 gte_error *err);
/* The same from memory the caller keeps, unchanged, until the head is closed. `data` must be
 * aligned to 64 bytes. */
GTE_API gte_status gte_head_open_memory(gte_head **out, const gte_model *model, const void *data,
                                        size_t size, gte_error *err);
/* Closes and sets *head to NULL. NULL and a pointer to NULL are allowed. Not for a model's own. */
GTE_API void gte_head_close(gte_head **head);

/* Fills the first `size` bytes of *out: pass sizeof *out. Thread-safe. */
GTE_API void gte_head_describe(const gte_head *head, gte_head_info *out, size_t size);
/* The name of label i, NULL out of range; lives as long as the head. Thread-safe. */
GTE_API const char *gte_head_label(const gte_head *head, int i);

/* ---- logits ------------------------------------------------------------------------------- */

/* What the head says of n inputs, before softmax and decoding, into `out`, which holds `capacity`
 * floats: SEQUENCE [n, labels]; TOKEN and SPAN [tokens of all inputs, labels], template tokens
 * included. Inputs as for gte_embed_tokens, of whose options dims, pooling and no_normalize mean
 * nothing here; a text's logits do not depend on its neighbours beyond rounding. POINTER has none
 * without a hint: GTE_E_UNSUPPORTED. Errors: those of gte_embed_tokens; GTE_E_ARGUMENT for another
 * model's head. */
GTE_API gte_status gte_logits_tokens(gte_context *ctx, const gte_head *head,
                                     const gte_token *tokens, const size_t *starts, size_t n,
                                     const gte_embed_options *options, float *out, size_t capacity,
                                     gte_error *err);

/* ---- requests ----------------------------------------------------------------------------- */

/* How the labels of a word's tokens become one, and which tokens make an entity: as HuggingFace's
 * TokenClassificationPipeline defines its aggregation_strategy. */
typedef enum gte_aggregation {
    GTE_AGGREGATION_DEFAULT = 0, /* first; with a CRF its path decides and this has no effect */
    GTE_AGGREGATION_NONE = 1,    /* every token that is not O, alone */
    GTE_AGGREGATION_SIMPLE = 2,
    GTE_AGGREGATION_FIRST = 3,
    GTE_AGGREGATION_AVERAGE = 4,
    GTE_AGGREGATION_MAX = 5
} gte_aggregation;

/* What to look for: types of things and, below each, what belongs to it. A node's parent stands
 * before it; -1 for none. {"组织机构": {"创始人(人物)": null}} is {"组织机构", -1},
 * {"创始人(人物)", 0}. */
typedef struct gte_schema_node {
    const char *name;
    int parent;
} gte_schema_node;
#define GTE_SCHEMA_NODES_MAX 256
#define GTE_SCHEMA_DEPTH_MAX 4
#define GTE_SCHEMA_NAME_MAX 256 /* bytes */
#define GTE_LABELS_MAX 100

/* A label to choose, and the text whose vector stands for it; NULL: the name. */
typedef struct gte_label {
    const char *name, *text;
} gte_label;

/* Flag of a request, beside GTE_SPECIAL_AS_TEXT, GTE_REPLACE_INVALID and GTE_NO_TRUNCATE: the
 * result keeps the logits. */
#define GTE_KEEP_LOGITS 256u

typedef struct gte_request {
    size_t struct_size;
    gte_task task;
    gte_text text; /* qa: the context, its pair the question; a pair for heads trained on pairs */
    unsigned flags;
    /* For classification and sentiment without a head; 0: the default ones of the language. */
    const gte_label *labels;
    size_t label_count;
    /* For POINTER heads; 0: the default one of the task. */
    const gte_schema_node *schema;
    size_t schema_count;
    gte_aggregation aggregation;
    int max_texts;         /* qa without a head: sentences to look at, 1 .. 65535; 0: 1024 */
    int max_answer_tokens; /* qa; 0: 30 */
    int best;              /* qa: how many answers, 1 .. 20; 0: 1 */
    int window_tokens;     /* tokens of a window, template included; 0: what suits head and model */
    int stride_tokens;     /* by which windows overlap; 0: what suits */
    float null_threshold;  /* qa: no answer when its logits' sum beats the best one's by more */
    /* With a head, called before each pass with the number of windows so far, of POINTER heads,
     * whose work is text times schema, of hints; a return other than 0 stops with GTE_E_CANCELLED.
     * What several requests share stops when all of them say so. */
    int (*progress)(void *arg, size_t done);
    void *progress_arg;
    uintptr_t reserved[4];
} gte_request;
#define GTE_REQUEST_INIT                                                                           \
    {                                                                                              \
        sizeof(gte_request), GTE_TASK_NONE, {NULL, 0, NULL, 0}, 0, NULL, 0, NULL, 0,               \
            GTE_AGGREGATION_DEFAULT, 0, 0, 0, 0, 0, 0.0f, NULL, NULL,                              \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

/* ---- results ------------------------------------------------------------------------------ */

/* What came of one request; grows as needed and is used again without allocating. One thread at a
 * time. */
typedef struct gte_result gte_result;
GTE_API gte_status gte_result_create(gte_result **out, gte_error *err);
GTE_API void gte_result_free(gte_result **result);

typedef struct gte_label_score {
    const char *name;
    float score;
} gte_label_score;

/* A part of the text. */
typedef struct gte_span {
    const char *type;    /* "PER"; of a schema the node's name; of an answer "" */
    uint32_t start, end; /* code points of the text, half-open */
    uint32_t byte_start, byte_end;
    float score; /* by a schema: the mean of two raw logits above 0.5, no probability */
    int parent;  /* index of the span it belongs to, as the schema says; -1 */
} gte_span;

typedef struct gte_result_info {
    gte_task task;
    const char *engine; /* what answered: "classifier", "linear", "token-classifier", "crf",
                           "extractive-qa", "siamese-uie", "zero-shot", "retrieval" */
    const gte_label_score *labels; /* [label_count], best first */
    size_t label_count;
    const gte_span *spans; /* [span_count], in the order of the text, of a schema by its types and
                              each before what belongs to it; of answers the best first, none when
                              the text holds no answer */
    size_t span_count;
    float null_score; /* qa: of "no answer"; with those of the 20 best spans it sums to 1 */
    /* Without a head: tokens and truncated of the input or the question alone, windows of qa its
     * sentences. */
    size_t tokens;       /* through the encoder, template tokens included */
    size_t windows;      /* into which the text was cut */
    int truncated;       /* 1: a part of the text was not read */
    const float *logits; /* [logit_rows, logit_columns], with GTE_KEEP_LOGITS; else NULL */
    size_t logit_rows, logit_columns;
    const gte_token *logit_tokens; /* [logit_rows]: whose, offsets in code points; of ner the text's
                                      own tokens alone; NULL where a row is of the whole text */
} gte_result_info;

/* Fills the first `size` bytes of *out; what it points to lives until the result is used again, or
 * the head that gave the answer is closed: labels are its own. */
GTE_API void gte_result_describe(const gte_result *result, gte_result_info *out, size_t size);

/* The `result` object of POST /predict for the task, one line of JSON:
 *   ner {"entities":[{"text","type","start","end","score"}]}
 *   relation {"relations":[{"subject":{..},"predicate","object":{..},"score"}]}
 *   event {"events":[{"type","trigger":{..},"arguments":[{"role",..}],"score"}]}
 *   sentiment {"label","score","scores":{},"aspects":[{"aspect","opinion","polarity",..}]}
 *   classification {"label","score","labels":[],"scores":[]}
 *   qa {"answer","start","end","score"}, without a head "sentence", of several "answers":[{..}]
 * each with "engine". Offsets are code points, half-open. With GTE_JSON_RAW instead the nested list
 * that ModelScope's users know, {"output":[[{"type","span","offset":[start,end]}]]}. Writes at most
 * `capacity` bytes without a NUL and to *size how many there are; more than fit: GTE_E_CAPACITY.
 * GTE_E_ARGUMENT of a result that nothing has filled. */
#define GTE_JSON_RAW 1u
GTE_API gte_status gte_result_json(const gte_result *result, unsigned flags, char *out,
                                   size_t capacity, size_t *size, gte_error *err);

/* ---- predict ------------------------------------------------------------------------------ */

/* Whether the head (NULL: none, the model alone) can do the task: what gte_predict would say
 * before any work. Errors: GTE_E_UNSUPPORTED, with what to load instead; GTE_E_ARGUMENT. */
GTE_API gte_status gte_predict_check(const gte_model *model, const gte_head *head, gte_task task,
                                     gte_error *err);

/* Answers n requests of one head, which share batches; results[i] is requests[i]'s, each another,
 * and all requests are of one struct_size. Without a head (NULL) an embedding model answers
 * classification and sentiment by the likeness of label texts ("zero-shot") and qa by the most
 * similar sentence ("retrieval"). Texts longer than the model reads go through in windows; see
 * src/tasks/README.md for how each task joins them. Allocates only while results and context grow,
 * but for a POINTER head's long texts, whose memory is given back after each. On failure err->index
 * is the request at fault and the results are unspecified.
 * Errors: those of gte_embed, GTE_E_UNSUPPORTED (head and task do not go together), GTE_E_ARGUMENT
 * (labels, schema, question), GTE_E_MEMORY, GTE_E_CANCELLED. */
GTE_API gte_status gte_predict(gte_context *ctx, const gte_head *head, const gte_request *requests,
                               size_t n, gte_result *const *results, gte_error *err);

/* ---- without a head, in two halves ---------------------------------------------------------- */

/* What gte_predict does without a head, for callers with vectors of their own (a cache, a queue):
 * first the texts whose vectors are needed, the input's own first; they live until the result is
 * used again. Errors: GTE_E_ARGUMENT, GTE_E_UNSUPPORTED (another task), GTE_E_UTF8,
 * GTE_E_MEMORY. */
GTE_API gte_status gte_likeness_texts(const gte_request *request, gte_result *result,
                                      const gte_text **texts, size_t *count, gte_error *err);
/* Then, once, the answer, from the vectors [count, dims] of just those texts.
 *   labels: softmax(cosine / 0.05) over the labels, as CLIP (Radford et al., 2021) reads
 *           likenesses out; the temperature is fixed, so scores rank and are no calibrated chances
 *   qa: the sentence most like the question; of it the longest run of words that the question does
 *       not hold. The score is the cosine.
 * Errors: GTE_E_ARGUMENT (also without gte_likeness_texts before, each time), GTE_E_MEMORY. */
GTE_API gte_status gte_likeness_answer(gte_result *result, const float *const *vectors, size_t dims,
                                       gte_error *err);

#ifdef __cplusplus
}
#endif
#endif
