/* Labelled examples from a file: CSV, TSV or JSONL of texts, CoNLL of words. What is wrong with one
 * is told with the file and the line. */
#ifndef GTE_CLI_TRAIN_READ_H
#define GTE_CLI_TRAIN_READ_H

#include "cli.h"
#include "train/word_tags.h"

typedef enum cli_train_kind {
    CLI_TRAIN_BY_NAME = 0,
    CLI_TRAIN_CSV = 1,
    CLI_TRAIN_TSV = 2,
    CLI_TRAIN_JSONL = 3,
    CLI_TRAIN_CONLL = 4
} cli_train_kind;

typedef struct cli_train_format {
    cli_train_kind kind;
    const char *text_column, *labels_column; /* a name, or a number from 1; NULL: found */
    const char *labels_separator;            /* several labels in one field; NULL: one */
    int header;                              /* 0: found; 1: there is one; 2: there is none */
    bool replace_invalid;
} cli_train_format;

/* Fills *out, which is empty, with the examples of `path` (- is standard input). CLI_OK or
 * reported; train__examples_free in any case. */
int cli__train_read(const cli_train_format *format, const char *path, train__examples *out);

/* A row as it was read, into *out; several labels where `separator` is not NULL. CLI_OK, or
 * reported with `place` in front. */
int cli__train_add(const cli_train_format *format, const char *place, uint64_t line,
                   const char *text, size_t size, train__examples *out);
int cli__train_add_label(const char *place, const char *label, size_t size, train__examples *out);

/* Of train_words.c: the labels of words as tags. CLI_OK or reported; train__tags_free. */
int cli__train_tags(train__examples *examples, const char *path, train__tags *tags,
                    size_t *repaired);

/* Of train_table.c: CSV and TSV. */
int cli__train_read_table(const cli_train_format *format, const char *path, char separator,
                          train__examples *out);

#define CLI_TRAIN_PLACE 512
/* "FILE: line 7", or "line 7" of standard input. */
void cli__train_place(const char *path, uint64_t line, char place[CLI_TRAIN_PLACE]);

#endif
