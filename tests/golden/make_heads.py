#!/usr/bin/env python3
"""Small checkpoints with every kind of head, and the answers of those weights.

    make_heads.py [DIR]      default: tests/golden/heads, which is committed

Seeded random weights in the layouts and under the names of the publishers; reference.json beside
them holds what they must give, computed in float64 by make_golden.py's forward pass,
heads_decode.py and heads_uie.py. README.md tells what each field means.
"""
import json
import os
import sys

import numpy as np

import heads_decode as decode
import heads_text as text
import heads_uie as uie
import make_torch_bin as torch_bin
from make_golden import Bert, random_weights, stored, write_json, write_safetensors

HERE = os.path.dirname(os.path.abspath(__file__))
TOKENIZER = text.Tokenizer()
STORAGES = {"F32": torch_bin.torch.FloatStorage, "F16": torch_bin.torch.HalfStorage,
            "BF16": torch_bin.torch.BFloat16Storage}
MODELSCOPE = {"named-entity-recognition": ("transformer-crf", "token-cls-tokenizer"),
              "siamese-uie": ("bert", "siamese-uie-preprocessor")}


def shape(**c):
    return {"hidden": 32, "layers": 1, "heads": 2, "ffn": 64, "positions": 96, "act": "gelu",
            "eps": 1e-12, "dtype": "F16", "vocab": len(TOKENIZER.tokens), **c}


def digits(values):
    return [round(float(v), 7) for v in np.asarray(values).ravel()]


def rows(matrix):
    return [digits(row) for row in matrix]


# ---- checkpoints --------------------------------------------------------------------------------

def linear(rng, outputs, inputs, scale=1.5):
    return (scale / np.sqrt(inputs) * rng.standard_normal((outputs, inputs)),
            0.2 * rng.standard_normal(outputs))


def add_pooler(rng, encoder):
    hidden = len(encoder["embeddings.LayerNorm.weight"])
    encoder["pooler.dense.weight"], encoder["pooler.dense.bias"] = linear(rng, hidden, hidden)


def write_bin(path, weights, dtype):
    state, storages, seen = {}, {}, {}
    for key, (name, value) in enumerate(weights.items()):
        storages[str(key)], seen[name] = stored(value, dtype)
        stride = (value.shape[1], 1) if value.ndim == 2 else (1,)
        state[name] = torch_bin.Tensor(
            torch_bin.Storage(STORAGES[dtype], str(key), value.size), 0, value.shape, stride)
    torch_bin.save(path, torch_bin.collections.OrderedDict(state), storages)
    return seen


def write_config(folder, c, labels, more):
    config = {"architectures": [c["architecture"]], "model_type": "bert", "vocab_size": c["vocab"],
              "hidden_size": c["hidden"], "num_hidden_layers": c["layers"],
              "num_attention_heads": c["heads"], "intermediate_size": c["ffn"],
              "hidden_act": c["act"], "max_position_embeddings": c["positions"],
              "type_vocab_size": 2, "layer_norm_eps": c["eps"], "pad_token_id": 0, **more}
    if labels:
        config["id2label"] = {str(i): n for i, n in enumerate(labels)}
        config["label2id"] = {n: i for i, n in enumerate(labels)}
    write_json(folder, "config.json", config)
    write_json(folder, "tokenizer_config.json", {
        "do_lower_case": True, "tokenizer_class": "BertTokenizer",
        "model_max_length": c["positions"]})
    with open(os.path.join(folder, "vocab.txt"), "w", encoding="utf-8") as f:
        f.writelines(t + "\n" for t in TOKENIZER.tokens)
    if "task" in c:
        model, preprocessor = MODELSCOPE[c["task"]]
        write_json(folder, "configuration.json", {
            "framework": "pytorch", "task": c["task"], "model": {"type": model},
            "preprocessor": {"type": preprocessor}, "pipeline": {"type": c["task"]}})


def write_model(folder, c, encoder, head, labels=(), more=None, rename=lambda n: n):
    """Returns the encoder and the head as a reader of the stored numbers has them."""
    os.makedirs(folder, exist_ok=True)
    write_config(folder, c, labels, more or {})
    names = {n: rename(c["prefix"] + n) for n in encoder}
    weights = {names[n]: v for n, v in encoder.items()} | head
    if c.get("bin"):
        seen = write_bin(os.path.join(folder, "pytorch_model.bin"), weights, c["dtype"])
    else:
        seen = write_safetensors(os.path.join(folder, "model.safetensors"), weights, c["dtype"], "",
                                 False)
    return (Bert(c, {n: seen[names[n]] for n in encoder}),
            {n: seen[n].astype(np.float64) for n in head})


