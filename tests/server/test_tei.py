#!/usr/bin/env python3
"""TEI's routes: shapes of answers and errors, and the same vectors as /v1/embeddings."""
import json
import math

from harness import Server, check, done

TEXTS = ["hello world", "naïve café 東京 🙂", "a"]


def post(server, path, body):
    status, _, text = server.request("POST", path, body)
    return status, json.loads(text)


def close(a, b, bound=1e-6):
    return len(a) == len(b) and max(abs(x - y) for x, y in zip(a, b)) <= bound


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b)) / math.sqrt(
        sum(x * x for x in a) * sum(y * y for y in b))


def embed(server):
    wanted = [d["embedding"] for d in server.embed({"input": TEXTS})[2]["data"]]
    status, got = post(server, "/embed", {"inputs": TEXTS})
    check("/embed: the vectors of /v1/embeddings",
          status == 200 and all(close(a, b) for a, b in zip(got, wanted)), got)
    for path in ("/embed", "/"):
        status, got = post(server, path, {"inputs": TEXTS[0]})
        check("POST %s: one text is a list of one" % path,
              status == 200 and len(got) == 1 and close(got[0], wanted[0]), got)
    ids = [t["id"] for t in post(server, "/tokenize", {"inputs": TEXTS[0]})[1][0]]
    for shape, inputs in (("a list of ids", ids), ("a list of lists", [ids])):
        got = post(server, "/embed", {"inputs": inputs})[1]
        check("/embed: " + shape, len(got) == 1 and close(got[0], wanted[0]), got)
    states = post(server, "/embed_all", {"inputs": TEXTS})[1]
    mean = [sum(column) / len(states[0]) for column in zip(*states[0])]
    check("/embed_all: a state for every token", len(states) == 3 and len(states[0]) == len(ids),
          [len(s) for s in states])
    raw = post(server, "/embed", {"inputs": TEXTS[0], "normalize": False})[1][0]
    check("/embed_all: their mean is the vector before its norm", close(mean, raw, 1e-5))
    length = math.sqrt(sum(x * x for x in raw))
    check("normalize false leaves the length",
          abs(length - 1) > 1e-3 and close([x / length for x in raw], wanted[0]), length)
    got = post(server, "/embed", {"inputs": TEXTS[0], "dimensions": 7, "truncate": None})[1][0]
    check("dimensions", len(got) == 7 and abs(sum(x * x for x in got) - 1) < 1e-5, got)


def wrong_fields(server):
    """One rule for all routes: a field of the wrong type or value is 422 here, 400 at OpenAI's."""
    for value in (0, -1, 65, 10 ** 12, 1.5, "7", True, [7]):
        for path, name, status in (("/embed", "inputs", 422), ("/", "inputs", 422),
                                   ("/v1/embeddings", "input", 400)):
            got, answer = post(server, path, {name: "a", "dimensions": value})
            check("%s, dimensions %r: %d" % (path, value, status), got == status and
                  "'dimensions' must be a whole number from 1 to 64" in json.dumps(answer),
                  (got, answer))
            whole = isinstance(value, int) and not isinstance(value, bool)
            if status == 400:
                check("its code", answer["error"]["code"] == ("invalid_value" if whole else
                                                              "invalid_type"), answer)
    for path, body in (("/embed", {"inputs": "a", "normalize": 1}),
                       ("/embed", {"inputs": "a", "prompt_name": 1}),
                       ("/embed_all", {"inputs": "a", "truncate": "yes"}),
                       ("/rerank", {"query": "a", "texts": ["b"], "return_text": 1}),
                       ("/tokenize", {"inputs": "a", "add_special_tokens": 1}),
                       ("/decode", {"ids": [1], "skip_special_tokens": 1})):
        got, answer = post(server, path, body)
        check("%s %s: 422" % (path, body), got == 422 and answer["error_type"] == "Validation",
              (got, answer))


