/* What the system says of this process, from /proc. */
#ifndef SERVER_PROCESS_STATS_H
#define SERVER_PROCESS_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct server__process_stats {
    uint64_t resident_bytes, virtual_bytes;
    uint64_t read_bytes, written_bytes; /* of disks; 0 where the system does not tell */
    uint64_t memory_limit;              /* of the cgroup or the machine; 0: unknown */
    uint64_t memory_used;               /* under that limit, without caches that can be dropped */
    bool memory_limited;                /* by a cgroup, not only by the machine */
    size_t threads, open_files, max_files;
    double cpu_seconds;
    double start_time; /* seconds since 1970 */
} server__process_stats;

void server__process_read(server__process_stats *out);
double server__process_cpu_seconds(void);

#endif
