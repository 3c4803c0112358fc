// Writes tests/golden/tokenizer/small-tokenizer.json, a vocabulary of our own with an added token
// of every kind, and small.jsonl, what HuggingFace's tokenizers makes of awkward texts with it.
//
//     NODE_PATH=FOLDER/node_modules node tests/oracle/make_small_golden.js tests/golden/tokenizer
'use strict';
const {Tokenizer} = require('tokenizers');
const fs = require('fs'), path = require('path');
const {request} = require('./awkward_text.js')('20240229');

const list = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
for (const c of '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~。，！？；：、“”‘’（）《》') list.push(c);
for (const c of 'abcdefghijklmnopqrstuvwxyz0123456789') list.push(c, '##' + c);
for (const c of 'абвгдеёжзийклмнопрстуфхцчшщъыьэюяαβγδεικλμνορστυω') list.push(c, '##' + c);
for (let c = 0x1100; c < 0x1113; c++) list.push(String.fromCharCode(c), '##' + String.fromCharCode(c));
for (let c = 0x1161; c < 0x1176; c++) list.push('##' + String.fromCharCode(c));
for (let c = 0x11a8; c < 0x11c3; c++) list.push('##' + String.fromCharCode(c));
for (const c of '中文模型国豈〇一二三こんにちはガカ') list.push(c, '##' + c);
for (const c of ['\u302e', '\u302f', '\ud834\udd57', '\ud834\udd65', '\ud834\udd58', 'न', 'म', 'स', 'त', '☺', '①'])
    list.push(c, '##' + c);
list.push('hello', 'world', 'un', '##aff', '##able', 'token', '##ization', 'embed', '##ding', 'don',
          'na', '##ive', 'uni', '##code', 'istanbul', 'strasse', 'stra', '##ße', 'foo', 'bar', 'ba', '##z');
const vocab = {};
for (const text of list) if (!(text in vocab)) vocab[text] = Object.keys(vocab).length;
const top = Object.keys(vocab).length;
const plain = {single_word: false, lstrip: false, rstrip: false, normalized: false, special: false};
const special = (content, more) => Object.assign({id: vocab[content], content}, plain, {special: true}, more);
const extra = [['<x>', {single_word: true}], ['<Y>', {normalized: true, lstrip: true, rstrip: true}],
               ['foo!Bar', {normalized: true, single_word: true}], ['foo!', {}]];
const added = [special('[PAD]'), special('[UNK]'), special('[CLS]'), special('[SEP]'),
               special('[MASK]', {lstrip: true})]
    .concat(extra.map(([content, kind], i) => Object.assign({id: top + i, content}, plain, kind)));
const part = (id, type_id) => ({SpecialToken: {id, type_id}});
const text = (id, type_id) => ({Sequence: {id, type_id}});
const one = name => ({id: name, ids: [vocab[name]], tokens: [name]});
const tokenizer = {
    version: '1.0', truncation: null, padding: null, added_tokens: added,
    normalizer: {type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true,
                 strip_accents: null, lowercase: true},
    pre_tokenizer: {type: 'BertPreTokenizer'},
    post_processor: {
        type: 'TemplateProcessing', single: [part('[CLS]', 0), text('A', 0), part('[SEP]', 0)],
        pair: [part('[CLS]', 0), text('A', 0), part('[SEP]', 0), text('B', 1), part('[SEP]', 1)],
        special_tokens: {'[CLS]': one('[CLS]'), '[SEP]': one('[SEP]')}},
    decoder: {type: 'WordPiece', prefix: '##', cleanup: true},
    model: {type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##',
            max_input_chars_per_word: 100, vocab},
};

(async () => {
    const folder = process.argv[2], file = path.join(folder, 'small-tokenizer.json');
    fs.writeFileSync(file, JSON.stringify(tokenizer, null, 1) + '\n');
    const hf = Tokenizer.fromFile(file), lines = [];
    while (lines.length < 250) {
        const r = request();
        if (r.text.length + (r.pair || '').length > 160) continue;
        if (r.max) hf.setTruncation(r.max, {strategy: 'LongestFirst', stride: 0});
        else hf.disableTruncation();
        const e = await hf.encode(r.text, r.pair ?? null, {addSpecialTokens: !(r.flags & 8)});
        lines.push(JSON.stringify(Object.assign(r, {ids: e.getIds(), types: e.getTypeIds(),
                                                    offsets: e.getOffsets()})));
    }
    fs.writeFileSync(path.join(folder, 'small.jsonl'), lines.join('\n') + '\n');
})();
