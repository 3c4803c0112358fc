/* How many batches run side by side, of all models together: each is made for as many processors as
 * there are, so that two at once would take them from each other. First come, first served. */
#ifndef SERVER_GATE_H
#define SERVER_GATE_H

#include <pthread.h>
#include <stdint.h>

typedef struct server__gate {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    uint64_t next, admitted; /* tickets: drawn, and let in */
} server__gate;

void server__gate_open(server__gate *gate, int most);
/* Waits for its turn; then leave. */
void server__gate_enter(server__gate *gate);
void server__gate_leave(server__gate *gate);
void server__gate_close(server__gate *gate);

#endif
