#!/bin/bash
# perf/check/perf_check.sh check|update: instructions of fixed work, counted by callgrind, against
# the figures in perf/perf_check.txt.
#
# Time on a busy machine says little about a change of a few percent; the number of instructions
# hardly changes from run to run. It is not time: work may become slower with fewer instructions,
# and gte bench has the last word. Figures hold for one compiler and libc, named in each line;
# where there are none, that is said and nothing is judged. Prints lines for tests/run_all.sh.
set -eu
cd "$(dirname "$0")/../.."
mode=$1
program=build/release/perf_check figures=perf/perf_check.txt work=build/perf_check
tolerance=3 # percent; measured from run to run: perf/README.md

skip() {
    echo "SKIP $*"
    exit 77
}

[ "${CFLAGS--O2 -g}" = '-O2 -g' ] || skip "figures are of CFLAGS=-O2 -g"
command -v valgrind >/dev/null 2>&1 || skip "valgrind is not here"
mkdir -p "$work"
models=(build/standin.gte)
for type in bf16 int8; do
    if build/gte convert --dtype "$type" build/standin "$work/$type.gte" >"$work/convert.log" 2>&1
    then models+=("$work/$type.gte"); else break; fi
done

# counts LEVEL: "CASE INSTRUCTIONS", by the cost of the calls of counted_CASE.
counts() {
    GTE_CPU=$1 valgrind --tool=callgrind --callgrind-out-file="$work/$1.out" \
        --compress-strings=no --compress-pos=no "$program" "${models[@]}" >"$work/$1.log" 2>&1 ||
        { cat "$work/$1.log" >&2; return 1; }
    awk '/^cfn=counted_/ { name = substr($0, 13); next }
         /^calls=/ && name { getline; print name, $2; name = "" }' "$work/$1.out" | sort
}

# What does not depend on the level is counted once.
filter() {
    if [ "$1" = scalar ]; then grep -E '^(embed|similarity)' || true; else cat; fi
}

key=
: >"$work/now.txt"
for level in avx2 scalar; do
    # Under valgrind, too, for it hides some of the processor.
    read -r key isa < <(GTE_CPU=$level valgrind -q --tool=none "$program" key 2>/dev/null) ||
        skip "$(valgrind --version) cannot run a program of this compiler"
    if [ "$isa" != "$level" ]; then
        echo "not counted here: $level"
        continue
    fi
    [ "$mode" = update ] || grep -q "^$key " "$figures" ||
        skip "no figures for $key in $figures; make perf-check-update adds them"
    counts $level >"$work/$level.txt"
    filter $level <"$work/$level.txt" | sed "s/^/$key $level /" >>"$work/now.txt"
done

if [ "$mode" = update ]; then
    { grep '^#' "$figures" || true
      { grep -v "^#\|^$key " "$figures" || true; cat "$work/now.txt"; } | sort; } >"$work/new.txt"
    mv "$work/new.txt" "$figures"
    echo "$figures has the figures of $key"
    exit 0
fi

awk -v tolerance=$tolerance '
    NR == FNR { if (!/^#/) was[$1 " " $2 " " $3] = $4; next }
    { id = $1 " " $2 " " $3 }
    !(id in was) { printf "not ok %s: no figure; make perf-check-update\n", id; bad = 1; next }
    { percent = 100 * ($4 - was[id]) / was[id]
      verdict = percent > tolerance ? "not ok" : "ok"
      if (percent > tolerance) bad = 1
      printf "%s %s %d instructions, %+.2f %%%s\n", verdict, id, $4, percent,
             percent < -tolerance ? "; make perf-check-update keeps the gain" : "" }
    END { exit bad }' "$figures" "$work/now.txt"
