/* How alike two answers are: the measures of SQuAD (Rajpurkar et al., 2016) and of CMRC 2018 (Cui
 * et al., 2019). Both look at units: a character of Chinese, Japanese or Korean, a word of other
 * scripts; case, punctuation and spaces do not count, nor English articles. */
#ifndef GTE_CLI_ANSWER_OVERLAP_H
#define GTE_CLI_ANSWER_OVERLAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Units of an answer; grows. */
typedef struct cli_units {
    uint64_t *of; /* what a unit says, as a hash */
    size_t count, capacity;
} cli_units;

/* Fills *units with those of a text. False: no memory. */
bool cli__units_read(cli_units *units, const char *text, size_t size);
void cli__units_free(cli_units *units);

bool cli__units_equal(const cli_units *a, const cli_units *b);
/* F1 of the units that both have, as often as both have them. Without any on either side 1 or 0. */
double cli__units_f1(const cli_units *a, const cli_units *b);
/* The same of the longest run of units that both have, as CMRC 2018 counts. */
double cli__units_run_f1(const cli_units *a, const cli_units *b);

#endif
