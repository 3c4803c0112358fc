#!/usr/bin/env python3
"""Writes gelu_table.h: python3 src/kernels/make_gelu_table.py > src/kernels/gelu_table.h

Not part of the build: run it by hand (needs numpy). Prints the errors, in f32 arithmetic, to the
standard error. Least squares at Chebyshev nodes of each segment, weighted by |x|, since gelu(x) =
max(x, 0) - |x| U(|x|) and U is what is fitted: half of 1 - erf(|x| / sqrt 2), or of 1 - tanh(...).
"""
import math
import sys

import numpy as np


def u_erf(a):
    return 0.5 * np.vectorize(math.erfc)(a / math.sqrt(2.0))


def u_tanh(a):
    return 1.0 / (1.0 + np.exp(2.0 * math.sqrt(2.0 / math.pi) * (a + 0.044715 * a**3)))


def fit(u, width, segments, degree, centred, zero_tail):
    """c[d][j]: of f = |x| / width - j where `centred`, else of |x| itself."""
    table = np.zeros((degree + 1, segments), np.float32)
    nodes = np.cos(np.pi * (np.arange(64) + 0.5) / 64)
    for j in range(segments - zero_tail):
        low, high = max(0.0, (j - 0.5) * width), (j + 0.5) * width
        a = (low + high) / 2 + (high - low) / 2 * nodes
        basis = np.stack([(a / width - j if centred else a) ** d for d in range(degree + 1)], 1)
        weight = np.maximum(a, 0.05)
        table[:, j] = np.linalg.lstsq(basis * weight[:, None], u(a) * weight, rcond=None)[0]
    return table


def error(u, width, table, centred):
    a = np.linspace(0.0, 12.0, 600001).astype(np.float32)
    bounded = np.minimum(a, np.float32(width * (table.shape[1] - 0.51)))
    s = (bounded * np.float32(1 / width)).astype(np.float32)
    j = np.rint(s).astype(int)
    f = (s - j).astype(np.float32) if centred else bounded
    t = table[-1][j]
    for row in table[-2::-1]:
        t = (t * f + row[j]).astype(np.float32)
    return np.abs(bounded * t - a * u(a.astype(np.float64))).max()


def literal(x):
    s = "%.9g" % x
    return (s if "." in s or "e" in s else s + ".0") + "f"


def rows_of(table):
    out = []
    for row in table:
        line = "         {"
        for i, x in enumerate(row):
            item = literal(x) + ("," if i + 1 < len(row) else "},")
            if len(line) + len(item) + 1 > 100:
                out.append(line.rstrip())
                line = "          "
            line += item + " "
        out.append(line.rstrip())
    return "\n".join(out)


HEAD = """/* GELU by segments, for the vector levels of the epilogues: gelu(x) = max(x, 0) - |x| U(|x|), where
 * U is (1 - erf(|x| / sqrt 2)) / 2 or the tanh form's (1 - tanh(...)) / 2, which falls to nothing.
 *
 * With a = min(|x|, limit) and j the integer nearest to a per_unit, U is a polynomial whose
 * coefficients a permutation looks up in a register or two:
 *     fine    degree 4 in f = a per_unit - j, 16 segments: error of gelu(x) %(fine).0e max(1, |x|)
 *     coarse  degree 1 in a itself, 32 segments, for results rounded to 8 bits: %(coarse).0e, which
 *             is a tenth of the rounding at 1
 * in f32 arithmetic.
 *
 * Written by make_gelu_table.py. Not a definition: that is scalar/gemm_scalar.c. */
#ifndef GTE_KERNELS_GELU_TABLE_H
#define GTE_KERNELS_GELU_TABLE_H

#define GTE__GELU_DEGREE 4 /* of `fine` */

typedef struct gte__gelu_fine {
    float per_unit, limit;
    _Alignas(64) float c[GTE__GELU_DEGREE + 1][16];
} gte__gelu_fine;

typedef struct gte__gelu_coarse {
    float per_unit, limit;
    _Alignas(64) float c[2][32];
} gte__gelu_coarse;
"""


def main():
    forms = (("erf", u_erf), ("tanh", u_tanh))
    kinds = (("fine", 5.6, 16, 4, True, 0), ("coarse", 4.0, 32, 1, False, 1))
    worst = {"fine": 0.0, "coarse": 0.0}
    text = ""
    for kind, reach, segments, degree, centred, tail in kinds:
        text += "\n/* [erf, tanh] */\nstatic const gte__gelu_%s gte__gelu_%s_tables[2] = {\n" % (
            kind, kind)
        for name, u in forms:
            width = reach / (segments - 0.5)
            table = fit(u, width, segments, degree, centred, tail)
            e = error(u, width, table, centred)
            worst[kind] = max(worst[kind], e)
            print("%s %s: error %.3g" % (kind, name, e), file=sys.stderr)
            text += "    {%s,\n     %s,\n     {\n%s\n     }},\n" % (
                literal(1 / width), literal(width * (segments - 0.51)), rows_of(table))
        text += "};\n"
    print(HEAD % worst + text + "\n#endif")


main()
