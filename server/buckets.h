/* Token buckets, one for each key or address, in a table of fixed size. */
#ifndef SERVER_BUCKETS_H
#define SERVER_BUCKETS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct server__buckets server__buckets;

server__buckets *server__buckets_create(void);
void server__buckets_free(server__buckets **buckets);
/* Takes one token of the bucket of `who`, which fills with `rate` tokens a second up to `burst`.
 * False: it is empty, and *seconds (at least 1) tells when to come back. From any thread. */
bool server__buckets_take(server__buckets *buckets, const char *who, int rate, int burst,
                          uint64_t now_ns, unsigned *seconds);

#endif
