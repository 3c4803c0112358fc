/* Helpers of the test programs; see support.h. */
#include "support.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int support_main(const char *suite, const support_case *cases, size_t count)
{
    if (CU_initialize_registry() != CUE_SUCCESS) return 2;
    CU_pSuite s = CU_add_suite(suite, NULL, NULL);
    for (size_t i = 0; s && i < count; i++)
        if (!CU_add_test(s, cases[i].name, cases[i].run)) s = NULL;
    if (!s) {
        fprintf(stderr, "%s: %s\n", suite, CU_get_error_msg());
        CU_cleanup_registry();
        return 2;
    }
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}

void support_skip(const char *reason)
{
    printf("\nSKIP %s\n", reason);
}

const char *support_shared(const char *name)
{
    static char path[4096];
    const char *root = getenv("GTE_SHARED");
    snprintf(path, sizeof path, "%s/%s", root && *root ? root : "../shared", name);
    if (access(path, R_OK) == 0) return path;
    char reason[4200];
    snprintf(reason, sizeof reason, "%s is not here", path);
    support_skip(reason);
    return NULL;
}

static char tmp_folder[64];
static pid_t tmp_owner;

/* By `rm -rf`: the folder is ours, from mkdtemp, and its name holds nothing to quote. A child that
 * was forked and ends must not take it away. */
static void remove_tmp(void)
{
    if (getpid() != tmp_owner) return;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", tmp_folder);
    if (system(command) != 0) fprintf(stderr, "%s was not removed\n", tmp_folder);
}

const char *support_tmp(void)
{
    if (tmp_folder[0]) return tmp_folder;
    strcpy(tmp_folder, "/tmp/gte-test-XXXXXX");
    if (!mkdtemp(tmp_folder)) {
        perror("mkdtemp");
        exit(2);
    }
    tmp_owner = getpid();
    atexit(remove_tmp);
    return tmp_folder;
}

const char *support_tmp_path(const char *format, ...)
{
    static char paths[8][1024];
    static unsigned turn;
    char *path = paths[turn++ % 8];
    int n = snprintf(path, sizeof paths[0], "%s/", support_tmp());
    va_list args;
    va_start(args, format);
    vsnprintf(path + n, sizeof paths[0] - (size_t)n, format, args);
    va_end(args);
    return path;
}

char *support_read_file(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    struct stat st;
    if (!f) return NULL;
    char *data = NULL;
    if (fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode)) data = malloc((size_t)st.st_size + 1);
    if (data && fread(data, 1, (size_t)st.st_size, f) != (size_t)st.st_size) {
        free(data);
        data = NULL;
    }
    fclose(f);
    if (!data) return NULL;
    data[st.st_size] = '\0';
    if (size) *size = (size_t)st.st_size;
    return data;
}

bool support_write_file(const char *path, const void *data, size_t size)
{
    FILE *f = fopen(path, "wb");
    if (!f) return false;
    bool ok = fwrite(data, 1, size, f) == size;
    return fclose(f) == 0 && ok;
}

const char *support_standin_path(void)
{
    const char *path = getenv("GTE_STANDIN");
    return path && *path ? path : "build/standin.gte";
}

gte_model *support_standin_open(void)
{
    gte_model *model = NULL;
    gte_error err;
    gte_status status = gte_model_open(&model, support_standin_path(), NULL, &err);
    if (status != GTE_OK) fprintf(stderr, "%s: %s\n", support_standin_path(), err.message);
    CU_ASSERT_EQUAL_FATAL(status, GTE_OK);
    return model;
}

double support_max_difference(const float *a, const float *b, size_t n)
{
    double worst = 0;
    for (size_t i = 0; i < n; i++) {
        double d = fabs((double)a[i] - (double)b[i]);
        if (!(d <= worst)) worst = isnan(d) ? (double)INFINITY : d;
    }
    return worst;
}

uint64_t support_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545F4914F6CDD1DULL;
}

void support_exec_self(const char *const argv[])
{
    enum { MOST = 16 };
    char self[4096], *copy[MOST] = {0};
    const char *runner = getenv("GTE_TEST_RUNNER");
    const ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    int count = 0;
    if (n <= 0) return;
    self[n] = '\0';
    if (runner) copy[count++] = self; /* the runner's own name does not matter */
    copy[count++] = self;
    for (int i = 1; argv[i] && count < MOST - 1; i++) copy[count++] = strdup(argv[i]);
    execv(runner ? runner : self, copy);
}

bool support_is_busy(void)
{
    enum { SAMPLES = 20 };
    double load = 0;
    int others = 0;
    const double cpus = (double)sysconf(_SC_NPROCESSORS_ONLN);
    if (getloadavg(&load, 1) == 1 && load > cpus + 1) return true;
    for (int i = 0; i < SAMPLES; i++) {
        int running = 1;
        FILE *file = fopen("/proc/loadavg", "r");
        if (!file) return false;
        if (fscanf(file, "%*f %*f %*f %d", &running) == 1) others += running - 1;
        fclose(file);
        usleep(5000);
    }
    return others > SAMPLES / 2;
}

int support_is_emulated(void)
{
    return getenv("GTE_TEST_RUNNER") != NULL;
}
