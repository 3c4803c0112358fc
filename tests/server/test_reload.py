#!/usr/bin/env python3
"""SIGHUP while the server runs: limits, labels, and files that are no good."""
import json
import os
import signal
import tempfile
import threading

from harness import Server, check, done, wait_for

TOPICS = {"classification": {"en": [{"name": "cats", "text": "cats and kittens"},
                                    {"name": "dogs"}]}}


def reload(server, wanted="reloaded keys"):
    """Sends SIGHUP and waits for one more line of it."""
    before = server.log().count(wanted)
    server.process.send_signal(signal.SIGHUP)
    return wait_for(lambda: server.log().count(wanted) > before)


def write(path, text):
    with open(path, "w") as out:
        out.write(text if isinstance(text, str) else json.dumps(text))


def limits(folder):
    conf = os.path.join(folder, "gte.conf")
    write(conf, "max-body = 5000\n")
    with Server("--config", conf, cache="off") as server:
        def status(body, headers=None):
            return server.embed(body, headers)[0]
        long, many = {"input": "a" * 3000}, {"input": ["a", "b", "c"]}
        check("within the first limits", status(long) == 200 and status(many) == 200)
        write(conf, "max-body = 2000\nmax-items = 2\nrequest-timeout = 1\nthreads = 1\nrate = 1000\n")
        check("SIGHUP reads limits", reload(server))
        log = server.log()
        check("the log names what changed", "max-body: 2000, was 5000" in log and
              "max-items: 2, was 2048" in log and "queue-items" not in log, log[-1500:])
        check("and what is read at the start only", "threads is read at the start only" in log, log)
        check("a smaller body", status(long) == 413)
        check("fewer items", status(many) == 400, status(many))
        check("/info tells", json.loads(server.get("/info")[2])["max_client_batch_size"] == 2)
        for name, text, wanted in (("a word", "max-body = x\n", "whole number"),
                                   ("limits that do not fit", "queue-items = 1\n", "max-items"),
                                   ("keys that are not there", "api-key-file = /nowhere\n",
                                    "/nowhere")):
            write(conf, text)
            check(name + ": nothing changes", reload(server, "not reloaded") and
                  wanted in server.log().splitlines()[-1] and status(long) == 413, server.log()[-500:])
        write(conf, "max-tokens = 5\nqueue-tokens = 5\n")
        check("tokens", reload(server, "max-tokens: 5") and status(many) == 400, status(many))
        write(conf, "queue-items = 3\nmax-items = 3\n")
        check("the queue", reload(server, "queue-items: 3") and status(many) == 200 and
              status({"input": ["a", "b", "c", "d"]}) != 200)
        write(conf, "log-level = warning\nthreads = 1\n")
        check("the log's level", reload(server, "threads is read") and
              server.get("/nothing")[0] == 404 and "/nothing" not in server.log())


def classify(server, text="I like my kitten", task="classification", **more):
    status, _, body = server.request("POST", "/predict", dict(task_type=task, input_text=text,
                                                              **more))
    return status, json.loads(body)


def names(answer):
    return sorted(answer[1]["result"]["labels"])


def labels(folder):
    file = os.path.join(folder, "labels.json")
    write(file, TOPICS)
    with Server("--labels", file) as server:
        check("labels of a file", names(classify(server)) == ["cats", "dogs"])
        check("what it leaves out stays", len(names(classify(server, "我喜欢猫"))) == 10 and
              "positive" in classify(server, task="sentiment")[1]["result"]["scores"])
        check("own labels before both", names(classify(server, labels=["x", "y"])) == ["x", "y"])
        check("kept", classify(server)[1]["cached"] is True)
        fresh = json.loads(json.dumps(TOPICS))
        fresh["classification"]["en"][1]["text"] = "puppies"
        write(file, fresh)
        check("SIGHUP reads labels", reload(server) and classify(server)[1]["cached"] is False)
        for name, text, wanted in (
                ("no JSON", "{", "labels.json:1"), ("not an object", "[]", "an object"),
                ("another task", {"ner": {}}, "tasks are"),
                ("another language", {"sentiment": {"fr": []}}, "languages are"),
                ("no labels", {"sentiment": {"en": []}}, "1 to 100"),
                ("too many", {"sentiment": {"en": [{"name": str(i)} for i in range(101)]}},
                 "1 to 100"),
                ("no name", {"sentiment": {"en": [{"text": "x"}]}}, "a label is"),
                ("an empty text", {"sentiment": {"en": [{"name": "x", "text": ""}]}}, "a label is"),
                ("a number", {"sentiment": {"en": [{"name": 1}]}}, "a label is"),
                ("more than that", {"sentiment": {"en": [{"name": "x", "Text": "y"}]}}, "a label is"),
                ("one twice", {"sentiment": {"en": [{"name": "x"}, {"name": "x"}]}}, "twice"),
                ("too long", " " * 1100000, "1 MiB")):
            write(file, text)
            good = reload(server, "not reloaded") and wanted in server.log().splitlines()[-1]
            check("labels, %s: refused, the old ones stay" % name, good and
                  names(classify(server)) == ["cats", "dogs"], server.log()[-400:])
        os.unlink(file)
        check("without the file, too", reload(server, "not reloaded") and
              names(classify(server)) == ["cats", "dogs"])


def at_work(folder):
    """Requests and SIGHUPs side by side: for the thread sanitizer, and no answer may be mixed."""
    file, conf = os.path.join(folder, "l.json"), os.path.join(folder, "l.conf")
    sets = [{"classification": {"en": [{"name": "%s%d" % (a, i)} for i in range(5)]}} for a in "ab"]
    wrong, stop = [], threading.Event()
    write(file, sets[0])
    write(conf, "")
    with Server("--labels", file, "--config", conf, "--http-threads", "3", cache="off") as server:
        def client(number):
            i = 0
            while not stop.is_set():
                i += 1
                status, got = classify(server, "text %d of %d" % (i, number))
                if status != 200 or len({label[0] for label in got["result"]["labels"]}) != 1:
                    wrong.append((status, got))
        clients = [threading.Thread(target=client, args=(n,)) for n in range(3)]
        for thread in clients:
            thread.start()
        good = True
        for turn in range(20):
            for path, text in ((file, sets[turn % 2]), (conf, "max-items = %d\n" % (100 + turn))):
                write(path + ".new", text)
                os.rename(path + ".new", path)
            good = good and reload(server)
        stop.set()
        for thread in clients:
            thread.join()
        check("20 times while requests run", good and not wrong, wrong[:1])


with tempfile.TemporaryDirectory() as folder:
    limits(folder)
    labels(folder)
    at_work(folder)
done()
