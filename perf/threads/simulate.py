#!/usr/bin/python3
"""How a forward pass would scale to more cores than this machine has.

simulate.py COSTS [--claim US] [--notice US] [--batch TOKENS] [--ways]

COSTS is what task_costs printed. The rules of src/encoder/split.c are played through with list
scheduling: a stage's tasks are claimed one by one, whoever is free first takes the next. A claim
and a completion hold the team's counter for CLAIM us each, one thread at a time; a thread sees a
new stage after NOTICE us. Both are guesses from what handoff measures with two threads (0.2 to
0.5 us a stage). Not in the model: shared caches, memory bandwidth, clock rates, wake-ups.

Prints, per cell and number of threads, the speed-up over one thread, and where the other threads'
time goes: to waiting for the last task of a stage (imbalance), to the counter (claims), to what one
thread does alone (serial). --ways compares the ways to share with each other."""
import argparse
import heapq
from collections import namedtuple

CELLS = [(1, 8), (1, 32), (1, 128), (1, 512), (32, 32), (256, 32)]
THREADS = [1, 2, 4, 8, 16, 32, 64]
ROWS_MIN, ROWS_MANY, LAYER_ROWS, TILE_ROWS, QUERIES_MIN = 16, 48, 256, 14, 64
TASK_MIN, TASK_COST, STEP_ELEMENTS = 256 * 1024, 64 * 1024, 24 * 1024

Result = namedtuple('Result', 'time busy imbalance claims serial')


def divide_up(n, by):
    return (n + by - 1) // by


class Costs:
    """Microseconds of the operations of one layer, by rows."""

    def __init__(self, path):
        self.table = {}
        for line in open(path, encoding='utf8'):
            word = line.split()
            if word[0] == 'shape':
                self.layers, self.hidden, self.ffn, self.heads = map(int, word[1:])
            else:
                self.table.setdefault(word[1], []).append((int(word[0]), float(word[2])))
        h, f = self.hidden, self.ffn
        self.products = {'qkv': (3 * h, h), 'attention_out': (h, h), 'ffn_up': (f, h),
                         'ffn_down': (h, f)}

    def all(self, operation, rows):
        """Of all layers (or of the call): between two measured sizes, a straight line."""
        points = self.table[operation]
        if rows >= points[-1][0]:
            return points[-1][1] * rows / points[-1][0]
        if rows <= points[0][0]:  # fewer rows hardly cost less: the weights are read all the same
            return points[0][1] * (0.6 + 0.4 * rows / points[0][0])
        for (r0, t0), (r1, t1) in zip(points, points[1:]):
            if r0 <= rows <= r1:
                return t0 + (t1 - t0) * (rows - r0) / (r1 - r0)

    def layer(self, operation, rows):
        return self.all(operation, rows) / self.layers

    def before_attention(self, rows):
        return self.layer('qkv', rows)

    def after_attention(self, rows):
        return sum(self.layer(o, rows) for o in ('attention_out', 'norm', 'ffn_up', 'ffn_down'))


class Team:
    def __init__(self, threads, claim, notice):
        self.threads, self.claim, self.notice = threads, claim, notice
        self.now = self.busy = self.imbalance = self.claims = self.serial = 0.0

    def alone(self, cost):
        self.now += cost
        self.busy += cost
        self.serial += cost * (self.threads - 1)

    def stage(self, tasks):
        if len(tasks) == 1:
            return self.alone(tasks[0])
        if self.threads == 1:
            self.now += sum(tasks)
            self.busy += sum(tasks)
            return None
        begin = self.now
        free = [(begin + (self.notice if i else 0), i) for i in range(self.threads)]
        heapq.heapify(free)
        counter, last = begin, [begin] * self.threads
        for cost in tasks:
            at, i = heapq.heappop(free)
            got = max(at, counter) + self.claim
            counter = got
            self.claims += got - at + self.claim
            self.busy += cost
            last[i] = got + cost + self.claim
            heapq.heappush(free, (last[i], i))
        self.now = max(last)
        self.imbalance += sum(self.now - t for t in last)
        return None


