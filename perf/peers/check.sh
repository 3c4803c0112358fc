#!/bin/bash
# perf/peers/check.sh: bench_peers.py end to end on a tiny model, so that it does not rot. Judges no
# speed. onnxruntime takes part where an earlier `make bench-peers` installed it; nothing is fetched.
set -eu
cd "$(dirname "$0")/../.."
python=${NUMPY_PYTHON:-/usr/bin/python3}
"$python" -c 'import numpy' 2>/dev/null || { echo "SKIP no numpy for $python"; exit 77; }
work=build/peers/check
skip=none
[ -d build/peers/npm/node_modules/onnxruntime-node ] || skip=onnxruntime
mkdir -p "$work"
"$python" perf/peers/random_bert.py "$work/tiny" 2,64,2,128,300
run() {
    perf/peers/bench_peers.py "$work/tiny" --cells 1x8,3x16 --rounds 1 --seconds 0 \
        --skip "$skip" "$@"
}
verdict() {
    if "${@:2}"; then echo "ok $1"; else echo "not ok $1"; exit 1; fi
}
run >"$work/log" || { cat "$work/log"; echo 'not ok the peers compute the same vectors'; exit 1; }
echo 'ok the peers compute the same vectors'
verdict 'a row of ratios for each cell and number of threads' \
    test "$(grep -cE '^\| (1x8|3x16) \| [12] ' "$work/log")" = 4
perf/peers/plot_peers.py "$work/tiny/results.jsonl" "$work/plot.svg"
verdict 'a plot that is XML' "$python" -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' \
    "$work/plot.svg"

# A model of other weights in the place of one of the types must show.
"$python" perf/peers/random_bert.py "$work/other" 1,64,2,128,300
build/gte convert --dtype bf16 "$work/other" "$work/tiny/bf16.gte" >"$work/convert.log" 2>&1
cosine=$(run --threads 1 | sed -n 's/^ *gte bf16 packed: //p')
rm -f "$work/tiny/bf16.gte"
verdict "other weights show in the cosine (${cosine:-none})" \
    awk -v cosine="${cosine:-1}" 'BEGIN { exit !(cosine < 0.99) }'
