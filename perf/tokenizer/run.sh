#!/bin/sh
# Tokenizer speed beside HuggingFace's (npm), same text, same machine, one after the other, in CPU
# time of one thread: perf/tokenizer/run.sh. The text is that of ../shared (GTE_SHARED) where it is,
# else a few sentences in a seeded random order. Needs `make` to have built the release variant.
set -eu
cd "$(dirname "$0")/../.."
shared=${GTE_SHARED:-../shared}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
make -s build/release/libsupport.a build/release/libconvert.a build/release/libgte.a
${CC:-cc} -std=c11 -D_GNU_SOURCE -O2 -Iinclude -Isrc -I. -Itests -o "$work/bench" \
    perf/tokenizer/bench_tokenizer.c build/release/libsupport.a build/release/libconvert.a \
    build/release/libgte.a $(pkg-config --libs openblas libutf8proc jansson) -lcunit -lgomp \
    -lpthread -lm
. tests/oracle/npm_tokenizers.sh
have_hf=yes
npm_tokenizers || have_hf=

# shuffled LINES SENTENCE...: random sentences, ten to a line
shuffled() {
    count=$1
    shift
    printf '%s\n' "$@" | awk -v count="$count" '
        { s[NR] = $0 }
        END { srand(1); for (i = 0; i < count; i++) { line = "";
              for (j = 0; j < 10; j++) line = line s[int(rand() * NR) + 1] " "; print line } }'
}

english() {
    if [ -f "$shared/text/stsb/stsb-en-train.csv" ]; then
        cat "$shared"/text/stsb/stsb-en-*.csv
    else
        shuffled 2000 'All human beings are born free and equal in dignity and rights.' \
            'How do I change the address on my account?' 'The cat sat on the mat, again.' \
            'Transformers encode unaffable sentences into 384 numbers.' 'It costs $9.99 today!'
    fi
}

chinese() {
    if [ -f "$shared/text/stsb/stsb-zh-train.csv" ]; then
        cat "$shared"/text/stsb/stsb-zh-*.csv
    else
        shuffled 2000 '人人生而自由，在尊严和权利上一律平等。' '如何修改我的账户地址？' \
            '一只猫坐在垫子上。' '句子向量有384维，可以用来检索。' '今天的价格是九块九。'
    fi
}

english >"$work/english"
chinese >"$work/chinese"
for pair in english:gte-small chinese:bge-small-zh-v1.5; do
    text=${pair%%:*}
    file=$shared/tokenizers/${pair#*:}-tokenizer.json
    [ -f "$file" ] || file=tests/golden/tokenizer/small-tokenizer.json
    ours=$("$work/bench" "$file" "$work/$text")
    echo "$text, $(basename "$file"), $(wc -c <"$work/$text") bytes"
    echo "  $ours"
    [ "$have_hf" ] || continue
    theirs=$(node perf/tokenizer/bench_hf.js "$file" "$work/$text")
    echo "  $theirs"
    echo "$ours $theirs" | awk '{ printf "  ratio %.1f\n", $2 / $7 }'
done
