#!/usr/bin/env python3
"""perf/server/overload.py URL [SECONDS]: goodput at ten times what the server can do.

Finds the server's peak with a few clients, then offers ten times that rate, whatever comes back
(an open loop), and tells how much was answered, how quickly the rest was refused, and whether the
server grew. Every text is new. Standard library only; wants the machine to itself.

The crowd of clients is one event loop, whose own queue is in the times it measures. So a client of
its own, a process that does nothing else, asks over and over meanwhile, for so many texts at once
that a full queue never has room: its times are the server's, and the scheduler's.
"""
import asyncio
import json
import multiprocessing
import re
import socket
import sys
import time
import urllib.parse
import urllib.request

WORDS = " ".join("word%d" % i for i in range(120))
number = 0


def packet(many=0):
    global number
    number += 1
    text = "%d %s" % (number, WORDS)
    body = json.dumps({"input": ["%d %d" % (i, number) for i in range(many)] if many else text, "encoding_format": "base64",
                       "truncate": True}).encode()
    return (b"POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body)) + body


class Client:
    """A pool of connections that stay."""

    def __init__(self, host, port):
        self.host, self.port, self.free = host, port, []

    async def send(self):
        """(status, seconds, has Retry-After)"""
        reader, writer = self.free.pop() if self.free else await asyncio.open_connection(
            self.host, self.port)
        begin = time.monotonic()
        writer.write(packet())
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        self.free.append((reader, writer))
        return int(head[9:12]), time.monotonic() - begin, b"Retry-After" in head


async def closed(client, clients, seconds):
    until, done = time.monotonic() + seconds, []

    async def one():
        while time.monotonic() < until:
            done.append((await client.send())[0])
    await asyncio.gather(*[one() for _ in range(clients)])
    return done.count(200) / seconds


async def open_loop(client, rate, seconds):
    begin, tasks, sent = time.monotonic(), [], 0
    while True:
        now = time.monotonic() - begin
        if now > seconds:
            break
        while sent < now * rate:
            tasks.append(asyncio.create_task(client.send()))
            sent += 1
        await asyncio.sleep(0.001)
    waiting = [t for t in tasks if not t.done()]
    finished = [t.result() for t in tasks if t.done() and not t.exception()]
    await asyncio.gather(*waiting, return_exceptions=True)
    return finished, sent, sum(1 for t in tasks if t.exception())


def alone(host, port, seconds, out):
    """(status, seconds, has Retry-After) of requests one after the other, on one connection."""
    done, until = [], time.monotonic() + seconds
    with socket.create_connection((host, port)) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while time.monotonic() < until:
            data, rest = packet(64), b""
            begin = time.monotonic()
            s.sendall(data)
            while b"\r\n\r\n" not in rest:
                rest += s.recv(65536)
            spent = time.monotonic() - begin
            head, rest = rest.split(b"\r\n\r\n", 1)
            left = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]) - len(rest)
            while left > 0:
                left -= len(s.recv(65536))
            done.append((int(head[9:12]), spent, b"Retry-After" in head))
            time.sleep(0.001)
    out.put(done)


def by_the_server(url):
    """How many embedding requests it has ended in all, and within 5 ms of their first byte read."""
    with urllib.request.urlopen("http://%s/metrics" % url.netloc, timeout=60) as answer:
        text = answer.read().decode()
    return [int(re.search(r'^gte_request_duration_seconds_bucket{task="embedding",le="%s"} (\d+)$' %
                          re.escape(bound), text, re.M).group(1)) for bound in ("+Inf", "0.005")]


def tell(name, done):
    refused = [d for d in done if d[0] == 429]
    print("%s: 429: %d, p50 %.2f ms, p99 %.2f ms, slowest %.2f ms, without Retry-After %d" %
          (name, len(refused), at([d[1] for d in refused], .5), at([d[1] for d in refused], .99),
           at([d[1] for d in refused], 1), sum(1 for d in refused if not d[2])))


def at(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] * 1000 if values else 0


async def main():
    url = urllib.parse.urlparse(sys.argv[1])
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 10
    client = Client(url.hostname, url.port)
    await closed(client, 16, 1)
    peak = await closed(client, 16, seconds / 2)
    out = multiprocessing.get_context("fork").Queue()
    # from when the queue is full to the end
    other_client = multiprocessing.get_context("fork").Process(
        target=alone, args=(url.hostname, url.port, seconds * 0.9, out))
    other_client.start()
    before = by_the_server(url)
    finished, sent, errors = await open_loop(client, 10 * peak, seconds)
    good = [f for f in finished if f[0] == 200]
    other = len(finished) - len(good) - sum(1 for f in finished if f[0] == 429)
    print("peak %.0f/s; offered %.0f/s: goodput %.0f/s = %.0f %% of peak" %
          (peak, sent / seconds, len(good) / seconds, 100 * len(good) / seconds / peak))
    tell("the crowd", finished)
    tell("one alone", out.get())
    other_client.join()
    after = by_the_server(url)
    refused = after[0] - before[0] - len(good)
    print("by the server's clock %.2f %% of the refusals within 5 ms" %
          (100 * min(1, (after[1] - before[1]) / max(1, refused))))
    print("other answers %d, errors %d" % (other, errors))
    print("200: p50 %.0f ms, p99 %.0f ms" %
          (at([f[1] for f in good], .5), at([f[1] for f in good], .99)))


asyncio.run(main())
