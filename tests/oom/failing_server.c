/* What makes a gte-server one whose allocations fail on command: before main() runs, the state of
 * failing.c moves to the file that GTE_FAILING names, which tests/server/test_oom.py writes. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "failing.h"

__attribute__((constructor)) static void share(void)
{
    const char *path = getenv("GTE_FAILING");
    const int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *memory = MAP_FAILED;
    if (fd >= 0)
        memory = mmap(NULL, sizeof(failing_state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        fputs("oom_server: GTE_FAILING names no file to share\n", stderr);
        _exit(2);
    }
    close(fd);
    failing_share(memory);
}
