/* One call of one kernel: fills the operands, calls it, and compares with the exact result, with
 * the scalar table and with what must not have changed. A crash is caught and blamed. */
#include "checkkern.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static fence *room[MAX_ARRAYS];
static float before[MAX_ARRAYS][MAX_N], scalar[MAX_ARRAYS][MAX_N];
static double want[MAX_N], bound[MAX_N];
static uint64_t state;

static sigjmp_buf after_crash;
static volatile sig_atomic_t crash_signal, in_kernel;
static void *volatile crash_address;

/* splitmix64 (Steele, Lea & Flood, 2014) */
static uint64_t next(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static double uniform(void) /* in (0, 1) */
{
    return ((double)(next() >> 11) + 0.5) * 0x1p-53;
}

static double gaussian(void)
{
    return sqrt(-2.0 * log(uniform())) * cos(6.283185307179586 * uniform());
}

static float special(void)
{
    static const float v[] = {0.0f,    -0.0f,   6.0f,     -6.0f,    5.625f, -5.6875f, 1e-40f,
                              -1e-45f, 1e-30f,  FLT_MIN,  -FLT_MIN, 1e18f,  -1e18f,   3e30f,
                              -3e30f,  FLT_MAX, -FLT_MAX, 87.5f,    -87.5f, 104.0f,   -104.0f};
    return v[next() % (sizeof v / sizeof v[0])];
}

void fill(float *x, size_t n, values kind)
{
    static const float not_finite[] = {INFINITY, -INFINITY, NAN};
    const float same = (float)(100.0 * gaussian());
    const uint64_t odd = next();
    for (size_t i = 0; i < n; i++) {
        const double g = gaussian();
        switch (kind) {
        case WIDE:
            x[i] = (float)(copysign(1.0, g) * pow(10.0, 12.0 * uniform() - 6.0));
            break;
        case OFFSET:
            x[i] = (float)(1000.0 + g);
            break;
        case EQUAL:
            x[i] = same;
            break;
        case SPECIAL:
            x[i] = next() % 2 ? (float)g : special();
            break;
        /* About one element in the row: more, and every sum would be NaN. */
        case NOT_FINITE:
            x[i] = i == odd % (n + 2) ? not_finite[next() % 3] : (float)g;
            break;
        default:
            x[i] = (float)(3.0 * g);
            break;
        }
    }
}

static void on_crash(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (!in_kernel) {
        signal(number, SIG_DFL);
        raise(number);
        return;
    }
    crash_signal = number;
    crash_address = info->si_addr;
    siglongjmp(after_crash, 1);
}

bool trials_begin(uint64_t seed)
{
    const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
    struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO};
    state = seed;
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        if (sigaction(signals[i], &action, NULL) != 0) return false;
    for (int i = 0; i < MAX_ARRAYS; i++)
        if (!fence_open(&room[i])) return false;
    return true;
}

void trials_end(void)
{
    for (int i = 0; i < MAX_ARRAYS; i++) fence_close(&room[i]);
}

static bool blame(const trial *t, const char *what)
{
    static const char *const places[] = {"at the end of a page", "at the start of a page",
                                         "misaligned between canaries"};
    static const char *const kinds[] = {"normal", "wide",    "offset",
                                        "equal",  "special", "not finite"};
    fprintf(stderr, "FAILED %s %s n=%zu, %s values, param %g, output %s %d, operands %s: %s\n",
            t->check->name, t->table->isa, t->n, kinds[t->kind], (double)t->param,
            t->same ? "in array" : "apart", t->same, places[t->where], what);
    return false;
}

static bool blame_crash(const trial *t)
{
    char what[128];
    snprintf(what, sizeof what, "signal %d at address %p", (int)crash_signal, crash_address);
    for (int i = 0; i < t->check->arrays; i++) {
        const char *side = fence_blame(room[i], crash_address);
        if (side) snprintf(what, sizeof what, "access %s the elements of array %d", side, i);
    }
    return blame(t, what);
}

/* Whether got is what the contract allows for an exact result. */
static bool agrees(float got, double exact, double allowed)
{
    if (isinf(allowed)) return true;
    if (isnan(exact)) return isnan(got);
    if (isnan(got)) return false;
    if (got == (float)exact) return true; /* an infinity, or the last rounding */
    if (isinf(got)) /* right when the error allowed reaches beyond the greatest f32 */
        return fabs(exact) + allowed > (double)FLT_MAX && (exact < 0.0) == (got < 0.0f);
    return fabs((double)got - exact) <= allowed;
}

static bool compare(const trial *t, const float *got, const float *reference)
{
    const size_t n = t->check->one_result ? 1 : t->n;
    char what[160];
    for (size_t i = 0; i < n; i++) {
        const bool exact = agrees(got[i], want[i], bound[i]);
        const bool overflow = isinf(got[i]) || isinf(reference[i]); /* each may be, near FLT_MAX */
        if (exact && (overflow || agrees(got[i], (double)reference[i], 2.0 * bound[i]))) continue;
        snprintf(what, sizeof what, "[%zu] is %.9g, %s %.9g, allowed %.3g", i, (double)got[i],
                 exact ? "scalar" : "exact", exact ? (double)reference[i] : want[i], bound[i]);
        return blame(t, what);
    }
    return true;
}

/* Nothing but the output may differ from before the call. */
static bool untouched(const trial *t, float *const *a)
{
    char what[96];
    for (int i = 0; i < t->check->arrays; i++) {
        const char *side = fence_broken(room[i]);
        if (side) {
            snprintf(what, sizeof what, "wrote %s the elements of array %d", side, i);
            return blame(t, what);
        }
        if (i == 0 || i == t->same) continue;
        if (memcmp(a[i], before[i], t->n * sizeof(float)) != 0) {
            snprintf(what, sizeof what, "wrote into its input, array %d", i);
            return blame(t, what);
        }
    }
    return true;
}

bool trial_run(const trial *t)
{
    const check *c = t->check;
    float *a[MAX_ARRAYS] = {0}, *s[MAX_ARRAYS] = {0};
    const float *b[MAX_ARRAYS] = {0};
    for (int i = 0; i < c->arrays; i++) {
        const size_t n = i == 0 && c->one_result ? 1 : t->n;
        a[i] = fence_place(room[i], n, t->where, (unsigned)next());
        fill(before[i], n, t->kind);
        memcpy(a[i], before[i], n * sizeof(float));
        memcpy(scalar[i], before[i], n * sizeof(float));
        b[i] = before[i];
        s[i] = scalar[i];
    }
    if (t->same) a[0] = a[t->same];
    c->oracle(want, bound, b, t->n, t->param);
    c->call(gte__kernels_for(GTE__ISA_SCALAR), s, t->n, t->param);
    if (sigsetjmp(after_crash, 1)) {
        in_kernel = 0;
        return blame_crash(t);
    }
    in_kernel = 1;
    c->call(t->table, a, t->n, t->param);
    in_kernel = 0;
    volatile float denormal = 1e-40f;
    if (denormal * 0.5f == 0.0f) return blame(t, "switched denormals off");
    return compare(t, a[0], scalar[0]) && untouched(t, a);
}
