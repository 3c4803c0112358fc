#!/usr/bin/env python3
"""perf/server/abuse.py [ABORTS [SLOW]]: a gte-server under clients that misbehave.

ABORTS (100000) connections reset in every state, then SLOW (1000) that send a byte now and then,
beside one client that behaves and whose latencies are told for before and meanwhile. Descriptors,
threads and memory before and after; fails when any were left, when a slow client was not cut within
the limits, or when the server does not serve any more. Standard library only.
"""
import os
import random
import sys
import tempfile
import threading
import time
import types

import soak
import traffic


def state(pid, before=None, seconds=60):
    """Memory, descriptors and threads; once descriptors are down to what they were before."""
    until = time.monotonic() + seconds
    while before and time.monotonic() < until and soak.sample(pid)[3] > before[3] + 1:
        time.sleep(0.2)
    return soak.sample(pid)


def tell(name, before, after):
    print("%s: resident %d -> %d KiB, descriptors %d -> %d, threads %d -> %d" % (
        name, before[0], after[0], before[3], after[3], before[4], after[4]))
    return after[3] <= before[3] + 1 and after[4] == before[4]


class Polite:
    """Twenty requests a second on one connection, timed."""

    def __init__(self, port):
        self.count, self.times = traffic.Count(), []
        self.client = traffic.Client(port, 1, threading.Event(), self.count, 7)

    def go(self, seconds, condition=lambda: True):
        self.times = []
        self.client.connection = None  # the last may be idle for too long by now
        until = time.monotonic() + seconds
        while time.monotonic() < until and condition():
            begin = time.monotonic()
            self.client.one(traffic.embeddings_fixed)
            self.times.append(time.monotonic() - begin)
            time.sleep(0.05)
        times = sorted(self.times)
        return "p50 %.2f ms, p99 %.2f ms of %d" % (
            1000 * times[len(times) // 2], 1000 * times[int(len(times) * 0.99)], len(times))


def resets(port, pid, many, seed):
    begin, rng, memory = time.monotonic(), random.Random(seed), []
    for i in range(many):
        traffic.abort(port, rng)
        if i % max(1, many // 10) == 0:
            memory.append(soak.sample(pid)[0])
    print("%d connections reset, %.0f a second; resident KiB at every tenth: %s" % (
        many, many / (time.monotonic() - begin), " ".join("%d" % m for m in memory)))


def slow(port, pid, polite, many, before):
    """All are cut; the polite client is served meanwhile."""
    stop, count = threading.Event(), traffic.Count()
    calm = polite.go(5)
    thread = threading.Thread(target=traffic.tricklers, args=(port, many, stop, count, 5), daemon=True)
    thread.start()
    meanwhile = polite.go(60, lambda: count.kinds.get("slow", 0) < many)
    stop.set()
    thread.join(60)
    print("polite client: alone %s; beside %d slow ones %s" % (calm, many, meanwhile))
    print("slow clients cut: %d of %d, not in time: %d" % (
        count.kinds.get("slow", 0), many, count.unexpected))
    return count.kinds.get("slow", 0) >= many and not count.unexpected


def main():
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 100000
    slow_ones = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    args = types.SimpleNamespace(
        server=os.environ.get("GTE_SERVER", "build/gte-server"), cache_memory="4", cache_size="16",
        model=os.environ.get("GTE_MODEL", "build/standin.gte"))
    good = True
    with tempfile.TemporaryDirectory(prefix="gte-abuse-") as work:
        process, port = soak.launch(args, work)
        try:
            polite = Polite(port)
            polite.go(1)
            resets(port, process.pid, min(many, 5000), 3)  # caches and pools are filled
            before = state(process.pid)
            resets(port, process.pid, many, 4)
            good = tell("after resets", before, state(process.pid, before)) and good
            before = state(process.pid)
            good = slow(port, process.pid, polite, slow_ones, before) and good
            good = tell("after slow clients", before, state(process.pid, before)) and good
            polite.go(0.5)
            good = good and not polite.count.unexpected
        finally:
            process.terminate()
        good = process.wait(60) == 0 and good
    print("good" if good else "NOT GOOD")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
