"""From logits to answers, by the plainest route: every sequence, every span, one text at a time.

What make_heads.py writes as the expected answers. Nothing here is fast, and nothing is shared with
the library: a mistake has to be made twice to pass. Where a step is defined by what a publisher's
code does rather than by a paper, the docstring names it.
"""
import itertools

import numpy as np


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


# ---- linear-chain CRF (Lafferty et al. 2001) ----------------------------------------------------

def path_score(crf, emissions, path):
    score = crf["start"][path[0]] + crf["end"][path[-1]]
    score += sum(emissions[i][k] for i, k in enumerate(path))
    return score + sum(crf["transitions"][a][b] for a, b in zip(path, path[1:]))


def every_path(crf, emissions):
    """Best path, its score, log of the sum over all K^n paths, and the posterior of each label."""
    n, labels = emissions.shape
    best, top, scores, paths = None, -np.inf, [], []
    for path in itertools.product(range(labels), repeat=n):
        score = path_score(crf, emissions, path)
        scores.append(score)
        paths.append(path)
        if score > top:
            best, top = list(path), score
    scores = np.array(scores)
    log_z = top + np.log(np.exp(scores - top).sum())
    posterior = np.zeros((n, labels))
    for path, p in zip(paths, np.exp(scores - log_z)):
        for i, k in enumerate(path):
            posterior[i][k] += p
    return best, top, log_z, posterior


def viterbi(crf, emissions):
    """The same by dynamic programming, for texts too long to enumerate; ties to the lower label."""
    score, back = crf["start"] + emissions[0], []
    for row in emissions[1:]:
        ways = score[:, None] + crf["transitions"] + row
        back.append(ways.argmax(axis=0))
        score = ways.max(axis=0)
    score = score + crf["end"]
    path = [int(score.argmax())]
    for step in reversed(back):
        path.append(int(step[path[-1]]))
    return path[::-1], float(score.max())


def log_sum(x, axis):
    top = x.max(axis=axis)
    return top + np.log(np.exp(x - np.expand_dims(top, axis)).sum(axis=axis))


def forward_backward(crf, emissions):
    """log Z and the posterior of each label, by the forward and backward sums."""
    n = len(emissions)
    alpha, beta = [crf["start"] + emissions[0]], [crf["end"]]
    for row in emissions[1:]:
        alpha.append(log_sum(alpha[-1][:, None] + crf["transitions"], 0) + row)
    for row in emissions[:0:-1]:
        beta.append(log_sum(crf["transitions"] + (row + beta[-1])[None, :], 1))
    log_z = float(log_sum(alpha[-1] + crf["end"], 0))
    return log_z, np.exp(np.array([alpha[i] + beta[n - 1 - i] for i in range(n)]) - log_z)


# ---- labels to entities -------------------------------------------------------------------------

def split_label(label):
    """(B or I, type), as HuggingFace's get_tag."""
    return (label[0], label[2:]) if label[:2] in ("B-", "I-") else ("I", label)


def word_entity(tokens, labels, strategy):
    if strategy == "first":
        scores = tokens[0]["scores"]
    elif strategy == "max":
        scores = max(tokens, key=lambda t: t["scores"].max())["scores"]
    else:
        scores = np.mean([t["scores"] for t in tokens], axis=0)
    k = int(scores.argmax())
    return {"label": labels[k], "score": scores[k], "start": tokens[0]["start"],
            "end": tokens[-1]["end"]}


def huggingface_entities(tokens, labels, strategy):
    """The aggregation_strategy none, simple, first, average or max of TokenClassificationPipeline.
    `tokens` hold start, end, scores (softmax) and first; no special tokens; O is dropped last."""
    if strategy in ("none", "simple"):
        units = [word_entity([t], labels, "first") for t in tokens]
    else:
        groups = []
        for token in tokens:
            if token["first"] or not groups:
                groups.append([])
            groups[-1].append(token)
        units = [word_entity(g, labels, strategy) for g in groups]
    if strategy == "none":
        return [{"type": u["label"], "start": u["start"], "end": u["end"], "score": u["score"]}
                for u in units if u["label"] != "O"]
    groups = []
    for unit in units:
        begin, kind = split_label(unit["label"])
        if groups and begin != "B" and kind == split_label(groups[-1][-1]["label"])[1]:
            groups[-1].append(unit)
        else:
            groups.append([unit])
    return [{"type": g[0]["label"].split("-", 1)[-1], "start": g[0]["start"], "end": g[-1]["end"],
             "score": float(np.mean([u["score"] for u in g]))} for g in groups
            if g[0]["label"] != "O"]


def modelscope_entities(words):
    """(label, start, end) of each word to spans, as ModelScope's pipeline does: B and S open, I, E
    and S extend what is open whatever its type, E and S close; O does not."""
    spans, current = [], None
    for label, start, end in words:
        if label[0] in "BS":
            if current:
                spans.append(current)
            current = {"type": label[2:], "start": start, "end": end}
        if label[0] in "IES" and current:
            current["end"] = end
        if label[0] in "ES" and current:
            spans.append(current)
            current = None
    return spans + ([current] if current else [])


def strict_entities(words):
    """The same labels read strictly: an entity is B I* E or S (in BIO: B I*) of one type in a row,
    an I or E that continues nothing begins one of its own, and O ends."""
    spans, opened = [], None
    for label, start, end in words:
        mark, kind = (label[0], label[2:]) if label != "O" else ("O", None)
        if mark in "IE" and opened and opened["type"] == kind:
            opened["end"] = end
        else:
            opened = None
            if mark != "O":
                opened = {"type": kind, "start": start, "end": end}
                spans.append(opened)
        if mark in "ES":
            opened = None
    return spans


# ---- extractive question answering --------------------------------------------------------------

def windows(question, context, longest, stride):
    """Ranges of context tokens, as HuggingFace's truncation="only_second" with `stride` tokens of
    overlap cuts them: the last one ends where the context does."""
    room = longest - question - 3
    out, at = [], 0
    while True:
        end = min(at + room, context)
        out.append((at, end))
        if end == context:
            return out
        at += room - stride


def every_span(parts, longest_answer):
    """All admissible spans of all windows, the best first. A part is (start logits, end logits,
    offsets), offsets None for a token that is not context. A span found in two windows stands once,
    with its higher score."""
    best = {}
    for number, (starts, ends, offsets) in enumerate(parts):
        for i, j in itertools.product(range(len(starts)), repeat=2):
            if offsets[i] is None or offsets[j] is None or not i <= j < i + longest_answer:
                continue
            key = offsets[i][0], offsets[j][1]
            score = starts[i] + ends[j]
            if key not in best or score > best[key][0]:
                best[key] = score, number
    spans = [{"start": k[0], "end": k[1], "score": s, "window": w} for k, (s, w) in best.items()]
    return sorted(spans, key=lambda s: -s["score"])


def null_score(parts):
    """The least of start[CLS] + end[CLS] over the windows (squad_v2 postprocessing)."""
    return min(starts[0] + ends[0] for starts, ends, _ in parts)
