/* What to do with an answer that is not the file: wait or give up, and the advice for the user. */
#ifndef GTE_PULL_ANSWER_H
#define GTE_PULL_ANSWER_H

#include "pull/fetch.h"

#define PULL__WAIT_MAX 120 /* seconds; a hub that wants more is told to the user instead */

/* Whether another attempt may get a better answer than this status. */
bool pull__worth_retrying(int status);

/* The failure that this status means for file `name` of the model, with one piece of advice. */
gte_status pull__refused(const pull__options *options, const char *name,
                         const pull__response *response, gte_error *err);

/* Sleeps before the next attempt: as long as the hub asks, else 1, 2, 4... seconds by the number of
 * `failures` in a row (0: not at all). GTE_E_CANCELLED when told to stop. */
gte_status pull__wait(const pull__options *options, int retry_after, unsigned failures,
                      gte_error *err);

/* The failure of a write: a full disk gets its advice. */
gte_status pull__write_failed(const pull__options *options, int error, gte_error *err);

#endif
