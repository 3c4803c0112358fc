#!/usr/bin/env python3
"""The six tasks by heads over HTTP: checkpoints as `gte convert` reads them, their answers as their
references have them; models chosen by name; TEI's /rerank and /predict."""
import json
import os
import subprocess
import tempfile
import threading
import time

from harness import COMMAND, MODEL, ROOT, SLOW, Server, check, done, wait_for

HEADS = os.path.join(ROOT, "tests", "golden", "heads")
SHARED = os.environ.get("GTE_SHARED", os.path.join(ROOT, "..", "shared"))
NAMES = ("ner-bio", "raner", "cls-single", "cls-multi", "qa", "uie", "rerank")


def reference(name):
    with open(os.path.join(HEADS, name, "reference.json")) as file:
        return json.load(file)


def convert(folder, name, place=HEADS):
    out = os.path.join(folder, name + ".gte")
    subprocess.run([COMMAND, "convert", os.path.join(place, name), out], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return out


def ask(server, task, text, name=None, path="/predict", **more):
    status, _, body = server.request("POST", path, dict(task_type=task, input_text=text, **more),
                                     {"X-Model-ID": name} if name else None)
    return status, json.loads(body)


def post(server, path, body, name=None):
    status, _, text = server.request("POST", path, body, {"X-Model-ID": name} if name else None)
    return status, json.loads(text)


def near(a, b, most=1e-4):
    return abs(a - b) <= most


def listed(server):
    models = {m["id"]: m for m in json.loads(server.get("/v1/models")[2])["data"]}
    wanted = {"standin": "classification qa", "ner-bio": "ner", "raner": "", "cls-single": "sentiment",
              "cls-multi": "", "qa": "qa", "uie": "relation event", "rerank": ""}
    for name, tasks in wanted.items():
        if name == "standin":
            tasks = ""
        if name == "cls-multi":
            tasks = "classification"
        check("%s is the default for: %s" % (name, tasks or "nothing"),
              models[name]["default_for"] == tasks.split(), models[name])
    check("only models without a head embed", [n for n, m in models.items() if m["embedding"]] ==
          ["standin"], models)


def labels(server):
    for case in reference("cls-single")["cases"]:
        if case["pair"] is not None or not case["text"]:
            continue
        names = reference("cls-single")["labels"]
        status, got = ask(server, "sentiment", case["text"])
        check("sentiment of %.20s" % case["text"], status == 200 and all(
            near(got["result"]["scores"][n], s) for n, s in zip(names, case["scores"])) and
            got["result"]["engine"] == "classifier" and got["model"] == "cls-single" and
            got["result"]["label"] == names[case["scores"].index(max(case["scores"]))], got)
    status, got = ask(server, "classification", "好", name="cls-multi")
    wanted = dict(zip(reference("cls-multi")["labels"], reference("cls-multi")["cases"][0]["scores"]))
    result = got["result"]
    check("classification, labels by themselves", status == 200 and all(
        near(wanted[n], s) for n, s in zip(result["labels"], result["scores"])), got)
    status, got = ask(server, "classification", "好", name="standin", labels=["好", "坏"])
    check("another by name, with labels of the request", status == 200 and
          got["result"]["engine"] == "zero-shot" and sorted(got["result"]["labels"]) == ["坏", "好"] and
          got["model"] == "standin", got)


def spans(server):
    text = "2022年北京冬奥会在北京举行"
    count = lambda result: float([line.split()[1] for line in server.get("/metrics")[2].decode().splitlines()
                                  if line.startswith('gte_cache_requests_total{result="%s"}' % result)][0])
    before = count("miss"), count("hit")
    for _ in range(2):
        ask(server, "ner", text + "。", name="ner-bio")
    check("a miss and a hit are counted", (count("miss"), count("hit")) == (before[0] + 1, before[1] + 1))
    for name, engine in (("ner-bio", "token-classifier"), ("raner", "crf")):
        status, got = ask(server, "ner", text, name=name)
        result = got["result"]
        check("ner by %s" % name, status == 200 and result["engine"] == engine and all(
            text[e["start"]:e["end"]] == e["text"] and e["type"] for e in result["entities"]), got)
        raw = ask(server, "ner", text, name=name, path="/predict?raw=1")[1]["result"]["output"]
        check("and as ModelScope's users know it", raw == [
            [{"type": e["type"], "span": e["text"], "offset": [e["start"], e["end"]]}]
            for e in result["entities"]], raw)
        again = ask(server, "ner", text, name=name)[1]
        check("and the same again from the cache", again["cached"] and again["result"] == result, again)
    for case in reference("uie")["cases"]:
        for extraction in case["extractions"]:
            if not case["text"].strip():
                continue
            status, got = ask(server, "ner", case["text"], name="uie", path="/predict?raw=1",
                              schema=extraction["schema"])
            order = lambda rows: sorted(json.dumps(r, ensure_ascii=False) for r in rows)
            wanted = [[{k: s[k] for k in ("type", "span", "offset")} for s in row]
                      for row in extraction["output"]]
            check("extraction from %.12s by %.40s" % (
                case["text"], json.dumps(extraction["schema"], ensure_ascii=False)),
                status == 200 and order(got["result"]["output"]) == order(wanted), (got, wanted))
    for task, field in (("relation", "relations"), ("event", "events")):
        status, got = ask(server, task, text)
        check("%s by the schema of the task" % task, status == 200 and
              isinstance(got["result"][field], list) and got["result"]["engine"] == "siamese-uie", got)
    for name, bad in (("a string", "a"), ("empty", {}), ("a number below", {"a": 1}),
                      ("an empty name", {"": None}), ("too deep", {"a": {"b": {"c": {"d": {"e": None}}}}}),
                      ("too many", {str(i): None for i in range(300)})):
        status, got = ask(server, "ner", text, name="uie", schema=bad)
        check("schema: %s: 422" % name, status == 422 and got["error"]["message"], got)


def questions(server):
    for case in reference("qa")["cases"]:
        question, context = case["question"], case["context"]
        if not question.strip() or not context.strip() or len(case["windows"]) != 1:
            continue
        status, got = ask(server, "qa", context + "|" + question)
        result = got["result"]
        # references look at answers of at most 15 tokens, the library of 30
        check("qa: %.20s" % question, status == 200 and result["engine"] == "extractive-qa" and
              context[result["start"]:result["end"]] == result["answer"], got)
    raw = ask(server, "qa", "北京大学在北京市海淀区|北京大学在哪里?", path="/predict?raw=1")[1]
    check("qa, raw: the question is the type", all(
        s["type"] == "北京大学在哪里?" for row in raw["result"]["output"] for s in row), raw)
    status, got = ask(server, "qa", "a|")
    check("qa without a question: 400", status == 400 and got["error"]["code"] == "bad_question", got)


def long_text(server):
    text = "彭小军在北京大学学习。张三在上海工作。" * 550
    status, got = ask(server, "ner", text)
    entities = got["result"]["entities"]
    check("10,000 characters: not cut, spans in order and apart", status == 200 and
          not got["truncated"] and all(text[e["start"]:e["end"]] == e["text"] for e in entities) and
          all(a["end"] <= b["start"] for a, b in zip(entities, entities[1:])),
          (status, got["truncated"], len(entities)))
    text = "今天天气真好适合出去游玩" * 12
    first, again = ask(server, "ner", text, name="uie")[1], ask(server, "ner", text, name="uie")[1]
    size = len(json.dumps(first["result"]))
    check("a result of %d bytes from the cache" % size, 4096 < size and again["cached"] and
          again["result"] == first["result"], (len(first["result"]["entities"]), again["cached"]))


def reranking(server):
    for case in reference("rerank")["cases"]:
        if not case["text"] or not case["pair"]:
            continue
        body = {"query": case["text"], "texts": [case["pair"], "x"], "truncate": True}
        status, got = post(server, "/rerank", body)
        score = {g["index"]: g["score"] for g in got}
        raw = {g["index"]: g["score"] for g in post(server, "/rerank", dict(body, raw_scores=True))[1]}
        check("rerank: %.20s" % case["text"], status == 200 and near(score[0], case["scores"][0]) and
              near(raw[0], case["logits"][0], 1e-3) and
              [g["score"] for g in got] == sorted(score.values(), reverse=True), (got, case))
    status, got = post(server, "/rerank", {"query": "a", "texts": ["a", "b"]}, "standin")
    check("rerank by an embedding model: cosine", status == 200 and near(got[0]["score"], 1), got)
    status, got = post(server, "/rerank", {"query": "a", "texts": ["b"]}, "qa")
    check("rerank by neither: 424", status == 424 and got["error_type"] == "Backend", got)


def tei_predict(server):
    case = reference("cls-multi")["cases"][0]
    names = reference("cls-multi")["labels"]
    status, one = post(server, "/predict", {"inputs": case["text"]}, "cls-multi")
    check("TEI's predict: a string", status == 200 and
          all(near(dict(zip(names, case["scores"]))[g["label"]], g["score"]) for g in one) and
          [g["score"] for g in one] == sorted((g["score"] for g in one), reverse=True), one)
    raw = post(server, "/predict", {"inputs": case["text"], "raw_scores": True}, "cls-multi")[1]
    check("raw scores", all(near(dict(zip(names, case["logits"]))[g["label"]], g["score"], 1e-3)
                            for g in raw), raw)
    status, many = post(server, "/predict", {"inputs": [[case["text"]], ["a", "b"]]}, "cls-multi")
    check("a list", status == 200 and len(many) == 2 and near(many[0][0]["score"], one[0]["score"]), many)
    pair = post(server, "/predict", {"inputs": ["a", "b"]}, "cls-multi")[1]
    check("a pair", near(pair[0]["score"], many[1][0]["score"]), pair)
    for bad in ([], [["a", "b", "c"]], [[]], {"a": 1}, "", ["", "b"]):
        status, got = post(server, "/predict", {"inputs": bad}, "cls-multi")
        check("inputs %s: 4xx" % json.dumps(bad), status in (400, 422), got)
    status, got = post(server, "/predict", {"inputs": "a"}, "ner-bio")
    check("inputs to another kind of head: 424", status == 424, got)


def refusals(server):
    status, got = ask(server, "ner", "a", name="nobody")
    check("a model that is not loaded: 404", status == 404 and got["error"]["code"] ==
          "model_not_found", got)
    for name, task in (("standin", "ner"), ("ner-bio", "qa"), ("qa", "event")):
        status, got = ask(server, task, "a|b", name=name)
        check("%s by %s: 503, and what to load" % (task, name), status == 503 and
              "convert and load" in got["error"]["message"], got)
    for path, body in (("/embed", {"inputs": "a"}), ("/v1/embeddings", {"input": "a"})):
        status, got = post(server, path, body, "ner-bio")
        check("%s of a model with a head: refused" % path, status in (400, 424), got)


# Labels and schemas go to who can follow them.
def own_wishes(server):
    status, got = ask(server, "sentiment", "好", labels=["好", "坏"])
    check("labels of the request: an embedding model's work", status == 200 and
          got["model"] == "standin" and sorted(got["result"]["scores"]) == ["坏", "好"], got)
    status, got = ask(server, "sentiment", "好", name="cls-single", labels=["好", "坏"])
    check("a head has labels of its own: 422", status == 422 and
          got["error"]["code"] == "bad_labels", got)
    status, got = ask(server, "ner", "北京", schema={"城市": None})
    check("a schema: SiameseUIE's work", status == 200 and got["model"] == "uie" and
          all(e["type"] == "城市" for e in got["result"]["entities"]), got)
    for name, task in (("ner-bio", "ner"), (None, "classification")):
        status, got = ask(server, task, "北京", name=name, schema={"城市": None})
        check("no schema for %s by %s: 422" % (task, name), status == 422 and
              got["error"]["code"] == "bad_schema", got)


# Minutes of work: nobody waits for it any more after the deadline, so it must not go on.
def deadline(server):
    schema = {"%d" % i: {"%d" % j: None for j in range(12)} for i in range(12)}
    begin = time.monotonic()
    status, _, body = server.request(
        "POST", "/predict", {"task_type": "ner", "input_text": "2022年北京冬奥会" * 1200, "schema": schema},
        {"X-Model-ID": "uie", "X-Request-Timeout": "0.1"})
    seconds = time.monotonic() - begin
    check("an extraction that takes too long: 504 in time", status == 504 and seconds < 5 * SLOW,
          (status, seconds, body[:200]))
    check("and it ends", wait_for(lambda: 'gte_model_running_items{model="uie"} 0\n' in
                                  server.get("/metrics")[2].decode(), 5))
    status = server.request("POST", "/predict", {"task_type": "ner", "input_text": "!" * 890000},
                            {"X-Model-ID": "ner-bio", "X-Request-Timeout": "0.1"})[0]
    check("thousands of windows: 504 in time", status == 504, status)
    check("and they end", wait_for(lambda: 'gte_model_running_items{model="ner-bio"} 0\n' in
                                   server.get("/metrics")[2].decode(), 5))


# Several models under load at once, for the sanitizers too.
def load(server):
    texts = ["第%d个人在北京工作" % (i % 37) for i in range(60)]
    wrong = []

    def many(task, name):
        for text in texts:
            status, got = ask(server, task, text + ("|谁在工作" if task == "qa" else ""), name=name)
            if status != 200:
                wrong.append((task, name, got))

    work = [("ner", "ner-bio"), ("ner", "raner"), ("sentiment", "cls-single"), ("qa", "qa"),
            ("relation", "uie"), ("classification", "standin")]
    threads = [threading.Thread(target=many, args=w) for w in work]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    check("six tasks at once on as many models", not wrong, wrong[:2])


def shared_models(folder):
    place = os.path.join(SHARED, "models")
    if not os.path.isdir(place):
        print("SKIP: %s is not there" % place)
        return
    for name, task in (("zh-cls-tiny", "sentiment"), ("zh-ner-tiny", "ner")):
        with Server(model="m=" + convert(folder, name, place)) as server:
            status, got = ask(server, task, "彭小军认为这个产品的质量非常好")
            check("%s of %s" % (task, name), status == 200 and got["model"] == "m" and
                  got["result"]["engine"] in ("classifier", "token-classifier"), got)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        files = [word for name in NAMES for word in ("-m", name + "=" + convert(place, name))]
        with Server(*files, model="standin=" + MODEL) as s:
            for part in (listed, labels, spans, questions, long_text, reranking, tei_predict, refusals,
                         own_wishes, load, deadline):
                part(s)
        shared_models(place)
    done()
