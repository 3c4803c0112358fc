"""Training text as batches of token ids: each batch is of one source, of texts about as long."""
import os
import pickle

import numpy as np
import torch

import sources
from wordpiece import Tokenizer

LIMIT = 96        # ids of a text
BATCH = 256       # rows
TOKENS = 12288    # of one side of a batch, padding included
LABEL_ROWS = 4    # rows of a label in a labelled batch


def load(folder, vocab, cache):
    """{name: (kind, weight, rows of ids)}, kept in `cache` between runs."""
    if os.path.exists(cache):
        with open(cache, "rb") as file:
            return pickle.load(file)
    tokenizer, out = Tokenizer(vocab), {}

    def ids(text):
        return np.array(tokenizer.ids_of(text, LIMIT), dtype=np.int16)

    for name, weight, rows in sources.everything(folder):
        first = rows[0]
        if isinstance(first, sources.Pair):
            data = [(ids(r.a), ids(r.b), ids(r.negative) if r.negative else None) for r in rows]
            out[name] = ("pair", weight, data)
        elif isinstance(first, sources.Labelled):
            out[name] = ("label", weight, [(ids(r.text), r.label) for r in rows])
        else:
            out[name] = ("score", weight, [(ids(r.a), ids(r.b), r.score) for r in rows])
    with open(cache, "wb") as file:
        pickle.dump(out, file)
    return out


def pad(rows):
    """[b, s] ids and [b, s] 1.0 where there is a token."""
    width = max(len(r) for r in rows)
    ids = np.zeros((len(rows), width), dtype=np.int64)
    real = np.zeros((len(rows), width), dtype=np.float32)
    for i, r in enumerate(rows):
        ids[i, :len(r)] = r
        real[i, :len(r)] = 1
    return torch.from_numpy(ids), torch.from_numpy(real)


class Source:
    """An endless stream of batches of one source."""

    def __init__(self, kind, rows, rng):
        self.kind, self.rows, self.rng, self.queue = kind, rows, rng, []
        if kind == "label":
            self.by_label = {}
            for ids, label in rows:
                self.by_label.setdefault(label, []).append(ids)
            self.by_label = {k: v for k, v in self.by_label.items() if len(v) >= LABEL_ROWS}
            self.labels = sorted(self.by_label)

    def next(self):
        if self.kind == "label":
            return self.labelled()
        if not self.queue:
            self.fill()
        return self.queue.pop()

    def labelled(self):
        count = min(BATCH // LABEL_ROWS, len(self.labels))
        picked = self.rng.choice(len(self.labels), count, replace=False)
        rows, labels = [], []
        for i in picked:
            texts = self.by_label[self.labels[i]]
            for j in self.rng.choice(len(texts), LABEL_ROWS, replace=False):
                rows.append(texts[j])
                labels.append(i)
        return rows, np.array(labels)

    def fill(self):
        """A shuffled pass over some thousand rows, each batch of like length."""
        chunk = [self.rows[i] for i in self.rng.permutation(len(self.rows))[:16 * BATCH]]
        chunk.sort(key=lambda r: max(len(r[0]), len(r[1])))
        at = 0
        while at < len(chunk):
            n = 1
            while (n < BATCH and at + n < len(chunk) and
                   (n + 1) * max(len(chunk[at + n][0]), len(chunk[at + n][1])) <= TOKENS):
                n += 1
            if n >= min(32, len(chunk)):
                self.queue.append(chunk[at:at + n])
            at += n
        self.rng.shuffle(self.queue)
