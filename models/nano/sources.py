"""The training text: every source with its weight, less what evaluation uses.

A pair is two texts that belong together, with an optional third that must not; a labelled row is a text
and its class; a scored row is two texts and how alike people found them (0 to 5).

Never read here: STS-B's dev split, NTREX, BANKING77's test split, one paragraph in five of CMRC 2018
(held_out()). forbidden() lists their texts, and any row that holds one is dropped, whatever its source:
SNLI's captions, for one, stand in STS-B too.
"""
import csv
import gzip
import hashlib
import json
import os
import unicodedata


class Pair:
    __slots__ = ("a", "b", "negative")

    def __init__(self, a, b, negative=None):
        self.a, self.b, self.negative = a, b, negative

    def texts(self):
        return [t for t in (self.a, self.b, self.negative) if t]


class Labelled:
    __slots__ = ("text", "label")

    def __init__(self, text, label):
        self.text, self.label = text, label

    def texts(self):
        return [self.text]


class Scored:
    __slots__ = ("a", "b", "score")

    def __init__(self, a, b, score):
        self.a, self.b, self.score = a, b, score

    def texts(self):
        return [self.a, self.b]


# file: weight of its rows in the vocabulary's counts and in sampling (technical and archaic text down)
PAIRS = {
    "tatoeba_en_zh": 2.0, "tatoeba_paraphrase": 2.0, "bible_web_cuv": 0.2, "cc_cedict": 0.7,
    "wordnet_gloss_en": 0.7, "wordnet_example_gloss_en": 0.5, "cow_lemma_en_zh": 0.7,
    "cow_gloss_en_zh": 0.7, "cow_synonym_zh": 0.7, "python_docs_en_zh": 0.3, "tldr_en_zh": 0.5,
    "d2l_en_zh": 0.7, "rustbook_en_zh": 0.6, "electron_docs_en_zh": 0.5, "opensource_guide_en_zh": 1.5,
    "mozilla_www_en_zh": 1.5, "cldr_en_zh": 0.5, "cldr_keywords": 0.5, "osm_presets_en_zh": 0.7,
    "african_storybook_en_zh": 2.0, "xquad_questions_en_zh": 2.0, "xquad_qa_en_zh": 1.0,
    "cmrc2018_devtrial_zh": 1.0, "drcd_devtest_zh_simplified": 1.0, "crosswoz_turns_zh": 0.5,
    "crosswoz_template_paraphrase_zh": 0.5, "kdconv_qa_zh": 0.5, "boolq_val_en": 1.0,
    "squad_subset_en": 1.0, "stackexchange_title_answer_en": 0.7, "stackexchange_title_body_en": 0.7,
    "udhr_en_zh": 1.0,
}
LABELLED = {"clinc150_en": 1.0, "hwu64_en": 1.0, "slurp_devtest_en": 1.0, "thuocl_topic_zh": 0.5,
            "crosswoz_intent_zh": 0.5}


def rows_of(folder, name):
    with gzip.open(os.path.join(folder, "train", name + ".jsonl.gz"), "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def csv_rows(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8", newline="") as file:
        yield from csv.reader(file)


def same(text):
    """What two texts share when they differ in case, space and punctuation only."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum())


def held_out(paragraph):
    """One CMRC paragraph in five, by its digest."""
    return hashlib.sha256(same(paragraph).encode()).digest()[0] % 5 == 0


def forbidden(folder):
    out = set()
    for lang in ("en", "zh"):
        for row in csv_rows(folder, "stsb/stsb-%s-dev.csv" % lang):
            out.update((same(row[0]), same(row[1])))
    for row in rows_of(folder, "ntrex_en_zh"):
        out.update((same(row["a"]), same(row["b"])))
    for row in csv_rows(folder, "banking77/test.csv"):
        out.add(same(row[0]))
    for row in rows_of(folder, "cmrc2018_devtrial_zh"):
        if held_out(row["b"]):
            out.update((same(row["a"]), same(row["b"])))
    return out


def nli(folder, simplify):
    """Entailments, each with a contradiction of the same premise where there is one."""
    by_premise = {}
    for row in rows_of(folder, "snli_devtest_en"):
        by_premise.setdefault(row["a"], {}).setdefault(row["label"], []).append(row["b"])
    for premise, said in by_premise.items():
        against = said.get("contradiction", [])
        for i, b in enumerate(said.get("entailment", [])):
            yield Pair(premise, simplify(b), against[i % len(against)] if against else None)


def pairs(folder, name, simplify):
    for row in rows_of(folder, name):
        yield Pair(simplify(row["a"]), simplify(row["b"]))


def labelled(folder, name):
    for row in rows_of(folder, name):
        yield Labelled(row["text"], row["label"])


def scored(folder, names):
    columns = [list(csv_rows(folder, "stsb/stsb-%s-train.csv" % n)) for n in names]
    if len(names) == 1:
        for a, b, score in columns[0]:
            yield Scored(a, b, float(score))
        return
    for en, zh in zip(*columns):  # the same pairs, translated: one side of each
        yield Scored(en[0], zh[1], float(en[2]))
        yield Scored(zh[0], en[1], float(en[2]))


def paws(folder):
    with open(os.path.join(folder, "zh/pawsx-zh-dev.tsv"), encoding="utf-8") as file:
        for line in file:
            a, b, label = line.rstrip("\n").split("\t")
            yield Scored(a, b, 4.5 if label == "1" else 2.5)


def translations(folder):
    """STS-B's training sentences and their translations."""
    en, zh = (list(csv_rows(folder, "stsb/stsb-%s-train.csv" % n)) for n in ("en", "zh"))
    for x, y in zip(en, zh):
        yield Pair(x[0], y[0])
        yield Pair(x[1], y[1])


def everything(folder):
    """(name, weight, rows) of each source, cleaned of what evaluation uses."""
    with open(os.path.join(folder, "train/t2s.json"), encoding="utf-8") as file:
        table = str.maketrans(json.load(file))
    bad = forbidden(folder)

    def simplify(text):
        return text.translate(table)

    def clean(rows):
        seen, kept = set(), []
        for row in rows:
            keys = tuple(same(t) for t in row.texts())
            if keys in seen or any(not k or k in bad for k in keys):
                continue
            seen.add(keys)
            kept.append(row)
        return kept

    for name, weight in PAIRS.items():
        yield name, weight, clean(pairs(folder, name, simplify))
    yield "snli_devtest_en", 1.5, clean(nli(folder, simplify))
    yield "stsb_translations", 1.5, clean(translations(folder))
    for name, weight in LABELLED.items():
        yield name, weight, clean(labelled(folder, name))
    yield "stsb_en", 1.0, clean(scored(folder, ["en"]))
    yield "stsb_zh", 1.0, clean(scored(folder, ["zh"]))
    yield "stsb_en_zh", 1.0, clean(scored(folder, ["en", "zh"]))
    yield "pawsx_zh", 0.5, clean(paws(folder))


def main(folder):
    """Rows by source, and that none of them holds a text of the evaluation."""
    bad, total = forbidden(folder), 0
    for name, weight, rows in everything(folder):
        held = sum(1 for row in rows for text in row.texts() if same(text) in bad)
        print("%-32s %7d rows, weight %.1f, %d texts of the evaluation" %
              (name, len(rows), weight, held))
        total += held
    print("%d texts kept out; %d found in what is trained on" % (len(bad), total))
    return 1 if total else 0


if __name__ == "__main__":
    import sys
    sys.exit(main(sys.argv[1]))
