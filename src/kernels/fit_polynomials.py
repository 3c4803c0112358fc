#!/usr/bin/env python3
"""Fits the polynomials of gelu_avx2.c, gelu_avx512.c and the exp of the softmax kernels, and prints
them as C with their errors. Not part of the build: run it by hand (needs numpy) to check a constant.

GELU. gelu(v) = max(v, 0) - h(|v|), where h(a) = a (1 - Phi(a)) for a >= 0 is the same for both signs:
a (1 - Phi(a)) = -(-a) Phi(-a). h is smooth, at most 0.17 and falls to nothing, so a polynomial per
segment is enough and its error is absolute. Segment k is centred on k w; the argument is t = a - k w.
 - Segment 0 starts at a = 0: constant 0 and slope 1/2 are fixed (both are exact), so that small v
   keep their relative precision.
 - The last segment ends at its own centre, a = (S - 1) w, where larger a are clamped to: its constant
   is fixed at 0, so that gelu(v) is v, or 0, exactly from there on.
The tanh form has the same structure with Phi(a) = (1 + tanh(sqrt(2/pi) (a + 0.044715 a^3))) / 2.

exp. 2^r for r in [-1/2, 1/2], relative error, constant 1 fixed so that exp(0) is 1.

Method: Remez exchange on a fine grid, then the coefficients are rounded to f32 one at a time, highest
degree first, refitting the ones below.
"""
import math
import numpy as np


def h_erf(a):
    return 0.5 * a * np.vectorize(math.erfc)(a / math.sqrt(2.0))


def h_tanh(a):
    u = math.sqrt(2.0 / math.pi) * (a + 0.044715 * a ** 3)
    return a / (1.0 + np.exp(2.0 * u))


def remez(t, f, weight, degrees):
    """Coefficients c with max |weight (f - sum c_d t^d)| least, over the grid t."""
    n = len(degrees)
    basis = np.stack([t ** d for d in degrees], axis=1)
    lo, hi = t[0], t[-1]
    nodes = (lo + hi) / 2 - (hi - lo) / 2 * np.cos(np.pi * np.arange(n + 1) / n)
    pick = np.unique(np.searchsorted(t, nodes).clip(0, len(t) - 1))
    best, best_error = None, math.inf
    for _ in range(60):
        if len(pick) < n + 1:
            break
        signs = (-1.0) ** np.arange(n + 1)
        system = np.column_stack([basis[pick], signs / weight[pick]])
        try:
            c = np.linalg.solve(system, f[pick])[:n]
        except np.linalg.LinAlgError:
            break
        e = weight * (f - basis @ c)
        error = np.max(np.abs(e))
        if error < best_error:
            best, best_error = c, error
        # One extremum per run of equal sign; keep the n + 1 neighbours with the largest.
        cuts = np.flatnonzero(np.sign(e[1:]) != np.sign(e[:-1])) + 1
        runs = np.split(np.arange(len(t)), cuts)
        peaks = [r[np.argmax(np.abs(e[r]))] for r in runs]
        while len(peaks) > n + 1:
            peaks.pop(0 if abs(e[peaks[0]]) < abs(e[peaks[-1]]) else -1)
        if len(peaks) < n + 1 or list(peaks) == list(pick):
            break
        pick = np.array(peaks)
    if best is None:  # too few equations to exchange: least squares
        best = np.linalg.lstsq(basis * weight[:, None], f * weight, rcond=None)[0]
    return best


def fit(t, f, weight, degree, fixed):
    """f32 coefficients 0..degree; `fixed` maps a degree to its value."""
    done = dict(fixed)
    for d in range(degree, -1, -1):
        if d in done:
            continue
        free = [k for k in range(degree + 1) if k not in done]
        rest = f - sum(c * t ** k for k, c in done.items())
        done[d] = float(np.float32(remez(t, rest, weight, free)[free.index(d)]))
    c = np.array([done[k] for k in range(degree + 1)])
    error = np.max(np.abs(weight * (f - sum(c[k] * t ** k for k in range(degree + 1)))))
    return c, error


def literal(v):
    text = f"{v:.9g}"
    return text + ("f" if "." in text or "e" in text else ".0f")


def print_rows(table):
    for row in table:
        print("    {" + ", ".join(literal(v) for v in row) + "},")


def gelu(name, h, segments, width, degree):
    table, worst = [], 0.0
    for k in range(segments):
        lo = 0.0 if k == 0 else -width / 2
        hi = 0.0 if k == segments - 1 else width / 2
        t = np.linspace(lo, hi, 4001)
        fixed = {0: 0.0, 1: 0.5} if k == 0 else {0: 0.0} if k == segments - 1 else {}
        c, error = fit(t, h(k * width + t), np.ones_like(t), degree, fixed)
        table.append(c)
        worst = max(worst, error)
    worst = max(worst, float(h(np.array([(segments - 1) * width]))[0]))  # what the clamp drops
    print(f"/* {name}: {segments} segments of {width}, degree {degree}: {worst:.2g} */")
    print_rows(np.array(table).T)


def exp2(degree):
    t = np.linspace(-0.5, 0.5, 20001)
    c, error = fit(t, 2.0 ** t, 2.0 ** -t, degree, {0: 1.0})
    print(f"/* 2^r, degree {degree}: relative {error:.2g} = {error * 2 ** 24:.2g} e */")
    print("    " + ", ".join(literal(v) for v in c))


if __name__ == "__main__":
    gelu("erf, AVX-512", h_erf, 32, 0.1875, 4)
    gelu("tanh, AVX-512", h_tanh, 32, 0.1875, 4)
    gelu("erf, AVX2", h_erf, 8, 0.8125, 6)
    gelu("tanh, AVX2", h_tanh, 8, 0.8125, 6)
    exp2(6)
