#!/bin/bash
# gte embed --cache and gte cache: hits are the same bytes, faults are remarks, files are looked after.
. "$(dirname "$0")/lib.sh"

with_model embed --cache probe.cache x
if grep -q 'built without SQLite' err; then
    skip 'gte embed --cache' 'built without SQLite'
    finish
fi
field() { sed "s/.*\"$1\":\([0-9]*\).*/\1/" out; }

test_case 'vectors from the cache are the bytes that were computed'
for i in $(seq 300); do echo "line $((i % 250)) of the text"; done >lines
with_model embed -f lines --format raw
cp out plain
with_model embed -f lines --format raw --cache a.cache
expect_rc 0
expect_no_err
cp out first
expect 'differs from no cache' cmp -s plain first
with_model embed -f lines --format raw --cache a.cache
expect 'differs from the first time' cmp -s first out
run cache stats --json a.cache
expect_rc 0
expect 'not 250 rows' test "$(field rows)" = 250
expect 'bytes of values' test "$(field value_bytes)" = $((250 * DIMS * 4))

test_case 'what is cached beside what is not'
(cat lines; echo one more; head -n 3 lines) >more
with_model embed -f more --format npy
cp out plain
with_model embed -f more --format npy --cache a.cache
# the batch that was computed is another: rounding differs
expect 'differs by more than rounding' python -c '
import numpy; a, b = numpy.load("plain"), numpy.load("out")
assert a.shape == b.shape and abs(a - b).max() < 1e-6'

test_case 'options that change vectors have entries of their own'
for flags in '-d 16' '--no-normalize' '--pooling cls' '--special-as-text' '--prompt p:'; do
    with_model embed $flags --format raw 'line [SEP] 1'
    cp out plain
    with_model embed --format raw --cache a.cache 'line [SEP] 1'
    with_model embed $flags --format raw --cache a.cache 'line [SEP] 1'
    with_model embed $flags --format raw --cache a.cache 'line [SEP] 1'
    expect "differs with $flags" cmp -s plain out
done
GTE_CPU=scalar with_model embed --format raw 'line [SEP] 1'
cp out plain
GTE_CPU=scalar with_model embed --format raw --cache a.cache 'line [SEP] 1'
expect "differs with GTE_CPU=scalar" cmp -s plain out

test_case 'pairs'
printf '["a b","c"]\n["a","b c"]\n"a b c"\n' >in
with_model embed --jsonl --format raw
cp out plain
for turn in 1 2; do
    printf '["a b","c"]\n["a","b c"]\n"a b c"\n' >in
    with_model embed --jsonl --format raw --cache a.cache
    expect "differs the $turn. time" cmp -s plain out
done

test_case 'an error names its line when lines before it are cached'
printf 'line 1 of the text\nline 2 of the text\nbad \377\n' >in
with_model embed --cache a.cache
expect_rc 1
expect_err_has 'line 3: invalid UTF-8 at byte 4'

test_case 'a file of another kind is a remark and stays as it is'
cp "$MODEL" foreign
with_model embed --cache foreign x
expect_rc 0
expect_err_has '^gte: embed: --cache foreign: not a cache of gte; going on without it$'
expect 'changed' cmp -s "$MODEL" foreign
with_model embed --cache nowhere/c x
expect_rc 0
expect_err_has 'its folder is not there'
with_model embed --cache . x
expect_rc 0
expect_err_has 'not a regular file'

test_case 'a damaged file is set aside'
cp a.cache b.cache
dd if=/dev/zero of=b.cache bs=4096 seek=1 count=30 conv=notrunc 2>/dev/null
run cache verify b.cache
expect_rc 1
expect_err_has '^gte: cache: b.cache: '
run cache verify --json b.cache
expect_rc 1
expect_out_has '"ok":false}$'
with_model embed -f lines --format raw --cache b.cache
expect_rc 0
expect 'differs' cmp -s first out
with_model embed -f lines --format raw --cache b.cache
expect 'differs' cmp -s first out
run cache verify b.cache
expect_rc 0

test_case 'output over the cache is refused'
with_model embed --cache a.cache -o a.cache x
expect_rc 2
expect_err_has 'is the cache'

test_case 'gte cache verify'
run cache verify a.cache
expect_rc 0
expect_out 'a.cache: OK'
run cache stats a.cache
expect_out_has '^rows +[0-9]+$'
expect_out_has '^newest +20[0-9-]+ [0-9:]+ UTC$'

test_case 'gte cache purge and vacuum'
run cache purge --days 1 a.cache
expect_out_has '^removed_rows +0$'
run cache purge --json a.cache
expect_rc 0
expect 'rows removed' test "$(field removed_rows)" -ge 250
run cache stats --json a.cache
expect 'no rows left' test "$(field rows)" = 0
run cache vacuum --json a.cache
expect_rc 0
expect 'not smaller' test "$(field bytes_after)" -lt "$(field bytes_before)"
expect 'a log is left' test ! -e a.cache-wal

test_case 'gte cache: failures and misuse'
run cache stats none.cache
expect_rc 1
expect_err 'gte: cache: none.cache: there is no such file'
for action in stats verify purge vacuum; do
    run cache $action foreign
    expect_rc 1
    expect_err_has 'foreign: not a cache of gte'
    expect_no_out
done
for words in '' 'stats' 'frob a.cache' 'stats a b' 'stats --days 3 a.cache'; do
    run cache $words
    expect_rc 2
done
finish
