/* Reading golden folders; see golden_cases.h. */
#include "golden_cases.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convert/convert.h"
#include "support.h"

static void die(const char *path, const char *why)
{
    fprintf(stderr, "%s: %s\n", path, why);
    exit(2);
}

static double *read_vector(const char *path, const json_t *array, size_t *dims)
{
    size_t n = json_array_size(array);
    if (n == 0 || (*dims && *dims != n)) die(path, "a vector of another size");
    *dims = n;
    double *v = malloc(n * sizeof *v);
    if (!v) die(path, "no memory");
    for (size_t i = 0; i < n; i++) v[i] = json_number_value(json_array_get(array, i));
    return v;
}

static void read_case(const char *path, const json_t *line, golden_set *set)
{
    golden_case *c = &set->cases[set->count++];
    const json_t *text = json_object_get(line, "text"), *pair = json_object_get(line, "pair");
    if (!json_is_string(text)) die(path, "a line without text");
    c->text.data = json_string_value(text);
    c->text.size = json_string_length(text);
    c->text.pair = json_is_string(pair) ? json_string_value(pair) : NULL;
    c->text.pair_size = json_string_length(pair);
    c->tokens = (size_t)json_integer_value(json_object_get(line, "tokens"));
    c->mean = read_vector(path, json_object_get(line, "mean"), &set->dims);
    c->cls = read_vector(path, json_object_get(line, "cls"), &set->dims);
}

golden_set golden_load(const char *folder)
{
    char path[1024];
    golden_set set = {0};
    json_t *lines = json_array();
    snprintf(path, sizeof path, "%s/cases.jsonl", folder);
    FILE *f = fopen(path, "r");
    if (!f || !lines) die(path, "cannot be read");
    json_t *line;
    while ((line = json_loadf(f, JSON_DISABLE_EOF_CHECK, NULL))) json_array_append_new(lines, line);
    fclose(f);
    set.json = lines;
    set.cases = calloc(json_array_size(lines) + 1, sizeof *set.cases);
    if (!set.cases || json_array_size(lines) == 0) die(path, "no cases");
    for (size_t i = 0; i < json_array_size(lines); i++)
        read_case(path, json_array_get(lines, i), &set);
    return set;
}

void golden_free(golden_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        free(set->cases[i].mean);
        free(set->cases[i].cls);
    }
    free(set->cases);
    json_decref(set->json);
    *set = (golden_set){0};
}

gte_model *golden_open(const char *folder)
{
    const char *name = strrchr(folder, '/');
    const char *path = support_tmp_path("%s.gte", name ? name + 1 : folder);
    gte_model *model = NULL;
    gte_error err = {0};
    gte_status status = gte_convert(folder, path, NULL, &err);
    if (status == GTE_OK) status = gte_model_open(&model, path, NULL, &err);
    if (status != GTE_OK) fprintf(stderr, "%s: %s\n", folder, err.message);
    CU_ASSERT_EQUAL_FATAL(status, GTE_OK);
    return model;
}

double golden_difference(const double *expected, const float *got, size_t dims, int normalized)
{
    double norm = 0, largest = 1, worst = 0;
    for (size_t i = 0; i < dims; i++) {
        norm += expected[i] * expected[i];
        largest = fmax(largest, fabs(expected[i]));
    }
    norm = sqrt(norm);
    for (size_t i = 0; i < dims; i++) {
        double want = normalized ? expected[i] / norm : expected[i];
        double d = fabs(want - (double)got[i]);
        if (!normalized) d /= largest;
        if (!(d <= worst)) worst = isnan(d) ? (double)INFINITY : d;
    }
    return worst;
}
