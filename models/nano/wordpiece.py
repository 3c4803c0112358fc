"""The tokenizer of the shipped model, as training sees it: BERT's normalisation and WordPiece, lower
case, accents stripped, Chinese characters one by one; a word that the vocabulary cannot spell becomes
the bytes of its UTF-8 ("<0xE9>"). The C tokenizer is what users run; check_tokens.py compares the two.
"""
import unicodedata

MAX_WORD = 100


def is_cjk(c):
    o = ord(c)
    return (0x4E00 <= o <= 0x9FFF or 0x3400 <= o <= 0x4DBF or 0x20000 <= o <= 0x2A6DF
            or 0x2A700 <= o <= 0x2CEAF or 0xF900 <= o <= 0xFAFF or 0x2F800 <= o <= 0x2FA1F)


def is_punctuation(c):
    o = ord(c)
    return (33 <= o <= 47 or 58 <= o <= 64 or 91 <= o <= 96 or 123 <= o <= 126
            or unicodedata.category(c).startswith("P"))


def words(text):
    """Lower-case words, single punctuation marks and single Chinese characters, in order."""
    out, word = [], []
    for c in unicodedata.normalize("NFD", text).lower():
        category = unicodedata.category(c)
        if category == "Mn" or c in "\0\ufffd":
            continue
        alone = is_cjk(c) or is_punctuation(c)
        space = c.isspace() or category == "Zs"
        if category in ("Cc", "Cf", "Cn", "Co") and not space:
            continue
        if not alone and not space:
            word.append(c)
            continue
        if word:
            out.append("".join(word))
            word = []
        if alone:
            out.append(c)
    if word:
        out.append("".join(word))
    return out


class Tokenizer:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.pieces = [line.rstrip("\n") for line in file]
        self.ids = {piece: i for i, piece in enumerate(self.pieces)}
        self.cls, self.sep = self.ids["[CLS]"], self.ids["[SEP]"]
        self.known = {}

    def spell(self, word):
        """Longest piece first; where none fits, the bytes of the word."""
        out, at = [], 0
        while at < len(word) and len(word) <= MAX_WORD:
            end = len(word)
            while end > at and (("##" if at else "") + word[at:end]) not in self.ids:
                end -= 1
            if end == at:
                break
            out.append(self.ids[("##" if at else "") + word[at:end]])
            at = end
        if at == len(word):
            return out
        if len(word) > MAX_WORD:
            return [self.ids["[UNK]"]]
        return [self.ids.get("<0x%02X>" % b, self.ids["[UNK]"]) for b in word.encode()]

    def ids_of(self, text, limit):
        """[CLS] text [SEP], cut to `limit` ids."""
        out = [self.cls]
        for word in words(text):
            if word not in self.known:
                self.known[word] = self.spell(word)
            out += self.known[word]
            if len(out) >= limit:
                break
        return out[:limit - 1] + [self.sep]
