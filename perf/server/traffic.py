"""Mixed traffic against a gte-server: what soak.py and abuse.py send. A module, not a program.

Every request says which statuses it may get; whatever else comes is an unexpected error, and a text
that is asked for again must get the very vector it got before. Standard library only.
"""
import http.client
import json
import random
import socket
import struct
import threading
import time

WORDS = ("the quick brown fox jumps over a lazy dog while small engines turn long texts into vectors "
         "北京 今天 天气 很好 我们 一起 去 公园 naïve café 東京 🙂").split()
FIXED = ["fixed text %d: %s" % (i, " ".join(WORDS[i % 20:i % 20 + 8])) for i in range(200)]


class Count:
    """What was sent and what came, for all threads."""

    def __init__(self):
        self.lock = threading.Lock()
        self.kinds, self.statuses, self.unexpected, self.samples = {}, {}, 0, []
        self.slowest, self.seconds, self.first = 0.0, 0.0, {}

    def add(self, kind, status, seconds):
        with self.lock:
            self.kinds[kind] = self.kinds.get(kind, 0) + 1
            self.statuses[status] = self.statuses.get(status, 0) + 1
            self.seconds += seconds
            self.slowest = max(self.slowest, seconds)

    def wrong(self, kind, what):
        with self.lock:
            self.unexpected += 1
            if len(self.samples) < 20:
                self.samples.append("%s %s: %s" % (time.strftime("%H:%M:%S"), kind, what))

    def same(self, kind, text, vector):
        """A fixed text has one vector, whoever computed it and whenever."""
        with self.lock:
            before = self.first.setdefault(text, vector)
        if before != vector:
            self.wrong(kind, "another vector for %r" % text)


def new_text(rng, words=0):
    return "%x %s" % (rng.getrandbits(64), " ".join(rng.choices(WORDS, k=words or rng.randint(3, 40))))


def embeddings_fixed(rng):
    body = {"input": rng.sample(FIXED, rng.randint(1, 4)), "encoding_format": "base64"}
    return "POST", "/v1/embeddings", body, (200,)


def embeddings_new(rng):
    body = {"input": [new_text(rng) for _ in range(rng.choice((1, 1, 1, 2, 8)))], "truncate": True}
    if rng.random() < 0.3:
        body["dimensions"] = rng.randint(1, 64)
    if rng.random() < 0.1:
        body = {"input": [rng.randint(5, 500) for _ in range(20)]}
    return "POST", "/v1/embeddings", body, (200,)


def predict(rng):
    task = rng.choice(("classification", "sentiment", "qa", "ner", "relation", "event"))
    text = rng.choice(FIXED) if rng.random() < 0.5 else new_text(rng)
    body = {"task_type": task, "input_text": text + " | which dog?" if task == "qa" else text}
    if task == "classification" and rng.random() < 0.3:
        body["labels"] = ["animals", "machines", new_text(rng, 2)]
    return "POST", "/predict", body, (200,) if task in ("classification", "sentiment", "qa") else (200, 503)


def tei(rng):
    text = rng.choice(FIXED) if rng.random() < 0.5 else new_text(rng)
    others = rng.sample(FIXED, 3) + [new_text(rng)]
    path, body = rng.choice((
        ("/embed", {"inputs": [text], "normalize": rng.random() < 0.8, "truncate": True}),
        ("/embed_all", {"inputs": text, "truncate": True}),
        ("/rerank", {"query": text, "texts": others, "return_text": True, "truncate": True}),
        ("/similarity", {"inputs": {"source_sentence": text, "sentences": others},
                         "parameters": {"truncate": True}}),
        ("/tokenize", {"inputs": [text] + others}),
        ("/decode", {"ids": [rng.randint(0, 500) for _ in range(30)]})))
    return "POST", path, body, (200,)


def looks(rng):
    return "GET", rng.choice(("/metrics", "/metrics", "/metrics/json", "/health", "/ready", "/live",
                              "/info", "/v1/models", "/", "/openapi.json")), None, (200,)


def errors(rng):
    return rng.choice((
        ("POST", "/v1/embeddings", b'{"input": "half', (400,)),
        ("POST", "/v1/embeddings", b"", (400, 415)),
        ("POST", "/v1/embeddings", {"input": ""}, (400,)),
        ("POST", "/v1/embeddings", {"input": ["a", 1]}, (400, 422)),
        ("POST", "/v1/embeddings", {"input": "a", "dimensions": 0}, (400, 422)),
        ("POST", "/v1/embeddings", b"[" * 5000, (400,)),
        ("POST", "/predict", {"task_type": "poem", "input_text": "a"}, (400,)),
        ("POST", "/predict", {"task_type": "qa", "input_text": "no bar"}, (400,)),
        ("POST", "/embed", {"inputs": "word " * 2000, "truncate": False}, (413, 422)),
        ("POST", "/rerank", {"texts": []}, (400, 422)),
        ("GET", "/nowhere", None, (404,)),
        ("DELETE", "/predict", None, (405,)),
        ("GET", "/" + "a" * 40000, None, (414,))))


