"""Makes the vocabulary: special tokens, bytes, ASCII, the Chinese characters of GB 2312's first level
and those the text uses, punctuation, then English pieces by byte-pair merging (Sennrich et al., 2016)
over the words of the training text, each source's words counted with its weight.

    python3 vocabulary.py TEXT_FOLDER OUT/vocab.txt
"""
import collections
import sys

import sources
from wordpiece import is_cjk, words

SIZE = 9400
MIN_CHARACTER = 4  # a rarer character is left to its bytes
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def gb2312_level_1():
    """The 3,755 most common characters: rows 16 to 55 of the standard."""
    out = []
    for row in range(16, 56):
        for cell in range(1, 95):
            try:
                out.append(bytes([0xA0 + row, 0xA0 + cell]).decode("gb2312"))
            except UnicodeDecodeError:
                pass
    return out


def count(folder):
    tally = collections.Counter()
    for name, weight, rows in sources.everything(folder):
        for row in rows:
            for text in row.texts():
                for word in words(text):
                    tally[word] += weight
    return tally


def merge_pieces(tally, wanted):
    """The `wanted` most useful merges: pieces as WordPiece writes them."""
    spelled = {w: [w[0]] + ["##" + c for c in w[1:]] for w in tally}
    pairs, where = collections.Counter(), collections.defaultdict(set)
    for word, pieces in spelled.items():
        for pair in zip(pieces, pieces[1:]):
            pairs[pair] += tally[word]
            where[pair].add(word)
    made = []
    while len(made) < wanted and pairs:
        best = max(pairs, key=lambda p: (pairs[p], p))
        joined = best[0] + best[1][2:]
        made.append(joined)
        for word in where.pop(best):
            pieces = spelled[word]
            for pair in zip(pieces, pieces[1:]):
                pairs[pair] -= tally[word]
            out, i = [], 0
            while i < len(pieces):
                if tuple(pieces[i:i + 2]) == best:
                    out.append(joined)
                    i += 2
                else:
                    out.append(pieces[i])
                    i += 1
            spelled[word] = out
            for pair in zip(out, out[1:]):
                pairs[pair] += tally[word]
                where[pair].add(word)
        del pairs[best]
    return made


def main(folder, path):
    tally = count(folder)
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    pieces = list(SPECIAL)
    pieces += ["<0x%02X>" % b for b in range(0x80, 0x100) if 0x80 <= b < 0xC0 or 0xC2 <= b < 0xF5]
    pieces += [chr(c) for c in range(33, 127) if not chr(c).isupper()]
    pieces += ["##" + c for c in letters]
    first = set(gb2312_level_1())
    pieces += sorted(first | {w for w, n in tally.items()
                              if len(w) == 1 and is_cjk(w) and n >= MIN_CHARACTER})
    pieces += sorted(w for w, n in tally.items()
                     if len(w) == 1 and not is_cjk(w) and not w.isascii() and n >= 20)
    latin = {w: n for w, n in tally.items()
             if n >= 3 and 1 < len(w) <= 30 and all(c in letters for c in w)}
    print(len(pieces), "characters,", len(latin), "words to merge", file=sys.stderr)
    pieces += merge_pieces(latin, SIZE - len(pieces))
    pieces = list(dict.fromkeys(pieces))
    with open(path, "w", encoding="utf-8") as out:
        out.write("\n".join(pieces) + "\n")
    print(len(pieces), "pieces", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
