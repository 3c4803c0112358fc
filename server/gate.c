/* Tickets: whoever draws number n waits until n have been let in. */
#include "server/gate.h"

void server__gate_open(server__gate *gate, int most)
{
    pthread_mutex_init(&gate->lock, NULL);
    pthread_cond_init(&gate->wake, NULL);
    gate->next = 0;
    gate->admitted = (uint64_t)most;
}

void server__gate_enter(server__gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    const uint64_t own = gate->next++;
    while (own >= gate->admitted) pthread_cond_wait(&gate->wake, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
}

void server__gate_leave(server__gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->admitted++;
    pthread_cond_broadcast(&gate->wake);
    pthread_mutex_unlock(&gate->lock);
}

void server__gate_close(server__gate *gate)
{
    pthread_cond_destroy(&gate->wake);
    pthread_mutex_destroy(&gate->lock);
}
