"""SiameseUIE, one text, one window and one hint at a time (the formulas of make_golden.py).

The recipe is that of ModelScope's SiameseUieModel and SiameseUiePipeline: the text (token types
0) goes through the lower layers by itself, the hint (token types 1, positions that go on where those
of the text end) by itself too; the upper layers see the text and the hint after it as one sequence;
the two pointers read the rows of the text. A token is a head or a tail when its logit, not a
probability, is above 0.5.
"""
import numpy as np

WINDOW, STEP, HINT = 384, 352, 128
THRESHOLD = 0.5


def windows(ids):
    """(start, ids) of the windows: the whole sequence with its [CLS] and [SEP] is cut, so that only
    the first begins with [CLS] and only the last ends with [SEP]."""
    count = 1 + max(0, -(-(len(ids) - WINDOW) // STEP))
    return [(i * STEP, ids[i * STEP:i * STEP + WINDOW]) for i in range(count)]


def states(bert, split, ids, several, hint_ids):
    """The upper states of the text's tokens. With several windows the last is padded to the length
    of the others, so that the positions of the hint begin there."""
    position = WINDOW if several else len(ids)
    lower, upper = range(split), range(split, bert.c["layers"])
    text = bert.run(bert.embed(ids, [0] * len(ids)), lower)
    hint = bert.run(bert.embed(hint_ids, [1] * len(hint_ids), position), lower)
    return bert.run(np.concatenate([text, hint]), upper)[:len(ids)]


class Extractor:
    def __init__(self, bert, split, tokenizer, pointers):
        self.bert, self.split, self.tokenizer, self.pointers = bert, split, tokenizer, pointers
        self.margin = np.inf  # the least distance of any logit from the threshold
        self.special = -np.inf  # the highest logit of a [CLS] or [SEP]

    def logits(self, text, hint):
        """Head and tail logit of each token of the text; where windows overlap, their mean."""
        ids = self.tokenizer.encode(text)[0]
        hint_ids = self.tokenizer.encode(hint)[0][:HINT]
        parts = windows(ids)
        total, times = np.zeros((len(ids), 2)), np.zeros((len(ids), 1))
        for at, part in parts:
            x = states(self.bert, self.split, part, len(parts) > 1, hint_ids)
            for column, (weight, bias) in enumerate(self.pointers):
                total[at:at + len(part), column] += x @ weight[0] + bias[0]
            times[at:at + len(part)] += 1
        out = total / times
        self.margin = min(self.margin, np.abs(out - THRESHOLD).min())
        self.special = max(self.special, out[0].max(), out[-1].max())
        return out[:, 0], out[:, 1]

    def spans(self, text, hint):
        """Each head with the first tail at or after it, in the order of the text."""
        offsets = self.tokenizer.encode(text)[2]
        head, tail = self.logits(text, hint)
        found = []
        for i in np.flatnonzero(head > THRESHOLD):
            after = [j for j in np.flatnonzero(tail > THRESHOLD) if j >= i]
            if after:
                found.append((offsets[i][0], offsets[after[0]][1]))
        return sorted(found)

    def extract(self, text, schema, prefix=()):
        """The `output` of the pipeline: a list per leaf of the schema that was found, with what led
        to it."""
        out, children = [], []
        for kind in schema:
            hint = "".join(f"{p['type']}: {p['span']}, " for p in prefix) + f"{kind}: "
            children += [{"type": kind, "span": text[a:b], "offset": [a, b]}
                         for a, b in self.spans(text, hint)]
        for item in children:
            chain = [*prefix, item]
            below = schema[item["type"]]
            out += [chain] if below is None else self.extract(text, below, chain)
        return out
