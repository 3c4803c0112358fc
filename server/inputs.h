/* What OpenAI and TEI both let a client send as its input: a text, token ids, a list of texts or of
 * lists of ids. A flat list of whole numbers is one input. */
#ifndef SERVER_INPUTS_H
#define SERVER_INPUTS_H

#include <jansson.h>

#include "server/embed.h"

typedef struct server__inputs {
    server__input *list;
    size_t count;
    int32_t *ids;   /* of inputs that are ids, back to back */
    char *prompted; /* texts with the prompt before them, back to back */
} server__inputs;

/* Reads the field `name` with value `value`; texts stay in the JSON. False: the request is answered
 * with the error, in the words of its family. */
bool server__inputs_take(server__request *request, server__inputs *inputs, const char *name,
                         const json_t *value);
/* Whether a request may have so many texts; false: it is answered. */
bool server__inputs_fit(server__request *request, const char *name, size_t count);
/* Puts the model's prompt of this name before every text (ids stay as they are). NULL: none. */
bool server__inputs_prompt(server__request *request, server__inputs *inputs, const char *prompt);
/* `truncate` and `truncation_direction` of `object`, which may be NULL, as *flags of gte_embed.
 * Where it does not say, too long a text is refused, unless --auto-truncate. */
bool server__inputs_truncation(server__request *request, const json_t *object, unsigned *flags);
void server__inputs_free(server__inputs *inputs);

#endif
