"""A hub on loopback for the tests of gte pull: HuggingFace's ways, ModelScope's, and a CDN on a port
of its own. What goes wrong is said per file in Hub.faults; every request is kept in Hub.log."""
import hashlib
import http.server
import json
import os
import socket
import struct
import threading
import time
import urllib.parse

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def git_blob(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Request:
    """One line of the log."""

    def __init__(self, where, path, headers):
        self.where, self.path, self.headers = where, path, dict(headers)
        self.range = headers.get("Range")
        self.token = headers.get("Authorization")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def do_GET(self):
        hub = self.server.hub
        with hub.lock:
            hub.log.append(Request(self.server.where, self.path, self.headers))
        try:
            if self.server.where == "cdn":
                self.send_file(urllib.parse.unquote(self.path.split("?")[0])[1:])
            else:
                self.answer()
        except (BrokenPipeError, ConnectionResetError):
            pass

    def do_CONNECT(self):
        with self.server.hub.lock:
            self.server.hub.log.append(Request("proxy", self.path, self.headers))
        self.plain(502)

    def plain(self, status, body=b"{}", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer(self):
        hub, url = self.server.hub, urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        path = urllib.parse.unquote(url.path)
        if hub.token and self.headers.get("Authorization") != "Bearer " + hub.token:
            return self.plain(hub.refusal)
        if path == f"/api/models/{hub.repo}/revision/{hub.revision}":
            return self.trouble("list") or self.plain(200, hub.hf_list())
        if path.startswith(f"/{hub.repo}/resolve/{COMMIT}/"):
            return self.hf_file(path.split(COMMIT + "/", 1)[1])
        if path == f"/api/v1/models/{hub.repo}/repo/files" and query["Revision"] == hub.revision:
            return self.trouble("list") or self.plain(200, hub.modelscope_list())
        if path.startswith("/api/v1/models/") and path.endswith("/files"):
            return self.plain(200, b'{"Code":10010205001,"Message":"record not found","Data":null}')
        if path == f"/api/v1/models/{hub.repo}/repo":
            name = query["FilePath"]
            if hub.is_large(name):
                return self.plain(302, Location=f"http://127.0.0.1:{hub.cdn_port}/{name}")
            return self.send_file(name)
        return self.plain(404)

    def hf_file(self, name):
        hub = self.server.hub
        if name not in hub.files:
            return self.plain(404)
        if not hub.is_large(name):
            return self.send_file(name)
        etag = hub.said_digest(name)
        return self.plain(302, Location=f"http://127.0.0.1:{hub.cdn_port}/{name}?sig=abc",
                          X_Linked_Etag=f'"{etag}"', X_Linked_Size=str(hub.said_size(name)),
                          X_Repo_Commit=COMMIT)

    def trouble(self, name):
        """Answers with the next fault of a file that is no fault of its body; true if there was."""
        hub = self.server.hub
        with hub.lock:
            faults = hub.faults.get(name, [])
            fault = faults.pop(0) if faults and isinstance(faults[0], int) else None
        if fault is None:
            return False
        extra = {"Retry_After": hub.retry_after} if fault == 429 and hub.retry_after else {}
        self.plain(fault, **extra)
        return True

    def send_file(self, name):
        """The file or a range of it, then the faults of bodies: ("cut", bytes), ("stall", bytes),
        "other" content, "long"er content, "ignore" the range."""
        hub = self.server.hub
        if name not in hub.files:
            return self.plain(404)
        if self.trouble(name):
            return None
        with hub.lock:
            fault = hub.faults[name].pop(0) if hub.faults.get(name) else None
        data = hub.files[name]
        if fault == "other":
            data = data[:-1] + bytes([data[-1] ^ 1])
        if fault == "long":
            data += b"more"
        etag = '"%s"' % (git_blob(data) if not hub.is_large(name) else "cdn-" + git_blob(data)[:8])
        start, wanted = 0, self.headers.get("Range")
        fits = self.headers.get("If-Range") in (None, etag)
        if wanted and fits and fault != "ignore":
            start = int(wanted.split("=")[1].split("-")[0])
            if start >= len(data):
                return self.plain(416)
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - start))
        self.send_header("ETag", etag)
        self.end_headers()
        rest = data[start:]
        if isinstance(fault, tuple):
            self.wfile.write(rest[:fault[1]])
            self.wfile.flush()
            if fault[0] == "stall":
                hub.stalled.set()
                hub.go_on.wait(20)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                       struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return None
        return self.wfile.write(rest)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request, client_address):
        pass


class Hub:
    """A repository of `files` (name: bytes), served until close()."""

    def __init__(self, files, repo="thenlper/gte-small", revision="main"):
        self.files, self.repo, self.revision = dict(files), repo, revision
        self.faults, self.log, self.lock = {}, [], threading.Lock()
        self.token, self.refusal, self.retry_after = None, 401, None
        self.digests, self.sizes, self.say_blobs = {}, {}, True
        self.stalled, self.go_on = threading.Event(), threading.Event()
        self.servers = [self.start("hub"), self.start("cdn")]
        self.port, self.cdn_port = (server.server_address[1] for server in self.servers)
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self, where):
        server = Server(("127.0.0.1", 0), Handler)
        server.hub, server.where = self, where
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return server

    def close(self):
        self.go_on.set()
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def is_large(self, name):
        return name.endswith((".safetensors", ".bin", ".onnx", ".h5"))

    def said_digest(self, name):
        return self.digests.get(name, hashlib.sha256(self.files[name]).hexdigest())

    def said_size(self, name):
        return self.sizes.get(name, len(self.files[name]))

    def requests(self, name):
        return [r for r in self.log if name in urllib.parse.unquote(r.path)]

    def hf_list(self):
        siblings = []
        for name, data in self.files.items():
            entry = {"rfilename": name}
            if self.say_blobs:
                entry.update(blobId=git_blob(data), size=self.said_size(name))
                if self.is_large(name):  # the name is that of the pointer, not of the file
                    entry["blobId"] = git_blob(b"pointer")
                    entry["lfs"] = {"sha256": self.said_digest(name), "pointerSize": 134,
                                    "size": self.said_size(name)}
            siblings.append(entry)
        return json.dumps({"id": self.repo, "sha": COMMIT, "private": False, "gated": False,
                           "tags": ["license:mit"], "siblings": siblings}).encode()

    def modelscope_list(self):
        files = [{"Name": os.path.basename(name), "Path": name, "Type": "blob",
                  "Size": self.said_size(name), "Sha256": self.said_digest(name),
                  "IsLFS": self.is_large(name), "Revision": COMMIT} for name in self.files]
        files.append({"Name": "1_Pooling", "Path": "1_Pooling", "Type": "tree", "Size": 0,
                      "Sha256": "", "IsLFS": False})
        return json.dumps({"Code": 200, "Data": {"Files": files}, "Message": "", "RequestId": "x",
                           "Success": True}).encode()
