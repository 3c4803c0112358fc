#!/bin/bash
# gte tokenize: the exact objects, options, and HuggingFace's own answers where they are at hand.
. "$(dirname "$0")/lib.sh"

test_case 'one object per text'
with_own tokenize 'He, we [SEP] café x'
expect_rc 0
expect_no_err
expect_out '{"ids":[2,5,13,6,3,7,9,10,11,1,3],"types":[0,0,0,0,0,0,0,0,0,0,0],"offsets":[[0,0],[0,2],[2,3],[4,6],[7,12],[13,14],[14,15],[15,16],[16,17],[18,19],[0,0]],"tokens":["[CLS]","he",",","we","[SEP]","c","##a","##f","##e","[UNK]","[SEP]"]}'

test_case 'the empty text'
with_own tokenize ''
expect_out '{"ids":[2,3],"types":[0,0],"offsets":[[0,0],[0,0]],"tokens":["[CLS]","[SEP]"]}'

test_case 'without special tokens'
with_own tokenize --no-special 'he'
expect_out '{"ids":[5],"types":[0],"offsets":[[0,2]],"tokens":["he"]}'
with_own tokenize --no-special ''
expect_out '{"ids":[],"types":[],"offsets":[],"tokens":[]}'

test_case 'a pair: types, and offsets within each text'
with_own tokenize --jsonl '["he","we he"]'
expect_out '{"ids":[2,5,3,6,5,3],"types":[0,0,0,1,1,1],"offsets":[[0,0],[0,2],[0,0],[0,2],[3,5],[0,0]],"tokens":["[CLS]","he","[SEP]","we","he","[SEP]"]}'

test_case 'literal special tokens as text'
with_own tokenize --special-as-text --no-special '[SEP]'
expect_out '{"ids":[14,16,15],"types":[0,0,0],"offsets":[[0,1],[1,4],[4,5]],"tokens":["[","sep","]"]}'

test_case 'offsets in bytes'
with_own tokenize --no-special 'é he'
expect_out_has '"offsets":\[\[0,1\],\[2,4\]\]'
with_own tokenize --no-special --bytes 'é he'
expect_out_has '"offsets":\[\[0,2\],\[3,5\]\]'

test_case 'no limit unless asked'
printf 'he %.0s' {1..1000} >long
with_own tokenize -f long
expect_out_has '(,5){1000},3\],"types"'
with_own tokenize --max-tokens 0 -f long
expect_out_has '(,5){1000},3\],"types"'
with_own tokenize --max-tokens 5 -f long
expect_out_has '"ids":\[2,5,5,5,3\]'
with_own tokenize --truncate -f long
expect_out_has '"ids":\[2(,5){126},3\]'
with_own tokenize --truncate --max-tokens 4 -f long
expect_out_has '"ids":\[2,5,5,3\]'
with_own tokenize --truncate --max-tokens 400 -f long
expect_out_has '"ids":\[2(,5){126},3\]'

test_case 'lines, arguments and JSON agree'
printf 'he, we\n\n你好 "x" \\ \t\n' >texts
with_model tokenize 'he, we' '' $'你好 "x" \\ \t'
expect_lines 3
cp out arguments.out
with_model tokenize -f texts
expect 'lines differ' cmp -s arguments.out out
printf '"he, we"\n""\n"你好 \\"x\\" \\\\ \\t"\n' >in
with_model tokenize --jsonl
expect 'JSON differs' cmp -s arguments.out out
expect 'not JSON' python -c "
import json
for line in open('arguments.out'):
    o = json.loads(line)
    assert list(o) == ['ids', 'types', 'offsets', 'tokens']
    assert len(set(map(len, o.values()))) == 1"

test_case 'invalid UTF-8'
printf 'he\nw\xffe\n' >in
with_model tokenize
expect_rc 1
expect_lines 1
expect_err 'gte: tokenize: line 2: invalid UTF-8 at byte 1 (use --replace-invalid to read it as U+FFFD)'
printf 'w\xff\n' >in
with_model tokenize --replace-invalid
expect_rc 0
expect_lines 1

test_case 'text without a word of the vocabulary'
with_own tokenize --no-special '😀'
expect_out_has '"tokens":\["\[UNK\]"\]'

golden() { # NAME CONFIG_PREFIX: HuggingFace's answers for all lines
    local file=$SHARED/golden/tokenizer/$1.jsonl
    local tokenizer=$SHARED/tokenizers/$2-tokenizer.json
    if [ ! -f "$file" ] || [ ! -f "$tokenizer" ]; then
        skip "golden $1" 'no reference data'
        return
    fi
    test_case "golden $1: ids, types and offsets of every line"
    python "$tests/make_model.py" "$1" "$tokenizer"
    run convert "$1" golden.gte
    expect_rc 0
    python -c "
import json, sys
for line in open(sys.argv[1]): print(json.dumps(json.loads(line)['text'], ensure_ascii=False))" \
        "$file" >in
    run tokenize -m golden.gte --jsonl
    expect_rc 0
    expect 'differs' python - "$file" <<'P'
import json, sys
want = [json.loads(line) for line in open(sys.argv[1])]
got = [json.loads(line) for line in open('out')]
assert len(want) == len(got) > 0
bad = [w['text'] for w, g in zip(want, got)
       if w['ids'] != g['ids'] or w['offsets'] != g['offsets']
       or w.get('types', g['types']) != g['types']]
assert not bad, (len(bad), bad[:3])
P
}
golden gte-small gte-small
golden bge-small-zh bge-small-zh-v1.5

finish
