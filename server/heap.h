/* What the server asks of the C library's heap, so that a burst is not remembered for ever. */
#ifndef SERVER_HEAP_H
#define SERVER_HEAP_H

#include <stdint.h>

/* Once, before there are threads. */
void server__heap_setup(void);
/* Every few milliseconds, from one thread: now and then gives back to the system what is free. */
void server__heap_tick(uint64_t now_ns);

#endif