def write_reference(folder, value):
    """JSON with a line per case: a change shows where it is."""
    head = {k: v for k, v in value.items() if k != "cases"}
    line = lambda v: json.dumps(v, ensure_ascii=False, separators=(",", ":"))
    with open(os.path.join(folder, "reference.json"), "w", encoding="utf-8") as f:
        f.write(line(head)[:-1] + ',"cases":[\n' + ",\n".join(map(line, value["cases"])) + "\n]}\n")


def encoded(first, second=None):
    ids, types, offsets, begins = TOKENIZER.encode(first, second)
    return {"text": first, "pair": second, "ids": ids, "types": types}, offsets, begins


# ---- heads --------------------------------------------------------------------------------------

FUNCTIONS = {"softmax": decode.softmax, "sigmoid": decode.sigmoid, "none": lambda x: x}


def sequence(folder, rng, c, labels, function, inputs, problem_type=None):
    c = {"architecture": "BertForSequenceClassification", "prefix": "bert.", **c}
    encoder = random_weights(c, rng)
    add_pooler(rng, encoder)
    weight, bias = linear(rng, len(labels), c["hidden"], 3.0)
    bert, head = write_model(folder, c, encoder,
                             {"classifier.weight": weight, "classifier.bias": bias}, labels,
                             {"problem_type": problem_type} if problem_type else {})
    cases = []
    for pair in inputs:
        case, _, _ = encoded(*pair)
        pooled = np.tanh(bert.linear(bert.forward(case["ids"], case["types"])[0], "pooler.dense"))
        logits = head["classifier.weight"] @ pooled + head["classifier.bias"]
        scores = FUNCTIONS[function](logits)
        cases.append({**case, "logits": digits(logits), "scores": digits(scores)})
    write_reference(folder, {"labels": labels, "function": function, "cases": cases})


def token_units(offsets, begins, scores, ids):
    """What HuggingFace calls pre-entities: no special tokens; [UNK] always begins a word."""
    return [{"start": o[0], "end": o[1], "scores": s, "first": b or t == text.UNK}
            for o, b, s, t in zip(offsets, begins, scores, ids) if t not in (text.CLS, text.SEP)]


def rounded(entities):
    return [{k: round(float(v), 7) if k == "score" else v for k, v in e.items()} for e in entities]


def word_labels(offsets, begins, labels):
    """(label, start, end) of each word: of its first token, over all of it."""
    out = []
    for i, (start, end) in enumerate(offsets):
        if begins[i]:
            out.append([labels[i], start, end])
        elif end > start:
            out[-1][2] = end
    return out


def token(folder, rng, c, labels):
    c = {"architecture": "BertForTokenClassification", "prefix": "bert.", **c}
    weight, bias = linear(rng, len(labels), c["hidden"], 2.0)
    bias[0] += 3.0  # most tokens are O
    bert, head = write_model(folder, c, random_weights(c, rng),
                             {"classifier.weight": weight, "classifier.bias": bias}, labels)
    cases = []
    for sentence in text.ENTITY:
        case, offsets, begins = encoded(sentence)
        logits = bert.forward(case["ids"], case["types"]) @ head["classifier.weight"].T
        logits += head["classifier.bias"]
        units = token_units(offsets, begins, decode.softmax(logits), case["ids"])
        best = [labels[k] for k in logits.argmax(axis=1)]
        words = word_labels(offsets, begins, best)
        entities = {s: rounded(decode.huggingface_entities(units, labels, s))
                    for s in ("none", "simple", "first", "average", "max")
                    if "E-" + labels[1][2:] not in labels}
        cases.append({**case, "offsets": offsets, "first": begins, "logits": rows(logits),
                      "entities": entities, "modelscope": decode.modelscope_entities(words),
                      "strict": decode.strict_entities(words)})
    write_reference(folder, {"labels": labels, "cases": cases})


