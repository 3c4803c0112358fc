#!/usr/bin/env python3
"""Slow clients: heads and bodies that trickle, connections that say nothing, answers not taken."""
import os
import socket
import time

from harness import SLOW, Server, check, done, wait_for

OPTIONS = ["--header-timeout", "1", "--body-timeout", "1", "--idle-timeout", "1",
           "--send-timeout", "1"]
BODY = b'{"input":"hello"}'
POST = b"POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
MANY = int(os.environ.get("GTE_TEST_SLOW_CLIENTS", "250"))


class Trickler:
    """Sends `begin`, then one byte at each turn; `cut` is when the server ended it."""

    def __init__(self, server, name, begin, tail):
        self.name, self.tail, self.cut = name, tail, None
        self.socket = server.connect()
        self.begun = time.monotonic()
        self.socket.sendall(begin)
        self.socket.setblocking(False)

    def turn(self):
        if self.cut:
            return
        try:
            if self.tail:
                self.socket.send(self.tail[:1])
                self.tail = self.tail[1:]
            if self.socket.recv(4096) == b"":
                self.cut = time.monotonic() - self.begun
        except BlockingIOError:
            pass
        except OSError:
            self.cut = time.monotonic() - self.begun


def tricklers(server):
    kinds = (("silent", b"", b""), ("request line", b"G", b"ET /" + b"a" * 1000),
             ("head", b"GET /live HTTP/1.1\r\nHost: a\r\n", b"X" * 1000),
             ("headers", b"GET /live HTTP/1.1\r\nHost: a\r\n", b"X: y\r\n" * 1000),
             ("body", POST + b"Content-Length: 1000\r\n\r\n", b"{" * 900),
             ("chunks", POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n" * 200))
    clients = [Trickler(server, *kinds[i % len(kinds)]) for i in range(MANY)]
    until, times = time.monotonic() + 8 * SLOW, []
    while time.monotonic() < until and not all(c.cut for c in clients):
        begin = time.monotonic()
        if server.embed({"input": "hello"})[0] != 200:
            break
        times.append(time.monotonic() - begin)
        for client in clients:
            client.turn()
        time.sleep(0.1)
    for name, _, _ in kinds:
        cuts = [c.cut for c in clients if c.name == name]
        check("cut: " + name, all(cuts) and max(cuts) < 5 * SLOW and min(cuts) > 0.5,
              (min(c or 99 for c in cuts), max(c or 99 for c in cuts)))
    check("others are served meanwhile", len(times) >= 2 and max(times) < 1 * SLOW, times)
    for client in clients:
        client.socket.close()


def kept(server):
    s = server.connect()
    s.sendall(b"GET /live HTTP/1.1\r\nHost: a\r\n\r\n")
    s.recv(4096)
    begin = time.monotonic()
    s.settimeout(8 * SLOW)
    ended = s.recv(4096) == b""
    took = time.monotonic() - begin
    check("an idle connection is ended", ended and 0.5 < took < 5 * SLOW, took)
    s = server.connect()
    good = True
    for _ in range(5):  # in use for longer than the idle time
        s.sendall(b"GET /live HTTP/1.1\r\nHost: a\r\n\r\n")
        good = good and b"alive" in s.recv(4096)
        time.sleep(0.5)
    s.close()
    check("one in use is not", good)


def unread(server):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.connect(("127.0.0.1", server.port))
    body = b'{"input":[' + b",".join([b'"hello"'] * 2000) + b"]}"
    for _ in range(4):  # pipelined: more answer than the buffers between hold
        s.sendall(POST + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    check("an answer that nobody reads is dropped",
          wait_for(lambda: server.descriptors() <= base, 8), (server.descriptors(), base))
    s.close()


with Server(*OPTIONS) as server:
    base = server.descriptors()
    tricklers(server)
    kept(server)
    wait_for(lambda: server.descriptors() <= base)
    unread(server)
    check("no descriptor is left", wait_for(lambda: server.descriptors() <= base),
          (base, server.descriptors()))
done()
