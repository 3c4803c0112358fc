#!/usr/bin/env python3
"""What requests may hold: hundreds of clients that ask for large answers and do not take them."""
import json
import os
import re
import socket
import time

from harness import SLOW, Server, check, done, wait_for

READERS = 300
MIB = 1 << 20
TEXT = " ".join(["hello"] * 120)
# with the stand-in's 64 dimensions: 32 texts of 122 states each
STATES = json.dumps({"inputs": [TEXT] * 32, "truncate": True}).encode()


def packet(path, body):
    return (b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % (path, len(body))) + body


def slow_reader(server, data):
    """Asks, and lets the answer stay with the server: its own buffers are small."""
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.settimeout(30 * SLOW)
    s.connect(("127.0.0.1", server.port))
    s.sendall(data)
    return s


def metric(server, name):
    text = server.get("/metrics")[2].decode()
    return float(re.search(r"^%s (\S+)$" % re.escape(name), text, re.M).group(1))


def held(server):
    return metric(server, "gte_requests_memory_bytes")


def in_flight(server):
    return metric(server, "gte_requests_in_flight") - 1


def refusals(server):
    return metric(server, 'gte_refused_total{reason="requests_memory"}')


def heads(readers):
    """The statuses that have come, without taking the rest."""
    out = []
    for s in readers:
        s.settimeout(30 * SLOW)
        head = s.recv(12)
        out.append(int(head[9:12]))
    return out


def slow_readers(server):
    status, _, whole = server.request("POST", "/embed_all", STATES)
    check("an answer is large", status == 200 and len(whole) > 2 * MIB, len(whole))
    server.request("POST", "/embed_all", STATES)
    before = server.memory()
    readers = [slow_reader(server, packet(b"/embed_all", STATES)) for _ in range(READERS)]
    got = heads(readers)
    most = server.memory()
    accepted, refused = got.count(200), got.count(429)
    print("%d answers of %.1f MiB, %d refused; held %.1f MiB; memory %.1f -> %.1f MiB" % (
        accepted, len(whole) / MIB, refused, held(server) / MIB, before / MIB, most / MIB))
    check("some are served, the others refused", accepted > 0 and refused > 0 and
          accepted + refused == READERS, (accepted, refused))
    # 8 MiB, what passed them, the work of one request, and a connection's own memory
    bound = 8 * MIB + 4 * len(whole) + READERS * 65536
    if os.environ.get("GTE_TEST_SLOWNESS", "1") == "1":  # sanitizers keep what was freed
        check("memory stays within the bound", most - before < bound, (before, most, bound))
    check("it is told", held(server) >= 8 * MIB and refusals(server) >= refused,
          (held(server), refusals(server)))
    check("small work is done still",
          server.embed({"input": "a"})[0] == 200 and server.get("/live")[0] == 200)
    for path, body in (("/embed_all", STATES),
                       ("/embed", json.dumps({"inputs": ["a"] * 500}).encode()),
                       ("/v1/embeddings", json.dumps({"input": ["a"] * 500}).encode()),
                       ("/tokenize", json.dumps({"inputs": "a" * 5000}).encode()),
                       ("/predict", b'{"task_type":"sentiment","input_text":"' + b"a" * 40000 + b'"}')):
        begin = time.monotonic()
        status, headers, text = server.request("POST", path, body)
        check("%s: large work is refused at once" % path, status == 429 and b"memory" in text and
              int(headers["Retry-After"]) > 0 and time.monotonic() - begin < 1 * SLOW,
              (status, text[:200]))
    chunked = (b"POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
               b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\nf\r\n{\"input\":\"a\"  }\r\n"
               b"0\r\n\r\n")
    with server.connect() as s:
        s.sendall(chunked)
        check("a small body of unknown size passes", s.recv(12)[9:] == b"200")
    take_one(server, readers[got.index(200)], whole)
    for s in readers:
        s.close()
    check("what they held is given back", wait_for(lambda: held(server) == 0, 20), held(server))
    check("and large work is done again", server.request("POST", "/embed_all", STATES)[2] == whole)


def take_one(server, s, whole):
    """A slow reader that begins to read gets all of its answer."""
    data = b""
    while len(data) < len(whole):
        part = s.recv(65536)
        if not part:
            break
        data += part
    check("a slow reader gets its whole answer", data.endswith(whole[-1000:]), len(data))


def burst(server):
    """Bodies of 100 KB on their way on many connections; some of those stay, and lie in between."""
    head = packet(b"/v1/embeddings", b" " * 100000)[:-100000]
    before = server.memory()
    senders = []
    for _ in range(600):
        senders.append(server.connect())
        senders[-1].sendall(head + b" " * 99000)
    check("a burst takes memory", wait_for(
        lambda: server.memory() - before > 50 * MIB), server.memory() - before)
    most = server.memory()
    for i, s in enumerate(senders):
        if i % 15:
            s.close()
    if os.environ.get("GTE_TEST_SLOWNESS", "1") == "1":  # sanitizers have a heap of their own
        check("and it goes back to the system", wait_for(
            lambda: server.memory() - before < (most - before) / 3, 60),
            (before, most, server.memory()))
    print("memory %.1f -> %.1f -> %.1f MiB" % tuple(
        n / MIB for n in (before, most, server.memory())))
    for s in senders:
        s.close()


def bodies(server):
    """Bodies that do not come to their end are held, too."""
    head = packet(b"/v1/embeddings", b" " * 1500000)[:-1500000]
    senders = [server.connect() for _ in range(12)]
    for s in senders:
        s.sendall(head + b" " * 1000)
    check("bodies on their way are counted",
          wait_for(lambda: held(server) >= 5 * 1500000), held(server))
    check("and bounded", held(server) < 8 * MIB + 1600000, held(server))
    for s in senders:
        s.close()
    check("and given back", wait_for(lambda: held(server) == 0, 20), held(server))


with Server() as one:
    burst(one)
with Server("--requests-memory", "8", cache="off") as one:
    bodies(one)
    slow_readers(one)
done()