def crf(folder, rng, c, labels, names, enumerable):
    """RaNER: a linear layer and a CRF over the first tokens of the words."""
    c = {"architecture": "BertModel", "task": "named-entity-recognition", "bin": True, **c}
    k = len(labels)
    weight, bias = linear(rng, k, c["hidden"])
    bias[0] += 2.0
    tensors = [weight, bias, *(rng.standard_normal(s) for s in ((k,), (k,), (k, k)))]
    parts = ("linear.weight", "linear.bias", "crf.start_transitions", "crf.end_transitions",
             "crf.transitions")
    bert, head = write_model(folder, c, random_weights(c, rng),
                             {names + n: t for n, t in zip(parts, tensors)}, labels)
    weight, bias, *rest = (head[names + n] for n in parts)
    field = dict(zip(("start", "end", "transitions"), rest))
    cases = []
    for sentence in text.ENTITY:
        case, offsets, begins = encoded(sentence)
        logits = bert.forward(case["ids"], case["types"]) @ weight.T + bias
        words = [i for i, b in enumerate(begins) if b]
        path, score = decode.viterbi(field, logits[words])
        log_z, posterior = decode.forward_backward(field, logits[words])
        enumerated = len(words) <= enumerable
        if enumerated:
            again = decode.every_path(field, logits[words])
            assert path == again[0] and abs(score - again[1]) < 1e-9
            assert abs(log_z - again[2]) < 1e-9 and np.allclose(posterior, again[3], atol=1e-9)
        places = word_labels(offsets, begins, begins)
        tagged = [[labels[p], start, end] for p, (_, start, end) in zip(path, places)]
        cases.append({**case, "offsets": offsets, "first": begins, "logits": rows(logits),
                      "path": path, "path_score": score, "log_z": log_z, "enumerated": enumerated,
                      "posterior": digits(posterior[range(len(path)), path]),
                      "modelscope": decode.modelscope_entities(tagged),
                      "strict": decode.strict_entities(tagged)})
    assert sum(case["enumerated"] for case in cases) >= 1
    write_reference(folder, {"labels": labels, "crf": {n: rows(np.atleast_2d(v)) for n, v in
                                                       field.items()}, "cases": cases})


def question(folder, rng, c, strides, longest_answer, best):
    c = {"architecture": "BertForQuestionAnswering", "prefix": "bert.", **c}
    weight, bias = linear(rng, 2, c["hidden"], 3.0)
    bert, head = write_model(folder, c, random_weights(c, rng),
                             {"qa_outputs.weight": weight, "qa_outputs.bias": bias})
    cases = []
    for asked, context in text.QUESTIONS:
        for stride in strides:
            ids, _, _, _ = TOKENIZER.encode(asked)
            tokens = TOKENIZER.tokens_of(context)
            parts, told = [], []
            for at, end in decode.windows(len(ids) - 2, len(tokens), c["positions"], stride):
                part = ids + [t[0] for t in tokens[at:end]] + [text.SEP]
                types = [0] * len(ids) + [1] * (end - at + 1)
                logits = bert.forward(part, types) @ head["qa_outputs.weight"].T
                logits += head["qa_outputs.bias"]
                offsets = [None] * len(ids) + [(t[1], t[2]) for t in tokens[at:end]] + [None]
                parts.append((logits[:, 0], logits[:, 1], offsets))
                told.append({"first": at, "ids": part, "types": types,
                             "start": digits(logits[:, 0]), "end": digits(logits[:, 1])})
            spans = decode.every_span(parts, longest_answer)[:best]
            cases.append({"question": asked, "context": context, "stride": stride, "windows": told,
                          "null_score": decode.null_score(parts),
                          "spans": [{**s, "text": context[s["start"]:s["end"]]}
                                    for s in rounded(spans)]})
    write_reference(folder, {"longest": c["positions"], "longest_answer": longest_answer,
                             "cases": cases})


# ---- SiameseUIE ---------------------------------------------------------------------------------

def pointers(rng, states, special):
    """Two pointers that choose some of the texts' tokens and never [CLS] or [SEP], as trained ones
    do: random wishes for every token, fitted."""
    x = np.concatenate([states, np.ones((len(states), 1))], axis=1)
    out = []
    for share in (0.06, 0.12):
        wish = np.where(rng.random(len(states)) < share, 4.0, -1.0)
        wish[special] = -4.0
        pull = np.where(special, 30.0, 1.0)[:, None]
        square = x.T @ (pull * x) + 20.0 * np.eye(x.shape[1])
        fit = np.linalg.solve(square, x.T @ (pull[:, 0] * wish))
        value = states @ fit[:-1]
        scale = 0.6 / value.std()
        level = np.quantile(value[~special] * scale, 1 - share)
        out.append((scale * fit[None, :-1], np.array([uie.THRESHOLD - level])))
    return out


def learn_pointers(rng, bert, split):
    states, special = [], []
    for sentence in text.ENTITY:
        ids = TOKENIZER.encode(sentence)[0]
        for kind in sorted({k for schema in text.SCHEMAS for k in schema}):
            states.append(uie.states(bert, split, ids, False, TOKENIZER.encode(kind + ": ")[0]))
            special += [t in (text.CLS, text.SEP) for t in ids]
    return pointers(rng, np.concatenate(states), np.array(special))