def errors(server):
    long = "word " * 2000
    for name, path, body, status, said in (
            ("an empty text", "/embed", {"inputs": ""}, 400, "cannot be empty"),
            ("an empty list", "/embed", {"inputs": []}, 400, "cannot be empty"),
            ("no inputs", "/embed", {"text": "a"}, 422, "inputs"),
            ("an object", "/embed", {"inputs": {"a": 1}}, 422, "inputs"),
            ("a list that mixes", "/embed", {"inputs": ["a", 1.5]}, 422, "inputs"),
            ("too long", "/embed", {"inputs": long, "truncate": False}, 422, "tokens"),
            ("an unknown prompt", "/embed", {"inputs": "a", "prompt_name": "x"}, 422, "prompt"),
            ("cut on the left", "/embed", {"inputs": "a", "truncation_direction": "left"}, 422,
             "right"),
            ("an id of no token", "/embed", {"inputs": [99999999]}, 422, "token"),
            ("an id below zero", "/embed", {"inputs": [-1]}, 422, "token"),
            ("no sentences", "/similarity", {"inputs": {"source_sentence": "a"}}, 422,
             "sentences"),
            ("sentences empty", "/similarity",
             {"inputs": {"source_sentence": "a", "sentences": []}}, 400, "empty"),
            ("a number among texts", "/rerank", {"query": "a", "texts": ["b", 1]}, 422, "strings"),
            ("no query", "/rerank", {"texts": ["b"]}, 422, "query"),
            ("ids out of range", "/decode", {"ids": [-1]}, 422, "ids"),
            ("ids missing", "/decode", {}, 422, "ids"),
            ("a list and a number", "/decode", {"ids": [[1], 1]}, 422, "ids"),
            ("too many lists", "/decode", {"ids": [[1]] * 2049}, 422, "max-items"),
            ("tokenize too many texts", "/tokenize", {"inputs": [""] * 2049}, 422, "max-items"),
            ("tokenize too many tokens", "/tokenize", {"inputs": "!" * 300001}, 422,
             "max-tokens"),
            ("tokenize a number", "/tokenize", {"inputs": 1}, 422, "inputs")):
        got, answer = post(server, path, body)
        check("%s: %s: %d" % (path, name, status),
              got == status and said in answer["error"] and answer["error_type"], (got, answer))


def pairs(server):
    source, others = TEXTS[0], ["hello there", "東京", "hello world"]
    vectors = post(server, "/embed", {"inputs": [source] + others})[1]
    wanted = [cosine(vectors[0], v) for v in vectors[1:]]
    got = post(server, "/similarity",
               {"inputs": {"source_sentence": source, "sentences": others}})[1]
    check("/similarity: cosines", close(got, wanted, 1e-5), (got, wanted))
    got = post(server, "/rerank", {"query": source, "texts": others, "return_text": True})[1]
    check("/rerank: from the best on", [r["score"] for r in got] ==
          sorted((r["score"] for r in got), reverse=True) and
          all(abs(r["score"] - wanted[r["index"]]) < 1e-5 and r["text"] == others[r["index"]]
              for r in got) and len(got) == 3, got)
    got = post(server, "/rerank", {"query": source, "texts": others})[1]
    check("/rerank: texts only when asked for", all("text" not in r for r in got), got)


def tokens(server):
    text = "naïve 東京"
    got = post(server, "/tokenize", {"inputs": [text, "a"]})[1]
    raw = text.encode()
    inner = [t for t in got[0] if not t["special"]]
    check("/tokenize: offsets are bytes", len(got) == 2 and got[0][0]["special"] and
          got[0][-1]["start"] is None and raw[inner[-1]["start"]:inner[-1]["stop"]].decode() == "京",
          got)
    bare = post(server, "/tokenize", {"inputs": "a", "add_special_tokens": False})[1]
    check("/tokenize: without the template", [t["special"] for t in bare[0]] == [False], bare)
    ids = [t["id"] for t in post(server, "/tokenize", {"inputs": "hello world."})[1][0]]
    check("/decode: back to text", post(server, "/decode", {"ids": ids})[1] == ["hello world."])
    both = post(server, "/decode", {"ids": [ids, ids], "skip_special_tokens": False})[1]
    check("/decode: lists, and special tokens", both == ["[CLS] hello world. [SEP]"] * 2, both)


def info(server):
    status, _, text = server.get("/info")
    got = json.loads(text)
    check("/info", status == 200 and got["model_type"] == {"embedding": {"pooling": "mean"}} and
          got["max_input_length"] > 0 and got["version"], got)


if __name__ == "__main__":
    with Server() as s:
        embed(s)
        wrong_fields(s)
        errors(s)
        pairs(s)
        tokens(s)
        info(s)
    done()
