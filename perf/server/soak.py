#!/usr/bin/env python3
"""perf/server/soak.py [--minutes 30] [--rate 200] ...: a gte-server under mixed traffic for long.

Starts the server with a cache in a file, logs in a directory and caches small enough to be full
after the warm-up; sends traffic.py's mix; looks at resident memory, descriptors and threads every
ten seconds; has the logs reopened and the settings read again each minute. Fails when memory drifts
by more than --drift after the warm-up, when descriptors or threads do, or when any answer was not
an expected one. Standard library only.

What is before is the first minute after --warm-up in which the caches are full in memory and on
disk: until then the server grows because it is told to. --maps FILE gets, each half minute, the
mappings that grew or shrank: whose memory it is.
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
import urllib.request

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
    parser.add_argument("--maps", default="", help="file for what mappings grew")
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


class Maps:
    """Writes which mappings of a process grew or shrank since the last look."""

    def __init__(self, pid, path):
        self.pid, self.out, self.before, self.looked = pid, open(path, "w"), {}, 0

    def look(self, seconds):
        now, name = {}, ""
        if seconds - self.looked < 30 and self.before:
            return
        self.looked = seconds
        with open("/proc/%d/smaps" % self.pid) as file:
            for line in file:
                if line.startswith("Rss:"):
                    now[name] = int(line.split()[1])
                elif re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                    fields = line.split()
                    name = "%s %s %s" % (fields[0].split("-")[0], fields[1], "".join(fields[5:]))
        changes = sorted((now.get(n, 0) - self.before.get(n, 0), n) for n in {**now, **self.before})
        self.out.write("%.0f s: %d KiB\n" % (seconds, sum(now.values())))
        self.out.writelines("  %+7d -> %7d %s\n" % (change, now.get(n, 0), n)
                            for change, n in reversed(changes) if change)
        self.out.flush()
        self.before = now


def caches(port):
    """Bytes of the cache in memory and on disk."""
    with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % port, timeout=60) as answer:
        text = answer.read().decode()
    return [int(float(re.search(r"^gte_cache_%s_bytes (\S+)$" % tier, text, re.M).group(1)))
            for tier in ("memory", "disk")]


def watch(process, port, args, work, begin):
    """Samples until the time is up or the server is."""
    samples, out, ticks = [], open(args.out, "w") if args.out else None, 0
    maps = Maps(process.pid, args.maps) if args.maps else None
    while time.monotonic() - begin < args.minutes * 60 and process.poll() is None:
        time.sleep(args.every)
        if process.poll() is not None:
            break
        samples.append([time.monotonic() - begin] + sample(process.pid) + caches(port))
        if maps:
            maps.look(samples[-1][0])
        if out:
            out.write("%.0f s: RSS %d KiB (anonymous %d, file %d), %d descriptors, %d threads, "
                      "%.1f s CPU, cache %d and %d bytes\n" % tuple(samples[-1]))
            out.flush()
        ticks += 1
        if ticks % max(1, round(60 / args.every)) == 0:
            os.truncate(os.path.join(work, "console.log"), 0)  # what it holds is in app.log, too
            process.send_signal(signal.SIGUSR1)
            process.send_signal(signal.SIGHUP)
    return samples


def mean(rows, column):
    return sum(row[column] for row in rows) / len(rows)


def baseline(samples, args):
    """The samples from the first on that counts, and says which that is."""
    bounds = float(args.cache_memory) * 2**20, float(args.cache_size) * 2**20
    full = [row[0] for row in samples if row[7] > 0.9 * bounds[0] and row[8] > 0.8 * bounds[1]]
    if not full:
        print("the caches were never full: %s of %s bytes" % (samples[-1][7:], bounds))
        return []
    begin = max(full[0], args.warm_up * 60)
    print("measured from minute %.1f on: the caches (%s MiB and %s MiB) were full at %.1f, the warm-up "
          "is %g" % (begin / 60, args.cache_memory, args.cache_size, full[0] / 60, args.warm_up))
    return [row for row in samples if row[0] >= begin]


def trend(rows, column):
    """Change from end to end by the median of all slopes (Theil, Sen), in percent."""
    slopes = sorted((b[column] - a[column]) / (b[0] - a[0])
                    for i, a in enumerate(rows) for b in rows[i + 1:])
    return 100 * slopes[len(slopes) // 2] * (rows[-1][0] - rows[0][0]) / mean(rows, column)


def report(samples, args, count, work):
    """Prints the figures; whether they are good."""
    after = baseline(samples, args) if samples else []
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
    print("%-18s %+.2f %% from the first sample to the last" % ("  its trend", trend(after, 1)))
    good = good and trend(after, 1) < args.drift
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
            samples = watch(process, port, args, work, begin)
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
