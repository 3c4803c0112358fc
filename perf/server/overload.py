#!/usr/bin/env python3
"""perf/server/overload.py URL [SECONDS]: goodput at ten times what the server can do.

Finds the server's peak with a few clients, then offers ten times that rate, whatever comes back
(an open loop), and tells how much was answered, how quickly the rest was refused, and whether the
server grew. Every text is new. Standard library only; wants the machine to itself.
"""
import asyncio
import json
import sys
import time
import urllib.parse

WORDS = " ".join("word%d" % i for i in range(120))
number = 0


def packet():
    global number
    number += 1
    body = json.dumps({"input": "%d %s" % (number, WORDS), "encoding_format": "base64",
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


def at(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] * 1000 if values else 0


async def main():
    url = urllib.parse.urlparse(sys.argv[1])
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 10
    client = Client(url.hostname, url.port)
    await closed(client, 16, 1)
    peak = await closed(client, 16, seconds / 2)
    finished, sent, errors = await open_loop(client, 10 * peak, seconds)
    good = [f for f in finished if f[0] == 200]
    refused = [f for f in finished if f[0] == 429]
    other = len(finished) - len(good) - len(refused)
    print("peak %.0f/s; offered %.0f/s: goodput %.0f/s = %.0f %% of peak" %
          (peak, sent / seconds, len(good) / seconds, 100 * len(good) / seconds / peak))
    print("429: %d, p50 %.2f ms, p99 %.2f ms, without Retry-After %d; other %d, errors %d" %
          (len(refused), at([f[1] for f in refused], .5), at([f[1] for f in refused], .99),
           sum(1 for f in refused if not f[2]), other, errors))
    print("200: p50 %.0f ms, p99 %.0f ms" %
          (at([f[1] for f in good], .5), at([f[1] for f in good], .99)))


asyncio.run(main())
