#!/usr/bin/env python3
"""Accuracy of `gte predict` beside a forward pass in numpy, on real text.

    task_oracle.py GTE MODEL_DIR TEXTS MODEL.gte... [-n N] [--type-map FROM=TO,...]

MODEL_DIR holds a BertForSequenceClassification or BertForTokenClassification with safetensors,
each MODEL.gte is what `gte convert` made of it, in one type or another. TEXTS is a CoNLL file of a
character and a label a line (its entities are the truth for a token classifier, --type-map brings
its types and the model's together), or JSON lines of {"text", "label"}, or plain lines. Tokenizer,
forward pass and decoder are tests/golden's; of the command only its JSON is read.

Prints the share of equal labels (or entities) and, with truth, accuracy or F1 of both; "not ok" and
1 as the exit code where the share of a model is below --least percent.
"""
import argparse
import json
import os
import struct
import subprocess
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))
import heads_decode as decode  # noqa: E402
from heads_text import Tokenizer  # noqa: E402
from make_golden import Bert  # noqa: E402

TYPES = {"F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8"}


def read_safetensors(path):
    with open(path, "rb") as f:
        data = f.read()
    size = struct.unpack("<Q", data[:8])[0]
    out = {}
    for name, t in json.loads(data[8:8 + size]).items():
        if name == "__metadata__":
            continue
        begin, end = (8 + size + at for at in t["data_offsets"])
        value = np.frombuffer(data[begin:end], TYPES[t["dtype"]])
        if t["dtype"] == "BF16":
            value = (value.astype(np.uint32) << 16).view(np.float32)
        out[name] = value.reshape(t["shape"]).astype(np.float64)
    return out


class Reference:
    def __init__(self, folder):
        with open(os.path.join(folder, "config.json"), encoding="utf-8") as f:
            self.config = json.load(f)
        with open(os.path.join(folder, "vocab.txt"), encoding="utf-8") as f:
            self.tokenizer = Tokenizer(f.read().rstrip("\n").split("\n"))
        weights = read_safetensors(os.path.join(folder, "model.safetensors"))
        self.bert = Bert({"layers": self.config["num_hidden_layers"], "eps": 1e-12,
                          "heads": self.config["num_attention_heads"],
                          "act": self.config["hidden_act"]},
                         {n[5:]: v for n, v in weights.items() if n.startswith("bert.")})
        self.head = {n: v for n, v in weights.items() if not n.startswith("bert.")}
        self.labels = [self.config["id2label"][str(i)] for i in range(len(self.config["id2label"]))]
        self.of_tokens = "Token" in self.config["architectures"][0]

    def answer(self, text):
        ids, types, offsets, first = self.tokenizer.encode(text)
        limit = self.config["max_position_embeddings"]
        assert len(ids) <= limit, "longer than the model: windows are not what this measures"
        x = self.bert.forward(ids, types)
        if not self.of_tokens:
            x = np.tanh(self.bert.linear(x[0], "pooler.dense"))
        logits = x @ self.head["classifier.weight"].T + self.head["classifier.bias"]
        if not self.of_tokens:
            return self.labels[int(logits.argmax())], logits
        special = (self.tokenizer.cls, self.tokenizer.sep)
        units = [{"start": o[0], "end": o[1], "scores": s, "first": f or t == self.tokenizer.unk}
                 for o, f, s, t in zip(offsets, first, decode.softmax(logits), ids)
                 if t not in special]
        found = decode.huggingface_entities(units, self.labels, "first")
        return {(e["type"], e["start"], e["end"]) for e in found}, logits[1:-1]


def command(gte, model, task, texts):
    lines = "".join(json.dumps(t, ensure_ascii=False) + "\n" for t in texts)
    arguments = [gte, "predict", "-m", model, "--task", task, "--jsonl", "--logits", "-f", "-"]
    run = subprocess.run(arguments, input=lines, capture_output=True, encoding="utf-8", check=False)
    if run.returncode:
        sys.exit(run.stderr)
    return [json.loads(line) for line in run.stdout.splitlines()]


