#!/usr/bin/env python3
"""HTTP that is unusual, wrong or hostile: what a careful server does with each."""
import os
import re
import socket

from harness import Server, check, done, read_all, statuses, wait_for

BODY = b'{"input":"hello"}'


def post(*headers, body=BODY, path=b"/v1/embeddings"):
    lines = [b"POST " + path + b" HTTP/1.1", b"Host: a", b"Content-Type: application/json"]
    return b"\r\n".join(lines + list(headers)) + b"\r\n\r\n" + body


def length(n):
    return b"Content-Length: %d" % n


HIDDEN = b"GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n"
MARK = b'"object":"model"'


def exchange(server, data, seconds=3, half=False):
    s = server.connect()
    try:
        s.sendall(data)
    except OSError:
        pass
    if half:
        s.shutdown(socket.SHUT_WR)
    got, ended = read_all(s, seconds, 0.3)
    s.close()
    return got, ended


def refused(server, name, data, codes, seconds=3):
    """Answered by these codes only, nothing hidden is run, and the connection ends. (Where
    libmicrohttpd itself refuses it may send the head twice before it closes.)"""
    got, ended = exchange(server, data, seconds)
    found = statuses(got)
    good = found and set(found) <= set(codes) and len(found) <= 2 and MARK not in got
    check(name, good and ended, (found, ended, got[:300]))


def good(server, name, data, code=200, seconds=2):
    got, _ = exchange(server, data, seconds)
    check(name, statuses(got)[-1:] == [code], (statuses(got), got[:300]))


