"""Multinomial logistic regression in numpy, float64, to its optimum: the oracle of gte train.

    logistic.py gradient X.npy LABELS HEAD C     largest component of the objective's gradient at
                                                 the weights of a head file (0 at the optimum)
    logistic.py accuracy X.npy LABELS X2.npy LABELS2 C
                                                 trains by Newton's method with conjugate gradients
                                                 on the first, prints the accuracy on the second

LABELS holds a label a line. The objective is scikit-learn's, divided by C n."""
import sys
import numpy as np


def read_head(path):
    """labels, W [K, H], bias: model/head_format.h, in numpy"""
    data = open(path, 'rb').read()
    assert data[:8] == b'GTEHEAD1'
    kind, reads, flags, tasks, hidden, k, _, label_bytes, meta_bytes = np.frombuffer(
        data, '<u4', 9, 88)
    up = lambda n: (n + 63) // 64 * 64
    labels = data[256:256 + label_bytes].decode().split('\0')[:-1]
    at = up(up(256 + label_bytes) + meta_bytes)
    panels = (k + 31) // 32
    w = np.frombuffer(data, '<f4', panels * hidden * 32, at).reshape(panels, hidden, 32)
    bias = np.frombuffer(data, '<f4', k, up(at + w.nbytes))
    return labels, w.transpose(0, 2, 1).reshape(-1, hidden)[:k].astype('f8'), bias.astype('f8')


def probabilities(x, w, bias):
    scores = x @ w.T + bias
    scores -= scores.max(1, keepdims=True)
    p = np.exp(scores)
    return p / p.sum(1, keepdims=True)


def gradient(x, truth, w, bias, c):
    residual = (probabilities(x, w, bias) - truth) / len(x)
    return residual.T @ x + w / (c * len(x)), residual.sum(0)


def conjugate(product, b, steps, tolerance):
    x, r = np.zeros_like(b), b.copy()
    d, rr = r.copy(), r @ r
    for _ in range(steps):
        if rr <= tolerance ** 2:
            break
        q = product(d)
        alpha = rr / (d @ q)
        x += alpha * d
        r -= alpha * q
        d, rr = r + (r @ r) / rr * d, r @ r
    return x


def loss(x, truth, w, bias, c):
    p = probabilities(x, w, bias)
    return -np.log(p[truth > 0]).mean() + (w ** 2).sum() / (2 * c * len(x))


def train(x, truth, c):
    n, h, k = len(x), x.shape[1], truth.shape[1]
    w, bias = np.zeros((k, h)), np.zeros(k)
    for _ in range(60):
        gw, gb = gradient(x, truth, w, bias, c)
        g = np.concatenate([gw.ravel(), gb])
        size = np.abs(g).max()
        if size < 1e-7:
            break
        p = probabilities(x, w, bias)

        def product(v):
            vw, vb = v[:k * h].reshape(k, h), v[k * h:]
            u = x @ vw.T + vb
            r = p * (u - (p * u).sum(1, keepdims=True)) / n
            return np.concatenate([(r.T @ x + vw / (c * n)).ravel(), r.sum(0) + 1e-9 * vb])
        step = conjugate(product, -g, 200, 0.05 * np.linalg.norm(g))
        length, before = 1.0, loss(x, truth, w, bias, c)
        while length > 1e-6:
            w2 = w + length * step[:k * h].reshape(k, h)
            b2 = bias + length * step[k * h:]
            if loss(x, truth, w2, b2, c) <= before:
                break
            length /= 2
        w, bias = w2, b2
    return w, bias, size


def one_hot(lines, labels):
    number = {name: i for i, name in enumerate(labels)}
    out = np.zeros((len(lines), len(labels)))
    out[np.arange(len(lines)), [number[line] for line in lines]] = 1
    return out


def lines_of(path):
    return open(path).read().splitlines()


def main():
    if sys.argv[1] == 'gradient':
        x, lines = np.load(sys.argv[2]).astype('f8'), lines_of(sys.argv[3])
        labels, w, bias = read_head(sys.argv[4])
        gw, gb = gradient(x, one_hot(lines, labels), w, bias, float(sys.argv[5]))
        print('%.3g' % max(np.abs(gw).max(), np.abs(gb).max()))
    else:
        x, lines = np.load(sys.argv[2]).astype('f8'), lines_of(sys.argv[3])
        labels = sorted(set(lines))
        w, bias, size = train(x, one_hot(lines, labels), float(sys.argv[6]))
        said = probabilities(np.load(sys.argv[4]).astype('f8'), w, bias).argmax(1)
        right = [labels[s] == line for s, line in zip(said, lines_of(sys.argv[5]))]
        print('%.4f (gradient %.1g)' % (np.mean(right), size))


if __name__ == '__main__':
    main()
