#!/usr/bin/python3
"""gte beside its peers on the same weights and texts, in one run: bench_peers.py DIR [options].

Starts every peer of this folder (peer_*; README.md has the protocol), proves that their vectors are
the same, then measures in rounds: each round asks each peer for each cell, one peer at a time, so
that whatever slows the machine for a while slows all. Prints one table of ratios and writes every
median to DIR/results.jsonl.
"""
import argparse
import array
import glob
import json
import math
import os
import platform
import random
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
# The proof: cosine to gte's f32 vectors. Types that round are told, not judged.
COSINE_MIN = {"f32": 0.99999}
PAUSE = 0.02  # the threads of a peer that spin must sleep before the next one's turn


class Peer:
    """One variant of a peer, alive for all rounds."""

    def __init__(self, script, folder, variant, threads):
        self.name, self.type, self.setting = variant
        command = [script, "serve", folder, *variant, str(threads)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        started = time.monotonic()
        self.about = self.answer()
        if not self.about.startswith("ready "):
            sys.exit(f"{self.name} {self.type}: {self.about}")
        self.about = self.about[6:]
        self.start_s = time.monotonic() - started

    def answer(self):
        line = self.process.stdout.readline().strip()
        if not line or line.startswith("error"):
            sys.exit(f"{self.name} {self.type} {self.setting}: {line or 'ended'}")
        return line

    def ask(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def vectors(self, cell, folder):
        out = os.path.join(folder, "vectors.f32")
        self.ask("cell", *cell, os.path.join(folder, cell_name(cell)), out)
        values = array.array("f")
        with open(out, "rb") as f:
            values.frombytes(f.read())
        size = len(values) // cell[0]
        return [values[i * size:(i + 1) * size] for i in range(cell[0])]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def cell_name(cell):
    return f"{cell[0]}x{cell[1]}"


def write_cells(folder, cells):
    """Texts of known tokens: [CLS], words of one token each, [SEP]; as text and as ids."""
    with open(os.path.join(folder, "vocab.txt"), encoding="utf-8") as f:
        vocabulary = f.read().split("\n")[:-1]
    ids = {word: i for i, word in enumerate(vocabulary)}
    words = [w for w in vocabulary if not w.startswith("[")]
    choice = random.Random(1)
    for texts, tokens in cells:
        lines = [choice.choices(words, k=tokens - 2) for _ in range(texts)]
        path = os.path.join(folder, cell_name((texts, tokens)))
        with open(path + ".txt", "w", encoding="utf-8") as f:
            f.writelines(" ".join(line) + "\n" for line in lines)
        with open(path + ".ids", "w", encoding="utf-8") as f:
            for line in lines:
                row = [ids["[CLS]"], *(ids[w] for w in line), ids["[SEP]"]]
                f.write(" ".join(map(str, row)) + "\n")


def find_variants(folder, skip):
    """(script, (name, type, setting)) of all peers that can run here, gte f32 first."""
    found = []
    for script in sorted(glob.glob(os.path.join(HERE, "peer_*"))):
        if os.path.basename(script)[5:].split(".")[0] in skip:
            continue
        setup = subprocess.run([script, "setup", folder], stdout=subprocess.PIPE, text=True)
        print(setup.stdout, end="")
        if setup.returncode:
            print(f"SKIP {os.path.basename(script)} cannot be set up here")
            continue
        listed = subprocess.run([script, "list", folder], stdout=subprocess.PIPE, text=True)
        named = [tuple(line.split()) for line in listed.stdout.splitlines()]
        found += [(script, n) for n in named if not skip & set(n)]
    found.sort(key=lambda v: v[1][:2] != ("gte", "f32"))
    return found


def cosine(a, b):
    dot = sum(x * y for x, y in zip(a, b))
    return dot / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def prove(peers, cells, folder, threads):
    """Every peer computes the same function: the worst cosine to gte's f32, of all cells."""
    good, wanted, worst = True, {}, {}
    for cell in cells:
        for peer in peers:
            got = peer.vectors(cell, folder)
            wanted.setdefault(cell, got)
            low = min(cosine(a, b) for a, b in zip(wanted[cell], got))
            worst[peer] = min(worst.get(peer, 2), low)
    print(f"Lowest cosine of a text to gte's f32 vector, {threads} thread(s):\n")
    for peer in peers:
        minimum = COSINE_MIN.get(peer.type, -1)
        good = good and worst[peer] >= minimum
        print(f"  {peer.name} {peer.type} {peer.setting}: {worst[peer]:.7f}"
              + ("" if worst[peer] >= minimum else f", but {minimum} is asked for"))
    print()
    return good


def measure(peers, cells, rounds, seconds):
    """{(peer, cell): [(wall, cpu), ...]}, a pair a round."""
    samples = {}
    for turn in range(rounds):
        # Every other round backwards: nobody is always measured after the same neighbour.
        order = peers if turn % 2 == 0 else peers[::-1]
        for cell in cells:
            for peer in order:
                time.sleep(PAUSE)
                _, wall, cpu = peer.ask("run", *cell, seconds).split()
                samples.setdefault((peer, cell), []).append((float(wall), float(cpu)))
    return samples


def medians(samples, threads, shape):
    rows = []
    for (peer, cell), pairs in samples.items():
        wall, cpu = ([p[i] for p in pairs] for i in (0, 1))
        rows.append({
            "shape": shape, "peer": peer.name, "type": peer.type, "setting": peer.setting,
            "cell": cell_name(cell), "threads": threads, "rounds": len(pairs),
            "wall_s": statistics.median(wall), "cpu_s": statistics.median(cpu),
            "wall_min_s": min(wall), "wall_max_s": max(wall), "start_s": round(peer.start_s, 4),
            "about": peer.about})
    return rows


def fastest(rows, **wanted):
    fit = [r for r in rows if all(r[k] == v for k, v in wanted.items())]
    return min(fit, key=lambda r: r["wall_s"], default=None)


def print_table(rows, cells):
    """Times of gte, and of each peer divided by them: more than 1 means that gte is faster."""
    ours = sorted({r["type"] for r in rows if r["peer"] == "gte"},
                  key=["f32", "bf16", "int8"].index)
    others = sorted({(r["peer"], r["type"]) for r in rows if r["peer"] != "gte"})
    columns = [(t, p) for t in ours for p in others if p[1] == (t if t != "bf16" else "f32")]
    titles, lowest = ["cell", "threads"], {}
    for t in ours:
        titles += [f"gte {t} ms"] + [f"{p[0]} {p[1]} / it" for c, p in columns if c == t]
    print("| " + " | ".join(titles) + " |\n|" + "---|" * len(titles))
    for threads in sorted({r["threads"] for r in rows}):
        for cell in map(cell_name, cells):
            line = [cell, str(threads)]
            for t in ours:
                own = fastest(rows, peer="gte", type=t, cell=cell, threads=threads)
                line.append(f"{1e3 * own['wall_s']:.2f}")
                for _, (name, kind) in (c for c in columns if c[0] == t):
                    their = fastest(rows, peer=name, type=kind, cell=cell, threads=threads)
                    ratio = their["wall_s"] / own["wall_s"]
                    line.append(f"{ratio:.2f} ({their['cpu_s'] / own['cpu_s']:.2f})")
                    place = (ratio, f"at {cell} on {threads} thread{'s' if threads > 1 else ''}")
                    lowest[t, name, kind] = min(lowest.get((t, name, kind), place), place)
            print("| " + " | ".join(line) + " |")
    print("\nLowest ratios:", "; ".join(f"gte {t} to {name} {kind} {ratio:.2f} {where}" for
                                       (t, name, kind), (ratio, where) in lowest.items()) + ".")
    spread = statistics.median((r["wall_max_s"] - r["wall_min_s"]) / r["wall_s"] for r in rows)
    print(f"\nRatios of wall-clock medians, in brackets of CPU time, over {rows[0]['rounds']} "
          f"rounds. Half of the figures spread by less than {100 * spread:.0f} % from the fastest "
          "to the slowest round.")


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        names = [line.split(":")[1].strip() for line in f if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {len(os.sched_getaffinity(0))} cores"


def main():
    parse = argparse.ArgumentParser(
        description=__doc__.split("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parse.add_argument("folder", help="a model as random_bert.py writes it")
    parse.add_argument("--cells", default="1x8,1x32,1x128,1x512,32x32,32x128,8x512",
                       help="what is embedded at once, TEXTSxTOKENS")
    parse.add_argument("--threads", default="1,2", help="how many each peer may use")
    parse.add_argument("--rounds", type=int, default=7, help="turns of every peer")
    parse.add_argument("--seconds", type=float, default=0.1, help="of one turn, at least a call")
    parse.add_argument("--skip", default="", help="names, types or settings, as openblas,bf16")
    args = parse.parse_args()
    shape = os.path.basename(os.path.normpath(args.folder))
    cells = [tuple(map(int, cell.split("x"))) for cell in args.cells.split(",")]
    write_cells(args.folder, cells)
    variants = find_variants(args.folder, set(args.skip.split(",")))
    print(f"{shape}, {processor()}, {time.strftime('%Y-%m-%d')}\n")
    rows, good = [], True
    for threads in map(int, args.threads.split(",")):
        peers = [Peer(script, args.folder, variant, threads) for script, variant in variants]
        if not rows:
            print("Peers: " + "; ".join(sorted({p.about for p in peers})) + ".")
        good = prove(peers, cells, args.folder, threads) and good
        rows += medians(measure(peers, cells, args.rounds, args.seconds), threads, shape)
        for peer in peers:
            peer.close()
    with open(os.path.join(args.folder, "results.jsonl"), "w", encoding="utf-8") as f:
        f.writelines(json.dumps(row) + "\n" for row in rows)
    print_table(rows, cells)
    return 0 if good else 1


sys.exit(main())
