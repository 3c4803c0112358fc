"""The figures of README.md: what the shipped model does on text that it was not trained on.

    python3 evaluate.py GTE MODEL.gte TEXT_FOLDER [--json]

Vectors come from the command itself. NTREX, CMRC paragraphs and BANKING77's test split were held out
of training (sources.py).
"""
import json
import math
import subprocess
import sys

import numpy as np

import sources
from wordpiece import words


def embed(gte, model, texts):
    """[n, dims] vectors of texts."""
    lines = "\n".join(json.dumps(t) for t in texts) + "\n"
    out = subprocess.run([gte, "embed", "-m", model, "--jsonl", "--format", "npy", "-"],
                         input=lines.encode(), stdout=subprocess.PIPE, check=True).stdout
    head = 10 + int.from_bytes(out[8:10], "little")
    return np.frombuffer(out[head:], dtype="<f4").reshape(len(texts), -1)


def spearman(gte, model, folder, lang):
    path = "%s/stsb/stsb-%s-dev.csv" % (folder, lang)
    out = subprocess.run([gte, "eval", "-m", model, "--json", "sts", path],
                         stdout=subprocess.PIPE, check=True).stdout
    return json.loads(out)["spearman"]


def recall(scores, right, k):
    """Share of rows whose right column is among the k best."""
    better = (scores > scores[np.arange(len(right)), right][:, None]).sum(1)
    return float((better < k).mean())


def translation(gte, model, folder):
    rows = list(sources.rows_of(folder, "ntrex_en_zh"))
    en, zh = (embed(gte, model, [r[side] for r in rows]) for side in ("a", "b"))
    right = np.arange(len(rows))
    return {"en_to_zh_recall_1": recall(en @ zh.T, right, 1),
            "zh_to_en_recall_1": recall(zh @ en.T, right, 1)}


def probe(train, train_labels, test, test_labels, classes, decay=1e-4, steps=300):
    """Multinomial logistic regression on standardised vectors, by L-BFGS-free full-batch Adam."""
    mean, scale = train.mean(0), train.std(0) + 1e-6
    x, y = (train - mean) / scale, (test - mean) / scale
    w, b = np.zeros((x.shape[1], classes)), np.zeros(classes)
    want = np.eye(classes)[train_labels]
    m = [np.zeros_like(w), np.zeros_like(b)]
    v = [np.zeros_like(w), np.zeros_like(b)]
    for t in range(1, steps + 1):
        z = x @ w + b
        p = np.exp(z - z.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        gap = (p - want) / len(x)
        for i, (value, grad) in enumerate(((w, x.T @ gap + decay * w), (b, gap.sum(0)))):
            m[i] = 0.9 * m[i] + 0.1 * grad
            v[i] = 0.99 * v[i] + 0.01 * grad * grad
            value -= 0.05 * (m[i] / (1 - 0.9 ** t)) / (np.sqrt(v[i] / (1 - 0.99 ** t)) + 1e-8)
    return float(((y @ w + b).argmax(1) == test_labels).mean())


def banking(gte, model, folder):
    data = {}
    for split in ("train", "test"):
        rows = list(sources.csv_rows(folder, "banking77/%s.csv" % split))[1:]
        data[split] = embed(gte, model, [r[0] for r in rows]), [r[1] for r in rows]
    names = {n: i for i, n in enumerate(sorted(set(data["train"][1])))}
    labels = {s: np.array([names[n] for n in data[s][1]]) for s in data}
    return probe(data["train"][0], labels["train"], data["test"][0], labels["test"], len(names))


class Bm25:
    """Robertson and Zaragoza (2009), k1 1.2, b 0.75, over words and single Chinese characters."""

    def __init__(self, documents):
        self.counts = [self.tally(d) for d in documents]
        self.lengths = np.array([sum(c.values()) for c in self.counts], dtype=float)
        self.postings = {}
        for i, tally in enumerate(self.counts):
            for word, n in tally.items():
                self.postings.setdefault(word, []).append((i, n))

    @staticmethod
    def tally(text):
        out = {}
        for word in words(text):
            out[word] = out.get(word, 0) + 1
        return out

    def scores(self, query):
        out = np.zeros(len(self.counts))
        norm = 1.2 * (0.25 + 0.75 * self.lengths / self.lengths.mean())
        for word in self.tally(query):
            found = self.postings.get(word, [])
            idf = math.log(1 + (len(self.counts) - len(found) + 0.5) / (len(found) + 0.5))
            for i, n in found:
                out[i] += idf * n * 2.2 / (n + norm[i])
        return out


def retrieval(gte, model, folder):
    rows = [r for r in sources.rows_of(folder, "cmrc2018_devtrial_zh") if sources.held_out(r["b"])]
    paragraphs = sorted({r["b"] for r in rows})
    place = {p: i for i, p in enumerate(paragraphs)}
    right = np.array([place[r["b"]] for r in rows])
    q = embed(gte, model, [r["a"] for r in rows])
    ours = q @ embed(gte, model, paragraphs).T
    index = Bm25(paragraphs)
    words_only = np.array([index.scores(r["a"]) for r in rows])
    return {"questions": len(rows), "paragraphs": len(paragraphs),
            "recall_1": recall(ours, right, 1), "recall_10": recall(ours, right, 10),
            "bm25_recall_1": recall(words_only, right, 1),
            "bm25_recall_10": recall(words_only, right, 10)}


def apart(gte, model, folder, lang):
    """Cosines of STS-B pairs that people call the same, and that they call unrelated."""
    rows = list(sources.csv_rows(folder, "stsb/stsb-%s-dev.csv" % lang))
    a, b = (embed(gte, model, [r[i] for r in rows]) for i in (0, 1))
    cosine, score = (a * b).sum(1), np.array([float(r[2]) for r in rows])
    return {"same": float(cosine[score >= 4.5].mean()), "unrelated": float(cosine[score <= 0.5].mean())}


def main():
    gte, model, folder = sys.argv[1:4]
    out = {"stsb_en": spearman(gte, model, folder, "en"), "stsb_zh": spearman(gte, model, folder, "zh"),
           "ntrex": translation(gte, model, folder), "banking77": banking(gte, model, folder),
           "cmrc": retrieval(gte, model, folder), "apart_en": apart(gte, model, folder, "en"),
           "apart_zh": apart(gte, model, folder, "zh")}
    print(json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
