#!/bin/bash
# gte bench: cells, lists of options, and figures that agree with each other.
. "$(dirname "$0")/lib.sh"
quick='--rounds 2 --seconds 0.02'

test_case 'one JSON object per cell, whose figures agree'
run bench -m "$MODEL" -m standin.gte $quick --cells 1x8,3x32 -t 1,2 --backend packed,openblas --json
expect_rc 0
expect_no_err
expect_lines 16
expect 'the figures do not agree' python - <<'P'
import itertools, json
rows = [json.loads(line) for line in open('out')]
close = lambda a, b: abs(a - b) <= 1e-6 * abs(b)
got = [(r['cell'], r['threads'], r['backend']) for r in rows]
want = list(itertools.product(['1x8', '3x32'], [1, 2], ['packed', 'openblas']))
assert got == want * 2, got
for r in rows:
    texts, length = map(int, r['cell'].split('x'))
    assert r['texts'] == texts and r['tokens'] == texts * length
    assert r['calls'] >= 2 and 0 < r['wall_s'] <= r['p90_s'] <= r['p99_s']
    assert close(r['gflops'] * r['wall_s'], r['flops'] / 1e9), r
    assert close(r['texts_per_s'] * r['wall_s'], texts)
    assert close(r['tokens_per_s'] * r['wall_s'], texts * length)
    assert close(r['peak_share'] * r['peak_gflops'], r['gflops'])
    assert close(r['cpu_share'] * r['peak_gflops_1'] * r['cpu_s'], r['flops'] / 1e9)
    assert close(r['tokenizer_share'] * r['cpu_s'], r['tokenizer_s'])
    h, layers = r['hidden_size'], r['layers']
    # the stand-in's feed-forward layers are four times as wide as its states
    assert r['flops'] == 24 * layers * h * h * texts * length + 4 * layers * h * texts * length**2
    assert r['weight_bytes'] == 4 * 12 * layers * h * h
    assert 0 < r['tokenizer_share'] < 1 and 0 < r['cpu_share'] < 1.5 and r['peak_gflops'] > 0
    assert r['resident_bytes'] > r['private_bytes'] > 0 and r['open_s'] > 0
    assert r['unit'].startswith('f32') and r['model'] == 'standin' and r['dtype'] == 'f32'
P

test_case 'the table names the machine, the peaks and the cells, within 100 columns'
run bench -m "$MODEL" $quick --cells 1x8,2x16 -t 1
expect_rc 0
expect_no_err
expect_out_has '^gte [0-9.]+, 20[0-9-]+ [0-9:]+ UTC, 2 rounds'
expect_out_has 'level [a-z0-9]+ \(best here: [a-z0-9]+\)'
expect_out_has '^OpenBLAS .*, core '
expect_out_has '^  read memory +GB/s'
expect_out_has '^standin: f32, [0-9]+ layers of '
expect_out_has '^1x8 +1 [a-z]+ '
expect_out_has '^2x16 +1 [a-z]+ '
expect 'wider than 100 columns' test "$(wc -L <out)" -le 100

test_case 'the peak is that of the level in use'
for level in scalar avx2; do
    GTE_CPU=$level run bench -m "$MODEL" $quick --cells 1x8 -t 1 --json
    expect_rc 0
    [ "$("$GTE" version --json | sed 's/.*"isa_best":"\([^"]*\).*/\1/')" = scalar ] && level=scalar
    case $level in
    scalar) expect_out_has '"isa":"scalar"' ;;
    avx2) expect_out_has '"unit":"f32 fma ymm"' ;;
    esac
done

test_case 'a warning when OPENBLAS_CORETYPE names less than the processor has'
if "$GTE" version --json | grep -q '"isa_best":"avx512'; then
    OPENBLAS_CORETYPE=Haswell run bench -m "$MODEL" $quick --cells 1x8 -t 1
    expect_rc 0
    expect_out_has '^warning: OPENBLAS_CORETYPE'
fi

test_case 'a file on disk alone is measured on request'
run bench -m "$MODEL" $quick --cells 1x8 -t 1 --json
expect_rc 0
expect_out_has '"cold_file_s":null'
cp "$MODEL" copy.gte
run bench -m copy.gte $quick --cells 1x8 -t 1 --json --cold-file
expect_rc 0
expect_out_has '"cold_file_s":(null|[0-9.e-]+),' # null where the system keeps the pages, as tmpfs

