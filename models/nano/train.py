"""Trains the shipped model: contrastive in two stages, as GTE (Li et al., 2023) does.

    python3 train.py TEXT_FOLDER WORK_FOLDER [--steps 8000] [--seconds S]

Stage 1: pairs that belong together (glosses, titles, questions and paragraphs, translations) and
intents. Stage 2, the last 35 % of the steps: fewer of those, entailments with contradictions as hard
negatives, and people's similarity scores. WORK_FOLDER/state.pt holds everything to go on from after an
interruption; at the end WORK_FOLDER/hf is a checkpoint for `gte convert`.
"""
import argparse
import math
import os
import time

import numpy as np
import torch
from torch.nn import functional as F

import batches
from network import Encoder, write_checkpoint

SEED = 20
RATE, WARMUP, DECAY, AVERAGE = 1.5e-3, 600, 0.02, 0.999
TEMPERATURE, SHARPNESS = 0.05, 20.0
WIDTHS = ((192, 1.0), (96, 0.3), (48, 0.2))  # Matryoshka (Kusupati et al., 2022)
STAGE_1 = 0.65
GENTLE = {"tatoeba_en_zh", "tatoeba_paraphrase", "snli_devtest_en", "stsb_translations",
          "xquad_questions_en_zh", "xquad_qa_en_zh", "cmrc2018_devtrial_zh",
          "drcd_devtest_zh_simplified", "squad_subset_en", "boolq_val_en", "clinc150_en",
          "hwu64_en", "opensource_guide_en_zh", "mozilla_www_en_zh", "cow_lemma_en_zh",
          "wordnet_gloss_en", "cc_cedict"}


def mixture(data, stage):
    """Sources and how often each is drawn: by the square root of its size, times its weight."""
    names, weights = [], []
    for name, (kind, weight, rows) in data.items():
        if kind == "score":
            share = 0.0 if stage == 1 else 40.0 * weight * math.sqrt(len(rows))
        else:
            share = weight * math.sqrt(len(rows)) * (2.0 if name in GENTLE else 1.0)
            if name == "snli_devtest_en":
                share *= 1.0 if stage == 1 else 6.0
        names.append(name)
        weights.append(share)
    weights = np.array(weights)
    scored = np.array([data[n][0] == "score" for n in names])
    if stage == 2:  # scores are a third of the steps
        weights[scored] *= 0.33 / weights[scored].sum()
        weights[~scored] *= 0.67 / weights[~scored].sum()
    return names, weights / weights.sum()


def contrast(a, b, same):
    """InfoNCE both ways (van den Oord et al., 2018); `same` marks columns that are no negatives."""
    scores = (a @ b.t() / TEMPERATURE).masked_fill(same, -1e4)
    target = torch.arange(len(a))
    return (F.cross_entropy(scores, target) +
            F.cross_entropy(scores[:, :len(a)].t(), target)) / 2


def label_contrast(x, labels):
    """Supervised contrastive (Khosla et al., 2020)."""
    scores = (x @ x.t() / TEMPERATURE).fill_diagonal_(-1e4)
    alike = (labels[:, None] == labels[None, :]).float().fill_diagonal_(0)
    return -((F.log_softmax(scores, 1) * alike).sum(1) / alike.sum(1)).mean()


def order(a, b, score):
    """CoSENT: a pair that people found more alike must have the higher cosine."""
    cosine = (a * b).sum(1) * SHARPNESS
    gap = cosine[:, None] - cosine[None, :]
    wrong = gap[score[:, None] < score[None, :]]
    return torch.logsumexp(torch.cat([torch.zeros(1), wrong]), 0) / 4


def narrow(x, width):
    return x if width == x.shape[1] else F.normalize(x[:, :width], dim=-1)


def identical(keys_a, keys_b):
    """Columns that hold the same text as the row's own partner (or the row itself)."""
    n = len(keys_a)
    a, b = np.array(keys_a), np.array(keys_b)
    same = (b[None, :] == b[:n, None]) | (b[None, :] == a[:, None])
    same[np.arange(n), np.arange(n)] = False
    return torch.from_numpy(same)


