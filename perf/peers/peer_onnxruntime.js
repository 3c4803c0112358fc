#!/usr/bin/env node
// onnxruntime (npm onnxruntime-node) for bench_peers.py; the protocol is in README.md here.
//
// It gets token ids, so that its tokenizer costs nothing, and its best settings: all graph
// optimisations, arena and memory pattern on, threads that spin while they wait (all measured: each
// costs time when off). Both styles of graph run (bert_onnx.py); the faster counts, cell by cell.
// Graphs of its operators Attention, QAttention, SkipLayerNormalization and BiasGelu were slower.
'use strict';
const {execFileSync} = require('child_process');
const fs = require('fs');
const path = require('path');
const readline = require('readline');

const VERSION = '1.30.0';
const TYPES = ['f32', 'int8'], STYLES = ['plain', 'attention'];
const NPM = path.resolve('build/peers/npm');
const PYTHON = process.env.NUMPY_PYTHON || '/usr/bin/python3';

function runtime() {
    return require(path.join(NPM, 'node_modules/onnxruntime-node'));
}

function setup(dir) {
    const installed = path.join(NPM, 'node_modules/onnxruntime-node/package.json');
    if (!fs.existsSync(installed) || JSON.parse(fs.readFileSync(installed)).version !== VERSION) {
        fs.mkdirSync(NPM, {recursive: true});
        try {
            // Its install script only fetches libraries for graphics cards.
            execFileSync('npm', ['install', '--silent', '--no-audit', '--no-fund',
                '--ignore-scripts', '--prefix', NPM, `onnxruntime-node@${VERSION}`]);
        } catch (error) {
            console.log('SKIP npm cannot install onnxruntime-node');
            process.exit(77);
        }
    }
    const writer = path.join(__dirname, 'bert_onnx.py'), time = file => fs.statSync(file).mtimeMs;
    const since = Math.max(time(writer), time(path.join(dir, 'model.safetensors')));
    for (const type of TYPES) for (const style of STYLES) {
        const file = path.join(dir, `${type}-${style}.onnx`);
        if (fs.existsSync(file) && time(file) > since) continue;
        execFileSync(PYTHON, [writer, dir, file, type, style]);
    }
}

async function open(file, threads) {
    return runtime().InferenceSession.create(file, {
        intraOpNumThreads: threads, interOpNumThreads: 1, graphOptimizationLevel: 'all',
        executionMode: 'sequential', enableCpuMemArena: true, enableMemPattern: true,
        logSeverityLevel: 3, extra: {session: {intra_op: {allow_spinning: '1'}}},
    });
}

function readIds(file, texts, tokens) {
    const numbers = fs.readFileSync(file, 'utf8').trim().split(/\s+/).map(BigInt);
    if (numbers.length !== texts * tokens) throw new Error('a cell of another size');
    const {Tensor} = runtime();
    return {
        input_ids: new Tensor('int64', BigInt64Array.from(numbers), [texts, tokens]),
        attention_mask: new Tensor('int64', new BigInt64Array(numbers.length).fill(1n),
            [texts, tokens]),
    };
}

const median = list => list.sort((x, y) => x - y)[list.length >> 1];

async function timed(session, feed, seconds) {
    const wall = [], cpu = [], end = performance.now() + 1e3 * seconds;
    do {
        const used = process.cpuUsage(), start = performance.now();
        await session.run(feed);
        wall.push((performance.now() - start) / 1e3);
        const now = process.cpuUsage(used);
        cpu.push((now.user + now.system) / 1e6);
    } while (performance.now() < end);
    return `${wall.length} ${median(wall)} ${median(cpu)}`;
}

async function answer(session, cells, line) {
    const [verb, texts, tokens, ...rest] = line.split(' '), cell = `${texts}x${tokens}`;
    if (verb === 'run') return timed(session, cells[cell], +rest[0]);
    if (verb !== 'cell') throw new Error(`unknown command ${verb}`);
    cells[cell] = readIds(rest[0] + '.ids', +texts, +tokens);
    const {sentence_embedding: out} = await session.run(cells[cell]);
    fs.writeFileSync(rest[1], new Uint8Array(out.data.buffer, out.data.byteOffset,
        out.data.byteLength));
    return 'ok';
}

async function serve(dir, type, style, threads) {
    const session = await open(path.join(dir, `${type}-${style}.onnx`), threads), cells = {};
    console.log(`ready onnxruntime-node ${VERSION}`);
    for await (const line of readline.createInterface({input: process.stdin}))
        console.log(await answer(session, cells, line).catch(e => `error ${e.message}`));
}

const [verb, dir, , type, style, threads] = process.argv.slice(2);
if (verb === 'setup') setup(dir);
if (verb === 'list')
    for (const t of TYPES) for (const s of STYLES) console.log(`onnxruntime ${t} ${s}`);
if (verb === 'serve') serve(dir, type, style, +threads);