def uie_shape(**c):
    return shape(architecture="SiameseUieModel", task="siamese-uie", positions=512,
                 split=c["layers"] // 2, **c)


def try_extractor(folder, rng, c, sentences):
    split, encoder = c["split"], random_weights(c, rng)
    learned = learn_pointers(rng, Bert(c, encoder), split)
    if c["layout"] == "modelscope":  # as the model is when it is saved: its upper layers apart
        add_pooler(rng, encoder)

    def rename(name):
        for i in range(split, c["layers"]):
            name = name.replace(f"plm.encoder.layer.{i}.", f"crossattention.layer.{i - split}.")
        return name

    names = [f"{kind}_clsf.{part}" for kind in ("head", "tail") for part in ("weight", "bias")]
    more = {} if c["layers"] == 12 else {"num_cross_attention_layers": c["layers"] - split}
    bert, head = write_model(folder, c, encoder, dict(zip(names, (t for p in learned for t in p))),
                             more=more, rename=rename)
    extractor = uie.Extractor(bert, split, TOKENIZER,
                              [(head[names[i]], head[names[i + 1]]) for i in (0, 2)])
    cases = []
    for sentence in sentences:
        schemas = text.SCHEMAS if len(sentence) < 100 else text.SCHEMAS[:1]
        told = []
        for kind in list(schemas[0])[:2 if len(schemas) > 1 else 1]:
            head_logits, tail_logits = extractor.logits(sentence, kind + ": ")
            told.append({"hint": kind + ": ", "ids": TOKENIZER.encode(kind + ": ")[0],
                         "head": digits(head_logits), "tail": digits(tail_logits)})
        cases.append({"text": sentence, "ids": TOKENIZER.encode(sentence)[0], "hints": told,
                      "extractions": [{"schema": s, "output": extractor.extract(sentence, s)}
                                      for s in schemas]})
    return extractor, {"layers": c["layers"], "split": split, "threshold": uie.THRESHOLD,
                       "cases": cases}


def extraction(folder, seed, c, sentences):
    """The seed is the first with which no logit lies near the threshold, no [CLS] or [SEP] is
    chosen, chains of two are found, most texts hold something and none too much."""
    while True:
        extractor, reference = try_extractor(folder, np.random.Generator(np.random.PCG64(seed)), c,
                                             sentences)
        found = [[chain for e in case["extractions"] for chain in e["output"]]
                 for case in reference["cases"]]
        sizes = [len(chains) for chains in found]
        told = sizes.count(0) <= len(sizes) // 3 and max(sizes) <= 60
        deep = any(len(chain) > 1 for chains in found for chain in chains)
        if extractor.margin > 5e-5 and extractor.special < 0.2 and told and deep:
            write_reference(folder, reference)
            return
        seed += 1000
        print(f"{folder}: seed {seed}", file=sys.stderr)


BIO = ["O", "B-人名", "I-人名", "B-地名", "I-地名", "B-ORG", "I-ORG"]
BIOES = ["O"] + [f"{m}-{t}" for t in ("LOC", "ORG", "PER") for m in "BIES"]


def main():
    out = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "heads")
    at = lambda name: os.path.join(out, name)
    rng = lambda seed: np.random.Generator(np.random.PCG64(seed))
    single = [(t,) for t in text.ENTITY]
    sequence(at("cls-single"), rng(1), shape(hidden=24), ["正面", "负面", "中性 neutral"], "softmax",
             single, "single_label_classification")
    sequence(at("cls-multi"), rng(2), shape(dtype="BF16", hidden=24, heads=3),
             ["物流", "价格", "quality", "包装/外观"], "sigmoid", single, "multi_label_classification")
    sequence(at("rerank"), rng(3), shape(dtype="F32", hidden=16), ["LABEL_0"], "sigmoid",
             text.PAIRS)
    sequence(at("rerank-regression"), rng(4), shape(act="gelu_new", hidden=16), ["LABEL_0"], "none",
             text.PAIRS, "regression")
    token(at("ner-bio"), rng(5), shape(layers=2), BIO)
    token(at("ner-bioes"), rng(6), shape(heads=4), BIOES)
    crf(at("raner"), rng(7), shape(prefix="encoder."), BIOES, "", 4)
    crf(at("raner-head"), rng(8), shape(dtype="BF16", prefix="encoder."), BIO[:5], "head.", 7)
    question(at("qa"), rng(9), shape(hidden=24, positions=64), (0, 16), 15, 20)
    long = text.ENTITY[1:] + [text.LONG * 5]
    extraction(at("uie"), 31010, uie_shape(layers=4, hidden=24, heads=3, prefix="plm.",
                                        layout="modelscope", bin=True), long)
    extraction(at("uie-bert"), 1011, uie_shape(layers=4, hidden=16, ffn=32, prefix="bert.",
                                             layout="whole"), text.ENTITY[4:10])
    extraction(at("uie-twelve"), 114012, uie_shape(layers=12, hidden=24, heads=3, ffn=32,
                                                   prefix="plm.", layout="modelscope"),
               text.ENTITY[2:9:3])


if __name__ == "__main__":
    main()
