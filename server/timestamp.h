/* The time of day as answers show it. */
#ifndef SERVER_TIMESTAMP_H
#define SERVER_TIMESTAMP_H

#define SERVER__TIMESTAMP_SIZE 32

/* "2026-11-20T16:54:00.874Z": now, UTC, milliseconds. */
void server__timestamp(char out[SERVER__TIMESTAMP_SIZE]);

#endif
