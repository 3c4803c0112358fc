#!/bin/bash
# tests/fuzz/smoke.sh: each built fuzz target for FUZZ_SECONDS (60), JOBS at a time.
#
# Seeds are made here from the small golden model and the text of the tests, beside those that
# stand in tests/fuzz/seeds/TARGET/; nothing that a run finds is added to the repository by itself.
# A crash, a leak, a hang of 20 s or 2 GB of memory fails the run and leaves its input in
# build/fuzz-work/TARGET/.
set -u
seconds=${FUZZ_SECONDS:-60} jobs=${JOBS:-1}
work=build/fuzz-work
tiny=tests/golden/tiny
mkdir -p "$work"

# The seeds of a target by its name; an unknown one starts from what stands in seeds/ alone.
make_seeds() {
    local target=$1 seeds=$2
    mkdir -p "$seeds"
    case $target in
    model) build/release/gte convert "$tiny" "$seeds/tiny.gte" >/dev/null ;;
    safetensors) cp "$tiny/model.safetensors" "$seeds/" ;;
    json | config | tokenizer_json | vocabulary)
        cp "$tiny"/*.json "$seeds/"
        [ ! -f "$tiny/vocab.txt" ] || cp "$tiny/vocab.txt" "$seeds/"
        ;;
    tokenizer | wordpiece | tokenize)
        head -n 400 tests/golden/texts.txt 2>/dev/null |
            awk -v dir="$seeds" '{ f = dir "/text" NR; print > f; close(f) }'
        ;;
    esac
    if [ -d "tests/fuzz/seeds/$target" ]; then cp "tests/fuzz/seeds/$target"/* "$seeds/"; fi
}

run_target() {
    local binary=$1 target
    target=$(basename "$binary" | sed 's/^fuzz_//')
    local dir=$work/$target log=$work/$target.log
    rm -rf "$dir" && mkdir -p "$dir/corpus"
    make_seeds "$target" "$dir/seeds"
    if "$binary" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$dir/" "$dir/corpus" "$dir/seeds" >"$log" 2>&1; then
        printf 'ok fuzz_%s: %s runs in %s s, %s seeds, %s inputs kept\n' "$target" \
            "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" "$seconds" \
            "$(find "$dir/seeds" -type f | wc -l)" "$(find "$dir/corpus" -type f | wc -l)"
    else
        printf 'not ok fuzz_%s: see %s; its input is in %s\n' "$target" "$log" "$dir"
        grep -E 'ERROR|SUMMARY|runtime error' "$log" | head -n 5
    fi
}

results=$work/results.txt
: >"$results"
for binary in build/fuzz/tests/fuzz/fuzz_*; do
    case $binary in *.o | *.d) continue ;; esac
    while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
    run_target "$binary" 2>&1 | tee -a "$results" &
done
wait
failed=$(grep -c '^not ok' "$results")
printf '%d passed, %d failed, 0 skipped\n' "$(grep -c '^ok' "$results")" "$failed"
[ "$failed" = 0 ]
