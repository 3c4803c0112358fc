// The same as bench_tokenizer.c with HuggingFace's tokenizers (npm, Rust):
// node bench_hf.js TOKENIZER.json TEXT. One thread, CPU time of the process.
'use strict';
process.env.TOKENIZERS_PARALLELISM = 'false';
process.env.RAYON_NUM_THREADS = '1';
const {Tokenizer} = require('tokenizers');
const fs = require('fs');

(async () => {
    const [file, textFile] = process.argv.slice(2);
    const tokenizer = Tokenizer.fromFile(file);
    tokenizer.disableTruncation();
    tokenizer.disablePadding();
    const text = fs.readFileSync(textFile, 'utf8');
    const lines = text.split('\n');
    let best = Infinity, tokens = 0;
    for (let round = 0; round < 3; round++) {
        tokens = 0;
        const start = process.cpuUsage();
        for (let i = 0; i < lines.length; i += 1024)
            for (const e of await tokenizer.encodeBatch(lines.slice(i, i + 1024)))
                tokens += e.getLength();
        const used = process.cpuUsage(start);
        best = Math.min(best, (used.user + used.system) / 1e6);
    }
    console.log(`hf ${(Buffer.byteLength(text) / 1e6 / best).toFixed(1)} MB/s ${tokens} tokens`);
})();
