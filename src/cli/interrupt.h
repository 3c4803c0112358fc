/* Ctrl-C and termination as a flag that the long loops look at. */
#ifndef GTE_CLI_INTERRUPT_H
#define GTE_CLI_INTERRUPT_H

#include <stdbool.h>

/* The first SIGINT or SIGTERM sets the flag, and system calls return EINTR; a second one ends the
 * process at once. Signals that the parent had ignored stay ignored. SIGPIPE becomes EPIPE.
 * Descriptors 0 to 2 that are closed are opened in a mode in which using them fails, so that no
 * file opened later takes their place. */
void cli__interrupt_setup(void);

bool cli__interrupted(void);

#endif
