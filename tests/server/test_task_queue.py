#!/usr/bin/env python3
"""Heads in the server's queue: bad requests beside good ones, equal ones, more than may wait,
shutting down with work in flight; which model or head does a task; heads of gte train."""
import os
import signal
import subprocess
import tempfile
import threading

from harness import COMMAND, MODEL, SLOW, Server, check, done, wait_for
from test_tasks import ask, convert, post


def together(count, one):
    """one(0) ... one(count - 1), each on a thread, until all have ended."""
    threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def trained(folder):
    data, head = os.path.join(folder, "data.csv"), os.path.join(folder, "head.gte")
    with open(data, "w") as file:
        file.write("text,category\n" + "".join(
            "%s %d,%s\n" % (word, i, word) for i in range(8) for word in ("sun", "rain", "snow")))
    made = subprocess.run([COMMAND, "train", "-m", MODEL, "--folds", "0", "-o", head, data],
                          capture_output=True, text=True)
    check("gte train makes a head", made.returncode == 0, made.stderr)
    with Server("--head", "weather=" + head) as server:
        status, got = ask(server, "classification", "snow 3")
        check("a head in a file of its own", status == 200 and got["model"] == "standin" and
              got["head"] == "weather" and got["result"]["engine"] == "linear" and
              sorted(got["result"]["labels"]) == ["rain", "snow", "sun"], got)
        check("the same from the cache", ask(server, "classification", "snow 3")[1]["cached"])
        check("vectors are served as before", post(server, "/embed", {"inputs": "a"})[0] == 200)
        check("sentiment by likeness still",
              ask(server, "sentiment", "good")[1]["result"]["engine"] == "zero-shot")
        inputs = post(server, "/predict", {"inputs": "snow 3"})[1]
        check("TEI's predict by it", inputs[0]["label"] == got["result"]["label"], inputs)
    server = Server("--head", head, model=os.path.join(folder, "qa.gte"))
    check("a head for another model: refused, and told", server.process.wait(30) == 1 and
          "none of the models takes the head" in server.log(), server.log())


# What comes while a batch runs makes the next one: many texts at once, some of them bad.
def neighbours(folder):
    with Server("--workers", "1", "--threads", "1", "--truncate=off", cache="off",
                model="qa=" + os.path.join(folder, "qa.gte")) as server:
        context = "北京大学在北京市海淀区。" * 3
        alone = ask(server, "qa", context + "|北京大学在哪里?")[1]["result"]
        answers = [None] * 40
        bad = "问" * 600  # a question longer than the model reads

        def one(i):
            answers[i] = ask(server, "qa", "%s|%s" % (context, bad if i % 4 == 3 else "北京大学在哪里?"))

        together(len(answers), one)
        check("good neighbours of bad requests are answered", all(
            status == 200 and got["result"] == alone
            for i, (status, got) in enumerate(answers) if i % 4 != 3), answers[:4])
        check("the bad ones are told", all(
            400 <= status < 500 for i, (status, _) in enumerate(answers) if i % 4 == 3), answers[3])


def equal(folder):
    with Server("--workers", "1", cache="off", model="n=" + os.path.join(folder, "ner-bio.gte")) as server:
        text = "彭小军在北京大学学习。" * 400

        def some_shared():
            together(12, lambda i: ask(server, "ner", text))
            return b"gte_shared_inputs_total 0\n" not in server.get("/metrics")[2]

        check("equal requests in flight are computed once", wait_for(some_shared, 10))


def several_heads(folder):
    path = os.path.join(folder, "ner-bio.gte")
    options = ["-m", "b=" + os.path.join(folder, "raner.gte"), "-m", "e=" + MODEL, "--task", "ner=b"]
    with Server(*options, model="a=" + path) as server:
        check("--task decides", ask(server, "ner", "北京")[1]["model"] == "b")
        check("a name decides more", ask(server, "ner", "北京", name="a")[1]["model"] == "a")
        check("the one without a head embeds",
              post(server, "/v1/embeddings", {"input": "a"})[1]["model"] == "e")
    with Server("--embedding", "a", model="a=" + path) as server:
        check("--embedding lets a model with a head embed",
              post(server, "/v1/embeddings", {"input": "a"})[0] == 200)
    with Server(model="a=" + path) as server:
        status, got = post(server, "/v1/embeddings", {"input": "a"})
        check("else there is none that does", status == 400 and "no embedding model" in
              got["error"]["message"], got)
        check("and /tokenize has one all the same", post(server, "/tokenize", {"inputs": "a"})[0] == 200)
        check("/ready and /health know", server.get("/ready")[0] == 200 and server.get("/health")[0] == 200)


def drain(folder):
    server = Server("--workers", "1", "--threads", "1", cache="off",
                    model="n=" + os.path.join(folder, "ner-bio.gte"))
    answers = []

    def one(i):
        try:
            answers.append(ask(server, "ner", "%d彭小军在北京大学学习。" % i * 300)[0])
        except OSError as error:
            answers.append(repr(error))

    threads = [threading.Thread(target=one, args=(i,)) for i in range(24)]
    for t in threads:
        t.start()
    wait_for(lambda: b"gte_queue_items 0\n" not in server.get("/metrics")[2], 2)
    server.process.send_signal(signal.SIGTERM)
    for t in threads:
        t.join()
    accepted = [a for a in answers if a != 503 and not isinstance(a, str)]
    check("SIGTERM with tasks in flight: what was accepted is answered", len(answers) == 24 and
          accepted and all(a == 200 for a in accepted), answers)
    check("and then the end", server.process.wait(30 * SLOW) == 0, server.log()[-500:])


# More than may wait, at a model that is busy: refused at once, and told when to come again.
def overload(folder):
    with Server("--workers", "1", "--threads", "1", "--queue-items", "4", "--max-items", "4", cache="off",
                model="n=" + os.path.join(folder, "ner-bio.gte")) as server:
        answers = []

        def one(i):
            body = {"task_type": "ner", "input_text": "%d彭小军在北京大学学习。" % i * 500}
            answers.append(server.request("POST", "/predict", body)[:2])

        def some_refused():
            together(40, one)
            return any(status == 429 for status, _ in answers)

        wait_for(some_refused, 10)
        refused = [headers for status, headers in answers if status == 429]
        check("too many tasks: 429 and Retry-After, the others answered", refused and
              all(int(h["Retry-After"]) >= 1 for h in refused) and
              {status for status, _ in answers} == {200, 429}, [status for status, _ in answers])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        for name in ("ner-bio", "raner", "qa"):
            convert(place, name)
        for part in (neighbours, equal, several_heads, trained, drain, overload):
            part(place)
    done()
