/* What a head is trained on: vectors of texts, or states of words. */
#ifndef GTE_CLI_TRAIN_VECTORS_H
#define GTE_CLI_TRAIN_VECTORS_H

#include "session.h"
#include "train/judge_words.h"

/* The vectors of all texts, [count, dims], in their order; `path` is for messages. NULL with *code:
 * reported. */
float *cli__train_embed(cli_session *session, const train__examples *examples, const char *path,
                        const char *prompt, int *code);

/* The states of words. A token that begins with "##" goes on with the word before, as the library's
 * tagger reads it; a word of several other tokens ("U.S.") has a row for each. With `tags` rows are
 * labelled. CLI_OK or reported; train__words_free in any case. */
int cli__train_embed_words(cli_session *session, const train__examples *examples,
                           const train__tags *tags, const char *path, train__words *out);

#endif
