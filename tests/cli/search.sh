#!/bin/bash
# gte search: the nearest lines, against a search written plainly.
. "$(dirname "$0")/lib.sh"

seq -f 'line %g is about something else than line 3' 3000 >corpus
sed -i '1234s/.*/the treasure is under the palm tree/; 2999s/.*/宝藏在棕榈树下/' corpus

test_case 'the line itself is the nearest'
with_model search --corpus corpus --prompt '' 'the treasure is under the palm tree'
expect_rc 0
expect_no_err
expect_lines 5
expect 'first line' test "$(head -n 1 out)" = ' 1.0000     1234  the treasure is under the palm tree'

test_case '--top'
for top in 1 7 1000; do
    with_model search -c corpus --top $top treasure
    expect_lines $top
done
with_model search -c corpus --top 0 treasure
expect_rc 2
printf 'a\nb\n' >two
with_model search -c two -k 9 treasure
expect_lines 2

test_case 'JSON equals a plain search'
with_model search -c corpus --json --top 20 --corpus-prompt '' --prompt '' 'palm tree' 'line 77'
expect_rc 0
expect_lines 2
"$GTE" embed -m "$MODEL" --format npy -f corpus >corpus.npy
"$GTE" embed -m "$MODEL" --format npy 'palm tree' 'line 77' >queries.npy
expect 'differs' python - <<'P'
import json, numpy as np
lines = open('corpus').read().split('\n')
c, q = np.load('corpus.npy').astype('f8'), np.load('queries.npy').astype('f8')
for query, text, out in zip(q, ('palm tree', 'line 77'), open('out')):
    o = json.loads(out)
    assert list(o) == ['query', 'results'] and o['query'] == text
    got = o['results']
    assert len(got) == 20
    scores = c @ query
    best = np.sort(scores)[::-1]
    for i, hit in enumerate(got):
        assert list(hit) == ['line', 'score', 'text']
        assert hit['text'] == lines[hit['line'] - 1]
        assert abs(hit['score'] - scores[hit['line'] - 1]) < 2e-6
        assert abs(hit['score'] - best[i]) < 2e-6
    assert len({h['line'] for h in got}) == 20
P

test_case 'equal lines: the earlier first'
printf 'he\nwe\nhe\nhe\n' >equal
{ for i in {1..60}; do echo he && echo "he $i"; done; } >many-equal
with_model search -c equal --json --top 3 --prompt '' he
expect_rc 0
expect 'order' python -c "
import json
assert [h['line'] for h in json.load(open('out'))['results']] == [1, 3, 4]"
for cpu in scalar avx2 avx512; do
    GTE_CPU=$cpu with_model search -c many-equal --json --top 60 he
    expect "order at $cpu" python -c "
import json
assert [h['line'] for h in json.load(open('out'))['results'] if h['text'] == 'he'] == \
    list(range(1, 121, 2))"
done

test_case 'several queries, each above its lines'
with_model search -c equal -k 2 'he he' '你好'
expect_rc 0
expect_lines 7
expect 'first' test "$(sed -n 1p out)" = 'he he'
expect 'gap' test -z "$(sed -n 4p out)"
expect 'second' test "$(sed -n 5p out)" = '你好'

test_case 'queries from a file and from standard input'
cp out arguments.out
printf 'he he\n你好\n' >queries
with_model search -c equal -k 2 -f queries
expect 'file differs' cmp -s arguments.out out
cp queries in
with_model search -c equal -k 2
expect 'standard input differs' cmp -s arguments.out out

test_case 'the corpus from standard input'
cp equal in
with_model search -c - -k 2 'he he' '你好'
expect_rc 0
expect 'differs' cmp -s arguments.out out

test_case 'corpus and queries cannot both be standard input'
cp equal in
with_model search -c -
expect_rc 2
expect_err_has 'the corpus is standard input; give queries as arguments or by --file'

test_case 'no corpus'
with_model search he
expect_rc 2
expect_err_has 'corpus FILE is missing'

test_case 'an empty corpus, and no queries'
: >empty
with_model search -c empty he
expect_rc 0
expect_no_out
with_model search -c empty --json he
expect_out '{"query":"he","results":[]}'
with_model search -c equal
expect_rc 0
expect_no_out

test_case "the model's own prompts are the default"
with_own search -c equal --json c
cp out default.out
with_own search -c equal --json --prompt query --corpus-prompt document c
expect 'names' cmp -s default.out out
with_own search -c equal --json --query-prompt 'he: ' --corpus-prompt 'we: ' c
expect 'texts' cmp -s default.out out
with_own search -c equal --json --prompt '' c
expect 'no query prompt' test "$(cat out)" != "$(cat default.out)"
with_own search -c equal --json --corpus-prompt '' c
expect 'no corpus prompt' test "$(cat out)" != "$(cat default.out)"
with_own search -c equal --json c --corpus-prompt 'unseen: '
expect 'the prompt is shown' sh -c '! grep -q unseen out'

test_case 'a corpus of JSON'
printf '"he"\n["he","we"]\n' >json
with_model search -c json --jsonl --json he
expect_rc 0
expect_out_has '"text":"he","pair":"we"'

test_case 'errors name the line of the corpus'
printf 'he\n\xff\n' >bad
with_model search -c bad he
expect_rc 1
expect_err_has '^gte: search: bad: line 2: invalid UTF-8 at byte 0 '
with_model search -c /nowhere he
expect_rc 1
expect_err 'gte: search: cannot read /nowhere: No such file or directory'

test_case 'a line does not drive the terminal'
printf 'a\tb\xc2\x9b31m \xe2\x80\xaetxt\n' >controls
with_model search -c controls -k 1 ab
expect_rc 0
expect_out_has $'  a b\ufffd31m \ufffdtxt$'

finish
