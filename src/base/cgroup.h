/* The CPU quota of the cgroup this process runs in. */
#ifndef GTE_BASE_CGROUP_H
#define GTE_BASE_CGROUP_H

/* The smallest quota on the way from this process's cgroup to the root of the hierarchy, in
 * threads, rounded up; 0 when there is none or it cannot be read. v2 (cpu.max) and v1
 * (cpu.cfs_quota_us, cpu.cfs_period_us) are both looked at, as a hybrid system has both.
 * `root` is put in front of every path that is opened; "" for the real system. */
int gte__cgroup_threads(const char *root);

#endif
