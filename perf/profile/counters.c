/* perf_event_open for counters.h: one event each, in user space, inherited by threads started
 * later. Not a group: groups cannot be read when they are inherited. */
#include "perf/profile/counters.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
    const char *name;
    uint64_t config;
} events[PROFILE_COUNTERS] = {
    [PROFILE_CYCLES] = {"cycles", PERF_COUNT_HW_CPU_CYCLES},
    [PROFILE_INSTRUCTIONS] = {"instructions", PERF_COUNT_HW_INSTRUCTIONS},
    [PROFILE_CACHE_MISSES] = {"cache misses", PERF_COUNT_HW_CACHE_MISSES},
    [PROFILE_BRANCH_MISSES] = {"branch misses", PERF_COUNT_HW_BRANCH_MISSES},
};

const char *profile__counter_name(int counter)
{
    return events[counter].name;
}

void profile__counters_open(profile_counters *c)
{
    c->error = 0;
    for (int i = 0; i < PROFILE_COUNTERS; i++) {
        struct perf_event_attr attr;
        memset(&attr, 0, sizeof attr);
        attr.type = PERF_TYPE_HARDWARE;
        attr.size = sizeof attr;
        attr.config = events[i].config;
        attr.disabled = 1;
        attr.inherit = 1;
        attr.exclude_kernel = 1;
        attr.exclude_hv = 1;
        attr.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
        c->fd[i] = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
        if (c->fd[i] < 0 && !c->error) c->error = errno;
        c->value[i] = -1;
    }
}

void profile__counters_start(profile_counters *c)
{
    for (int i = 0; i < PROFILE_COUNTERS; i++) {
        if (c->fd[i] < 0) continue;
        ioctl(c->fd[i], PERF_EVENT_IOC_RESET, 0);
        ioctl(c->fd[i], PERF_EVENT_IOC_ENABLE, 0);
    }
}

void profile__counters_stop(profile_counters *c)
{
    uint64_t got[3]; /* value, time enabled, time running */
    for (int i = 0; i < PROFILE_COUNTERS; i++) {
        if (c->fd[i] < 0) continue;
        ioctl(c->fd[i], PERF_EVENT_IOC_DISABLE, 0);
        if (read(c->fd[i], got, sizeof got) != (ssize_t)sizeof got || !got[2]) continue;
        c->value[i] = (double)got[0] * ((double)got[1] / (double)got[2]);
    }
}

void profile__counters_close(profile_counters *c)
{
    for (int i = 0; i < PROFILE_COUNTERS; i++) {
        if (c->fd[i] >= 0) close(c->fd[i]);
        c->fd[i] = -1;
    }
}
