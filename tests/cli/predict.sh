#!/bin/bash
# gte predict: tasks, heads, inputs, output, what is wrong.
. "$(dirname "$0")/lib.sh"
heads=$root/tests/golden/heads

for head in ner-bio raner cls-single rerank uie; do
    "$GTE" convert "$heads/$head" $head.gte 2>/dev/null
done

test_case 'entities, the task from the head'
run predict -m ner-bio.gte '北京大学' 'hello 北京'
expect_rc 0
expect_no_err
expect_lines 2
expect 'entities' python - <<'P'
import json
for text, line in zip(['北京大学', 'hello 北京'], open('out')):
    o = json.loads(line)
    assert list(o) == ['entities', 'engine'] and o['engine'] == 'token-classifier', o
    for e in o['entities']:
        assert list(e) == ['text', 'type', 'start', 'end', 'score']
        assert e['text'] == text[e['start']:e['end']] and 0 < e['score'] <= 1
P

same_as_reference() { # HEAD KEY [ARGS...]: the entities of every case of its reference.json
    local head=$1 key=$2
    shift 2
    python -c "
import json
for c in json.load(open('$heads/$head/reference.json'))['cases']:
    print(json.dumps({'text': c['text']}))" >texts.jsonl
    run predict -m $head.gte --jsonl -f texts.jsonl --logits "$@"
    expect_rc 0
    expect_no_err
    expect "differs from $head $key" python - "$heads/$head/reference.json" $key <<'P'
import json, sys
cases = json.load(open(sys.argv[1]))['cases']
lines = [json.loads(line) for line in open('out')]
assert len(cases) == len(lines)
for c, o in zip(cases, lines):
    want = c['entities'][sys.argv[2]] if 'entities' in c and sys.argv[2] != 'strict' else c['strict']
    got = o['entities']
    assert [(e['type'], e['start'], e['end']) for e in got] == \
        [(e['type'], e['start'], e['end']) for e in want], (c['text'], got, want)
    for e, w in zip(got, want):
        assert abs(e['score'] - w.get('score', e['score'])) < 1e-5
    inner = c['logits'][1:-1]
    assert len(inner) == len(o['logits']) == len(o['tokens']) == len(o['offsets'])
    assert o['offsets'] == c['offsets'][1:-1]
    for row, w in zip(o['logits'], inner):
        assert len(row) == len(o['logit_labels'])
        assert max(abs(a - b) for a, b in zip(row, w)) < 1e-5
P
}
for how in none simple first average max; do
    test_case "the reference's entities and logits, aggregation $how"
    same_as_reference ner-bio $how --aggregation $how
done
test_case "the reference's entities and logits, CRF"
same_as_reference raner strict
expect_out_has '"engine":"crf"'

test_case 'batch and threads change nothing'
run predict -m raner.gte --jsonl -f texts.jsonl
cp out together
while read -r line; do
    "$GTE" predict -m raner.gte --jsonl -t 1 --batch-tokens 1 "$line" </dev/null
done <texts.jsonl >alone
expect 'differs' python - <<'P'
import json
a, b = ([json.loads(l) for l in open(f)] for f in ('together', 'alone'))
assert len(a) == len(b)
for x, y in zip(a, b):
    assert [(e['type'], e['start'], e['end']) for e in x['entities']] == \
        [(e['type'], e['start'], e['end']) for e in y['entities']]
P

test_case 'labels of a head'
run predict -m cls-single.gte --task sentiment 好
expect_rc 0
expect_out_has '^\{"label":"[^"]+","score":[0-9.]+,"scores":\{.*\},"aspects":\[\],"engine":"classifier"\}$'
run predict -m cls-single.gte --task classification --logits 好
expect_out_has '"logits":\[-?[0-9.]+,-?[0-9.]+,-?[0-9.]+\],"logit_labels":\["'

test_case 'a schema, as an option and in an object'
run predict -m uie.gte --task relation --schema '{"组织机构": {"创始人(人物)": null}}' '北京大学的张三'
expect_rc 0
expect_out_has '^\{"relations":\[.*"engine":"siamese-uie"\}$'
cp out option.out
echo '{"input_text":"北京大学的张三","schema":{"组织机构":["创始人(人物)"]}}' >in
run predict -m uie.gte --task relation --jsonl
expect 'differs' cmp -s option.out out
run predict -m uie.gte --task ner --raw --schema '["组织机构","人物"]' '北京大学的张三'
expect_out_has '^\{"output":\['

test_case 'without a head: labels, question'
with_model predict --task classification --labels 'a,b,c' text
expect_rc 0
expect_out_has '"engine":"zero-shot"'
expect 'labels' python -c "
import json
o = json.load(open('out'))
assert sorted(o['labels']) == ['a', 'b', 'c'] and abs(sum(o['scores']) - 1) < 1e-5"
printf '%s\n' '{"context":"he lives here. she lives there.","question":"where"}' \
    '["he lives here. she lives there.","where"]' \
    '"he lives | here. she lives there.|where"' '"he lives here.｜where"' >in
with_model predict --task qa --jsonl
expect_rc 0
expect_lines 4
expect 'the pair and the object differ' test "$(sed -n 1p out)" = "$(sed -n 2p out)"
echo '{"text":"x","labels":{"a":"one text","b":"another"}}' >in
with_model predict --task sentiment --jsonl
expect_rc 0
expect_out_has '"a":'

