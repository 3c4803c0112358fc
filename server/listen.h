/* The socket that is listened on: TCP, Unix, or handed over by systemd. */
#ifndef SERVER_LISTEN_H
#define SERVER_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

#include "server/settings.h"

typedef struct server__listener {
    int fd;
    bool shared;           /* systemd has it, too */
    int port;              /* 0: not TCP */
    char address[128];     /* "http://127.0.0.1:5000" */
    const char *unix_path; /* to be removed at the end, or NULL */
} server__listener;

/* True; else a line in `message`, and errno. */
bool server__listen(server__listener *out, const server__settings *settings, char *message,
                    size_t size);

#endif
