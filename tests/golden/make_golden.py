#!/usr/bin/env python3
"""Models with seeded random weights, and the vectors a BERT of those weights gives.

    make_golden.py DIR          the models of test_golden.c, made anew for each run of the tests
    make_golden.py --tiny DIR   the one that is committed as tests/golden/tiny

An oracle independent of the library: a forward pass in float64 written from the papers (Vaswani et
al. 2017, Devlin et al. 2018, Ba et al. 2016, Hendrycks and Gimpel 2016), with Python's numpy alone.
Each model is a folder in HuggingFace's layout with one file more, cases.jsonl, a line per text:
{"text": ..., "pair": ... or null, "tokens": N, "mean": [...], "cls": [...]}, pooled, not
normalised. The vocabulary is whole words, so that tokens are the words of a text and no tokenizer
stands between the text and the formulas.
"""
import json
import math
import os
import struct
import sys

import numpy as np

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
CLS, SEP = 2, 3


# ---- the forward pass ---------------------------------------------------------------------------

erf = np.vectorize(math.erf, otypes=[np.float64])


def gelu(x):
    return 0.5 * x * (1.0 + erf(x / math.sqrt(2.0)))


def gelu_new(x):
    return 0.5 * x * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)))


def layer_norm(x, gain, bias, eps):
    mean = x.mean(axis=-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(axis=-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + eps) * gain + bias


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


class Bert:
    def __init__(self, config, weights):
        self.c = config
        self.w = {k: v.astype(np.float64) for k, v in weights.items()}

    def linear(self, x, name):
        return x @ self.w[name + ".weight"].T + self.w[name + ".bias"]

    def norm(self, x, name):
        return layer_norm(x, self.w[name + ".weight"], self.w[name + ".bias"], self.c["eps"])

    def attention(self, x, p):
        heads = self.c["heads"]
        d = x.shape[1] // heads
        split = lambda y: y.reshape(-1, heads, d).transpose(1, 0, 2)  # [T, H] -> [A, T, D]
        q, k, v = (split(self.linear(x, p + "self." + n)) for n in ("query", "key", "value"))
        weights = softmax(q @ k.transpose(0, 2, 1) / math.sqrt(d))
        return (weights @ v).transpose(1, 0, 2).reshape(x.shape)

    def embed(self, ids, types, position=0):
        w = self.w
        return self.norm(w["embeddings.word_embeddings.weight"][ids]
                         + w["embeddings.position_embeddings.weight"][position:position + len(ids)]
                         + w["embeddings.token_type_embeddings.weight"][types],
                         "embeddings.LayerNorm")

    def run(self, x, layers):
        activation = gelu_new if self.c["act"] == "gelu_new" else gelu
        for i in layers:
            p = f"encoder.layer.{i}."
            attended = self.linear(self.attention(x, p + "attention."), p + "attention.output.dense")
            x = self.norm(x + attended, p + "attention.output.LayerNorm")
            inner = activation(self.linear(x, p + "intermediate.dense"))
            x = self.norm(x + self.linear(inner, p + "output.dense"), p + "output.LayerNorm")
        return x

    def forward(self, ids, types):
        return self.run(self.embed(ids, types), range(self.c["layers"]))


# ---- weights ------------------------------------------------------------------------------------

def to_bf16(x):
    """Round to nearest even; returns the 16 stored bits."""
    bits = x.astype(np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def stored(x, dtype):
    """What a file of that type holds: the bytes, and the values a reader gets."""
    if dtype == "F16":
        h = x.astype(np.float16)
        return h.tobytes(), h.astype(np.float32)
    if dtype == "BF16":
        h = to_bf16(x)
        return h.tobytes(), (h.astype(np.uint32) << 16).view(np.float32)
    f = x.astype(np.float32)
    return f.tobytes(), f


def random_weights(c, rng):
    """Scaled so that every layer changes the state by about its own size: a swapped or forgotten
    term shows."""
    H, F = c["hidden"], c["ffn"]
    w = {}
    normal = lambda *shape: rng.standard_normal(shape)

    def norm(name):
        w[name + ".weight"] = 1.0 + 0.2 * normal(H)
        w[name + ".bias"] = 0.1 * normal(H)

    def linear(name, rows, cols, scale):
        w[name + ".weight"] = scale / math.sqrt(cols) * normal(rows, cols)
        w[name + ".bias"] = 0.1 * normal(rows)

    w["embeddings.word_embeddings.weight"] = normal(c["vocab"], H)
    w["embeddings.position_embeddings.weight"] = 0.5 * normal(c["positions"], H)
    w["embeddings.token_type_embeddings.weight"] = 0.5 * normal(2, H)
    norm("embeddings.LayerNorm")
    for i in range(c["layers"]):
        p = f"encoder.layer.{i}."
        for n, scale in (("query", 1.5), ("key", 1.5), ("value", 1.0)):
            linear(p + "attention.self." + n, H, H, scale)
        linear(p + "attention.output.dense", H, H, 1.0)
        norm(p + "attention.output.LayerNorm")
        linear(p + "intermediate.dense", F, H, 1.5)
        linear(p + "output.dense", H, F, 1.0)
        norm(p + "output.LayerNorm")
    if c.get("outliers"):
        # As trained models have them: a few channels tens of times the others, which what reads
        # the state has learnt to weigh accordingly less.
        channels = [1, H // 2]
        for name in w:
            if name.endswith("output.LayerNorm.weight"):
                w[name][channels] *= 25.0
            elif name.endswith(("query.weight", "key.weight", "value.weight",
                                "intermediate.dense.weight")):
                w[name][:, channels] /= 25.0
    return w


def write_safetensors(path, weights, dtype, prefix, legacy_norm):
    header, blobs, at, seen = {}, [], 0, {}
    for name, value in weights.items():
        data, seen[name] = stored(value, dtype)
        out = prefix + name
        if legacy_norm and "LayerNorm" in out:
            out = out.replace(".weight", ".gamma").replace(".bias", ".beta")
        header[out] = {"dtype": dtype, "shape": list(value.shape),
                       "data_offsets": [at, at + len(data)]}
        blobs.append(data)
        at += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        f.writelines(blobs)
    return seen


# ---- models and texts ---------------------------------------------------------------------------

def model(name, **c):
    return {"name": name, "vocab": 300, "positions": 512, "act": "gelu", "eps": 1e-12,
            "pooling": "mean", "dtype": "F32", "prefix": "", **c}


MODELS = [
    model("heads-of-32", hidden=128, layers=3, heads=4, ffn=512),
    model("six-512-cls", hidden=512, layers=6, heads=8, ffn=2048, pooling="cls", dtype="F16"),
    model("gelu-new", hidden=96, layers=2, heads=3, ffn=384, act="gelu_new", dtype="BF16",
          prefix="bert.", legacy_norm=True),
    model("odd-shapes", hidden=60, layers=2, heads=5, ffn=101, eps=1e-5),
    model("outliers", hidden=64, layers=2, heads=1, ffn=256, outliers=True),
]
TINY = model("tiny", hidden=32, layers=2, heads=2, ffn=64, vocab=200, positions=64, dtype="F16")


def texts(c, rng):
    """(text, pair or None, ids, types): empty, one token, some, the longest, one too long, pairs."""
    limit = c["positions"]
    word = lambda: int(rng.integers(len(SPECIAL), c["vocab"]))
    words = lambda n: [word() for _ in range(n)]
    name = lambda ids: " ".join(f"w{i}" for i in ids)

    def single(n):
        ids = words(n)
        return name(ids), None, [CLS] + ids[: limit - 2] + [SEP], [0] * (min(n, limit - 2) + 2)

    def pair(n, m):
        a, b = words(n), words(m)
        return (name(a), name(b), [CLS] + a + [SEP] + b + [SEP], [0] * (n + 2) + [1] * (m + 1))

    yield from (single(n) for n in (0, 1, 2, 3, 7, 16, 17, 31))
    repeated = word()
    yield name([repeated] * 9), None, [CLS] + [repeated] * 9 + [SEP], [0] * 11
    yield from (pair(n, m) for n, m in ((3, 4), (1, 20), (0, 5), (5, 0), (0, 0)))
    yield from (single(n) for n in (min(130, limit - 3), limit - 2, limit + 7))


def write_json(folder, name, value):
    with open(os.path.join(folder, name), "w") as f:
        json.dump(value, f, indent=1)
        f.write("\n")


def write_configs(folder, c):
    write_json(folder, "config.json", {
        "architectures": ["BertModel"], "model_type": "bert", "vocab_size": c["vocab"],
        "hidden_size": c["hidden"], "num_hidden_layers": c["layers"],
        "num_attention_heads": c["heads"], "intermediate_size": c["ffn"], "hidden_act": c["act"],
        "max_position_embeddings": c["positions"], "type_vocab_size": 2,
        "layer_norm_eps": c["eps"], "pad_token_id": 0})
    write_json(folder, "tokenizer_config.json", {
        "do_lower_case": True, "tokenizer_class": "BertTokenizer",
        "model_max_length": c["positions"]})
    os.makedirs(os.path.join(folder, "1_Pooling"), exist_ok=True)
    write_json(folder, "1_Pooling/config.json", {
        "word_embedding_dimension": c["hidden"],
        "pooling_mode_cls_token": c["pooling"] == "cls",
        "pooling_mode_mean_tokens": c["pooling"] == "mean"})
    with open(os.path.join(folder, "vocab.txt"), "w") as f:
        f.writelines(t + "\n" for t in SPECIAL + [f"w{i}" for i in range(len(SPECIAL), c["vocab"])])


def make(folder, c, seed):
    rng = np.random.Generator(np.random.PCG64(seed))
    os.makedirs(folder, exist_ok=True)
    write_configs(folder, c)
    seen = write_safetensors(os.path.join(folder, "model.safetensors"), random_weights(c, rng),
                             c["dtype"], c["prefix"], c.get("legacy_norm", False))
    bert = Bert(c, seen)
    with open(os.path.join(folder, "cases.jsonl"), "w") as f:
        for text, pair, ids, types in texts(c, rng):
            states = bert.forward(ids, types)
            digits = lambda v: [float(f"{x:.9g}") for x in v]
            f.write(json.dumps({"text": text, "pair": pair, "tokens": len(ids),
                                "mean": digits(states.mean(axis=0)), "cls": digits(states[0])}) + "\n")


def main():
    if sys.argv[1] == "--tiny":
        make(sys.argv[2], TINY, seed=7)
        return
    for i, c in enumerate(MODELS):
        make(os.path.join(sys.argv[1], c["name"]), c, seed=100 + i)


if __name__ == "__main__":
    main()
