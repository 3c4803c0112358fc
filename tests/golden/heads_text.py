"""The vocabulary, tokenizer and texts of make_heads.py.

A BERT tokenizer written from its description (Devlin et al. 2018 and the released vocabularies'
rules): clean, split at white space, CJK ideographs and punctuation, lower case without accents,
then the longest piece first; "[SEP]" in a text is plain characters. Offsets are code points of the
text as given.
"""
import unicodedata

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PAD, UNK, CLS, SEP = 0, 1, 2, 3

PIECES = ("a the in of and is not very good bad hotel battery play work open ai new york bei jing "
          "2022 20 x p i phone ##s ##ing ##ed ##able ##ai ##phone ##pro ##22 ##0 ##2 ##4 ##5 ##jing "
          "##un ##a ##e ##n ##o ##r ##t cafe o b 1 5 un re ##1 ##9 ##work t ##i ##m").split()
ABSENT = set("魑🫠")  # these become [UNK]

SHORT = [
    "好",
    "今天天气真好适合出去游玩",
    "这个产品的质量非常好我非常满意",
    "Playing is good, not bad!",
    "2022年北京冬奥会在北京举行",
    "电池battery不好,iPhone15重启了😀",
    "房间很小 🫠 但是位置在New York市中心",
    "Café的服务unworkable,魑",
]
ENTITY = SHORT + [
    "张三在北京大学工作,李四在OpenAI工作",
    "马云1999年在杭州创立了阿里巴巴集团,后来去了New York",
    "  王小明  \t和 Tim在Beijing的5号酒店见面。",
    "天津泰达在德比战中以0-1负于天津天海,教练乌利说球员们都很努力,比赛在水滴体育场举行,有两万名球迷到场",
]
PAIRS = [
    ("北京", "2022年北京冬奥会在北京举行"),
    ("酒店好不好", "房间很小 🫠 但是位置在New York市中心"),
    ("battery", "电池battery不好,iPhone15重启了😀"),
    ("", "好"),
    ("今天天气真好适合出去游玩", ""),
    ("is a new hotel good?", "The hotel is very good and open in New York."),
    ("张三在哪里工作", "张三在北京大学工作,李四在OpenAI工作"),
]
CONTEXT = ("北京大学在北京市海淀区,是中国的一所大学。大学成立于1898年,第一位校长是孙家鼐。"
           "2022年冬奥会在北京和张家口举行,开幕式在国家体育场。OpenAI在New York没有办公室。")
QUESTIONS = [
    ("北京大学在哪里?", "北京大学在北京市海淀区"),
    ("谁?", CONTEXT),
    ("第一位校长是谁?", CONTEXT),
    ("Is OpenAI in New York?", "OpenAI在New York没有办公室😀,playing is good."),
    ("大学成立于哪一年?", CONTEXT + "张三在北京大学工作," + CONTEXT),
]
SCHEMAS = [
    {"人物": None, "地理位置": None, "组织机构": None},
    {"人物": {"工作单位(组织机构)": None, "出生地(地理位置)": None}, "组织机构": {"创始人(人物)": None}},
    {"胜负(事件触发词)": {"时间": None, "败者": None, "胜者": None}},
]
LONG = ("张三在北京大学工作,李四在OpenAI工作。" "马云1999年在杭州创立了阿里巴巴集团,后来去了New York。"
        "天津泰达在德比战中以0-1负于天津天海。" "房间很小 🫠 但是位置在市中心。")


CJK = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F),
       (0x2B740, 0x2B81F), (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F))


def is_cjk(c):
    return any(first <= ord(c) <= last for first, last in CJK)


def is_removed(c):
    return c in "\0\ufffd" or c not in "\t\n\r" and unicodedata.category(c).startswith("C")


def is_punctuation(c):
    o = ord(c)
    if 33 <= o <= 47 or 58 <= o <= 64 or 91 <= o <= 96 or 123 <= o <= 126:
        return True
    return unicodedata.category(c).startswith("P")


def words(text):
    """Lists of (character, its place in the text): the units of the pre-tokenizer."""
    out, word = [], []
    for at, c in enumerate(text):
        if is_removed(c):
            continue
        alone = is_cjk(c) or is_punctuation(c)
        if c.isspace() or alone:
            if word:
                out.append(word)
            word = []
            if alone:
                out.append([(c, at)])
            continue
        word += [(d, at) for d in unicodedata.normalize("NFD", c.lower())
                 if unicodedata.category(d) != "Mn"]
    if word:
        out.append(word)
    return out


def vocabulary():
    texts = SHORT + ENTITY + [t for p in PAIRS + QUESTIONS for t in p] + [LONG, "、,?:()。"]
    for schema in SCHEMAS:
        texts += [*schema] + [n for v in schema.values() for n in (v or {})]
    single = {w[0][0] for t in texts for w in words(t) if len(w) == 1} | set("😀0123456789")
    single -= ABSENT | set(PIECES)
    return SPECIAL + PIECES + sorted(single)


class Tokenizer:
    def __init__(self, tokens=None):
        self.tokens = tokens or vocabulary()
        self.ids = {t: i for i, t in enumerate(self.tokens)}
        assert len(self.ids) == len(self.tokens)
        self.unk, self.cls, self.sep = (self.ids[t] for t in SPECIAL[1:4])

    def pieces(self, word):
        """(id, start, end) of the longest pieces of a word, or [UNK] for all of it."""
        out, at = [], 0 if len(word) <= 100 else len(word)
        while at < len(word):
            for end in range(len(word), at, -1):
                piece = ("##" if at else "") + "".join(c for c, _ in word[at:end])
                if piece in self.ids:
                    break
            else:
                return [(self.unk, word[0][1], word[-1][1] + 1)]
            out.append((self.ids[piece], word[at][1], word[end - 1][1] + 1))
            at = end
        return out or [(self.unk, word[0][1], word[-1][1] + 1)]

    def tokens_of(self, text):
        """(id, start, end, first of its word) of each token, without [CLS] and [SEP]."""
        return [(*piece, i == 0) for word in words(text)
                for i, piece in enumerate(self.pieces(word))]

    def encode(self, text, pair=None):
        """ids, types, offsets ([0, 0] for special tokens), first (1 where a word begins)."""
        ids, types, offsets, first = [self.cls], [0], [[0, 0]], [0]
        for kind, part in enumerate([text] if pair is None else [text, pair]):
            for token, start, end, begins in self.tokens_of(part):
                ids.append(token)
                offsets.append([start, end])
                first.append(int(begins))
                types.append(kind)
            ids.append(self.sep)
            offsets.append([0, 0])
            first.append(0)
            types.append(kind)
        return ids, types, offsets, first
