#!/bin/sh
# bench_results.sh [DIR]: what RESULTS.md reports of gte bench, measured here. DIR (build/bench)
# takes models, JSON, tables and plots; models that are there already are used. About 15 minutes.
#
# The models have the shapes of gte-small, gte-base and gte-large-zh and random weights: time does
# not depend on what weights say. PREFIX="..." goes before every measurement, such as a lock.
set -eu
dir=${1:-build/bench}
gte=${GTE:-build/gte}
here=$(dirname "$0")
python=${NUMPY_PYTHON:-/usr/bin/python3}
mkdir -p "$dir"

# A priority that counts where the kernel groups processes by session; without the right to one it
# goes without.
measure() { # OUT ARGS...
    out=$1
    shift
    echo "gte bench $*" >&2
    ${PREFIX:-} setsid -w sh -c 'echo -20 2>/dev/null > /proc/self/autogroup || :; exec "$@"' sh \
        "$gte" bench --json "$@" > "$dir/$out.json"
}

for shape in gte-small gte-base gte-large-zh; do
    [ -d "$dir/$shape" ] || "$python" "$here/peers/random_bert.py" "$dir/$shape" $shape
    for dtype in f32 bf16 int8; do
        [ -f "$dir/$shape-$dtype.gte" ] ||
            "$gte" convert --name $shape --dtype $dtype "$dir/$shape" "$dir/$shape-$dtype.gte"
    done
done

models() { # SHAPE...: -m for every type
    for shape in "$@"; do
        for dtype in f32 bf16 int8; do printf ' -m %s' "$dir/$shape-$dtype.gte"; done
    done
}
large=1x8,1x32,1x50,1x128,1x512,32x32,8x50
level=1x8,1x32,1x128,1x512,32x32

# shellcheck disable=SC2046
{
    measure small $(models gte-small) --threads 1,2 --seconds 1.5
    measure base $(models gte-base) --threads 1,2
    measure large $(models gte-large-zh) --threads 1,2 --rounds 4 --cells $large
    for shape in small base large-zh; do
        measure openblas-$shape -m "$dir/gte-$shape-f32.gte" --threads 1,2 --rounds 4 \
            --cells 1x8,1x32,1x128,1x512,32x32 --backend packed,openblas
    done
    measure load $(models gte-small gte-base gte-large-zh) --threads 1 --rounds 1 --seconds 0.01 \
        --cells 1x8 --cold-file
    GTE_CPU=avx2 measure avx2 $(models gte-small gte-base) --threads 1 --rounds 4 --cells $level
    GTE_CPU=avxvnni measure avxvnni -m "$dir/gte-small-int8.gte" -m "$dir/gte-base-int8.gte" \
        --threads 1 --rounds 4 --cells $level
}

cd "$dir"
case $here in /*) ;; *) here=$OLDPWD/$here ;; esac
{
    for kind in peak threads; do
        "$here/bench_tables.py" $kind small.json base.json large.json
    done
    "$here/bench_tables.py" load load.json openblas-*.json
    "$here/bench_tables.py" openblas openblas-*.json
    "$here/bench_tables.py" peak avx2.json avxvnni.json
} > tables.md
"$here/bench_plots.py" cpu_share "Share of the processor's peak, one thread, by CPU time" \
    share.svg small.json base.json large.json
"$here/bench_plots.py" tokens_per_s "Tokens per second, one thread" \
    tokens.svg small.json base.json large.json
"$here/bench_plots.py" cpu_share "Share of the AVX2 peak, one thread, by CPU time" \
    share-avx2.svg avx2.json
"$here/bench_plots.py" tokens_per_s "f32 beside OpenBLAS: tokens per second, one thread" \
    openblas.svg openblas-small.json openblas-base.json openblas-large-zh.json
echo "$dir/tables.md, $dir/*.svg" >&2
