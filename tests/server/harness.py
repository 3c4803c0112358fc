"""What the tests of the server share: a real gte-server on a free port, raw sockets, counting.

Each test_*.py is a program of its own that prints "ok NAME" or "not ok NAME" lines for
tests/run_all.sh. GTE_SERVER names the server (build/gte-server), GTE_STANDIN the model.
Standard library only.
"""
import http.client
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
SERVER = os.environ.get("GTE_SERVER", os.path.join(ROOT, "build", "gte-server"))
COMMAND = os.environ.get("GTE", os.path.join(ROOT, "build", "gte"))
MODEL = os.path.realpath(
    os.environ.get("GTE_STANDIN", os.path.join(ROOT, "build", "standin.gte")))
# Sanitizers make everything several times slower, and so do other programs that want the processors.
SLOW = (float(os.environ.get("GTE_TEST_SLOWNESS", "1")) *
        min(8, max(1, os.getloadavg()[0] / (os.cpu_count() or 1) - 1)))

failed = 0


def check(name, good, detail=""):
    global failed
    if good:
        print("ok " + name)
    else:
        failed += 1
        print("not ok %s: %s" % (name, str(detail)[:600]))
    sys.stdout.flush()
    return good


def done():
    sys.exit(1 if failed else 0)


class Server:
    """with Server("--rate", "5") as s: s.get("/live")"""

    def __init__(self, *arguments, env=None, model=MODEL, cache="memory", port="0", **popen):
        self.log_file = tempfile.NamedTemporaryFile(prefix="gte-server-", suffix=".log")
        environment = {k: v for k, v in os.environ.items()
                       if not k.startswith(("GTE_SERVER_", "GTE_INSTANCE_"))}
        for name in ("GTE_MODEL", "GTE_THREADS", "GTE_CPU", "GTE_BACKEND"):
            environment.pop(name, None)
        environment.update(env or {})
        command = [SERVER] + (["-m", model] if model else [])
        if cache:
            command += ["--cache", cache]
        if port is not None:
            command += ["--port", port]
        self.process = subprocess.Popen(command + list(arguments), stderr=self.log_file,
                                        stdin=subprocess.DEVNULL, env=environment, **popen)
        self.address = None
        self.port = 0
        until = time.monotonic() + 30 * SLOW
        while time.monotonic() < until and self.process.poll() is None:
            found = re.search(r"listening on (\S+)", self.log())
            if found and re.search(r" - ready$", self.log(), re.M):
                self.address = found.group(1)
                break
            time.sleep(0.01)
        if self.address and ":" in self.address and not self.address.startswith("unix"):
            self.port = int(self.address.rsplit(":", 1)[1])

    def __enter__(self):
        if not self.address:
            self.process.kill()
            raise RuntimeError("the server did not start: " + self.log())
        return self

    def __exit__(self, *_):
        code = self.stop()
        check("the server ends with 0", code == 0, "%s: %s" % (code, self.log()[-3000:]))

    def log(self):
        with open(self.log_file.name, errors="replace") as file:
            return file.read()

    def stop(self, number=signal.SIGTERM, seconds=40):
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(seconds * SLOW)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "hung"

    def connect(self, timeout=10):
        s = socket.create_connection(("127.0.0.1", self.port), timeout * SLOW)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def request(self, method, path, body=None, headers=None, timeout=30):
        """(status, headers, body) of one request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout * SLOW)
        try:
            if isinstance(body, (dict, list)):
                body = json.dumps(body)
            if isinstance(body, str):
                body = body.encode()
            sent = {"Content-Type": "application/json"} if body is not None else {}
            sent.update(headers or {})
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def get(self, path, headers=None):
        return self.request("GET", path, headers=headers)

    def embed(self, body, headers=None, timeout=30):
        status, sent, text = self.request("POST", "/v1/embeddings", body, headers, timeout)
        return status, sent, json.loads(text)

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.process.pid))

    def threads(self):
        return len(os.listdir("/proc/%d/task" % self.process.pid))

    def memory(self):
        with open("/proc/%d/statm" % self.process.pid) as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def whole(data):
    """Whether the answers that begin in data are all there."""
    while data:
        head, end, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        if not end or not length or len(body) < int(length[1]):
            return False
        data = body[int(length[1]):]
    return True


def read_all(s, seconds=5, quiet=None):
    """What arrives until the end, or for so long; and whether it ended. With `quiet`, also until
    there are whole answers and nothing more for that time."""
    data = b""
    until = time.monotonic() + seconds * SLOW
    while True:
        ready = select.select([s], [], [], max(0, until - time.monotonic()))[0]
        if not ready:
            return data, False
        try:
            part = s.recv(65536)
        except OSError:
            return data, True
        if not part:
            return data, True
        data += part
        if quiet and whole(data):
            until = min(until, time.monotonic() + quiet * SLOW)


def statuses(data):
    """The status codes of answers back to back."""
    return [int(code) for code in re.findall(rb"HTTP/1\.[01] (\d\d\d) ", data)]


def wait_for(condition, seconds=5):
    until = time.monotonic() + seconds * SLOW
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())


# A text of about `n` tokens.
def words(n, seed=0):
    return " ".join("w%d" % ((i * 7919 + seed) % 1000) for i in range(n // 2))
