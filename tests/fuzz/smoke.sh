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

# number FILE OFFSET: the little-endian 64-bit number there
number() { od -A n -t u8 -j "$2" -N 8 "$1" | tr -d ' '; }

# For fuzz_tokenizer.c: the section of the small model after an even byte, texts after an odd one
# and four bytes of options.
tokenizer_seeds() {
    local seeds=$1 model=$work/tiny.gte line=0 text
    build/release/gte convert "$tiny" "$model" >/dev/null
    # sections[1] of the header (src/model/format.h): offset and size
    { printf '\0' && tail -c +$(($(number "$model" 72) + 1)) "$model" |
        head -c "$(number "$model" 80)"; } >"$seeds/section"
    while IFS= read -r text; do
        line=$((line + 1))
        printf '\1\0\200\0\0%s' "$text" >"$seeds/text$line"
    done < <(sed 's/^{"text":\("[^"]*"\|\[[^]]*\]\),.*/\1/' tests/golden/tokenizer/small.jsonl |
        cut -c1-400 | head -n 200)
}

# For fuzz_head.c: the HEAD sections of the small models with heads; offset and size stand in the
# header (src/model/format.h).
head_seeds() {
    local seeds=$1 folder name model=$work/head.gte
    for folder in tests/golden/heads/*/; do
        name=$(basename "$folder")
        build/release/gte convert "$folder" "$model" >/dev/null 2>&1
        tail -c +$(($(number "$model" 184) + 1)) "$model" |
            head -c "$(number "$model" 192)" >"$seeds/$name"
    done
}

# For fuzz_guard.c: heads that pass and heads that two servers could read differently.
guard_seeds() {
    local seeds=$1
    printf '/live HTTP/1.1\nHost:a\nAccept:*/*' >"$seeds/plain"
    printf '/ HTTP/1.0\nContent-Length:5' >"$seeds/old"
    printf '/ HTTP/1.1\nHost:a\nContent-Length:5\nTransfer-Encoding:chunked' >"$seeds/both"
    printf '/ HTTP/1.1\nHost:a\nContent-Length:5\nContent-Length:6' >"$seeds/two"
    printf '/ HTTP/1.1\nHost:a\nTransfer-Encoding:gzip, chunked' >"$seeds/gzip"
    printf '* HTTP/2.0\nHost :a\nX:\001' >"$seeds/preface"
}

# For fuzz_body.c: a byte for the family and the field, then a body.
body_seeds() {
    local seeds=$1 line=0 body
    while IFS= read -r body; do
        line=$((line + 1))
        printf '%s' "$body" >"$seeds/$line"
    done <<'BODIES'
0{"input": "text", "model": "m", "dimensions": 7, "truncate": true, "temperature": 0.5}
1{"input": ["a", "naïve 東京 \ud83d\ude42"], "encoding_format": "base64"}
2{"input": [1, 2, 300000], "dimensions": 0}
1{"input": [[1, 2], "a", []], "model": 1}
5{"inputs": [["a"]], "truncate": "yes"}
4{"inputs": "", "inputs": 1}
3{"input": 1e999, "model": null}
0[[[[[[[[
BODIES
}

# The seeds of a target by its name; an unknown one starts from what stands in seeds/ alone.
make_seeds() {
    local target=$1 seeds=$2
    mkdir -p "$seeds"
    case $target in
    model)
        for dtype in f32 bf16 int8; do
            build/release/gte convert --dtype $dtype "$tiny" "$seeds/$dtype.gte" >/dev/null
        done
        ;;
    safetensors) cp "$tiny/model.safetensors" "$seeds/" ;;
    json) cp "$tiny"/*.json tests/oom/data/*.json tests/golden/tokenizer/*.json "$seeds/" ;;
    tokenizer) tokenizer_seeds "$seeds" ;;
    head) head_seeds "$seeds" ;;
    guard) guard_seeds "$seeds" ;;
    body) body_seeds "$seeds" ;;
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
