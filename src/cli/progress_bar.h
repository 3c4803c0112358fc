/* One line on standard error that says how far a long run is. Silent off a terminal. */
#ifndef GTE_CLI_PROGRESS_BAR_H
#define GTE_CLI_PROGRESS_BAR_H

#include <stdbool.h>
#include <stdint.h>

typedef struct cli_progress {
    bool shown;       /* standard error is a terminal, and data does not go to the same one */
    const char *unit; /* "texts", or NULL: bytes */
    double started, drawn;
} cli_progress;

/* `data_fd` is where the data goes; a bar never mixes with data on a terminal. */
void cli__progress_start(cli_progress *bar, const char *unit, int data_fd);

/* `count` units done; `done` of `total` bytes of the work (total 0: unknown). Draws at most ten
 * times a second, and nothing in the first half second. */
void cli__progress_update(cli_progress *bar, uint64_t count, uint64_t done, uint64_t total);

/* Removes the bar from the screen, if one is there. */
void cli__progress_wipe(void);

#endif
