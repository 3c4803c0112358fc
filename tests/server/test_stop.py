#!/usr/bin/env python3
"""SIGTERM while libmicrohttpd's threads are awake. A shim widens the gap in which one of them and
MHD_quiesce_daemon would both take the listener out of an epoll set, which ends in abort()."""
import os
import subprocess
import tempfile
import threading
import time

from harness import Server, check, done

SHIM = r"""
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
int epoll_ctl(int set, int operation, int fd, struct epoll_event *event)
{
    int listens = 0;
    socklen_t size = sizeof listens;
    const int first = syscall(SYS_gettid) == getpid();
    if (operation == EPOLL_CTL_DEL && first &&
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens)
        usleep(30000);
    return (int)syscall(SYS_epoll_ctl, set, operation, fd, event);
}
"""


def stop_in_traffic(environment):
    with Server("--workers", "1", cache="off", env=environment) as server:
        over = threading.Event()

        def ask():
            while not over.is_set():
                try:
                    server.get("/live")
                except OSError:
                    time.sleep(0.001)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        code = server.stop()
        over.set()
        for thread in threads:
            thread.join()
        return code, server.log()[-500:]


with tempfile.TemporaryDirectory() as folder:
    source, shim = os.path.join(folder, "shim.c"), os.path.join(folder, "shim.so")
    with open(source, "w") as file:
        file.write(SHIM)
    built = subprocess.run(["cc", "-shared", "-fPIC", "-o", shim, source])
    sanitized = os.environ.get("GTE_TEST_SLOWNESS", "1") != "1"
    if built.returncode or sanitized:
        print("SKIP the shim: no compiler, or a sanitizer that must be the first library")
        done()
    for _ in range(3):
        code, log = stop_in_traffic({"LD_PRELOAD": shim})
        check("SIGTERM in traffic ends with 0", code == 0, (code, log))
done()
