/* One file from an address to the disk: redirects, retries, resuming, size and digest. Does not
 * know what the file is for. */
#ifndef GTE_PULL_FETCH_H
#define GTE_PULL_FETCH_H

#include "pull/http_get.h"
#include "pull/hub.h"

/* What the files of one pull share. */
typedef struct pull__session {
    const pull__options *options;
    pull__http *http;
    uint64_t before;         /* bytes of the large files that are complete */
    uint64_t total;          /* bytes of all large files; 0: not known yet */
    bool large;              /* such a file is being fetched: progress is worth telling */
    pull__response response; /* of the last request */
} pull__session;

/* Fetches `url` to `path`, whose folder exists. It is written as path.part, which a failure leaves
 * for the next attempt or call, checked against *expected (and what the answer itself says of size
 * and digest), and only then renamed. A file that is at `path` already and is right is kept without
 * a request; one that cannot be checked is fetched again.
 * Errors: GTE_E_IO, GTE_E_CHECKSUM, GTE_E_CANCELLED. */
gte_status pull__fetch(pull__session *session, const char *url, const char *path,
                       const pull__file *expected, gte_error *err);

#endif
