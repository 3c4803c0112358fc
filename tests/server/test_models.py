#!/usr/bin/env python3
"""Several models in one process: names, choosing by X-Model-ID, what is loaded, one mapped copy."""
import json
import os
import shutil
import tempfile

from harness import MODEL, ROOT, Server, check, done, wait_for

OTHER = os.path.join(ROOT, "build", "default.gte")


def post(server, path, body, name=None):
    status, _, text = server.request("POST", path, body, {"X-Model-ID": name} if name else None)
    return status, json.loads(text)


def models_of(server):
    return {m["id"]: m for m in json.loads(server.get("/v1/models")[2])["data"]}


def mapped(server, path):
    """How many times the process has mapped the file's beginning."""
    with open("/proc/%d/maps" % server.process.pid) as file:
        return sum(line.split()[2] == "00000000" and line.rstrip().endswith(path) for line in file)


def choose(server):
    listed = models_of(server)
    check("all are listed, in order", list(listed) == ["one", "again", "two"], listed)
    check("with what they do", all(m["embedding"] and m["tasks"] == [
        "sentiment", "classification", "qa"] for m in listed.values()), listed)
    check("one is the default", listed["one"]["default_for"] == [
        "sentiment", "classification", "qa"] and not listed["two"]["default_for"], listed)
    vectors = {name: post(server, "/embed", {"inputs": "hello"}, name) for name in
               (None, "one", "again", "two")}
    check("all answer", all(status == 200 for status, _ in vectors.values()), vectors)
    check("the first is the default", vectors[None][1] == vectors["one"][1] == vectors["again"][1])
    check("another gives other vectors", vectors["two"][1] != vectors["one"][1])
    check("and the same ones from the cache",
          post(server, "/embed", {"inputs": "hello"}, "two")[1] == vectors["two"][1])
    for path, body, where in (
            ("/embed", {"inputs": "a"}, "error"), ("/v1/embeddings", {"input": "a"}, "error"),
            ("/tokenize", {"inputs": "a"}, "error"), ("/rerank", {"query": "a", "texts": ["b"]}, "error"),
            ("/predict", {"task_type": "sentiment", "input_text": "a"}, "error")):
        status, got = post(server, path, body, "none")
        message = got["error"] if isinstance(got["error"], str) else got["error"]["message"]
        check("%s: a name that is not loaded: 404" % path, status == 404 and "none" in message, got)
    check("404 in OpenAI's shape", post(server, "/v1/embeddings", {"input": "a"}, "none")[1]["error"][
        "code"] == "model_not_found")
    status, got = post(server, "/v1/embeddings", {"input": "hello", "model": "two"})
    check("OpenAI's model chooses", status == 200 and got["model"] == "two" and
          got["data"][0]["embedding"] == vectors["two"][1][0], got["model"])
    status, got = post(server, "/v1/embeddings", {"input": "hello", "model": "text-embedding-3-small"})
    check("unless it is not loaded", status == 200 and got["model"] == "one", got.get("model"))
    status, got = post(server, "/predict", {"task_type": "sentiment", "input_text": "hello"}, "two")
    check("/predict tells who answered", status == 200 and got["model"] == "two", got)
    info = json.loads(server.request("GET", "/info", headers={"X-Model-ID": "two"})[2])
    check("/info of a name", info["served_model_name"] == "two", info)
    metrics = server.get("/metrics")[2].decode()
    check("figures of each file", 'gte_model_inputs_total{model="one"}' in metrics and
          'gte_model_inputs_total{model="two"}' in metrics and
          'gte_model_info{model="again"' in metrics, metrics[-600:])


def settings(folder):
    config = os.path.join(folder, "gte.conf")
    with open(config, "w") as file:
        file.write("model = one=%s\nmodel = two=%s\n" % (MODEL, OTHER))
    with Server("--config", config, model=None) as server:
        check("a file names several", list(models_of(server)) == ["one", "two"])
    with Server("--config", config, model=None, env={"GTE_MODEL": "x=%s,y=%s" % (OTHER, MODEL)}) as s:
        check("the environment names others, by commas", list(models_of(s)) == ["x", "y"])
    with Server("--config", config, "--embedding", "z", model="z=" + OTHER) as server:
        check("options come last", list(models_of(server)) == ["z"])
    for name, options in (("one name twice", ["-m", "a=" + MODEL, "-m", "a=" + OTHER]),
                          ("no such embedder", ["-m", MODEL, "--embedding", "b"]),
                          ("a task without a name", ["-m", MODEL, "--task", "ner"]),
                          ("an unknown task", ["-m", MODEL, "--task", "poem=a"]),
                          ("a task of nobody", ["-m", MODEL, "--task", "qa=b"]),
                          ("a task that it cannot do", ["-m", "a=" + MODEL, "--task", "ner=a"]),
                          ("a head that is none", ["-m", MODEL, "--head", MODEL]),
                          ("a head that is not there", ["-m", MODEL, "--head", "/nonexistent"])):
        server = Server(*options, model=None)
        check("%s: refused" % name, server.process.wait(30) == 1 and "ERROR" in server.log(),
              server.log())


if __name__ == "__main__":
    if not os.path.exists(OTHER):
        print("SKIP: %s is not there" % OTHER)
        done()
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(MODEL, os.path.join(folder, "copy.gte"))
        with Server("-m", "again=" + copy, "-m", "two=" + OTHER, model="one=" + copy) as server:
            choose(server)
            check("two names, one mapped copy", mapped(server, copy) == 1, mapped(server, copy))
        settings(folder)
    done()
