/* Levels and threads (base/cpu.c, base/cgroup.c): names, GTE_CPU in a child process, and the CPU
 * quota read from made-up /proc and cgroup trees. */
#include "support.h"

#include "base/cgroup.h"
#include "base/cpu.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOUNT_V2 "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
#define MOUNT_V1 "33 32 0:29 / /cg/cpu,cpuacct rw master:9 - cgroup cgroup rw,cpu,cpuacct\n"

static int tree_number;

/* Writes root + path, making its folders. */
static void put(const char *root, const char *path, const char *text)
{
    char full[1024];
    snprintf(full, sizeof full, "%s%s", root, path);
    for (char *slash = strchr(full + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(full, 0777);
        *slash = '/';
    }
    CU_ASSERT_TRUE(support_write_file(full, text, strlen(text)));
}

/* A fresh root folder with this /proc/self/cgroup and mountinfo; NULL leaves a file out. */
static void tree_begin(char root[256], const char *cgroup, const char *mountinfo)
{
    snprintf(root, 256, "%s/tree%d", support_tmp(), tree_number++);
    CU_ASSERT_EQUAL(mkdir(root, 0777), 0);
    if (cgroup) put(root, "/proc/self/cgroup", cgroup);
    if (mountinfo) put(root, "/proc/self/mountinfo", mountinfo);
}

/* The quota of a v2 group /a whose cpu.max holds this text. */
static int v2_threads(const char *text)
{
    char root[256];
    tree_begin(root, "0::/a\n", MOUNT_V2);
    put(root, "/sys/fs/cgroup/a/cpu.max", text);
    return gte__cgroup_threads(root);
}

static void v2_quota(void)
{
    CU_ASSERT_EQUAL(v2_threads("200000 100000\n"), 2);
    CU_ASSERT_EQUAL(v2_threads("150000 100000\n"), 2); /* rounded up */
    CU_ASSERT_EQUAL(v2_threads("100001 100000"), 2);
    CU_ASSERT_EQUAL(v2_threads("1000 100000\n"), 1); /* tiny */
    CU_ASSERT_EQUAL(v2_threads("1 1000000\n"), 1);
    CU_ASSERT_EQUAL(v2_threads("max 100000\n"), 0);
}

static void v2_malformed(void)
{
    static const char *const texts[] = {"",
                                        "\n",
                                        "max",
                                        "100000",
                                        "100000 \n",
                                        "100000 0\n",
                                        "0 0\n",
                                        "-1 100\n",
                                        "abc def\n",
                                        "100000 max\n",
                                        " \t ",
                                        "1e5 100000\n",
                                        "5 -5\n",
                                        "\xff\xfe ",
                                        "99999999999999999999999 1\n",
                                        "9223372036854775806 1\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        CU_ASSERT_EQUAL(v2_threads(texts[i]), 0);
}

static void v2_smallest_on_the_way_up(void)
{
    char root[256];
    tree_begin(root, "0::/a/b/c\n", MOUNT_V2);
    put(root, "/sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n");
    put(root, "/sys/fs/cgroup/a/b/cpu.max", "800000 100000\n");
    CU_ASSERT_EQUAL(gte__cgroup_threads(root), 8);
    put(root, "/sys/fs/cgroup/a/cpu.max", "300000 100000\n");
    CU_ASSERT_EQUAL(gte__cgroup_threads(root), 3);
    put(root, "/sys/fs/cgroup/cpu.max", "400000 100000\n");
    CU_ASSERT_EQUAL(gte__cgroup_threads(root), 3);
    put(root, "/sys/fs/cgroup/cpu.max", "200000 100000\n");
    CU_ASSERT_EQUAL(gte__cgroup_threads(root), 2);
    put(root, "/cpu.max", "100000 100000\n"); /* above the mount: not a cgroup */
    CU_ASSERT_EQUAL(gte__cgroup_threads(root), 2);
}

/* A container that sees the host's group names but only its own part of the tree. */
static void v2_mounted_in_part(void)
{
    char root[256];
    tree_begin(root, "0::/docker/abc/inner\n",
               "30 23 0:26 /docker/abc /my\\040cgroup rw - cgroup2 cgroup rw\n");
    put(root, "/my cgroup/inner/cpu.max", "500000 100000\n");
    CU_ASSERT_EQUAL(gte__cgroup_threads(root), 5);
    put(root, "/my cgroup/cpu.max", "400000 100000\n");
    CU_ASSERT_EQUAL(gte__cgroup_threads(root), 4);
    tree_begin(root, "0::/../elsewhere\n", MOUNT_V2); /* outside of the namespace */
    put(root, "/sys/fs/cgroup/cpu.max", "600000 100000\n");
    CU_ASSERT_EQUAL(gte__cgroup_threads(root), 6);
}

static void v1_quota(void)
{
    char root[256];
    tree_begin(root, "12:memory:/m\n4:cpu,cpuacct:/a/b\n1:name=systemd:/\n", MOUNT_V1);
    CU_ASSERT_EQUAL(gte__cgroup_threads(root), 0);
    put(root, "/cg/cpu,cpuacct/a/b/cpu.cfs_quota_us", "250000\n");
    CU_ASSERT_EQUAL(gte__cgroup_threads(root), 0); /* no period */
    put(root, "/cg/cpu,cpuacct/a/b/cpu.cfs_period_us", "100000\n");
    CU_ASSERT_EQUAL(gte__cgroup_threads(root), 3);
    put(root, "/cg/cpu,cpuacct/a/b/cpu.cfs_quota_us", "-1\n");
    CU_ASSERT_EQUAL(gte__cgroup_threads(root), 0);
    put(root, "/cg/cpu,cpuacct/a/cpu.cfs_quota_us", "50000\n");
    put(root, "/cg/cpu,cpuacct/a/cpu.cfs_period_us", "50000\n");
    CU_ASSERT_EQUAL(gte__cgroup_threads(root), 1);
}

static void hybrid(void)
{
    char root[256];
    tree_begin(root, "4:cpu,cpuacct:/a\n0::/u\n", MOUNT_V1 MOUNT_V2);
    put(root, "/cg/cpu,cpuacct/a/cpu.cfs_quota_us", "700000\n");
    put(root, "/cg/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
    CU_ASSERT_EQUAL(gte__cgroup_threads(root), 7);
    put(root, "/sys/fs/cgroup/u/cpu.max", "900000 100000\n");
    CU_ASSERT_EQUAL(gte__cgroup_threads(root), 7);
    put(root, "/sys/fs/cgroup/u/cpu.max", "600000 100000\n");
    CU_ASSERT_EQUAL(gte__cgroup_threads(root), 6);
}

/* Nothing there, no mountinfo (the customary places), and files that make no sense. */
static void odd_proc(void)
{
    char root[256];
    static char junk[20000];
    tree_begin(root, NULL, NULL);
    CU_ASSERT_EQUAL(gte__cgroup_threads(root), 0);
    tree_begin(root, "0::/a\n", NULL);
    put(root, "/sys/fs/cgroup/a/cpu.max", "200000 100000\n");
    CU_ASSERT_EQUAL(gte__cgroup_threads(root), 2);
    tree_begin(root, "3:cpu:/a\n", "\n- - -\n1 2 3\n36 35 98:0 / /x rw - \n");
    put(root, "/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "200000");
    put(root, "/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000");
    CU_ASSERT_EQUAL(gte__cgroup_threads(root), 2);
    tree_begin(root, "\n:\n::\n0:\n0::\n0::relative\nx:cpu\n", MOUNT_V2);
    put(root, "/sys/fs/cgroup/cpu.max", "200000 100000\n");
    CU_ASSERT_EQUAL(gte__cgroup_threads(root), 0);
    memset(junk, 'a', sizeof junk - 1);
    memcpy(junk, "0::/", 4);
    tree_begin(root, junk, junk);
    CU_ASSERT_EQUAL(gte__cgroup_threads(root), 0);
    memcpy(junk + sizeof junk - 8, "\n0::/b\n", 8); /* a line too long, then a good one */
    tree_begin(root, junk, MOUNT_V2);
    put(root, "/sys/fs/cgroup/b/cpu.max", "200000 100000\n");
    CU_ASSERT_EQUAL(gte__cgroup_threads(root), 2);
}

static void names(void)
{
    CU_ASSERT_STRING_EQUAL(gte__isa_name(GTE__ISA_SCALAR), "scalar");
    CU_ASSERT_STRING_EQUAL(gte__isa_name(GTE__ISA_AVX2), "avx2");
    CU_ASSERT_STRING_EQUAL(gte__isa_name(GTE__ISA_AVXVNNI), "avxvnni");
    CU_ASSERT_STRING_EQUAL(gte__isa_name(GTE__ISA_AVX512), "avx512");
    CU_ASSERT_STRING_EQUAL(gte__isa_name(GTE__ISA_AVX512VNNI), "avx512vnni");
    CU_ASSERT_STRING_EQUAL(gte__isa_name(GTE__ISA_AVX512BF16), "avx512bf16");
    CU_ASSERT_STRING_EQUAL(gte__isa_name((gte__isa)77), "unknown");
}

/* Runs this program with GTE_CPU=value; it answers with the level as its exit status. */
static int level_with(const char *value)
{
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
        if (value)
            (void)setenv("GTE_CPU", value, 1);
        else
            (void)unsetenv("GTE_CPU");
        const char *arguments[] = {"test_cpu", "--level", NULL};
        support_exec_self(arguments);
        _exit(99);
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status)
               ? WEXITSTATUS(status)
               : -1;
}

static void lowering(void)
{
    const int best = (int)gte__cpu_isa_best();
    CU_ASSERT_EQUAL(level_with(NULL), best);
    for (int isa = 0, has = 0; isa < GTE__ISA_COUNT; isa++) {
        if (gte__cpu_has((gte__isa)isa)) has = isa; /* else the next lower one */
        CU_ASSERT_EQUAL(level_with(gte__isa_name((gte__isa)isa)), has);
    }
    CU_ASSERT_TRUE(gte__cpu_has(GTE__ISA_SCALAR));
    CU_ASSERT_TRUE(gte__cpu_has((gte__isa)best));
    CU_ASSERT_EQUAL(level_with(""), best);
    CU_ASSERT_EQUAL(level_with("AVX2"), best);
    CU_ASSERT_EQUAL(level_with("avx1024"), best);
}

static void threads(void)
{
    cpu_set_t all, one;
    const int free_threads = gte__cpu_threads();
    CU_ASSERT_TRUE(free_threads >= 1);
    CU_ASSERT_TRUE(free_threads <= (int)sysconf(_SC_NPROCESSORS_CONF));
    if (sched_getaffinity(0, sizeof all, &all) != 0) {
        support_skip("more than 1024 CPUs");
        return;
    }
    CPU_ZERO(&one);
    for (size_t cpu = 0; cpu < CPU_SETSIZE && !CPU_COUNT(&one); cpu++)
        if (CPU_ISSET(cpu, &all)) CPU_SET(cpu, &one);
    CU_ASSERT_EQUAL(sched_setaffinity(0, sizeof one, &one), 0);
    CU_ASSERT_EQUAL(gte__cpu_threads(), 1);
    CU_ASSERT_EQUAL(sched_setaffinity(0, sizeof all, &all), 0);
}

int main(int argc, char **argv)
{
    static const support_case cases[] = {
        {"v2 quota", v2_quota},
        {"v2 malformed", v2_malformed},
        {"v2 smallest on the way up", v2_smallest_on_the_way_up},
        {"v2 mounted in part", v2_mounted_in_part},
        {"v1 quota", v1_quota},
        {"hybrid", hybrid},
        {"odd /proc", odd_proc},
        {"names", names},
        {"GTE_CPU", lowering},
        {"threads", threads},
    };
    if (argc > 1 && !strcmp(argv[1], "--level")) return (int)gte__cpu_isa();
    return SUPPORT_MAIN("cpu", cases);
}
