#!/usr/bin/env python3
"""Plots of `gte bench --json` as SVG, one panel per shape, one bar per type and backend.

    bench_plots.py KEY TITLE OUT.svg FILE... [--threads N]

KEY is a figure of the lines: cpu_share and peak_share are drawn as percentages up to 100 %, others
from 0 to the largest (tokens_per_s, gflops, ...). A dark line across a bar of a share is what reading
the weights from memory would allow; models that stay in the caches may pass it.
"""
import sys
from html import escape

from bench_lines import distinct, pick, read

COLOURS = {"f32": "#4269d0", "bf16": "#3ca951", "int8": "#ff725c", "f32 OpenBLAS": "#9498a0"}
SERIES = list(COLOURS)
BAR, GAP, PANEL, LEFT, TOP, LABEL = 13, 16, 190, 64, 66, 18


def series_of(cell):
    return cell["dtype"] + (" OpenBLAS" if cell["backend"] == "openblas" else "")


def text(x, y, what, size=12, anchor="start", colour="#333", extra=""):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"'
            f' fill="{colour}" {extra}>{escape(what)}</text>')


def nice_top(value):
    """The next of 1, 2 and 5 times a power of ten."""
    step = 1.0
    while step * 10 <= value:
        step *= 10
    while step > value:
        step /= 10
    return next(step * m for m in (1, 2, 5, 10) if step * m >= value)


def short(value):
    """A label of few letters."""
    if value >= 1000:
        return f"{value / 1000:.3g}k"
    return f"{value:.3g}"


def memory_bound(cell):
    """The share of the peak at which the memory delivers the weights just in time."""
    at_peak = cell["flops"] / cell["peak_gflops"]
    return min(1.0, at_peak / (cell["weight_bytes"] / cell["memory_gb_per_s"]))


def panel(cells, key, y, width, names):
    """One shape: axis, bars and their values."""
    share = key.endswith("_share")
    top = 1.0 if share else nice_top(1.12 * max(c[key] for c in cells))
    out = [text(LEFT, y - 10, cells[0]["shape"], 14, extra='font-weight="bold"')]
    for i in range(5):
        at = y + PANEL * (1 - i / 4)
        label = f"{25 * i} %" if share else short(top * i / 4)
        out.append(f'<line x1="{LEFT}" x2="{width - 10}" y1="{at:.1f}" y2="{at:.1f}"'
                   ' stroke="#ddd"/>')
        out.append(text(LEFT - 6, at + 4, label, 11, "end", "#666"))
    x = LEFT + GAP / 2
    for cell in distinct(cells, "cell"):
        for i, name in enumerate(names):
            found = [c for c in pick(cells, cell=cell) if series_of(c) == name]
            if not found:
                continue
            height = PANEL * min(found[0][key] / top, 1.0)
            left = x + i * BAR
            out.append(f'<rect x="{left:.1f}" y="{y + PANEL - height:.1f}" width="{BAR - 2}"'
                       f' height="{height:.1f}" fill="{COLOURS[name]}"/>')
            bound = memory_bound(found[0])
            if share and bound < 1:
                at = y + PANEL * (1 - bound)
                out.append(f'<line x1="{left - 1:.1f}" x2="{left + BAR - 1:.1f}" y1="{at:.1f}"'
                           f' y2="{at:.1f}" stroke="#222" stroke-width="1.5"/>')
                if height <= PANEL * bound < height + LABEL:
                    height = PANEL * bound
            value = f"{100 * found[0][key]:.0f}" if share else short(found[0][key])
            middle, above = left + BAR / 2 + 2, y + PANEL - height - 4
            out.append(text(middle, above, value, 9, "start", "#666",
                            f'transform="rotate(-90 {middle:.1f} {above:.1f})"'))
        out.append(text(x + len(names) * BAR / 2, y + PANEL + 15, cell, 11, "middle"))
        x += len(names) * BAR + GAP
    return out


def plot(cells, key, title):
    names = [s for s in SERIES if any(series_of(c) == s for c in cells)]
    shapes = distinct(cells, "shape")
    most = max(len(distinct(pick(cells, shape=s), "cell")) for s in shapes)
    width = max(LEFT + most * (len(names) * BAR + GAP) + 20, 560)
    height = TOP + len(shapes) * (PANEL + 62)
    first = cells[0]
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
           f' viewBox="0 0 {width} {height}" font-family="sans-serif">',
           f'<rect width="{width}" height="{height}" fill="white"/>', text(12, 20, title, 15),
           text(12, 37, f"{first['processor']}, level {first['isa']}, {first['started'][:10]}", 11,
                colour="#666")]
    x = 12
    for name in names:
        out.append(f'<rect x="{x}" y="45" width="10" height="10" fill="{COLOURS[name]}"/>')
        out.append(text(x + 14, 54, name, 11))
        x += 30 + 7 * len(name)
    for i, shape in enumerate(shapes):
        out += panel(pick(cells, shape=shape), key, TOP + i * (PANEL + 62) + 28, width, names)
    return "\n".join(out) + "\n</svg>\n"


def main(arguments):
    threads = 1
    if "--threads" in arguments:
        at = arguments.index("--threads")
        threads = int(arguments[at + 1])
        arguments = arguments[:at] + arguments[at + 2:]
    if len(arguments) < 4:
        sys.exit(__doc__)
    key, title, out = arguments[:3]
    seen, cells = set(), []
    for c in pick(read(arguments[3:]), threads=threads):
        which = (c["shape"], c["cell"], series_of(c))
        if which not in seen:
            cells.append(c)
        seen.add(which)
    if not cells:
        sys.exit(f"bench_plots.py: no cells with {threads} threads")
    with open(out, "w", encoding="utf8") as file:
        file.write(plot(cells, key, title))


if __name__ == "__main__":
    main(sys.argv[1:])