def loss_of(model, kind, batch):
    if kind == "label":
        rows, labels = batch
        x = model(*batches.pad(rows))
        return sum(w * label_contrast(narrow(x, d), torch.from_numpy(labels)) for d, w in WIDTHS)
    a, b = [r[0] for r in batch], [r[1] for r in batch]
    if kind == "score":
        x, y = model(*batches.pad(a)), model(*batches.pad(b))
        score = torch.tensor([r[2] for r in batch])
        return sum(w * order(narrow(x, d), narrow(y, d), score) for d, w in WIDTHS)
    b = b + [r[2] for r in batch if r[2] is not None]
    same = identical([hash(i.tobytes()) for i in a], [hash(i.tobytes()) for i in b])
    x, y = model(*batches.pad(a)), model(*batches.pad(b))
    return sum(w * contrast(narrow(x, d), narrow(y, d), same) for d, w in WIDTHS)


def rate(step, steps):
    if step < WARMUP:
        return RATE * (step + 1) / WARMUP
    return RATE * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (step - WARMUP) / (steps - WARMUP))))


def prepare(args):
    torch.manual_seed(SEED)
    vocab = os.path.join(args.work, "vocab.txt")
    data = batches.load(args.text, vocab, os.path.join(args.work, "ids.pickle"))
    with open(vocab, encoding="utf-8") as file:
        model = Encoder(sum(1 for _ in file))
    heavy = [p for p in model.parameters() if p.dim() > 1]
    light = [p for p in model.parameters() if p.dim() <= 1]
    best = torch.optim.AdamW([{"params": heavy, "weight_decay": DECAY},
                              {"params": light, "weight_decay": 0.0}], lr=RATE, betas=(0.9, 0.98))
    return vocab, data, model, best


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("text")
    parser.add_argument("work")
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--seconds", type=float, default=1e9, help="stop, to go on another time")
    args = parser.parse_args()
    vocab, data, model, best = prepare(args)
    state_path, step, began = os.path.join(args.work, "state.pt"), 0, time.time()
    average = {k: v.clone() for k, v in model.state_dict().items()}
    if os.path.exists(state_path):
        saved = torch.load(state_path)
        model.load_state_dict(saved["model"])
        best.load_state_dict(saved["best"])
        average, step = saved["average"], saved["step"]
    rng = np.random.default_rng(SEED + step)
    streams = {n: batches.Source(kind, rows, rng) for n, (kind, _, rows) in data.items()}
    mixes = {stage: mixture(data, stage) for stage in (1, 2)}
    shown, losses = time.time(), {}
    while step < args.steps and time.time() - began < args.seconds:
        names, weights = mixes[1 if step < STAGE_1 * args.steps else 2]
        name = names[rng.choice(len(names), p=weights)]
        for group in best.param_groups:
            group["lr"] = rate(step, args.steps)
        with torch.autocast("cpu", dtype=torch.bfloat16):  # products only; weights stay f32
            loss = loss_of(model, data[name][0], streams[name].next())
        best.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        best.step()
        with torch.no_grad():
            keep = min(AVERAGE, (step + 1) / (step + 10))
            for k, v in model.state_dict().items():
                average[k].mul_(keep).add_(v, alpha=1 - keep)
        step += 1
        losses.setdefault(data[name][0], []).append(loss.item())
        if step % 100 == 0:
            print(step, " ".join("%s %.3f" % (k, np.mean(v)) for k, v in sorted(losses.items())),
                  "%.2f s/step" % ((time.time() - shown) / 100), flush=True)
            shown, losses = time.time(), {}
        if step % 500 == 0 or step == args.steps:
            torch.save({"model": model.state_dict(), "best": best.state_dict(), "average": average,
                        "step": step}, state_path + ".new")
            os.replace(state_path + ".new", state_path)
            write_checkpoint(os.path.join(args.work, "hf"), average, vocab)


if __name__ == "__main__":
    main()