test_case 'pretty'
with_model predict --task sentiment --pretty good
expect_rc 0
expect_out_has '^  "label": "'
expect 'not JSON' python -c "import json; json.load(open('out'))"

test_case 'empty texts, spaces, emoji, long words, long texts'
printf '\n   \n😀 👨‍👩‍👧\n%s\n' "$(printf 'a%.0s' {1..2000})" >in
run predict -m ner-bio.gte
expect_rc 0
expect_lines 4
python -c "print('北京大学的张三和李四在上海。' * 720)" >in
run predict -m ner-bio.gte
expect_rc 0
expect_lines 1
expect 'order' python - <<'P'
import json
text = '北京大学的张三和李四在上海。' * 720
at = 0
entities = json.load(open('out'))['entities']
assert len(entities) > 500
for e in entities:
    assert at <= e['start'] < e['end'] and text[e['start']:e['end']] == e['text']
    at = e['end']
P
run predict -m ner-bio.gte --no-truncate "$(printf '京%.0s' {1..2000})"
expect_rc 1
expect_err_has '^gte: predict: text 1: the text has 2000 tokens, a window holds'

test_case 'what is wrong names the line'
bad() { # INPUT MESSAGE ARGS...
    printf '%b' "$1" >in
    run predict "${@:3}"
    expect_rc 1
    expect_err_has "$2"
}
bad 'a\n\xff\n' '^gte: predict: line 2: invalid UTF-8 at byte 0 ' -m ner-bio.gte
bad 'a|b\nno bar\n' "^gte: predict: line 2: for qa a text is 'context\|question'" -m standin.gte --task qa
bad 'a|b\nc|  \n' '^gte: predict: line 2: for qa' -m standin.gte --task qa
bad '"a"\n{"text":1}\n' '^gte: predict: line 2: expected a JSON string' -m ner-bio.gte --jsonl
bad '"a"\n{"text":"a","schema":{"x":1}}\n' '^gte: predict: line 2: a schema is' -m uie.gte --task ner --jsonl
bad '{"text":"a","schema":{}}\n' '^gte: predict: line 1: the schema names no type' -m uie.gte --task ner --jsonl
bad '{"text":"a","schema":{"a":{"b":{"c":{"d":{"e":null}}}}}}\n' 'line 1: the schema is deeper than 4' \
    -m uie.gte --task ner --jsonl
bad '{"text":"a","labels":[]}\n' '^gte: predict: line 1: "labels" must be' -m standin.gte --task sentiment --jsonl
bad '{"text":"a","labels":["x","x"]}\n' '^gte: predict: line 1: label 1 stands twice' \
    -m standin.gte --task sentiment --jsonl
bad '["a","b"]\n' '^gte: predict: line 1: entities are of one text' -m ner-bio.gte --jsonl
expect_no_out

test_case 'invalid UTF-8 is replaced where that is asked for'
printf 'a\n\xff\n' >in
run predict -m ner-bio.gte --replace-invalid
expect_rc 0
expect_lines 2

test_case 'heads and tasks that do not go together'
run predict -m ner-bio.gte --task qa 'a|b'
expect_rc 1
expect_err_has '^gte: predict: this head cannot do qa: convert and load a BertForQuestionAnswering'
with_model predict --task ner x
expect_rc 1
expect_err_has 'cannot do ner'
with_model predict x
expect_rc 2
expect_err_has 'needs --task: the model has no head of its own'
with_model predict --task ner --head /nowhere x
expect_rc 1
expect_err_has '/nowhere'
run predict -m ner-bio.gte --head ner-bio.gte x
expect_rc 1
expect_no_out

test_case 'usage'
with_model predict --task translation x
expect_rc 2
expect_err_has "task takes one of ner\|relation\|event\|sentiment\|classification\|qa, not 'translation'"
with_model predict --task sentiment --labels a,,b x
expect_rc 2
expect_err_has 'empty label'
run predict -m uie.gte --task ner --schema '{' x
expect_rc 2
expect_err_has '^gte: predict: --schema: '
run predict -m ner-bio.gte --aggregation mean x
expect_rc 2
run predict -m ner-bio.gte --pretty --logits x
expect_rc 2

test_case 'options that the head does not follow are told'
run predict -m ner-bio.gte --labels a,b --schema '{"a": null}' x
expect_rc 0
expect_err_has 'labels has no effect'
expect_err_has 'schema has no effect'
run predict -m uie.gte --task ner --schema '{"a": null}' x
expect_rc 0
expect_no_err

if [ -d "$SHARED/models/zh-ner-tiny" ]; then
    test_case 'zh-ner-tiny'
    run convert "$SHARED/models/zh-ner-tiny" tiny-ner.gte
    run predict -m tiny-ner.gte '彭小军认为，国内银行现在走的是台湾的发卡模式'
    expect_rc 0
    expect_out_has '"text":"彭小军","type":"name","start":0,"end":3'
else
    skip 'zh-ner-tiny' 'no reference data'
fi

test_case 'gte info tells of heads'
run info raner.gte
expect_rc 0
expect_out_has '^head  *token with crf, 13 labels .ner.'
expect_out_has '^labels  *O, B-LOC'
run info -m "$root/models/nano/nano.gte" --head "$root/models/nano/banking77.gte" --json
expect_rc 0
expect_out_has '"head":{"kind":"sequence","tasks":\["classification"\],"labels":\["card_arrival"'
run info -m raner.gte --head "$root/models/nano/banking77.gte"
expect_rc 1
expect_no_out
expect_err_has 'banking77.gte: this head was made for another model'

finish
