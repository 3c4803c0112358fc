#!/usr/bin/env python3
"""SIGTERM under load, again and again: who was accepted gets an answer, and the exit code is 0.

GTE_TEST_DRAINS=500 for the full number of rounds.
"""
import json
import os
import random
import select
import signal
import socket
import threading
import time

from harness import SLOW, Server, check, done

ROUNDS = int(os.environ.get("GTE_TEST_DRAINS", "20"))
IN_FLIGHT = 64
CLIENTS = 4
HEAD = b"POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"


def body_of(number, texts=4):
    return json.dumps({"truncate": True, "input": [
        "%d %d " % (number, i) + "word " * 100 for i in range(texts)]}).encode()


def take_answer(s):
    """(status, whole, body) of the next answer; status None when nothing came."""
    data = b""
    try:
        while b"\r\n\r\n" not in data:
            part = s.recv(65536)
            if not part:
                return None, not data, b""
            data += part
        head, body = data.split(b"\r\n\r\n", 1)
        lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        while len(body) < int(lines[b"content-length"]):
            part = s.recv(65536)
            if not part:
                return int(head[9:12]), False, body
            body += part
        return int(head[9:12]), True, body
    except OSError:
        return None, not data, b""


class Client(threading.Thread):
    """One request after the other on one connection, until it is turned away."""

    def __init__(self, server, number):
        super().__init__()
        self.s, self.number = server.connect(60), number
        self.ends = []  # (when it was sent, status, whole)
        self.start()

    def run(self):
        status, turn = 200, 0
        while status == 200:
            turn += 1
            body = body_of(self.number * 100000 + turn, 1)
            try:
                self.s.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
                sent = time.monotonic()
            except OSError:
                break
            status, whole, _ = take_answer(self.s)
            self.ends.append((sent, status, whole))
        self.s.close()


def begin(server, number):
    """A request that the server has accepted: its "100 Continue" tells. Some bodies come late."""
    body = body_of(number)
    s = server.connect(60)
    s.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body))
    return s, body


def drain(turn):
    """What went wrong in one round, as text; None: nothing."""
    server = Server("--drain-timeout", "%d" % (30 * SLOW), "--queue-seconds", "0", cache="off")
    if not server.address:
        return "no start: " + server.log()
    clients = [Client(server, turn * CLIENTS + i) for i in range(CLIENTS)]
    # in some rounds nothing holds up the end but the clients' own requests
    begun = [begin(server, turn * IN_FLIGHT + i) for i in range(IN_FLIGHT if turn % 4 else 0)]
    for s, body in begun:
        if b" 100 " not in s.recv(1000):
            return "not accepted"
    late = []
    for i, (s, body) in enumerate(begun):
        cut = len(body) if i % 4 else random.randrange(len(body))
        s.sendall(body[:cut])
        if cut < len(body):
            late.append((s, body[cut:]))
    time.sleep(random.random() * 0.03)
    told = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    time.sleep(random.random() * 0.03)
    for s, rest in late:
        s.sendall(rest)
    lost = []
    for s, body in begun:
        status, whole, answer = take_answer(s)
        good = status == 200 and whole and len(json.loads(answer)["data"]) == 4
        if not good:
            lost.append((status, whole, answer[:200]))
        s.close()
    for client in clients:
        client.join(60 * SLOW)
    load = [end for client in clients for end in client.ends]
    cut = [end for end in load if not end[2] or end[1] not in (200, 503, None)]
    unanswered = [end for end in load if end[1] is None and end[0] < told]
    code = server.stop()
    if lost or cut or unanswered or code != 0 or len(load) < CLIENTS:
        return "lost %s, cut %s, unanswered %s of %d, exit %s; %s" % (
            lost[:2], cut[:2], unanswered[:2], len(load), code, server.log()[-300:])
    counted.append((len(begun), sum(end[1] == 200 for end in load),
                    sum(end[1] == 503 for end in load), sum(end[1] is None for end in load)))
    return None


counted = []
bad = [text for text in (drain(turn) for turn in range(ROUNDS)) if text]
print("%d rounds: %d in flight, and of others %d answered, %d turned away with 503, %d connections closed"
      % ((ROUNDS,) + tuple(sum(c[i] for c in counted) for i in range(4))))
check("SIGTERM with %d in flight, %d rounds: all are answered, exit 0" % (IN_FLIGHT, ROUNDS),
      not bad and len(counted) == ROUNDS, "%d bad: %s" % (len(bad), bad[:1]))
done()
