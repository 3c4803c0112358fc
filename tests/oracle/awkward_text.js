// Random texts of what is awkward for a BERT tokenizer: combining characters, Hangul, emoji, special
// tokens in odd places, long words, mixed scripts. require('./awkward_text.js')(seed) gives a
// generator: request() is {text, pair?, max?, flags?}.
'use strict';
module.exports = function (seed) {
let state = BigInt(seed) || 1n;
function below(n) { // xorshift64*
    state ^= state >> 12n;
    state = (state ^ (state << 25n)) & 0xffffffffffffffffn;
    state ^= state >> 27n;
    return Number(((state * 2685821657736338717n) >> 33n) & 0x7fffffffn) % n;
}
const pick = list => list[below(list.length)];
const cp = c => c >= 0xd800 && c < 0xe000 ? 'x' : String.fromCodePoint(c);
const times = (n, f) => Array.from({length: n}, f).join('');

const WORDS = ['hello', 'World', 'unaffable', 'tokenization', 'embedding', "don't", 'U.S.A.',
    'naïve', 'Ünïcödé', 'İstanbul', 'ΑΣ', 'straße', 'Привет', 'Ёлка', 'مرحبا', 'שָׁלוֹם', 'नमस्ते',
    '한국어', '각', 'こんにちは', 'ガ', 'が', '中文', '模型', '𠀀', '豈', '〇', '👩‍👩‍👧‍👦', '🇩🇪', '☺️', 'ﬁ', '①', '𝅗𝅥',
    '𝅘𝅥𝅮', 'Å', 'ṩ', 'ǆ', 'ǅ', 'ọ̵̌', 'e\u0301', '\u0344', '\u0f73', '\u0f81', '<x>', '<Y>', '<y>', 'Foo',
    'foo!bar', 'FOO!b', 'foo!', 'FÓO!', 'FÓO!bar', 'bar baz', 'BAR', '\u3000baz', '豈x', '豈'];
const SPECIAL = ['[CLS]', '[SEP]', '[MASK]', '[UNK]', '[PAD]', '[sep]', '[SEP', 'SEP]', '[[SEP]]',
    '[MASK] ', ' [MASK]', '\u3000[MASK]\u2003', '[MASKED]'];
const SPACES = [' ', '  ', '\t', '\n', '\r\n', '\u00a0', '\u3000', '\u2028', '\u2000', '\u000b',
    '\u0085', '\u200b', '\u200d', '\ufeff', '\u00ad', '\u0000', '\ufffd', ''];
// combining characters of many classes, some of which stay when accents go
const MARKS = [0x300, 0x301, 0x323, 0x328, 0x345, 0x334, 0x338, 0x5b0, 0x5bc, 0x64b, 0x651, 0x670,
    0x93c, 0x94d, 0xe38, 0xe48, 0xf71, 0xf72, 0xf73, 0xf74, 0xf75, 0xf80, 0xf81, 0x302a, 0x302e,
    0x302f, 0x3099, 0x309a, 0x344, 0x340, 0x341, 0x343, 0x1d165, 0x1d166, 0x1d16d, 0x1d16e, 0x1d15e,
    0x1d160, 0x1dc0, 0x20d0, 0x1e8d0, 0x1e944, 0x11a34, 0x10ae5, 0x16ff0, 0x16ff1, 0x1715, 0x1734,
    0x1bf2, 0xaa80, 0xabed, 0x8d3, 0x898, 0x1acf, 0x10efd, 0x1e4ec, 0x11f41, 0x1e2ae];
const BLOCKS = [[0, 0x80], [0x80, 0x250], [0x250, 0x370], [0x370, 0x530], [0x590, 0x900],
    [0x900, 0x1000], [0x1000, 0x1200], [0x1e00, 0x2000], [0x2000, 0x2c00], [0x3000, 0x3400],
    [0x4e00, 0xa000], [0xa000, 0xac00], [0xac00, 0xd7a4], [0xe000, 0xf900], [0xf900, 0x10000],
    [0x10000, 0x12000], [0x1d000, 0x1d300], [0x1f000, 0x1fb00], [0x20000, 0x20100], [0, 0x110000]];

function part() {
    switch (below(12)) {
    case 0: case 1: return pick(WORDS);
    case 2: return pick(SPACES);
    case 3: return pick(SPECIAL);
    case 4: return times(1 + below(6), () => cp(pick(MARKS)));
    case 5: case 6: { const b = pick(BLOCKS); return times(1 + below(5), () => cp(b[0] + below(b[1] - b[0]))); }
    case 7: return times(1 + below(8), () => pick([...'abcdefghijklmnopqrstuvwxyzABCDEFG0123456789']));
    case 8: return pick([...'.,;:!?#$%&()*+-/<=>@[]^_`{|}~\'"\\。，！？；：、“”‘’（）《》']);
    case 9: return below(20) ? pick(WORDS) : times(95 + below(12), () => pick(['a', 'B', 'é', 'я', '中', 'e\u0301']));
    case 10: return below(30) ? ' ' : times(200 + below(1200), () => cp(pick(MARKS)));
    default: return ' ';
    }
}
const text = () => times(below(14), part);

function request() {
    const r = {text: text()};
    if (below(4) === 0) r.pair = text();
    if (below(3) === 0) r.max = (r.pair === undefined ? 2 : 3) + below(24);
    if (below(8) === 0) r.flags = 8;
    return r;
}

return {cp, request};
};
