#!/usr/bin/env python3
"""Texts longer than the model reads: /predict cuts by the server's setting, every other route by the
request's "truncate", and without one refuses. What was cut is said and counted."""
import json
import re

from harness import Server, check, done, wait_for

LONG = "word " * 2000
IDS = [5] * 5000
# route, body with `long` in its place, the status of a refusal
ROUTES = (
    ("/v1/embeddings", lambda text, **more: {"input": text, **more}, 400),
    ("/embed", lambda text, **more: {"inputs": text, **more}, 422),
    ("/", lambda text, **more: {"inputs": text, **more}, 422),
    ("/embed_all", lambda text, **more: {"inputs": text, **more}, 422),
    ("/rerank", lambda text, **more: {"query": "a", "texts": [text, "b"], **more}, 422),
    ("/similarity", lambda text, **more: {
        "inputs": {"source_sentence": "a", "sentences": ["b", text]}, "parameters": more}, 422),
)


def counted(server):
    text = server.get("/metrics")[2].decode()
    return int(re.search(r"^gte_truncated_inputs_total (\d+)$", text, re.M).group(1))


def post(server, path, body):
    status, headers, text = server.request("POST", path, body)
    return status, headers.get("X-Truncated-Inputs"), json.loads(text)


def refused(server, name, path, body, status):
    before = counted(server)
    got, header, answer = post(server, path, body)
    said = answer["error"] if path != "/v1/embeddings" else answer["error"]["message"]
    check("%s: %s: refused" % (path, name), got == status and "maximum context length" in said and
          header is None and counted(server) == before, (got, header, said))
    if path == "/v1/embeddings":
        error = answer["error"]
        check("%s: %s: OpenAI's error" % (path, name),
              error["type"] == "invalid_request_error" and error["param"] == "input" and
              error["code"] == "context_length_exceeded", error)


def cut(server, name, path, body, many=1):
    before = counted(server)
    got, header, _ = post(server, path, body)
    check("%s: %s: cut, said and counted" % (path, name), got == 200 and header == str(many) and
          wait_for(lambda: counted(server) == before + many), (got, header, counted(server) - before))


def auto_truncate(server):
    return json.loads(server.get("/info")[2])["auto_truncate"]


with Server() as s:
    for route, make, code in ROUTES:
        refused(s, "without a word", route, make(LONG), code)
        refused(s, "null", route, make(LONG, truncate=None), code)
        refused(s, "false", route, make(LONG, truncate=False), code)
        cut(s, "true", route, make(LONG, truncate=True))
        check("%s: a short text is not cut" % route, post(s, route, make("a"))[:2] == (200, None))
    for route, make, code in ROUTES[:2]:
        refused(s, "token ids", route, make(IDS), code)
        cut(s, "two of three", route, make([IDS, "a", LONG], truncate=True), 2)
    body = {"task_type": "sentiment", "input_text": LONG}
    cut(s, "by default", "/predict", body)
    cut(s, "from the cache", "/predict", body)
    check("/info says so", auto_truncate(s) is False)
with Server("--auto-truncate=on", "--truncate=off") as s:
    for route, make, code in ROUTES:
        cut(s, "with --auto-truncate", route, make(LONG))
        cut(s, "null with --auto-truncate", route, make(LONG, truncate=None))
        refused(s, "false with --auto-truncate", route, make(LONG, truncate=False), code)
    status, header, answer = post(s, "/predict", {"task_type": "sentiment", "input_text": LONG})
    check("/predict: --truncate=off refuses", status == 413 and header is None and
          answer["error"]["code"] == "context_length_exceeded", (status, answer))
    check("/info says so, too", auto_truncate(s) is True)
done()
