#!/usr/bin/python3
"""Bars of tokens per second from results of bench_peers.py: plot_peers.py RESULTS.jsonl OUT.svg.

A panel for each number of threads, a group for each cell, a bar for each engine and type; on gte's
bars stands how many times as fast as the peer of the same type it is (bf16: as its f32).
"""
import json
import sys
from html import escape

SERIES = [("openblas", "f32", "#b9c0c9", "OpenBLAS behind gte's encoder, f32"),
          ("onnxruntime", "f32", "#8a94a3", "onnxruntime, f32"),
          ("gte", "f32", "#1f6fb4", "gte, f32"),
          ("gte", "bf16", "#3aa6a0", "gte, bf16"),
          ("onnxruntime", "int8", "#c9a66b", "onnxruntime, int8"),
          ("gte", "int8", "#d9542b", "gte, int8")]
RIVAL = "onnxruntime"
WIDTH, PANEL, LEFT, TOP, BOTTOM = 1000, 250, 70, 84, 40
TEXT = 'font-family="DejaVu Sans, Helvetica, Arial, sans-serif"'


def tokens(cell):
    texts, length = cell.split("x")
    return int(texts) * int(length)


def best_rates(rows):
    """{(threads, cell, peer, type): tokens per second}, of the fastest setting."""
    rates = {}
    for row in rows:
        key = (row["threads"], row["cell"], row["peer"], row["type"])
        rates[key] = max(rates.get(key, 0), tokens(row["cell"]) / row["wall_s"])
    return rates


def round_up(value):
    step = 10 ** (len(str(int(value))) - 1)
    return next(step * m for m in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10) if step * m >= value)


def label(x, y, text, size=11, anchor="middle", fill="#30343a"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
            f'fill="{fill}">{escape(text)}</text>')


def axis(top, limit):
    out = []
    for i in range(5):
        y = top + PANEL - PANEL * i / 4
        out.append(f'<line x1="{LEFT}" x2="{WIDTH - 20}" y1="{y:.1f}" y2="{y:.1f}" '
                   f'stroke="{"#30343a" if i == 0 else "#e3e6ea"}"/>')
        out.append(label(LEFT - 8, y + 4, f"{limit * i / 4:,.0f}", anchor="end"))
    return out


def bar(x, width, top, height, colour, factor):
    y = top + PANEL - height
    out = [f'<rect x="{x:.1f}" y="{y:.1f}" width="{width - 1.5:.1f}" height="{height:.1f}" '
           f'fill="{colour}"/>']
    if factor:
        out.append(label(x + width / 2, y - 4, f"{factor:.1f}x", 9, fill=colour))
    return out


def panel(rates, threads, cells, series, top):
    limit = round_up(max(r for k, r in rates.items() if k[0] == threads))
    out = axis(top, limit)
    out.append(label(LEFT, top - 12, f"{threads} thread{'s' if threads > 1 else ''}, tokens/s", 13,
                     "start"))
    group = (WIDTH - 20 - LEFT) / len(cells)
    width = group * 0.86 / len(series)
    for i, cell in enumerate(cells):
        left = LEFT + i * group + group * 0.07
        for j, (peer, kind, colour, _) in enumerate(series):
            rate = rates.get((threads, cell, peer, kind), 0)
            other = rates.get((threads, cell, RIVAL, "f32" if kind == "bf16" else kind))
            factor = rate / other if peer == "gte" and other else None
            out += bar(left + j * width, width, top, PANEL * rate / limit, colour, factor)
        out.append(label(LEFT + (i + 0.5) * group, top + PANEL + 16, cell, 12))
    return out


def legend(series):
    out = []
    for i, (_, _, colour, name) in enumerate(series):
        x, y = LEFT + i % 3 * 300, 40 + i // 3 * 18
        out.append(f'<rect x="{x}" y="{y - 10}" width="12" height="12" fill="{colour}"/>')
        out.append(label(x + 18, y, name, 12, "start"))
    return out


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        rows = [json.loads(line) for line in f]
    rates = best_rates(rows)
    cells = list(dict.fromkeys(row["cell"] for row in rows))
    series = [s for s in SERIES if any(k[2:] == s[:2] for k in rates)]
    counts = sorted({k[0] for k in rates})
    height = TOP + len(counts) * (PANEL + BOTTOM + 30)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {TEXT}>',
           f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
           label(LEFT, 20, f"The shape of {rows[0]['shape']}: gte and its peers, by cell "
                 "(texts x tokens); x: times as fast as onnxruntime", 14, "start")]
    out += legend(series)
    for i, threads in enumerate(counts):
        out += panel(rates, threads, cells, series, TOP + 20 + i * (PANEL + BOTTOM + 30))
    with open(sys.argv[2], "w", encoding="utf-8") as f:
        f.write("\n".join(out) + "\n</svg>\n")


main()
