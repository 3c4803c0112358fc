#!/bin/sh
# The tokenizer against HuggingFace's own, from the npm registry, on random awkward texts and on
# every code point: tokenizer_oracle.sh [CASES [SEED]]. Needs `make` to have built the libraries of
# the release variant. Prints SKIP and succeeds without node, npm or the registry.
set -eu
cd "$(dirname "$0")/../.."
cases=${1:-2000}
seed=${2:-$(date +%s)}
shared=${GTE_SHARED:-../shared}
. tests/oracle/npm_tokenizers.sh
npm_tokenizers || exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
make -s build/release/libsupport.a build/release/libconvert.a build/release/libgte.a
${CC:-cc} -std=c11 -D_GNU_SOURCE -O2 -Iinclude -Isrc -I. -Itests -o "$work/side" \
    tests/oracle/tokenizer_side.c build/release/libsupport.a build/release/libconvert.a \
    build/release/libgte.a $(pkg-config --libs openblas libutf8proc jansson) -lcunit -lgomp \
    -lpthread -lm

set -- tests/golden/tokenizer/small-tokenizer.json
for name in gte-small bge-small-zh-v1.5; do
    file=$shared/tokenizers/$name-tokenizer.json
    if [ -f "$file" ]; then set -- "$@" "$file"; fi
done
node tests/oracle/tokenizer_oracle.js "$work/side" "$work" "$cases" "$seed" "$@"