def plain(server):
    good(server, "GET", b"GET /live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    good(server, "HTTP/1.0", b"GET /live HTTP/1.0\r\n\r\n")
    pipeline = b"GET /live HTTP/1.1\r\nHost: a\r\n\r\n" * 99
    pipeline += b"GET /live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    got, _ = exchange(server, pipeline, 10)
    check("100 pipelined", statuses(got) == [200] * 100, len(statuses(got)))
    status, headers, body = server.request("HEAD", "/live")
    check("HEAD", status == 200 and body == b"" and headers["Content-Length"] == "14",
          (status, body))
    good(server, "TRACE", b"TRACE /live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 405)
    good(server, "path that climbs",
         b"GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404)
    for name, request, status in (
            ("to no route", post(length(len(BODY)), path=b"/v1/completions"), 404),
            ("in pieces, to no route",
             post(b"Transfer-Encoding: chunked", path=b"/x", body=b"3\r\nabc\r\n0\r\n\r\n"), 404),
            ("to a route of GET", post(length(len(BODY)), path=b"/live"), 405),
            ("with PUT", post(length(len(BODY))).replace(b"POST", b"PUT", 1), 405),
            ("with OPTIONS", post(length(len(BODY))).replace(b"POST", b"OPTIONS", 1), 405)):
        got, _ = exchange(server, request)
        check("a body " + name, statuses(got)[:1] == [status], got[:200])
    check("the server lives on", server.get("/live")[0] == 200)
    big = b'{"truncate":true,' + BODY[1:-2] + b" x" * 500000 + BODY[-2:]
    got, _ = exchange(server, post(length(len(big)), b"Connection: close", body=big), 20)
    check("a body of 1 MB", statuses(got) == [200], got[:200])


def chunks(server):
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
    close, te = b"Connection: close", b"Transfer-Encoding: chunked"
    good(server, "chunked", post(te, close, body=body))
    body = b"%x;name=value\r\n%s\r\n0\r\nX-Trailer: a\r\n\r\n" % (len(BODY), BODY)
    good(server, "chunked with extension and trailer", post(te, close, body=body))
    refused(server, "chunk size ZZ", post(te, body=b"ZZ\r\nabc\r\n0\r\n\r\n"), [400])
    refused(server, "chunk size of 17 F", post(te, body=b"F" * 17 + b"\r\nabc\r\n0\r\n\r\n"),
            [400, 413])
    part = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    good(server, "2 MiB chunked over the limit", post(te, close, body=part * 32 + b"0\r\n\r\n"),
         413, 10)


def expectations(server):
    s = server.connect()
    s.sendall(post(length(len(BODY)), b"Expect: 100-continue", b"Connection: close", body=b""))
    first = s.recv(1000)
    s.sendall(BODY)
    rest, _ = read_all(s)
    s.close()
    check("Expect, then the body", statuses(first) == [100] and statuses(rest)[-1:] == [200],
          (first, rest[:200]))
    refused(server, "Expect with too long a body",
            post(length(99999999), b"Expect: 100-continue", body=b""), [413])
    refused(server, "Content-Length 99999999 and 3 bytes", post(length(99999999), body=b"abc"),
            [413])


def smuggling(server):
    inner = b"0\r\n\r\n" + HIDDEN
    refused(server, "Content-Length and Transfer-Encoding",
            post(length(len(inner)), b"Transfer-Encoding: chunked", body=inner), [400])
    refused(server, "Transfer-Encoding and Content-Length",
            post(b"Transfer-Encoding: chunked", length(len(inner)), body=inner), [400])
    refused(server, "two different Content-Lengths",
            post(length(0), length(len(HIDDEN)), body=HIDDEN), [400])
    refused(server, "two equal Content-Lengths", post(length(17), length(17)), [400])
    refused(server, "Content-Length -1", post(b"Content-Length: -1"), [400])
    refused(server, "Content-Length +17", post(b"Content-Length: +17"), [400])
    refused(server, "Content-Length 0x11", post(b"Content-Length: 0x11"), [400])
    refused(server, "Content-Length of 23 digits", post(b"Content-Length: " + b"9" * 23),
            [400, 413])
    for value in (b"gzip, chunked", b"chunked, chunked", b"identity", b"xchunked", b"chunked;q=1"):
        refused(server, "Transfer-Encoding: " + value.decode(),
                post(b"Transfer-Encoding: " + value, body=inner), [400, 501])
    refused(server, "two Transfer-Encodings",
            post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", body=inner), [400])
    refused(server, "a GET with both lengths",
            b"GET /live HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" + length(len(inner))
            + b"\r\n\r\n" + inner, [400])
    refused(server, "Transfer-Encoding in HTTP/1.0",
            b"POST /v1/embeddings HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + inner, [400])
    # a GET with a body of honest length: the body is not a request
    got, _ = exchange(server, b"GET /live HTTP/1.1\r\nHost: a\r\n" + length(len(HIDDEN)) +
                      b"\r\n\r\n" + HIDDEN, 1)
    check("the body of a GET is not a request", statuses(got) == [200] and MARK not in got, got)


def heads(server):
    live = b"GET /live HTTP/1.1\r\n"
    refused(server, "HTTP/1.1 without Host", live + b"\r\n", [400])
    refused(server, "two Hosts", live + b"Host: a\r\nHost: b\r\n\r\n", [400])
    refused(server, "a space before the colon", live + b"Host : a\r\n\r\n", [400])
    refused(server, "a header that is no token", live + b"Host: a\r\nX(y): z\r\n\r\n", [400])
    refused(server, "a control character in a value", live + b"Host: a\r\nX: a\x01b\r\n\r\n", [400])
    refused(server, "%00 in the target", b"GET /live%00x HTTP/1.1\r\nHost: a\r\n\r\n", [400, 404])
    refused(server, "40 KB of target",
            b"GET /" + b"a" * 40000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", [414, 431])
    refused(server, "a header of 40 KB", live + b"Host: a\r\nX: " + b"a" * 40000 + b"\r\n\r\n",
            [431])
    refused(server, "5,000 headers", live + b"Host: a\r\n" + b"X: y\r\n" * 5000 + b"\r\n", [431])
    refused(server, "101 headers", live + b"Host: a\r\n" + b"X: y\r\n" * 101 + b"\r\n", [431])
    for count in (101, 499, 500, 4000, 15000):
        for path in (b"/live", b"/v1/embeddings"):
            head = path + b"?" + b"&".join([b"a"] * count) + b" HTTP/1.1\r\nHost: a\r\n"
            got, ended = exchange(server, b"GET " + head + b"X-Request-Id: mine\r\n\r\n", 2)
            check("%d arguments: 414 at once" % count, statuses(got) == [414] and ended and
                  b"X-Request-Id: mine\r\n" in got, (got[:300], ended))
    got, ended = exchange(server, post(length(3), path=b"/embed?" + b"a=b&" * 700, body=b"abc"), 2)
    check("with a body, too", statuses(got) == [414] and ended, got[:300])
    got, _ = exchange(server, b"GET /live?" + b"a&" * 99 + b"a HTTP/1.1\r\nHost: a\r\n\r\n", 1)
    check("100 arguments", statuses(got) == [200], got[:300])
    for name, lines in (("two Hosts", b"Host: a\r\nHost: b\r\n"), ("two lengths", b"Host: a\r\n" +
                        b"Content-Length: 1\r\nContent-Length: 2\r\n")):
        got, _ = exchange(server, live + lines + b"X-Request-Id: a-b.c\r\n\r\n", 1)
        check("%s: the refusal has the request's id" % name, b"X-Request-Id: a-b.c\r\n" in got and
              b'"request_id":"a-b.c"' in got, got[:400])
        got, _ = exchange(server, live + lines + b"\r\n", 1)
        check("%s: or one made here" % name, re.search(rb"X-Request-Id: [0-9a-f]{16}\r\n", got),
              got[:400])
    refused(server, "HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400, 505])


def noise(server):
    for name, data in (("512 random bytes", os.urandom(512) + b"\r\n\r\n"),
                       ("a TLS hello", bytes.fromhex("16030100c8010000c40303") + os.urandom(189))):
        got, ended = exchange(server, data, 1)
        check(name, all(code >= 400 for code in statuses(got)), got[:200])
    # what the parser hides from the guard must at least not hurt
    for name, data in (("folded header", b"GET /live HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n"),
                       ("bare line feeds", b"GET /live HTTP/1.1\nHost: a\n\n"),
                       ("NUL in a header", b"GET /live HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"),
                       ("NUL in the target", b"GET /li\0ve HTTP/1.1\r\nHost: a\r\n\r\n")):
        got, _ = exchange(server, data, 1, half=True)
        check(name + " does no harm", len(statuses(got)) <= 1, got[:200])


def in_flight(server):
    return int(re.search(rb"^gte_requests_in_flight (\d+)", server.get("/metrics")[2], re.M)[1])


# libmicrohttpd tells of the line of such a request, and never of its end.
def arguments(server):
    for n in (100, 500, 3000):
        exchange(server, b"GET /live?" + b"a&" * n + b" HTTP/1.1\r\nHost: a\r\n\r\n", 0.3)
    check("requests of many arguments are not in flight forever",
          wait_for(lambda: in_flight(server) == 1), in_flight(server))


with Server() as server:
    before = server.descriptors()
    plain(server)
    chunks(server)
    expectations(server)
    smuggling(server)
    heads(server)
    noise(server)
    arguments(server)
    check("it still serves", server.get("/live")[0] == 200)
    check("no descriptor is left", wait_for(lambda: server.descriptors() <= before + 2),
          (before, server.descriptors()))
done()