test_case 'the usual cells, as far as the model reads'
run bench -m "$MODEL" --rounds 1 --seconds 0.01 -t 1 --json
expect_rc 0
expect_err_has '^gte: bench: leaving out cells of texts over 128 tokens'
expect_out_has '"cell":"1x128"'
expect 'too long' test "$(grep -c '"cell":"[0-9]*x512' out)" = 0

test_case 'a cell that was asked for and is too long'
with_model bench --cells 1x8,1x129
expect_rc 1
expect_no_out
expect_err_has 'cell 1x129: the model reads at most 128 tokens'

test_case 'a cell without room for a word'
with_model bench --cells 1x2
expect_rc 1
expect_err_has 'a text of 2 tokens has no room for a word: 2 are special ones'

test_case 'lists are checked'
for cells in '' x 1x 8 0x8 1x8, ,1x8 1x8x2 '1x8 2x8' 99999x9; do
    with_model bench --cells "$cells"
    expect_rc 2
    expect_no_out
    expect_err_has "--cells takes texts x tokens, as in 1x32,32x128, not '$cells'"
done
for threads in , 1, ,1 x 0 -1 1x 1025; do
    with_model bench --threads "$threads"
    expect_rc 2
    expect_err_has "--threads takes numbers from 1 to 1024, as in 1,2, not '$threads'"
done
for backend in '' , packed, pack packed,x; do
    with_model bench --backend "$backend"
    expect_rc 2
    expect_err_has "--backend takes auto, packed and openblas"
done
for seconds in 0 -1 x 1x nan 1e9 ''; do
    with_model bench --seconds "$seconds"
    expect_rc 2
    expect_err_has "--seconds takes a number above 0, up to 3600, not '$seconds'"
done
with_model bench some text
expect_rc 2

test_case 'the environment stands for options'
GTE_THREADS=many run bench -m "$MODEL" $quick
expect_rc 2
expect_err_has 'GTE_THREADS takes numbers'
GTE_THREADS=1 GTE_BACKEND=openblas run bench -m "$MODEL" $quick --cells 1x8 --json
expect_rc 0
expect_lines 1
expect_out_has '"threads":1,"backend":"openblas"'

test_case 'a task is measured with its parts'
heads=$root/tests/golden/heads
for head in qa raner cls-single uie; do
    run convert "$heads/$head" $head.gte
    expect_rc 0
done
run bench -m qa.gte $quick --cells 1x16,3x64 -t 1,2 --task qa --json
expect_rc 0
expect_lines 4
run_more() { run bench "$@" $quick --cells 1x16 -t 1 --json && cat out >>all; }
cp out all
run_more -m raner.gte --task ner
run_more -m cls-single.gte --task classification
run_more -m uie.gte --task ner
run_more -m "$MODEL" --task sentiment
expect 'the parts do not agree' python - <<'P'
import json
rows = [json.loads(line) for line in open('all')]
assert [r['task'] for r in rows] == ['qa'] * 4 + ['ner', 'classification', 'ner', 'sentiment']
assert [r['labels'] for r in rows[3:]] == [2, 13, 3, 2, 0] and [r['crf'] for r in rows].count(True) == 1
for r in rows:
    assert r['forward_s'] > 0 and r['flops'] > 0 and r['wall_s'] > 0
    if r in rows[:7]:
        assert r['head_s'] > 0 and r['decode_s'] > 0
        assert abs(r['decode_share'] * r['forward_s'] - r['decode_s']) <= 1e-6 * r['decode_s']
    else:
        assert r['decode_share'] is None and r['decode_s'] == 0
P
run bench -m qa.gte $quick --cells 1x16 -t 1 --task qa
expect_rc 0
expect_out_has 'for each cell, qa$'
expect_out_has 'dec/pass'
expect 'wider than 100 columns' test "$(wc -L <out)" -le 100

test_case 'a task that cannot be measured'
run bench -m qa.gte $quick --task ner
expect_rc 1
expect_no_out
expect_err_has 'qa.gte: this head cannot do ner'
run bench -m "$MODEL" $quick --task event
expect_rc 1
run bench -m "$MODEL" $quick --task names
expect_rc 2
expect_err_has "not 'names'"
run bench -m "$MODEL" $quick --head qa.gte
expect_rc 2
run bench -m "$MODEL" $quick --head qa.gte --task qa
expect_rc 1

test_case 'a model that is none'
echo nothing >broken.gte
run bench -m "$MODEL" -m broken.gte $quick
expect_rc 1
expect_no_out
expect_err_has 'broken.gte'

test_case 'a model with another vocabulary'
with_own bench $quick --cells 1x5 -t 1 --json
expect 'neither measured nor refused' test $rc = 0 -o $rc = 1

finish
