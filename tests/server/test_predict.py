#!/usr/bin/env python3
"""POST /predict: the envelope, the tasks that an embedding model does, and what is refused."""
import json
import re
import time

from harness import SLOW, Server, check, done


def predict(server, **body):
    status, _, text = server.request("POST", "/predict", body)
    return status, json.loads(text)


def envelope(server):
    status, got = predict(server, task_type="classification", input_text="今天股市大涨")
    check("the envelope", status == 200 and sorted(got) == sorted(
        ["result", "task_type", "timestamp", "version", "request_id", "elapsed_ms", "model",
         "cached", "truncated"]), got)
    check("its time", re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", got["timestamp"]), got)
    check("its flags", got["cached"] is False and got["truncated"] is False and
          got["elapsed_ms"] > 0, got)
    again = predict(server, task_type="classification", input_text="今天股市大涨")[1]
    check("a second time it comes from the cache", again["cached"] is True and
          again["result"] == got["result"], again)
    long = predict(server, task_type="sentiment", input_text="很好。" * 2000)[1]
    check("a long text is cut, and the answer says so", long["truncated"] is True, long)


def labels(server):
    for text, first in (("I like it", "positive"), ("我喜欢", "正面")):
        status, got = predict(server, task_type="sentiment", input_text=text)
        result = got["result"]
        check("sentiment: labels in the language of %s" % text, status == 200 and
              first in result["scores"] and result["aspects"] == [] and
              result["engine"] == "zero-shot", got)
        check("sentiment: scores sum to 1", abs(sum(result["scores"].values()) - 1) < 1e-4 and
              result["score"] == max(result["scores"].values()) ==
              result["scores"][result["label"]], got)
    own = ["apple pie", "hello world", "x"]
    result = predict(server, task_type="classification", input_text="hello world", labels=own)[1][
        "result"]
    check("classification: own labels, the equal one first", result["label"] == "hello world" and
          sorted(result["labels"]) == sorted(own) and
          result["scores"] == sorted(result["scores"], reverse=True), result)
    for other in (own[:2], own[::-1], [own[0] + own[1]]):
        result = predict(server, task_type="classification", input_text="hello world",
                         labels=other)[1]["result"]
        check("classification: other labels, another result", sorted(result["labels"]) ==
              sorted(other), result)
        again = predict(server, task_type="classification", input_text="hello world", labels=other)[1]
        check("and the same again from the cache", again["cached"] and again["result"] == result,
              again)
    for name, bad in (("empty", []), ("a string", "a"), ("not strings", [1]), ("twice", ["a", "a"]),
                      ("too many", ["l%d" % i for i in range(101)]), ("an empty one", [""])):
        status, got = predict(server, task_type="classification", input_text="a", labels=bad)
        check("labels: %s: 422" % name, status == 422 and "labels" in got["error"]["message"], got)


def answers(server):
    for text, answer, start in (
            ("大莱龙铁路位于山东省北部环渤海地区|大莱龙铁路位于哪里?", "山东省北部环渤海地区", 7),
            ("🙂 The bridge was opened in 1932.｜When was the bridge opened?", "1932", 27),
            ("a|b|the a", "b", 2)):
        status, got = predict(server, task_type="qa", input_text=text)
        result = got["result"]
        check("qa: %s" % answer, status == 200 and result["answer"] == answer and
              result["start"] == start and text[result["start"]:result["end"]] == answer and
              0 <= result["score"] <= 1.0001 and result["engine"] == "retrieval", got)
    for bad in ("no bar", "context|", "|question", " | ", "x｜"):
        status, got = predict(server, task_type="qa", input_text=bad)
        check("qa: %r: 400" % bad, status == 400 and got["error"]["code"] == "bad_question", got)


# Many different words on both sides: looked for one by one they would take a minute.
def long_answer(server):
    context = " ".join("a%x" % i for i in range(60000))
    question = " ".join("b%x" % i for i in range(60000))
    begin = time.monotonic()
    status, got = predict(server, task_type="qa", input_text=context + "|" + question)
    seconds = time.monotonic() - begin
    check("qa: a long text and a long question: soon", status == 200 and seconds < 10 * SLOW and
          got["result"]["answer"] == context, (status, seconds))


def refused(server):
    for task in ("ner", "relation", "event"):
        status, got = predict(server, task_type=task, input_text="张三在北京")
        check("%s: 503, no model" % task, status == 503 and
              "no model loaded for this task" in got["error"]["message"], got)
    for body, code in (({"task_type": "poem", "input_text": "a"}, "unknown_task"),
                       ({"task_type": 1, "input_text": "a"}, "missing_field"),
                       ({"task_type": "ner"}, "missing_field"),
                       ({"task_type": "qa", "input_text": ["a"]}, "missing_field"),
                       ({"task_type": "sentiment", "input_text": ""}, "empty_text")):
        status, got = predict(server, **body)
        check("%s: 400 %s" % (json.dumps(body), code), status == 400 and
              got["error"]["code"] == code and got["request_id"], got)
    status, got = predict(server, inputs="a")
    check("TEI's inputs: 424, no classifier", status == 424, got)


if __name__ == "__main__":
    with Server() as s:
        envelope(s)
        labels(s)
        answers(s)
        long_answer(s)
        refused(s)
    done()
