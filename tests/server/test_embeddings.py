#!/usr/bin/env python3
"""POST /v1/embeddings: the vectors of the command, every form of input and output, the cache."""
import base64
import json
import os
import struct
import subprocess
import tempfile

from harness import COMMAND, MODEL, Server, check, done, wait_for, words

TEXTS = ["hello world", "a", "naïve café 東京 🙂", "[SEP] [CLS]", " ", words(1000),
         "\"quotes\" \\ and \t tabs\n"]


def command_vectors(texts):
    lines = "".join(json.dumps(t) + "\n" for t in texts)
    out = subprocess.run([COMMAND, "embed", "-m", MODEL, "--jsonl"], input=lines.encode(),
                         stdout=subprocess.PIPE, check=True).stdout
    return [json.loads(line)["embedding"] for line in out.splitlines()]


def vectors(answer):
    assert [d["index"] for d in answer["data"]] == list(range(len(answer["data"])))
    return [d["embedding"] for d in answer["data"]]


def difference(a, b):
    if [len(v) for v in a] != [len(v) for v in b]:
        return float("inf")
    return max(abs(x - y) for v, w in zip(a, b) for x, y in zip(v, w))


def forms(server):
    wanted = command_vectors(TEXTS)
    status, headers, answer = server.embed({"model": "any", "input": TEXTS, "truncate": True})
    check("a list of texts: the command's vectors",
          status == 200 and difference(vectors(answer), wanted) < 2e-6, answer)
    check("the shape of the answer",
          answer["object"] == "list" and answer["model"] == "standin" and
          all(d["object"] == "embedding" for d in answer["data"]) and
          answer["usage"]["prompt_tokens"] == answer["usage"]["total_tokens"] > 0, answer)
    check("the type of the answer", headers["Content-Type"] == "application/json", headers)
    single = server.embed({"input": TEXTS[0]})[2]
    check("one text", difference(vectors(single), wanted[:1]) < 2e-6, single)
    packed = server.embed({"input": TEXTS, "truncate": True, "encoding_format": "base64"})[2]
    raw = [base64.b64decode(v, validate=True) for v in vectors(packed)]
    floats = [list(struct.unpack("<%df" % (len(b) // 4), b)) for b in raw]
    check("base64 is little-endian f32", difference(floats, wanted) < 2e-6, packed)
    check("float and base64 are the same numbers",
          difference(floats, vectors(server.embed({"input": TEXTS, "truncate": True})[2])) < 1e-9)
    for dims in (1, 5, 63, 64):
        cut = vectors(server.embed({"input": TEXTS[:2], "dimensions": dims})[2])
        length = sum(x * x for x in cut[0])
        check("%d dimensions" % dims, len(cut[0]) == dims and abs(length - 1) < 1e-5, cut)


def ids(server):
    tokens = json.loads(subprocess.run([COMMAND, "tokenize", "-m", MODEL, TEXTS[0]],
                                       stdout=subprocess.PIPE, check=True).stdout)
    whole = tokens["ids"]
    wanted = command_vectors(TEXTS[:1])
    answers = [server.embed({"input": i})[2] for i in (whole, [whole], whole[1:-1], [whole[1:-1]])]
    for name, answer in zip(("ids", "a list of ids", "ids without the special tokens",
                             "a list of those"), answers):
        check(name, difference(vectors(answer), wanted) < 2e-6, answer)
    check("ids are counted with the special tokens",
          all(a["usage"]["prompt_tokens"] == len(whole) for a in answers))
    both = server.embed({"input": [whole, whole[1:3]]})[2]
    check("several lists of ids", len(both["data"]) == 2, both)


def models(server):
    status, _, text = server.get("/v1/models")
    answer = json.loads(text)
    check("/v1/models", status == 200 and answer["object"] == "list" and
          answer["data"][0]["id"] == "standin" and answer["data"][0]["object"] == "model", text)


def cache(folder):
    file = os.path.join(folder, "results.cache")
    body = {"input": TEXTS + TEXTS[:2], "truncate": True}
    with Server(cache=file) as server:
        first = server.request("POST", "/v1/embeddings", body)[2]
        check("a hit is the very bytes", server.request("POST", "/v1/embeddings", body)[2] == first)
        check("hits are told in the log", wait_for(lambda: "9 cached" in server.log()), server.log())
        other = vectors(server.embed({"input": TEXTS[0], "dimensions": 3})[2])
        check("fewer dimensions are another answer", len(other[0]) == 3, other)
    with Server(cache=file) as server:
        again = server.request("POST", "/v1/embeddings", body)[2]
        check("and after a restart", again == first and
              wait_for(lambda: "9 cached" in server.log()), server.log())
    with Server(cache="off") as server:
        off = server.request("POST", "/v1/embeddings", body)[2]
        server.request("POST", "/v1/embeddings", body)
        same = difference(vectors(json.loads(off)), vectors(json.loads(first)))
        check("without a cache the same", same < 2e-6 and "9 cached" not in server.log(), same)
    with Server(cache="/nowhere/at/all.cache") as server:
        check("a cache that cannot be is no fault", server.embed(body)[0] == 200)


with Server() as server:
    forms(server)
    ids(server)
    models(server)
with tempfile.TemporaryDirectory() as folder:
    cache(folder)
done()
