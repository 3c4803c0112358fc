/* The K best lines seen so far, in memory that does not grow with the number of lines. */
#ifndef GTE_CLI_TOP_LINES_H
#define GTE_CLI_TOP_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "gte.h"

typedef struct cli_hit {
    float score;
    uint64_t line;
    char *text; /* own copy: the text, then its pair */
    size_t size, pair_size;
    int has_pair;
} cli_hit;

/* A heap with the worst hit at its root until it is sorted. */
typedef struct cli_top_lines {
    cli_hit *hits;
    size_t count, most;
} cli_top_lines;

/* CLI_OK or reported. `most` > 0. */
int cli__top_create(cli_top_lines *top, size_t most);

/* Keeps a copy of the line if it is among the best; of equal scores the earlier line is better. */
int cli__top_offer(cli_top_lines *top, float score, uint64_t line, gte_text text);

/* Best first; the end of offering. */
void cli__top_sort(cli_top_lines *top);

void cli__top_free(cli_top_lines *top);

#endif
