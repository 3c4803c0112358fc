/* The folders that tests/golden/make_golden.py writes: a model and the vectors it must give. */
#ifndef TESTS_GOLDEN_CASES_H
#define TESTS_GOLDEN_CASES_H

#include "gte.h"

typedef struct golden_case {
    gte_text text; /* pair NULL for a single text */
    size_t tokens; /* after the cut to the model's limit */
    double *mean;  /* [dims], pooled, not normalised */
    double *cls;   /* [dims] */
} golden_case;

typedef struct golden_set {
    golden_case *cases;
    size_t count;
    size_t dims;
    void *json; /* keeps the texts alive */
} golden_set;

/* Reads FOLDER/cases.jsonl; what is wrong there ends the program: it is our own file. */
golden_set golden_load(const char *folder);
void golden_free(golden_set *set);

/* Converts FOLDER to a .gte in the scratch folder and opens it; fatal assertions. */
gte_model *golden_open(const char *folder);

/* Largest difference of `got` from the expected pooled vector: normalised, or relative to the
 * largest element when not (an outlier channel carries its rounding into every sum). */
double golden_difference(const double *expected, const float *got, size_t dims, int normalized);

#endif
