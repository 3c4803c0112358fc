#!/usr/bin/env python3
"""Markdown tables from the lines of `gte bench --json`.

    bench_tables.py peak FILE...        time and share of the peak by type
    bench_tables.py threads FILE...     one thread against more
    bench_tables.py openblas FILE...    the packed kernels against OpenBLAS
    bench_tables.py load FILE...        loading and memory
"""
import sys

from bench_lines import DTYPES, distinct, one, pick, read


def number(value):
    """As many digits as the table of gte bench has."""
    return f"{value:.{3 if value < 10 else 2 if value < 100 else 1 if value < 1000 else 0}f}"


def percent(value):
    return f"{100 * value:.0f} %"


def table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|---" + "|--:" * (len(head) - 1) + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def peak(cells):
    """By CPU time, because it leaves out what others took of the machine; `wall` beside it."""
    for shape in distinct(cells, "shape"):
        for threads in distinct(pick(cells, shape=shape), "threads"):
            here = pick(cells, shape=shape, threads=threads, backend="packed")
            dtypes = [d for d in DTYPES if pick(here, dtype=d)]
            if not dtypes:
                continue
            print(f"{shape}, {threads} thread{'s' if threads > 1 else ''}"
                  f" (level {here[0]['isa']}):\n")
            head = ["cell"]
            for dtype in dtypes:
                head += [dtype + " ms", "texts/s", "peak", "cpu"]
            rows = []
            for cell in distinct(here, "cell"):
                row = [cell]
                for dtype in dtypes:
                    c = one(here, cell=cell, dtype=dtype)
                    row += [number(1e3 * c["wall_s"]), number(c["texts_per_s"]),
                            percent(c["peak_share"]), percent(c["cpu_share"])] if c else [""] * 4
                rows.append(row)
            table(head, rows)


def threads(cells):
    head = ["shape", "cell"] + [f"{d} 1 to {n}" for n in distinct(cells, "threads") if n > 1
                                for d in DTYPES]
    rows = []
    for shape in distinct(cells, "shape"):
        for cell in distinct(pick(cells, shape=shape), "cell"):
            row = [shape, cell]
            for count in distinct(cells, "threads"):
                for dtype in DTYPES if count > 1 else []:
                    base = one(cells, shape=shape, cell=cell, dtype=dtype, threads=1)
                    more = one(cells, shape=shape, cell=cell, dtype=dtype, threads=count)
                    row.append(f"{base['wall_s'] / more['wall_s']:.2f}x" if base and more else "")
            rows.append(row)
    table(head, rows)


def openblas(cells):
    rows = []
    for c in pick(cells, backend="openblas"):
        ours = one(cells, backend="packed", model=c["model"], cell=c["cell"], threads=c["threads"])
        if ours:
            rows.append([c["shape"], c["cell"], str(c["threads"]), number(1e3 * ours["wall_s"]),
                         number(1e3 * c["wall_s"]), f"{c['wall_s'] / ours['wall_s']:.2f}x",
                         f"{c['cpu_s'] / ours['cpu_s']:.2f}x", percent(c["cpu_share"])])
    table(["shape", "cell", "threads", "packed ms", "OpenBLAS ms", "ratio", "by CPU time",
           "OpenBLAS of peak"], rows)


def load(cells):
    rows = []
    for c in cells:
        key = (c["model"], c["backend"], c["threads"])
        if any(row[0] == key for row in rows):
            continue
        cold = c["cold_file_s"]
        rows.append([key, c["model"], c["backend"], str(c["threads"]),
                     number(1e3 * (c["open_s"] + c["context_s"])), number(1e3 * c["first_s"]),
                     number(1e3 * cold) if cold else "", f"{c['resident_bytes'] / 1e6:.0f}",
                     f"{c['private_bytes'] / 1e6:.1f}"])
    table(["model", "backend", "threads", "load ms", "first text ms", "all, file on disk ms",
           "resident MB", "private MB"], [row[1:] for row in rows])


if __name__ == "__main__":
    KINDS = {"peak": peak, "threads": threads, "openblas": openblas, "load": load}
    if len(sys.argv) < 3 or sys.argv[1] not in KINDS:
        sys.exit(__doc__)
    KINDS[sys.argv[1]](read(sys.argv[2:]))