def shares(n, parts):
    return [n * (i + 1) // parts - n * i // parts for i in range(parts)]


def embed_and_steps(c, team, operation, rows):
    n = max(min(rows * c.hidden // STEP_ELEMENTS, 4 * team.threads), 1)
    cost = c.all('embed', rows) if operation == 'embed' else c.layer('norm', rows) / 2
    team.stage([cost * r / rows for r in shares(rows, n)])


def attention(c, team, texts, tokens):
    heads = texts * c.heads
    work = 2 * texts * tokens * tokens * c.hidden // TASK_MIN
    parts = max(min(divide_up(2 * team.threads, heads), tokens // QUERIES_MIN),
                divide_up(team.threads, heads))
    head = c.layer('attention', tokens) / c.heads
    packing = 0.1 * head  # of keys and values, by every part
    unit = head / parts + (packing if parts > 1 else 0)
    tasks = min(heads * parts, max(team.threads, min(8 * team.threads, work)))
    team.stage([unit * n for n in shares(heads * parts, tasks)])


def product(c, team, operation, rows):
    n, k = c.products[operation]
    panels = divide_up(n, 32)

    def time_of(blocks, parts):
        height, width = max(divide_up(rows, blocks), TILE_ROWS), divide_up(panels, parts)
        return divide_up(blocks * parts, team.threads) * (height * width * 32 * k + TASK_COST)

    best, blocks = (1, 1), 1
    while blocks == 1 or rows // blocks >= ROWS_MIN:
        for tasks in (2 * team.threads, team.threads):
            wanted = min(divide_up(tasks, blocks), panels)
            cut = (blocks, divide_up(panels, divide_up(panels, wanted)))
            if time_of(*cut) < time_of(*best):
                best = cut
        blocks *= 2
    blocks, parts = best
    team.stage([c.layer(operation, r) * p / panels for r in shares(rows, blocks)
                for p in shares(panels, parts)])


def by_panels(c, team, texts, tokens):
    rows = texts * tokens
    for _ in range(c.layers):
        product(c, team, 'qkv', rows)
        attention(c, team, texts, tokens)
        product(c, team, 'attention_out', rows)
        embed_and_steps(c, team, 'norm', rows)
        product(c, team, 'ffn_up', rows)
        product(c, team, 'ffn_down', rows)
        embed_and_steps(c, team, 'norm', rows)


def by_rows(c, team, texts, tokens):
    rows = texts * tokens
    rounds = max(min(4, rows // (team.threads * ROWS_MANY)), 1)
    blocks = shares(rows, team.threads * rounds)
    for layer in range(c.layers + 1):
        team.stage([(c.after_attention(b) if layer else 0) +
                    (c.before_attention(b) if layer < c.layers else 0) for b in blocks])
        if layer < c.layers:
            attention(c, team, texts, tokens)


def group_rows(rows, threads):
    if threads == 1:
        return rows
    two = rows // (2 * threads)
    return two if two >= ROWS_MANY else rows // threads


def by_texts(c, team, texts, tokens):
    a_group = max(min(group_rows(texts * tokens, team.threads), LAYER_ROWS) // tokens, 1)
    groups = [min(a_group, texts - i) for i in range(0, texts, a_group)]
    cost = [c.before_attention(g * tokens) + g * c.layer('attention', tokens) +
            c.after_attention(g * tokens) for g in groups]
    free = [(team.now, i) for i in range(min(team.threads, len(groups)))]
    heapq.heapify(free)
    ready = [(0, team.now, g) for g in range(len(groups))]  # layer, since when, group
    last = [team.now] * team.threads
    while ready:
        at, i = heapq.heappop(free)
        ready.sort()
        chosen = next((r for r in ready if r[1] <= at), None)
        if chosen is None:  # all are held: this thread leaves
            if not free:
                heapq.heappush(free, (min(r[1] for r in ready), i))
            continue
        ready.remove(chosen)
        end = at + 2 * team.claim + cost[chosen[2]]
        team.claims += 2 * team.claim
        team.busy += cost[chosen[2]]
        last[i] = end
        if chosen[0] + 1 < c.layers:
            ready.append((chosen[0] + 1, end, chosen[2]))
        heapq.heappush(free, (end, i))
    team.now = max(last)
    team.imbalance += sum(team.now - t for t in last)


def choose(texts, tokens, threads):
    rows = texts * tokens
    group = group_rows(rows, threads)
    if threads == 1 or (group >= ROWS_MIN and tokens <= group):
        return by_texts
    return by_rows if rows >= threads * ROWS_MIN else by_panels


def call(c, texts, tokens, threads, args, way=None):
    team = Team(threads, args.claim, args.notice)
    a_pass = max(args.batch // tokens, 1)
    for first in range(0, texts, a_pass):
        n = min(a_pass, texts - first)
        team.alone(n * c.all('tokenize', tokens))
        embed_and_steps(c, team, 'embed', n * tokens)
        (way or choose(n, tokens, threads))(c, team, n, tokens)
        team.alone(n * c.all('pool', tokens))
    return Result(team.now, team.busy, team.imbalance, team.claims, team.serial)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('costs')
    parser.add_argument('--claim', type=float, default=0.1)
    parser.add_argument('--notice', type=float, default=0.3)
    parser.add_argument('--batch', type=int, default=1024)
    parser.add_argument('--ways', action='store_true')
    args = parser.parse_args()
    c = Costs(args.costs)
    for texts, tokens in CELLS:
        base = call(c, texts, tokens, 1, args).time
        print(f'{texts}x{tokens}: one thread {base / 1e3:.2f} ms')
        for threads in THREADS[1:]:
            n = min(texts, max(args.batch // tokens, 1))
            r = call(c, texts, tokens, threads, args)
            total = r.time * threads
            line = (f'  {threads:3d} {choose(n, tokens, threads).__name__:9s} x{base / r.time:6.2f}  '
                    f'efficiency {base / total:4.0%}  imbalance {r.imbalance / total:4.0%}  '
                    f'claims {r.claims / total:4.0%}  serial {r.serial / total:4.0%}')
            if args.ways:
                line += ''.join(f'  {w.__name__} x{base / call(c, texts, tokens, threads, args, w).time:.1f}'
                                for w in (by_texts, by_rows, by_panels))
            print(line)


if __name__ == '__main__':
    main()
