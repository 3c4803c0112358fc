#!/usr/bin/env python3
"""perf/server/soak.py [--minutes 30] [--rate 200] ...: a gte-server under mixed traffic for long.

Starts the server with a cache in a file, logs in a directory and caches small enough to be full
after the warm-up; sends traffic.py's mix; looks at resident memory, descriptors and threads every
ten seconds; has the logs reopened and the settings read again each minute. Fails when memory drifts
by more than --drift after the warm-up, when descriptors or threads do, or when any answer was not
an expected one. Standard library only.
"""
import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

import traffic


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--warm-up", type=float, default=5, help="minutes")
    parser.add_argument("--rate", type=float, default=200, help="requests a second")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--every", type=float, default=10, help="seconds between samples")
    parser.add_argument("--drift", type=float, default=1, help="percent of memory")
    parser.add_argument("--server", default="build/gte-server")
    parser.add_argument("--model", default="build/standin.gte")
    parser.add_argument("--cache-memory", default="2", help="MiB")
    parser.add_argument("--cache-size", default="8", help="MiB")
    parser.add_argument("--out", default="", help="file for the samples")
    return parser.parse_args()


def launch(args, work):
    """(process, port)"""
    log = os.path.join(work, "console.log")
    command = [args.server, "-m", args.model, "--port", "0", "--cache", work + "/cache.db",
               "--cache-memory", args.cache_memory, "--cache-size", args.cache_size,
               "--log-dir", work + "/logs"]
    os.mkdir(work + "/logs")
    with open(log, "ab") as file:  # appending, since watch() cuts it
        process = subprocess.Popen(command, stderr=file, stdin=subprocess.DEVNULL)
    for _ in range(600):
        time.sleep(0.1)
        with open(log, errors="replace") as file:
            found = re.search(r"listening on \S+:(\d+)[\s\S]* - ready$", file.read(), re.M)
        if found:
            os.truncate(log, 0)
            return process, int(found.group(1))
    process.kill()
    sys.exit("the server did not start, see " + log)


def sample(pid):
    """KiB of memory by kind, descriptors, threads, seconds of CPU"""
    with open("/proc/%d/status" % pid) as file:
        status = dict(line.split(":\t", 1) for line in file if ":\t" in line)
    with open("/proc/%d/stat" % pid) as file:
        fields = file.read().rsplit(")", 1)[1].split()
    ticks = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    kib = [int(status[name].split()[0]) for name in ("VmRSS", "RssAnon", "RssFile")]
    return kib + [len(os.listdir("/proc/%d/fd" % pid)), int(status["Threads"]), ticks]


def watch(process, args, work, begin):
    """Samples until the time is up or the server is."""
    samples, out, ticks = [], open(args.out, "w") if args.out else None, 0
    while time.monotonic() - begin < args.minutes * 60 and process.poll() is None:
        time.sleep(args.every)
        if process.poll() is not None:
            break
        samples.append([time.monotonic() - begin] + sample(process.pid))
        if out:
            out.write("%.0f s: RSS %d KiB (anonymous %d, file %d), %d descriptors, %d threads, "
                      "%.1f s CPU\n" % tuple(samples[-1]))
            out.flush()
        ticks += 1
        if ticks % max(1, round(60 / args.every)) == 0:
            os.truncate(os.path.join(work, "console.log"), 0)  # what it holds is in app.log, too
            process.send_signal(signal.SIGUSR1)
            process.send_signal(signal.SIGHUP)
    return samples


def mean(rows, column):
    return sum(row[column] for row in rows) / len(rows)


def report(samples, args, count, work):
    """Prints the figures; whether they are good."""
    after = [row for row in samples if row[0] >= args.warm_up * 60]
    if len(after) < 4:
        print("too few samples")
        return False
    part = max(1, min(6, len(after) // 2))  # a minute at each end
    good = True
    for name, column in (("resident memory", 1), ("  of it anonymous", 2), ("  of it of files", 3)):
        first, last = mean(after[:part], column), mean(after[-part:], column)
        drift = 100 * (last - first) / first
        print("%-18s %8.0f -> %8.0f KiB, %+.2f %%, from %d to %d" % (
            name, first, last, drift, min(r[column] for r in after), max(r[column] for r in after)))
        good = good and (column != 1 or drift < args.drift)
    for name, column in (("descriptors", 4), ("threads", 5)):
        first, last = mean(after[:part], column), mean(after[-part:], column)
        print("%-18s %.1f -> %.1f, from %d to %d" % (
            name, first, last, min(r[column] for r in after), max(r[column] for r in after)))
        good = good and (last - first < 4 if column == 4 else last == first)
    asked = sum(count.kinds.values())
    print("%d requests in %.0f s, %.0f/s; mean %.2f ms, slowest %.0f ms; the server used %.1f %% of a core" %
          (asked, samples[-1][0], asked / samples[-1][0], 1000 * count.seconds / max(1, asked),
           1000 * count.slowest, 100 * samples[-1][6] / samples[-1][0]))
    print("kinds: " + ", ".join("%s %d" % item for item in sorted(count.kinds.items())))
    print("answers: " + ", ".join("%s %d" % item for item in sorted(count.statuses.items(), key=str)))
    print("unexpected: %d" % count.unexpected)
    for line in count.samples:
        print("  " + line)
    sizes = {name: os.path.getsize(os.path.join(work, name)) for name in os.listdir(work)
             if os.path.isfile(os.path.join(work, name))}
    print("files: " + ", ".join("%s %d" % item for item in sorted(sizes.items())))
    return good and count.unexpected == 0


def main():
    args = options()
    sys.stdout.reconfigure(line_buffering=True)
    with tempfile.TemporaryDirectory(prefix="gte-soak-") as work:
        process, port = launch(args, work)
        stop, count = threading.Event(), traffic.Count()
        begin = time.monotonic()
        try:
            threads = traffic.start(port, args.rate, args.clients, stop, count)
            samples = watch(process, args, work, begin)
            stop.set()
            for thread in threads:
                thread.join(90)
        finally:
            process.send_signal(signal.SIGTERM)
        code = process.wait(60)
        good = report(samples, args, count, work)
        print("the server ended with %s" % code)
        print("good" if good and code == 0 else "NOT GOOD")
        sys.exit(0 if good and code == 0 else 1)


if __name__ == "__main__":
    main()
