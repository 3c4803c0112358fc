/* checkkern: every kernel of every level this machine has, as the library selects it, against the
 * exact result and against the scalar table. Ends in "N passed, N failed", a check being a kernel
 * at a level and a size with all its placements, values and aliasings. */
#include "checkkern.h"
#include "product_case.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const check *const checks[] = {
#define LISTED(name, type, parameters) &check_##name,
    GTE__KERNELS(LISTED)
#undef LISTED
};
enum { CHECKS = sizeof checks / sizeof checks[0] };

/* Sizes beyond 0..129: hidden and feed-forward sizes, sequence lengths. */
static const size_t real_sizes[] = {257, 384, 512, 768, 1024, 1536, 2048, 3072, 4096};
enum { SMALL = 130, SIZES = SMALL + sizeof real_sizes / sizeof real_sizes[0] };

typedef struct options {
    const char *kernel, *isa;
    uint64_t seed;
    bool bench, list;
} options;

static int usage(FILE *to, int status)
{
    fprintf(to, "usage: checkkern [--kernel=NAME] [--isa=NAME] [--seed=N] [--bench] [--list]\n");
    return status;
}

/* Every combination of values, placement, parameter and aliasing at one size. */
static bool check_size(const check *c, const gte__kernels *table, size_t n)
{
    bool ok = true;
    trial t = {.check = c, .table = table, .n = n};
    for (int kind = 0; kind < VALUES; kind++)
        for (int where = 0; where < PLACEMENTS; where++)
            for (int p = 0; p < (c->params ? c->params : 1); p++)
                for (int same = 0; same < c->arrays; same++) {
                    if (same && !(c->may_be >> same & 1u)) continue;
                    t.kind = (values)kind;
                    t.where = (placement)where;
                    t.param = c->param[p];
                    t.same = same;
                    ok = ok && trial_run(&t); /* one line per check is enough */
                }
    return ok;
}

static void check_kernels(const options *o, gte__isa best, unsigned count[2])
{
    static const gte__isa levels[] = {GTE__ISA_SCALAR, GTE__ISA_AVX2, GTE__ISA_AVX512};
    for (size_t l = 0; l < sizeof levels / sizeof *levels && levels[l] <= best; l++) {
        const gte__kernels *table = gte__kernels_for(levels[l]);
        if (o->isa && strcmp(o->isa, gte__isa_name(levels[l])) != 0) continue;
        if (strcmp(table->isa, gte__isa_name(levels[l])) != 0) {
            fprintf(stderr, "FAILED: the table for %s is %s\n", gte__isa_name(levels[l]),
                    table->isa);
            count[1]++;
        }
        for (size_t i = 0; i < CHECKS; i++) {
            if (o->kernel && strcmp(o->kernel, checks[i]->name) != 0) continue;
            const unsigned failed = count[1];
            for (size_t s = 0; s < SIZES; s++)
                count[!check_size(checks[i], table, s < SMALL ? s : real_sizes[s - SMALL])]++;
            printf("%-10s %-28s %s\n", table->isa, checks[i]->name,
                   count[1] == failed ? "ok" : "FAILED");
        }
    }
}

/* The text behind --NAME= when the argument is that option. */
static const char *value_of(const char *argument, const char *option)
{
    const size_t n = strlen(option);
    return !strncmp(argument, option, n) && argument[n] == '=' ? argument + n + 1 : NULL;
}

static bool parse(options *o, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *v;
        if ((v = value_of(argv[i], "--kernel")))
            o->kernel = v;
        else if ((v = value_of(argv[i], "--isa")))
            o->isa = v;
        else if ((v = value_of(argv[i], "--seed")))
            o->seed = strtoull(v, NULL, 0);
        else if (!strcmp(argv[i], "--bench"))
            o->bench = true;
        else if (!strcmp(argv[i], "--list"))
            o->list = true;
        else
            return false;
    }
    return true;
}

static void add(unsigned count[2], product_result more)
{
    count[0] += more.passed;
    count[1] += more.failed;
}

int main(int argc, char **argv)
{
    options o = {.seed = (uint64_t)time(NULL)};
    unsigned count[2] = {0, 0}; /* passed, failed */
    const gte__isa best = gte__cpu_isa_best();
    if (!parse(&o, argc, argv)) return usage(stderr, 2);
    if (o.list) {
        for (size_t i = 0; i < CHECKS; i++) printf("%s\n", checks[i]->name);
        for (int isa = 0; isa <= (int)best; isa++)
            if (gte__cpu_has((gte__isa)isa)) printf("%s\n", gte__isa_name((gte__isa)isa));
        return 0;
    }
    if (!trials_begin(o.seed)) {
        fprintf(stderr, "checkkern: cannot set up memory or signals\n");
        return 2;
    }
    printf("seed %" PRIu64 ", best level %s\n", o.seed, gte__isa_name(best));
    check_kernels(&o, best, count);
    add(count, check_products(best, o.isa, o.kernel, o.seed));
    add(count, check_attentions(best, o.isa, o.kernel, o.seed));
    add(count, check_copies(best, o.isa, o.kernel, o.seed));
    if (o.bench) bench_kernels(checks, CHECKS, best, o.kernel);
    trials_end();
    printf("%u passed, %u failed\n", count[0], count[1]);
    return count[1] || !count[0] ? 1 : 0;
}
