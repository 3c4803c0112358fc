#!/usr/bin/env python3
"""An answer for which there is no memory: another comes, or the connection ends; nobody waits for
ever. A shim makes libmicrohttpd fail to create answers that hold a certain word."""
import json
import os
import select
import subprocess
import tempfile
import time

from harness import SLOW, Server, check, done

SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
void *MHD_create_response_from_buffer(size_t size, void *buffer, int mode)
{
    void *(*create)(size_t, void *, int);
    if (size && memmem(buffer, size, "--queue-items", 13)) return NULL;
    *(void **)&create = dlsym(RTLD_NEXT, "MHD_create_response_from_buffer");
    return create(size, buffer, mode);
}
"""


def crowded(server):
    """Requests that pass the first look at the queue and are refused when their tokens are known."""
    body = json.dumps({"input": " ".join(["hello"] * 22), "truncate": True})
    head = ("POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            "Content-Length: %d\r\n\r\n")
    clients = []
    for i in range(200):
        own = body.replace("hello", "h%d" % i, 5)
        clients.append(server.connect(20))
        clients[-1].sendall((head % len(own) + own).encode())
    waiting, ends = list(clients), []
    until = time.monotonic() + 10 * SLOW
    while waiting and time.monotonic() < until:
        for s in select.select(waiting, [], [], 0.1)[0]:
            waiting.remove(s)
            ends.append(s.recv(12)[9:].decode() or "closed")
    for s in clients:
        s.close()
    check("some are answered, some can not be", ends.count("200") > 0 and
          ends.count("500") + ends.count("closed") > 0, ends)
    check("nobody waits for ever", not waiting, len(waiting))


with tempfile.TemporaryDirectory() as folder:
    source, shim = os.path.join(folder, "shim.c"), os.path.join(folder, "shim.so")
    with open(source, "w") as file:
        file.write(SHIM)
    built = subprocess.run(["cc", "-shared", "-fPIC", "-o", shim, source, "-ldl"])
    sanitized = os.environ.get("GTE_TEST_SLOWNESS", "1") != "1"
    if built.returncode or sanitized:
        print("SKIP the shim: no compiler, or a sanitizer that must be the first library")
        done()
    with Server("--max-tokens", "256", "--queue-tokens", "256", "--queue-items", "2048",
                "--max-items", "16", cache="off", env={"LD_PRELOAD": shim}) as one:
        crowded(one)
done()
