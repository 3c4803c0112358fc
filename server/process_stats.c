/* /proc and the cgroup's files, read anew each time: a scrape every few seconds costs nothing. */
#include "server/process_stats.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* The whole of a small file, a NUL after it; false when it is not there. */
static bool slurp(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t n = read(fd, out, size - 1);
    close(fd);
    out[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* The number after `name` in a file of "name number" lines; 0 without one. */
static uint64_t field(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

double server__process_cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static size_t count_entries(const char *path)
{
    size_t n = 0;
    DIR *dir = opendir(path);
    if (!dir) return 0;
    while (readdir(dir)) n++;
    closedir(dir);
    return n > 3 ? n - 3 : 0; /* ".", "..", and the folder's own descriptor */
}

/* Wall clock minus how long ago the process began, by /proc/self/stat's 22nd field. */
static double started(void)
{
    char text[1024], uptime[64];
    if (!slurp("/proc/self/stat", text, sizeof text) ||
        !slurp("/proc/uptime", uptime, sizeof uptime))
        return 0;
    const char *at = strrchr(text, ')'); /* the name may hold anything */
    for (int i = 0; at && i < 20; i++) at = strchr(at + 1, ' ');
    if (!at) return 0;
    const double since_boot = (double)strtoull(at + 1, NULL, 10) / (double)sysconf(_SC_CLK_TCK);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9 - (strtod(uptime, NULL) - since_boot);
}

/* The limit of the cgroup (version 2, then 1), else the machine's memory. */
static void read_memory_limit(server__process_stats *out)
{
    static const char *const files[][3] = {
        {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current",
         "/sys/fs/cgroup/memory.stat"},
        {"/sys/fs/cgroup/memory/memory.limit_in_bytes",
         "/sys/fs/cgroup/memory/memory.usage_in_bytes", "/sys/fs/cgroup/memory/memory.stat"},
    };
    char text[4096];
    if (!slurp("/proc/meminfo", text, sizeof text)) return;
    const uint64_t total = field(text, "MemTotal:") * 1024;
    out->memory_limit = total;
    out->memory_used = total - field(text, "MemAvailable:") * 1024;
    for (size_t i = 0; i < 2; i++) {
        if (!slurp(files[i][0], text, sizeof text)) continue;
        const uint64_t limit = strtoull(text, NULL, 10); /* "max" reads as 0 */
        if (limit == 0 || limit >= total || !slurp(files[i][1], text, sizeof text)) continue;
        const uint64_t used = strtoull(text, NULL, 10);
        const uint64_t cached =
            slurp(files[i][2], text, sizeof text) ? field(text, "inactive_file ") : 0;
        out->memory_limit = limit;
        out->memory_used = used > cached ? used - cached : 0;
        out->memory_limited = true;
        return;
    }
}

void server__process_read(server__process_stats *out)
{
    char text[4096];
    struct rlimit files;
    *out = (server__process_stats){.cpu_seconds = server__process_cpu_seconds()};
    if (slurp("/proc/self/status", text, sizeof text)) {
        out->resident_bytes = field(text, "VmRSS:") * 1024;
        out->virtual_bytes = field(text, "VmSize:") * 1024;
        out->threads = (size_t)field(text, "Threads:");
    }
    if (slurp("/proc/self/io", text, sizeof text)) {
        out->read_bytes = field(text, "\nread_bytes:");
        out->written_bytes = field(text, "\nwrite_bytes:");
    }
    out->open_files = count_entries("/proc/self/fd");
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) out->max_files = (size_t)files.rlim_cur;
    out->start_time = started();
    read_memory_limit(out);
}
