/* The CPU quota of this process's cgroup (kernel documentation: admin-guide/cgroup-v2.rst, "CPU
 * Interface Files"; scheduler/sched-bwc.rst for v1; filesystems/proc.rst for mountinfo).
 *
 *     /proc/self/cgroup     which group, per hierarchy:  0::/a/b   or   4:cpu,cpuacct:/a/b
 *     /proc/self/mountinfo  where the hierarchy is mounted, and which of its groups is the top
 *     <mount>/a/b/cpu.max, <mount>/a/cpu.max, <mount>/cpu.max: the smallest of them counts
 *
 * Whatever is missing, too long or malformed is read as "no limit": a wrong guess here must never
 * keep the library from running. No allocation. */
#include "base/cgroup.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 4096, FIELDS_MAX = 64 };

/* One hierarchy: v2, or the v1 one that holds the cpu controller. */
typedef struct hierarchy {
    bool v2;
    char group[LINE_MAX_BYTES]; /* from /proc/self/cgroup; "" when this process is not in it */
    char mount[LINE_MAX_BYTES]; /* where it is mounted */
    char top[LINE_MAX_BYTES];   /* the group shown at the mount point */
} hierarchy;

/* Opens root + path + name for reading; NULL when too long or absent. */
static FILE *open_under(const char *root, const char *path, const char *name)
{
    char full[2 * LINE_MAX_BYTES];
    const int n = snprintf(full, sizeof full, "%s%s%s", root, path, name);
    return n > 0 && (size_t)n < sizeof full ? fopen(full, "re") : NULL;
}

/* The next line without its newline; lines that do not fit are skipped whole. */
static bool next_line(FILE *f, char line[LINE_MAX_BYTES])
{
    bool whole = true;
    while (fgets(line, LINE_MAX_BYTES, f)) {
        const size_t n = strlen(line);
        const bool ended = n > 0 && line[n - 1] == '\n';
        if (ended) line[n - 1] = '\0';
        if (whole && (ended || feof(f))) return true;
        whole = ended;
    }
    return false;
}

/* Whether `word` is one of the comma-separated words of `list`. */
static bool has_word(const char *list, const char *word)
{
    const size_t n = strlen(word);
    for (const char *p = list; *p; p += strcspn(p, ","), p += *p == ',')
        if (strcspn(p, ",") == n && !strncmp(p, word, n)) return true;
    return false;
}

/* mountinfo writes blanks and backslashes as \ooo; undone in place. */
static void unescape(char *s)
{
    char *out = s;
    for (; *s; s++) {
        if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
            s[3] >= '0' && s[3] <= '7') {
            *out++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
            s += 3;
        } else {
            *out++ = *s;
        }
    }
    *out = '\0';
}

/* Fills h->group from /proc/self/cgroup. */
static void find_group(hierarchy *h, const char *root)
{
    char line[LINE_MAX_BYTES];
    FILE *f = open_under(root, "/proc/self/cgroup", "");
    if (!f) return;
    while (!h->group[0] && next_line(f, line)) {
        char *controllers = strchr(line, ':');
        char *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path || path[1] != '/') continue;
        *controllers++ = '\0';
        *path++ = '\0';
        if (h->v2 ? !strcmp(line, "0") && !*controllers : has_word(controllers, "cpu"))
            memcpy(h->group, path, strlen(path) + 1);
    }
    fclose(f);
}

/* One line of mountinfo: "id parent dev top mount options [tags...] - type source superoptions". */
static bool parse_mount(hierarchy *h, char *line)
{
    char *field[FIELDS_MAX], *rest = NULL;
    int n = 0, dash = 0;
    for (char *w = strtok_r(line, " ", &rest); w && n < FIELDS_MAX; w = strtok_r(NULL, " ", &rest))
        field[n++] = w;
    for (dash = 6; dash < n && strcmp(field[dash], "-") != 0;) dash++;
    if (dash + 3 >= n) return false;
    if (strcmp(field[dash + 1], h->v2 ? "cgroup2" : "cgroup") != 0) return false;
    if (!h->v2 && !has_word(field[dash + 3], "cpu")) return false;
    unescape(field[3]);
    unescape(field[4]);
    memcpy(h->top, field[3], strlen(field[3]) + 1);
    memcpy(h->mount, field[4], strlen(field[4]) + 1);
    return true;
}

/* Fills h->mount and h->top; without a usable mountinfo, the customary places. */
static void find_mount(hierarchy *h, const char *root)
{
    char line[LINE_MAX_BYTES];
    bool found = false;
    FILE *f = open_under(root, "/proc/self/mountinfo", "");
    if (f) {
        while (!found && next_line(f, line)) found = parse_mount(h, line);
        fclose(f);
    }
    if (!found) {
        strcpy(h->mount, h->v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpu");
        strcpy(h->top, "/");
    }
}

/* The first line of root + group + name; false when there is none. */
static bool read_first_line(const char *root, const char *group, const char *name,
                            char line[LINE_MAX_BYTES])
{
    FILE *f = open_under(root, group, name);
    if (!f) return false;
    const bool ok = next_line(f, line);
    fclose(f);
    return ok;
}

/* A positive decimal number at *text, which moves behind it; 0 otherwise ("max", "-1"). */
static long long positive(const char **text)
{
    char *end = NULL;
    const long long v = strtoll(*text, &end, 10);
    const bool ok = end != *text && v > 0 && v < LLONG_MAX;
    *text = end;
    return ok ? v : 0;
}

/* The threads that the group's own files allow; 0 for no limit. */
static int group_threads(const hierarchy *h, const char *root, const char *group)
{
    char line[LINE_MAX_BYTES];
    const char *text = line;
    if (!read_first_line(root, group, h->v2 ? "/cpu.max" : "/cpu.cfs_quota_us", line)) return 0;
    const long long quota = positive(&text);
    if (!h->v2) {
        text = line;
        if (!read_first_line(root, group, "/cpu.cfs_period_us", line)) return 0;
    }
    const long long period = quota ? positive(&text) : 0;
    if (!period) return 0;
    const long long threads = quota / period + (quota % period != 0);
    return threads > INT_MAX ? 0 : (int)threads;
}

/* The smallest limit from the process's group up to the mount point. */
static int hierarchy_threads(bool v2, const char *root)
{
    hierarchy h = {.v2 = v2};
    find_group(&h, root);
    if (!h.group[0]) return 0;
    find_mount(&h, root);
    /* The mount may show only a part of the hierarchy (a container without a cgroup namespace);
     * a group outside of that part, or of the namespace (/..), has only the mount point itself. */
    const char *below = h.group;
    const size_t top = strcmp(h.top, "/") == 0 ? 0 : strlen(h.top);
    if (!strncmp(below, h.top, top) && (below[top] == '/' || !below[top])) below += top;
    if (!strncmp(below, "/..", 3)) below = "";
    char path[2 * LINE_MAX_BYTES];
    const size_t mount = strlen(h.mount);
    (void)snprintf(path, sizeof path, "%s%s", h.mount, below);
    int least = 0;
    for (size_t n = strlen(path);; n--) {
        if (n > mount && path[n] != '\0' && path[n] != '/') continue;
        path[n] = '\0';
        const int here = group_threads(&h, root, path);
        if (here && (!least || here < least)) least = here;
        if (n <= mount) return least;
    }
}

int gte__cgroup_threads(const char *root)
{
    const int v2 = hierarchy_threads(true, root);
    const int v1 = hierarchy_threads(false, root);
    if (!v1 || !v2) return v1 ? v1 : v2;
    return v1 < v2 ? v1 : v2;
}
