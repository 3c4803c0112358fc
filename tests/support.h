/* What every test program needs: running a CUnit suite, files, scratch folders, seeded numbers,
 * the reference data. Asserts stay in the tests; nothing here knows a room. */
#ifndef TESTS_SUPPORT_H
#define TESTS_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

#include "gte.h"

typedef struct support_case {
    const char *name;
    void (*run)(void);
} support_case;

/* Runs the cases as one CUnit suite, in order; what main() returns: 0 when all assertions held.
 * tests/run_all.sh counts the cases from CUnit's summary. */
int support_main(const char *suite, const support_case *cases, size_t count);
#define SUPPORT_MAIN(suite, cases) support_main(suite, cases, sizeof(cases) / sizeof((cases)[0]))

/* Marks the running case as skipped: prints the one line `SKIP reason` that run_all.sh counts.
 * The case then returns without a failed assertion. */
void support_skip(const char *reason);

/* "../shared/NAME" (GTE_SHARED overrides ../shared) in a static buffer, or NULL, after
 * support_skip, when it is not there. */
const char *support_shared(const char *name);

/* A scratch folder, made once per process and removed with its content at exit. */
const char *support_tmp(void);
/* "TMP/NAME" with printf arguments; one of 8 static buffers, used in turn. */
const char *support_tmp_path(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The whole file as malloc'd bytes with a NUL after them, or NULL. */
char *support_read_file(const char *path, size_t *size);
bool support_write_file(const char *path, const void *data, size_t size);

/* The converted stand-in model (GTE_STANDIN, or build/standin.gte); asserts that it opens. */
const char *support_standin_path(void);
gte_model *support_standin_open(void);

/* Largest |a[i] - b[i]|; infinite when one of them is not a number. */
double support_max_difference(const float *a, const float *b, size_t n);

/* A small seeded generator (xorshift64*), the same numbers everywhere. State is never 0. */
uint64_t support_random(uint64_t *state);

/* This program again, with other arguments, in place of this one; through GTE_TEST_RUNNER where the
 * tests are for another machine. Returns only when that fails. */
void support_exec_self(const char *const argv[]);

/* Whether other processes want the processors, now or in the last minute: what is asserted of times
 * is then asserted of them as well. Takes 0.1 s; ask after the fact. */
bool support_is_busy(void);

/* Whether an emulator runs the tests: what takes seconds takes minutes there. */
int support_is_emulated(void);

#endif
