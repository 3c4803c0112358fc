#!/bin/bash
# gte similarity: the matrix, its colours, its JSON.
. "$(dirname "$0")/lib.sh"

test_case 'a matrix with ones on its diagonal'
with_model similarity 'he' 'we' 'he'
expect_rc 0
expect_no_err
expect_lines 4
expect 'layout' python - <<'P'
import re
lines = open('out').read().split('\n')
assert lines[0].split() == ['1', '2', '3']
rows = [line.split() for line in lines[1:4]]
assert [r[:2] for r in rows] == [['1', 'he'], ['2', 'we'], ['3', 'he']]
m = [[float(x) for x in r[2:]] for r in rows]
for i in range(3):
    assert m[i][i] == 1
    for j in range(3): assert m[i][j] == m[j][i]
assert m[0][2] == 1
P

test_case 'wide characters stay in line'
with_model similarity '你好，世界' 'hello' 'e' '한국어'
expect 'columns' python - <<'P'
import unicodedata
width = lambda s: sum(2 if unicodedata.east_asian_width(c) in 'WF' else 1 for c in s)
assert len({width(line) for line in open('out').read().splitlines()}) == 1
P

test_case 'a long text is cut'
with_model similarity "$(printf 'long %.0s' {1..100})" he
expect_rc 0
expect_out_has '^1  long .*…'
expect 'not cut' test "$(wc -L <out)" -le 70

test_case 'control characters do not reach the terminal'
with_model similarity $'a\033[31mb' $'c\td'
expect 'escape in the output' sh -c '! grep -q "$(printf "\033")" out'

test_case 'JSON'
with_model similarity --json 'he "x"' 'we' '你好'
expect_rc 0
expect 'object' python - <<'P'
import json
o = json.load(open('out'))
assert list(o) == ['texts', 'similarity']
assert o['texts'] == ['he "x"', 'we', '你好']
m = o['similarity']
assert len(m) == 3 and all(len(r) == 3 for r in m)
assert all(abs(m[i][i] - 1) < 1e-6 for i in range(3))
P

test_case 'the same above and below the diagonal, to the last digit'
seq -f 'text %g he' 40 | "$GTE" similarity -m "$MODEL" --json - >out
expect 'not symmetric' python -c "
import json
m = json.load(open('out'))['similarity']
assert len(m) == 40 and m == [list(column) for column in zip(*m)]"

test_case 'JSON strings are escaped'
with_model similarity --json --jsonl '"a\t\n\r\b\f\"\\\u0001\u0000\u007f/é😀"' '"b"'
expect_rc 0
expect_out_has '"texts":\["a\\t\\n\\r\\b\\f\\"\\\\\\u0001\\u0000./é😀","b"\]'
with_model similarity --json --replace-invalid $'a\xffb' c
expect_out_has '"texts":\["a�b","c"\]'

test_case 'pairs'
with_model similarity --json --jsonl '["he","we"]' '"he"'
expect_rc 0
expect_out_has '^\{"texts":\[\["he","we"\],"he"\],"similarity"'

test_case 'lines of a file and of standard input'
printf 'he\nwe\n' >texts
"$GTE" similarity -m "$MODEL" he we >expected.out
with_model similarity -f texts
expect 'file differs' cmp -s expected.out out
cp texts in
with_model similarity
expect 'standard input differs' cmp -s expected.out out

test_case 'colours only where they are wanted'
with_model similarity he we
expect 'colour off a terminal' sh -c '! grep -q "$(printf "\033")" out'
with_model similarity --color always he we
expect 'no colour' grep -q "$(printf '\033\[')" out
NO_COLOR=1 with_model similarity --color always he we
expect 'the option does not win' grep -q "$(printf '\033\[')" out

if [ -z "$no_terminal" ]; then
    on_terminal() { # COMMAND LINE...: standard output is a terminal
        TERM=xterm script -qec "$1" /dev/null </dev/null >out 2>err
    }
    test_case 'colours on a terminal, unless NO_COLOR, TERM=dumb or never'
    on_terminal "'$GTE' similarity -m '$MODEL' he we"
    expect 'no colour' grep -q "$(printf '\033\[')" out
    for setting in 'NO_COLOR=1' 'TERM=dumb'; do
        on_terminal "$setting '$GTE' similarity -m '$MODEL' he we"
        expect "colour with $setting" sh -c '! grep -q "$(printf "\033")" out'
    done
    on_terminal "'$GTE' similarity -m '$MODEL' --color never he we"
    expect 'colour with never' sh -c '! grep -q "$(printf "\033")" out'
    test_case 'a terminal gets the columns it has room for'
    seq -f 'a text that is long enough to fill a label of its own, %g' 20 >wide
    for cols in 40 72 100; do
        on_terminal "stty cols $cols; '$GTE' similarity -m '$MODEL' -f wide --color never"
        expect "wider than $cols" test "$(wc -L <out)" -le $cols
        shown=$(head -n 1 out | tr -d '\r' | wc -w)
        expect "$shown columns" test "$shown" -ge 2
        expect_out_has "^\.\.\. $((20 - shown)) more columns; --json for all"
    done
    on_terminal "stty cols 300; '$GTE' similarity -m '$MODEL' -f wide --color never"
    expect 'columns are missing' sh -c '! grep -q "more columns" out'
    test_case 'binary output is refused on a terminal'
    for format in npy raw; do
        on_terminal "'$GTE' embed -m '$MODEL' --format $format he; echo rc \$?"
        expect_out_has 'gte: embed: binary output to a terminal; use -o FILE or a pipe'
        expect_out_has '^rc 2'
        on_terminal "'$GTE' embed -m '$MODEL' --format $format he | wc -c; echo rc \$?"
        expect_out_has '^rc 0'
    done
    test_case 'embed on a terminal writes what fits'
    on_terminal "stty cols 72; '$GTE' embed -m '$MODEL' he"
    expect_out_has "… $DIMS in all"
    expect 'too wide' test "$(wc -L <out)" -le 72
else
    skip 'terminal' "$no_terminal"
fi

test_case 'options of embedding are taken'
with_model similarity --json -d 8 --pooling cls --prompt query --threads 1 he we
expect_rc 0
with_model similarity --json he we
cp out whole
with_model similarity --json -d 8 he we
expect 'dims has no effect' test "$(cat out)" != "$(cat whole)"

test_case 'fewer than two texts'
with_model similarity he
expect_rc 2
expect_no_out
expect_err_has 'needs at least two texts'
echo he >in
with_model similarity
expect_rc 1
expect_err 'gte: similarity: needs at least two texts'
expect_no_out

test_case 'more texts than a matrix should have'
seq 10001 >in
with_model similarity
expect_rc 1
expect_err 'gte: similarity: more than 10000 texts; gte search compares any number'

test_case 'invalid UTF-8'
with_model similarity he $'\xff'
expect_rc 1
expect_err_has '^gte: similarity: text 2: invalid UTF-8 at byte 0 '

finish
