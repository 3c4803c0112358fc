/* Ctrl-C and termination as a flag that the long loops look at. */
#ifndef GTE_CLI_INTERRUPT_H
#define GTE_CLI_INTERRUPT_H

#include <stdbool.h>

/* The first SIGINT, SIGTERM or SIGHUP sets the flag, and system calls return EINTR; a second one
 * ends the process at once. Signals that the parent had ignored stay ignored. SIGPIPE becomes
 * EPIPE. Descriptors 0 to 2 that are closed are opened in a mode in which using them fails, so that
 * no file opened later takes their place. */
void cli__interrupt_setup(void);

bool cli__interrupted(void);

/* Opens as open(2) does, which waits for a pipe's other end. -1 with errno EINTR: interrupted. */
int cli__open_waiting(const char *path, int flags);

/* Waits until there is something to read (or the end, or an error). False: interrupted, no matter
 * which thread took the signal, and when. */
bool cli__wait_readable(int fd);

#endif