def deadline(rng):
    """So little time that either answer is right."""
    body = {"input": [new_text(rng, 60) for _ in range(8)], "encoding_format": "base64",
            "truncate": True}
    return "POST", "/v1/embeddings", body, (200, 504)


MIX = ((30, embeddings_fixed), (18, embeddings_new), (20, predict), (14, tei), (6, looks), (8, errors),
       (1, deadline))


class Client(threading.Thread):
    """One keep-alive connection, `rate` requests a second of the mix, until `stop` is set."""

    def __init__(self, port, rate, stop, count, seed):
        super().__init__(daemon=True)
        self.port, self.rate, self.stopped, self.count = port, rate, stop, count
        self.rng, self.connection = random.Random(seed), None

    def run(self):
        due = time.monotonic() + self.rng.random() / self.rate
        while not self.stopped.is_set():
            self.stopped.wait(max(0, due - time.monotonic()))
            due = max(due + 1 / self.rate, time.monotonic() - 1)
            kind = self.rng.choices([m[1] for m in MIX], [m[0] for m in MIX])[0]
            try:
                self.one(kind)
            except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
                self.count.wrong(kind.__name__, repr(error))
                self.connection = None

    def one(self, kind):
        method, path, body, statuses = kind(self.rng)
        headers = {"X-Request-Timeout": "0.01"} if kind is deadline else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        fresh = self.connection is None
        if fresh:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        begin = time.monotonic()
        self.connection.request(method, path, data, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        self.count.add(kind.__name__, answer.status, time.monotonic() - begin)
        if answer.status not in statuses:
            self.count.wrong(kind.__name__, "%s %s: %d %s" % (method, path[:40], answer.status, text[:200]))
        elif kind is embeddings_fixed:
            for asked, got in zip(body["input"], json.loads(text)["data"]):
                self.count.same(kind.__name__, asked, got["embedding"])
        if answer.will_close or self.rng.random() < 0.02:
            self.connection.close()
            self.connection = None


def abort(port, rng):
    """A connection reset in some state: mid-head, mid-body, waiting, mid-answer."""
    data = json.dumps({"input": [new_text(rng) for _ in range(rng.choice((1, 4, 32)))],
                       "truncate": True}).encode()
    whole = (b"POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
             b"Content-Length: %d\r\n\r\n" % len(data)) + data
    with socket.create_connection(("127.0.0.1", port), 60) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.sendall(whole[:rng.randrange(len(whole))] if rng.random() < 0.5 else whole)
        if rng.random() < 0.2:
            time.sleep(rng.random() * 0.005)


def aborts(port, rate, stop, count, seed):
    rng = random.Random(seed)
    while not stop.wait(1 / rate):
        try:
            abort(port, rng)
        except OSError as error:
            count.wrong("abort", repr(error))
        count.add("abort", "reset", 0)


def tricklers(port, many, stop, count, seed, limit=25):
    """`many` connections that send a byte every half second; the server cuts each within `limit`."""
    rng, clients = random.Random(seed), []
    begins = (b"", b"GET /live HTTP/1.1\r\nHost: a\r\nX: ",
              b"POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
              b"Content-Length: 100000\r\n\r\n")
    while not stop.wait(0.5):
        while len(clients) < many:
            s = socket.create_connection(("127.0.0.1", port), 60)
            s.sendall(rng.choice(begins))
            s.setblocking(False)
            clients.append((s, time.monotonic()))
        kept = []
        for s, since in clients:
            try:
                s.send(b"a")
                ended = s.recv(4096) == b""
            except BlockingIOError:
                ended = False
            except OSError:
                ended = True
            if not ended and time.monotonic() - since > limit + 15:
                count.wrong("slow", "not cut after %d s" % (limit + 15))
                ended = True
            if ended:
                s.close()
                count.add("slow", "cut", 0)
            else:
                kept.append((s, since))
        clients = kept


def start(port, rate, clients, stop, count, slow=6, abort_rate=5):
    """Threads of all of it: about `rate` requests a second from `clients` connections."""
    threads = [Client(port, rate / clients, stop, count, seed) for seed in range(clients)]
    threads.append(threading.Thread(target=aborts, daemon=True, args=(port, abort_rate, stop, count, 1)))
    threads.append(threading.Thread(target=tricklers, daemon=True, args=(port, slow, stop, count, 2)))
    for thread in threads:
        thread.start()
    return threads
