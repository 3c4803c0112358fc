// Differential test: HuggingFace's tokenizers (npm) against our side (tokenizer_side.c).
//
//     node tokenizer_oracle.js SIDE WORKDIR CASES SEED TOKENIZER.json...
//
// For each tokenizer.json and some variants of it (normalizer flags, added tokens of every kind):
// CASES random texts made of what is awkward, and for two of the variants every code point, alone,
// between letters and among combining characters.
// Prints every difference up to a few, then one summary line; fails when there was one.
'use strict';
const {Tokenizer} = require('tokenizers');
const {spawnSync} = require('child_process');
const fs = require('fs'), path = require('path');

const [side, work, cases, seed, ...files] = process.argv.slice(2);
const {cp, request} = require('./awkward_text.js')(seed);

function everyCodePoint() {
    const list = [];
    for (let c = 0; c < 0x110000; c++) {
        if (c >= 0xd800 && c < 0xe000) continue;
        const s = cp(c);
        if (c < 0x32000 || c >= 0xe0000 && c < 0xe0200 || c % 997 === 0)
            list.push({text: s + ' a' + s + 'b' + s + '\u0323' + s + '\u0301\u302e' + s + '\u0327. ' + s + s});
    }
    return list;
}

function variants(file) {
    const base = JSON.parse(fs.readFileSync(file, 'utf8'));
    base.truncation = base.padding = null;
    const make = (name, change) => {
        const j = structuredClone(base);
        change(j);
        const at = path.join(work, path.basename(file, '.json') + '-' + name + '.json');
        fs.writeFileSync(at, JSON.stringify(j));
        return [name, at];
    };
    const flags = (j, clean_text, handle_chinese_chars, strip_accents, lowercase) =>
        Object.assign(j.normalizer, {clean_text, handle_chinese_chars, strip_accents, lowercase});
    const token = (id, content, kind) => Object.assign({id, content, single_word: false,
        lstrip: false, rstrip: false, normalized: false, special: false}, kind);
    const add = (j, list) => {
        const has = new Set(j.added_tokens.map(t => t.content));
        const ids = Object.values(j.model.vocab).concat(j.added_tokens.map(t => t.id));
        let next = 1 + Math.max(...ids);
        for (const [content, kind] of list)
            if (!has.has(content) && has.add(content))
                j.added_tokens.push(token(j.model.vocab[content] ?? next++, content, kind));
    };
    // tokens that swallow spaces, and tokens that begin with swallowed ones
    const spaces = normalized => [['<x>', {rstrip: true, normalized}], [' <x>', {rstrip: true, normalized}],
        [' <Y>', {lstrip: true, normalized}], [' b', {normalized}], ['\u3000', {rstrip: true, normalized}],
        ['  ', {lstrip: true, rstrip: true, normalized}], ['a ', {single_word: true, rstrip: true, normalized}]];
    // tokens that are one another's beginnings, some before normalisation, some after (but no two with
    // one normal form: which of these HuggingFace's takes differs from load to load)
    const many = normalized => ['a', 'B', 'é', '中', '.', ' ', '가'].flatMap((x, i, all) => all.flatMap((y, k) =>
        [x, y, x + y, x + y + x].map(t => [t, {normalized, special: (i + k) % 3 === 0}])));
    return [
        make('plain', () => {}),
        make('cased', j => flags(j, true, true, null, false)),
        make('raw', j => flags(j, false, false, false, false)),
        make('lower', j => flags(j, false, true, false, true)),
        make('accents', j => flags(j, false, true, true, true)),
        make('added', j => add(j, [['<x>', {single_word: true}], ['<Y>', {lstrip: true, rstrip: true}],
            ['foo!', {}], ['foo!bar', {special: true}], ['中文', {rstrip: true, special: true}]])),
        make('normal', j => add(j, [['Foo!', {normalized: true}], ['<Y>', {normalized: true, lstrip: true, rstrip: true}],
            ['foo!Bar', {normalized: true, single_word: true}], ['bar baz', {normalized: true, lstrip: true}],
            ['가', {normalized: true}], ['中文', {normalized: true, rstrip: true}]])),
        make('spaces', j => add(j, spaces(false))),
        make('normal-spaces', j => add(j, spaces(true))),
        make('many', j => add(j, many(false))),
        make('normal-many', j => add(j, many(true))),
    ];
}

async function expected(tokenizer, list) {
    const out = [];
    for (const r of list) {
        if (r.max) tokenizer.setTruncation(r.max, {strategy: 'LongestFirst', stride: 0});
        else tokenizer.disableTruncation();
        const e = await tokenizer.encode(r.text, r.pair ?? null, {addSpecialTokens: !(r.flags & 8)});
        out.push(JSON.stringify([e.getIds(), e.getTypeIds(), e.getOffsets().flat()]));
    }
    return out;
}

async function batch(tokenizer, list) {
    tokenizer.disableTruncation();
    const out = [];
    for (let i = 0; i < list.length; i += 4096)
        for (const e of await tokenizer.encodeBatch(list.slice(i, i + 4096).map(r => r.text)))
            out.push(JSON.stringify([e.getIds(), e.getTypeIds(), e.getOffsets().flat()]));
    return out;
}

function ours(file, list) {
    const input = list.map(r => JSON.stringify(r)).join('\n') + '\n';
    const run = spawnSync(side, [file], {input, maxBuffer: 1 << 30});
    if (run.status !== 0) throw new Error(`${side} ${file}: ${run.status} ${run.signal} ${run.stderr}`);
    return run.stdout.toString().trim().split('\n');
}

let compared = 0, different = 0;
function compare(name, list, theirs, mine) {
    list.forEach((r, i) => {
        compared++;
        if (theirs[i] === mine[i]) return;
        if (++different <= 10)
            console.log(`${name}: ${JSON.stringify(r)}\n  expected ${theirs[i]}\n  got      ${mine[i]}`);
    });
}

(async () => {
    const all = everyCodePoint();
    for (const file of files) {
        for (const [name, at] of variants(file)) {
            const tokenizer = Tokenizer.fromFile(at);
            const label = path.basename(file) + ' ' + name, before = different;
            if (name === 'plain' || name === 'lower') // between them, every table
                compare(label + ' code points', all, await batch(tokenizer, all), ours(at, all));
            const list = Array.from({length: Number(cases)}, request);
            compare(label, list, await expected(tokenizer, list), ours(at, list));
            console.log(`${label}: ${different - before} differences`);
        }
    }
    console.log(`tokenizer oracle: ${compared} inputs, ${different} differences, seed ${seed}`);
    process.exit(different ? 1 : 0);
})();
