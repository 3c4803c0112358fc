#!/usr/bin/env python3
"""Each request for memory or a thread made to fail in turn: while the server starts, while it
answers each route, while it reads its settings again. No crash, no leak, no hang; an answer that is
right, or 500 or 503; the next request as if nothing had been.

The server is oom_server (tests/oom/failing_server.c): gte-server with allocations that fail on
command, and so do its calls of libmicrohttpd and jansson; not those inside these libraries.
"""
import http.client
import json
import mmap
import os
import signal
import struct
import sys
import tempfile

import harness
from harness import Server, check, done, wait_for

harness.SERVER = os.path.join(os.path.dirname(os.path.realpath(harness.SERVER)), "oom_server")
MOST = 5000
# a crash's exit code is not to be taken for a refusal's
SANITIZERS = {name: os.environ.get(name, "") + ":exitcode=99"
              for name in ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS")}
VOLATILE = ("timestamp", "elapsed_ms", "request_id", "cached", "created")


class Failing:
    """The memory that is shared with the server: armed, failing, requests, happened."""

    def __init__(self, path):
        self.path = path
        with open(path, "wb") as file:
            file.write(bytes(32))
        with open(path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 32)

    def arm(self, n):
        self.memory[8:32] = struct.pack("<3Q", n, 0, 0)
        self.memory[0:8] = struct.pack("<Q", 1)

    def disarm(self):
        """(how many were asked for, whether one failed)"""
        self.memory[0:8] = bytes(8)
        return struct.unpack("<2Q", self.memory[16:32])

    def server(self, *arguments, **more):
        return Server(*arguments, env=dict(SANITIZERS, GTE_FAILING=self.path), **more)


def exhaust(failing, name, attempt):
    """attempt() with the n-th request failing, for n = 1, 2, ... until there are fewer. It returns
    what is wrong, or None. Requests of other threads come in between, so that "fewer" must be true
    three times."""
    n, spared, wrong = 0, 0, []
    while spared < 3 and n < MOST and len(wrong) < 3:
        n += 1
        failing.arm(n)
        error = attempt(n)
        happened = failing.disarm()[1]
        spared = 0 if happened else spared + 1
        if error:
            wrong.append((n, error))
    check("%s: %d requests for memory, each failing once" % (name, n - spared), not wrong and
          0 < n - spared < MOST, wrong)


def starting(failing, name, *arguments, **more):
    def attempt(_):
        server = failing.server(*arguments, **more)
        refused = server.process.poll()
        code = refused if server.address is None else server.stop()
        log = server.log()
        if server.address is None and code in (1, 2):
            said = any(" ERROR " in line or line.startswith("gte-server: ") for line in log.splitlines())
            return None if said else "exit without a word: " + log
        return None if server.address and code == 0 else "exit %s: %s" % (code, log[-1500:])
    exhaust(failing, name, attempt)


def ask(server, method, path, body, headers=None):
    """(status, body) on a connection of its own; (None, b"") when it is closed without an answer."""
    if isinstance(body, list):
        body = iter(body)  # sent in chunks
    try:
        status, _, text = server.request(method, path, body, headers)
        return status, text
    except (ConnectionError, http.client.HTTPException):
        return None, b""


def alike(a, b):
    """Equal; numbers as near as batches of other texts leave them."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(alike(a[k], b[k]) for k in a if k not in VOLATILE)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(alike, a, b))
    return abs(a - b) < 1e-5 if isinstance(a, float) and isinstance(b, (int, float)) else a == b


def same(path, answer, reference):
    if "metrics" in path or path in ("/health", "/ready"):
        return answer[0] == 200
    try:
        return alike(json.loads(answer[1]), json.loads(reference[1]))
    except ValueError:
        return answer == reference


REQUESTS = (
    ("POST", "/v1/embeddings", {"input": "hello world"}),
    ("POST", "/v1/embeddings", {"input": ["a", "b", "a"], "encoding_format": "base64"}),
    ("POST", "/v1/embeddings", {"input": [[5, 6, 7], [8]], "dimensions": 8}),
    ("GET", "/v1/models", None),
    ("POST", "/embed", {"inputs": ["hello", "world"]}),
    ("POST", "/embed_all", {"inputs": "hello world"}),
    ("POST", "/similarity", {"inputs": {"source_sentence": "a", "sentences": ["b", "c"]}}),
    ("POST", "/rerank", {"query": "a", "texts": ["b", "c"], "return_text": True}),
    ("POST", "/tokenize", {"inputs": ["hello world"]}),
    ("POST", "/decode", {"ids": [5, 6]}),
    ("GET", "/info", None),
    ("POST", "/predict", {"task_type": "sentiment", "input_text": "I like it"}),
    ("POST", "/predict", {"task_type": "classification", "input_text": "a", "labels": ["x", "y"]}),
    ("POST", "/predict", {"task_type": "qa", "input_text": "It is red. It is big.|what colour?"}),
    ("POST", "/predict", {"task_type": "ner", "input_text": "a"}),
    ("POST", "/embed", "{"),
    ("POST", "/v1/embeddings", [b'{"input": "hello",', b" " * 9000, b" " * 20000, b'"x": 1}']),
    ("POST", "/embed", [b'{"inputs": "hello"', b" " * 3000000]),
    ("GET", "/", None),
    ("GET", "/static/page.js", None),
    ("GET", "/openapi.json", None),
    ("GET", "/live", None),
    ("GET", "/ready", None),
    ("GET", "/health", None),
    ("GET", "/metrics", None),
    ("GET", "/metrics/json", None),
    ("GET", "/nothing", None),
    ("PUT", "/embed", None),
)


def answering(failing, cache):
    with failing.server(cache=cache) as server:
        for method, path, body in REQUESTS:
            reference = ask(server, method, path, body)
            unlucky = [0, 0]

            def attempt(n):
                sent = body
                if cache != "off" and isinstance(body, dict) and "input_text" in body:
                    sent = dict(body, input_text=" " * n + body["input_text"])  # not kept yet
                answer = ask(server, method, path, sent)
                unlucky[answer[0] is None] += answer[0] != reference[0]
                if server.process.poll() is not None:
                    return "the server is gone: %s" % server.log()[-2000:]
                if answer[0] in (500, 503, None):
                    return None
                if sent is body and not same(path, answer, reference):
                    return "another answer: %s %s" % (answer[0], answer[1][:200])
                return None if answer[0] == reference[0] else answer
            exhaust(failing, "%s %s %s, cache %s" % (method, path, str(body)[:50], cache),
                    attempt)
            print("  %d answered 500 or 503, %d closed" % tuple(unlucky))
            check("and then as before", same(path, ask(server, method, path, body), reference),
                  path)


def refusing(failing, folder):
    """A refusal for which there is no memory is no admission."""
    keys = os.path.join(folder, "keys")
    with open(keys, "w") as out:
        out.write("key\n")
    with failing.server("--api-key-file", keys, "--max-body", "2000") as server:
        long = {"input": "a" * 3000}
        for name, body, key, wanted in (
                ("no key", {"input": "hello"}, None, 401), ("a long body", long, "key", 413),
                ("a long body in chunks", [json.dumps(long).encode()], "key", 413),
                ("an unknown path", None, None, 404)):
            def attempt(_):
                status = ask(server, "POST", "/v1/embeddings" if body else "/nothing", body,
                             {"X-API-Key": key} if key else None)[0]
                return None if status in (wanted, 500, 503, None) else status
            exhaust(failing, "a refusal: " + name, attempt)
        check("and it serves", ask(server, "POST", "/v1/embeddings", {"input": "hello"},
                                   {"X-API-Key": "key"})[0] == 200, server.log()[-500:])


def reloading(failing, folder):
    keys, labels = os.path.join(folder, "keys"), os.path.join(folder, "labels.json")
    with open(keys, "w") as out:
        out.write("key\n")
    with open(labels, "w") as out:
        json.dump({"sentiment": {"en": [{"name": "good"}, {"name": "bad"}]}}, out)
    with failing.server("--api-key-file", keys, "--labels", labels, "--cors", "http://a") as server:
        def attempt(_):
            before = server.log().count("reloaded")
            server.process.send_signal(signal.SIGHUP)
            if not wait_for(lambda: server.log().count("reloaded") > before, 20):
                return "no word of it: " + server.log()[-1000:]
            status, text = ask(server, "POST", "/predict", {"task_type": "sentiment",
                                                            "input_text": "a"},
                               {"X-API-Key": "key"})
            return None if status in (200, 500, 503, None) else (status, text[:200])
        exhaust(failing, "SIGHUP", attempt)
        status, text = ask(server, "POST", "/predict", {"task_type": "sentiment", "input_text": "b"},
                           {"X-API-Key": "key"})
        check("and then it serves by what it read", status == 200 and
              sorted(json.loads(text)["result"]["scores"]) == ["bad", "good"], (status, text))


if not os.access(harness.SERVER, os.X_OK):
    print("SKIP %s is not built" % harness.SERVER)
    sys.exit(0)
with tempfile.TemporaryDirectory() as folder:
    failing = Failing(os.path.join(folder, "failing"))
    starting(failing, "starting")
    with open(os.path.join(folder, "conf"), "w") as out:
        out.write("rate = 5\ncors = http://a\n")
    starting(failing, "starting with files", "--config", os.path.join(folder, "conf"), "--log-dir",
             os.path.join(folder, "log"), "--workers", "2", "--http-threads", "1",
             cache=os.path.join(folder, "cache"))
    answering(failing, "off")
    answering(failing, "memory")
    refusing(failing, folder)
    reloading(failing, folder)
done()
