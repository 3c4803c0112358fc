/* The table. Figures are those of the models' own configurations and cards. */
#include "pull/known.h"

#include <string.h>

#define BGE_EN "Represent this sentence for searching relevant passages: "
#define BGE_ZH "为这个句子生成表示以用于检索相关文章："
#define GTE_QWEN                                                                                   \
    "Instruct: Given a web search query, retrieve relevant passages that answer the "              \
    "query\nQuery: "

static const pull__known rows[] = {
    {"thenlper/gte-small", "iic/nlp_gte_sentence-embedding_english-small", "en", 33, 384, 512,
     "mean", "", "", "MIT", NULL},
    {"thenlper/gte-base", "iic/nlp_gte_sentence-embedding_english-base", "en", 109, 768, 512,
     "mean", "", "", "MIT", NULL},
    {"thenlper/gte-large", "iic/nlp_gte_sentence-embedding_english-large", "en", 335, 1024, 512,
     "mean", "", "", "MIT", NULL},
    {"thenlper/gte-small-zh", "iic/nlp_gte_sentence-embedding_chinese-small", "zh", 30, 512, 512,
     "cls", "", "", "MIT", NULL},
    {"thenlper/gte-base-zh", "iic/nlp_gte_sentence-embedding_chinese-base", "zh", 102, 768, 512,
     "cls", "", "", "MIT", NULL},
    {"thenlper/gte-large-zh", "iic/nlp_gte_sentence-embedding_chinese-large", "zh", 326, 1024, 512,
     "cls", "", "", "MIT", NULL},
    {"BAAI/bge-small-en-v1.5", NULL, "en", 33, 384, 512, "cls", BGE_EN, "", "MIT", NULL},
    {"BAAI/bge-base-en-v1.5", NULL, "en", 109, 768, 512, "cls", BGE_EN, "", "MIT", NULL},
    {"BAAI/bge-large-en-v1.5", NULL, "en", 335, 1024, 512, "cls", BGE_EN, "", "MIT", NULL},
    {"BAAI/bge-small-zh-v1.5", NULL, "zh", 24, 512, 512, "cls", BGE_ZH, "", "MIT", NULL},
    {"BAAI/bge-base-zh-v1.5", NULL, "zh", 102, 768, 512, "cls", BGE_ZH, "", "MIT", NULL},
    {"BAAI/bge-large-zh-v1.5", NULL, "zh", 326, 1024, 512, "cls", BGE_ZH, "", "MIT", NULL},
    {"intfloat/e5-small-v2", NULL, "en", 33, 384, 512, "mean", "query: ", "passage: ", "MIT", NULL},
    {"intfloat/e5-base-v2", NULL, "en", 109, 768, 512, "mean", "query: ", "passage: ", "MIT", NULL},
    {"intfloat/e5-large-v2", NULL, "en", 335, 1024, 512, "mean", "query: ", "passage: ", "MIT",
     NULL},
    {"sentence-transformers/all-MiniLM-L6-v2", NULL, "en", 23, 384, 256, "mean", "", "",
     "Apache-2.0", NULL},
    {"sentence-transformers/all-MiniLM-L12-v2", NULL, "en", 33, 384, 128, "mean", "", "",
     "Apache-2.0", NULL},
    {"Alibaba-NLP/gte-base-en-v1.5", NULL, "en", 137, 768, 8192, "cls", "", "", "Apache-2.0",
     "rotary positions"},
    {"Alibaba-NLP/gte-large-en-v1.5", NULL, "en", 434, 1024, 8192, "cls", "", "", "Apache-2.0",
     "rotary positions"},
    {"Alibaba-NLP/gte-multilingual-base", "iic/gte_sentence-embedding_multilingual-base", "many",
     305, 768, 8192, "cls", "", "", "Apache-2.0", "rotary positions, Unigram"},
    {"Alibaba-NLP/gte-modernbert-base", NULL, "en", 149, 768, 8192, "cls", "", "", "Apache-2.0",
     "ModernBERT, BPE"},
    {"Alibaba-NLP/gte-Qwen2-1.5B-instruct", NULL, "many", 1780, 1536, 32768, "last", GTE_QWEN, "",
     "Apache-2.0", "Qwen2, BPE"},
    {"Alibaba-NLP/gte-Qwen2-7B-instruct", "iic/gte_Qwen2-7B-instruct", "many", 7610, 3584, 32768,
     "last", GTE_QWEN, "", "Apache-2.0", "Qwen2, BPE"},
    {"intfloat/multilingual-e5-small", NULL, "many", 118, 384, 512, "mean",
     "query: ", "passage: ", "MIT", "Unigram"},
    {"BAAI/bge-m3", NULL, "many", 568, 1024, 8192, "cls", "", "", "MIT", "XLM-RoBERTa, Unigram"},
};

const pull__known *pull__known_at(size_t i)
{
    return i < sizeof rows / sizeof *rows ? &rows[i] : NULL;
}

const pull__known *pull__known_named(const char *repo)
{
    const pull__known *row;
    for (size_t i = 0; (row = pull__known_at(i)); i++)
        if (strcmp(row->repo, repo) == 0) return row;
    return NULL;
}