def conll(path):
    """(text, {(type, start, end)}) of each sentence; of names (.NAM), not of nouns (.NOM)."""
    sentence, truth, opened = "", set(), None
    with open(path, encoding="utf-8") as f:
        for line in [*f, "\n"]:
            token, _, label = line.rstrip("\n").partition("\t")
            mark, kind = (label[0], label[2:]) if label[1:2] == "-" else ("O", None)
            if opened and (mark != "I" or kind != opened[0]):
                truth.add((opened[0], opened[1], len(sentence)))
                opened = None
            if mark == "B":
                opened = (kind, len(sentence))
            if token:
                sentence += token[:-1] if len(token) > 1 else token
            elif sentence:
                yield sentence, {(t[:-4], s, e) for t, s, e in truth if t.endswith(".NAM")}
                sentence, truth = "", set()


def read_texts(path):
    if path.endswith(".conll"):
        return list(conll(path))
    with open(path, encoding="utf-8") as f:
        lines = [line.rstrip("\n") for line in f if line.strip()]
    if lines[0].startswith("{"):
        return [(r["text"], r.get("label")) for r in map(json.loads, lines)]
    return [(line.split("\t")[0], None) for line in lines]


def f1(answers, truths):
    right = sum(len(a & t) for a, t in zip(answers, truths))
    given, there = sum(map(len, answers)), sum(map(len, truths))
    return 200.0 * right / max(1, given + there)


def mapped(entities, names):
    return {(names[t], s, e) for t, s, e in entities if t in names}


def report_entities(want, got, truths, names):
    same = sum(len(a & b) for a, b in zip(want, got))
    there = sum(len(a | b) for a, b in zip(want, got))
    print(f"  entities: {there}, in both {100.0 * same / max(1, there):.2f} %")
    if names and any(truths):
        truths = [{(names.get(t, t), s, e) for t, s, e in truth} for truth in truths]
        one, two = (f1([mapped(a, names) for a in answers], truths) for answers in (want, got))
        print(f"  F1: reference {one:.2f}, command {two:.2f}")


def report_labels(want, got, truths):
    share = lambda a, b: 100.0 * np.mean([x == y for x, y in zip(a, b)])
    same = share(want, got)
    print(f"  labels: {len(want)}, equal {same:.2f} %")
    if isinstance(truths[0], str):
        print(f"  accuracy: reference {share(want, truths):.2f}, command {share(got, truths):.2f}")
    return same


def compare(reference, want, logits, told, truths, names):
    pairs = [(a, np.reshape(t["logits"] or [], a.shape)) for a, t in zip(logits, told)]
    worst = max(np.abs(a - b).max(initial=0.0) for a, b in pairs)
    print(f"  {len(told)} texts, logits within {worst:.1e}")
    if reference.of_tokens:
        got = [{(e["type"], e["start"], e["end"]) for e in t["entities"]} for t in told]
        rows = [a.argmax(axis=1) == b.argmax(axis=1) for a, b in pairs]
        same = 100.0 * np.mean(np.concatenate(rows))
        print(f"  labels of tokens: equal {same:.2f} %")
        report_entities(want, got, truths, names)
        return same
    return report_labels(want, [t["label"] for t in told], truths)


def main():
    parse = argparse.ArgumentParser()
    for name in ("gte", "folder", "texts"):
        parse.add_argument(name)
    parse.add_argument("models", nargs="+")
    parse.add_argument("-n", type=int)
    parse.add_argument("--least", type=float, default=0.0)
    parse.add_argument("--type-map", default="")
    args = parse.parse_args()
    reference, rows = Reference(args.folder), read_texts(args.texts)[:args.n]
    texts, truths = [r[0] for r in rows], [r[1] for r in rows]
    want, logits = zip(*map(reference.answer, texts))
    names = dict(pair.split("=") for pair in args.type_map.split(",") if pair)
    failed = False
    for model in args.models:
        print(model)
        told = command(args.gte, model, "ner" if reference.of_tokens else "sentiment", texts)
        assert len(told) == len(texts), "an answer for each text"
        good = compare(reference, want, logits, told, truths, names) >= args.least
        print(f"{'ok' if good else 'not ok'} {os.path.basename(model)}")
        failed |= not good
    sys.exit(failed)


if __name__ == "__main__":
    main()
