#!/bin/bash
# gte eval cls, ner, qa: the figures beside a plain computation from what gte predict answers.
. "$(dirname "$0")/lib.sh"
heads=$root/tests/golden/heads
for head in ner-bio cls-single cls-multi qa; do
    "$GTE" convert "$heads/$head" $head.gte 2>/dev/null
done

cat >figures.py <<'P'
"""The figures by their definitions, from gold labels and the lines of gte predict."""
import collections, json

def counts(pairs):
    c = collections.defaultdict(lambda: [0, 0, 0])
    for gold, got in pairs:
        for x in gold: c[x[0]][2] += 1
        for x in got: c[x[0]][1] += 1
        for x in gold & got: c[x[0]][0] += 1
    return c

def f1(right, claimed, present):
    return 2 * right / (claimed + present) if claimed + present else 0.0

def check(o, pairs):
    c = counts(pairs)
    assert {l['label'] for l in o['labels']} == set(c), (o['labels'], c)
    for l in o['labels']:
        assert [l['right'], l['predicted'], l['present']] == c[l['label']], l
        assert abs(l['f1'] - f1(*c[l['label']])) < 1e-8
    total = [sum(v[i] for v in c.values()) for i in range(3)]
    assert abs(o['micro_f1'] - f1(*total)) < 1e-8
    assert abs(o['macro_f1'] - sum(f1(*v) for v in c.values()) / len(c)) < 1e-8
P

test_case 'cls: accuracy and F1'
python - <<'P' >data.csv
import json, random
random.seed(1)
cases = ['好', '坏 话', 'hello there', '北京 大学', '上海', 'x y z', '人']
print('text,label')
for i in range(60):
    t = random.choice(cases) + random.choice(cases)
    print('"%s",%s' % (t, random.choice(['a', 'b', 'c'])))
P
labels=$(python -c "
import json
print(' '.join(json.load(open('$heads/cls-single/reference.json'))['labels'][:3]))")
set -- $labels
run eval cls -m cls-single.gte data.csv --json --map a=$1 --map b=$2 --map c=$3
expect_rc 0
expect_no_err
cp out figures.out
python -c "
import csv, json
for r in list(csv.reader(open('data.csv')))[1:]: print(json.dumps(r[0]))" >texts.jsonl
run predict -m cls-single.gte --task classification --jsonl -f texts.jsonl
expect 'figures' python - $labels <<'P'
import csv, json, sys
from figures import check
new = dict(zip('abc', sys.argv[1:]))
gold = [new[r[1]] for r in list(csv.reader(open('data.csv')))[1:]]
got = [json.loads(l)['label'] for l in open('out')]
o = json.load(open('figures.out'))
assert o['texts'] == 60 and o['task'] == 'classification' and o['engine'] == 'classifier'
assert abs(o['accuracy'] - sum(a == b for a, b in zip(gold, got)) / 60) < 1e-8
check(o, [({(a,)}, {(b,)}) for a, b in zip(gold, got)])
P

test_case 'cls: several labels a text'
python - <<'P' >several.jsonl
import json
for i, t in enumerate(['好', '坏', 'hello', '北京 大学', '上海', '人 人']):
    print(json.dumps({'text': t, 'labels': ['x', 'y'][:i % 3]}))
P
run eval cls -m cls-multi.gte several.jsonl --json
expect_rc 0
cp out figures.out
python -c "
import json
for l in open('several.jsonl'): print(json.dumps(json.loads(l)['text']))" >texts.jsonl
run predict -m cls-multi.gte --task classification --jsonl -f texts.jsonl
expect 'figures' python - <<'P'
import json
from figures import check
gold = [set((x,) for x in json.loads(l)['labels']) for l in open('several.jsonl')]
got = []
for l in open('out'):
    o = json.loads(l)
    got.append({(n,) for n, s in zip(o['labels'], o['scores']) if s > 0.5})
o = json.load(open('figures.out'))
check(o, list(zip(gold, got)))
assert abs(o['accuracy'] - sum(a == b for a, b in zip(gold, got)) / 6) < 1e-8
P

test_case 'cls: without a head the labels of the file are offered'
run eval cls -m "$MODEL" data.csv
expect_rc 0
expect_out_has '^engine +zero-shot$'
expect_out_has '^accuracy +0\.[0-9]{4}$'

test_case 'labels of which none is among the answers are told'
run eval cls -m cls-single.gte data.csv
expect_rc 0
expect_err_has 'no label of FILE is among the answers: .*--map OLD=NEW$'

test_case 'ner: spans as seqeval counts them'
python - <<'P' >data.conll
import random
random.seed(3)
chars = '北京大学的张三和李四在上海人'
for _ in range(40):
    last = 'O'
    for c in random.choices(chars, k=random.randint(3, 20)):
        tag = random.choice(['O', 'B-人名', 'B-ORG', 'I-人名', 'I-ORG', 'B-other'])
        print(c + '\t' + tag)
    print()
P
run eval ner -m ner-bio.gte data.conll --json --map other= --map ORG=地名
expect_rc 0
expect_no_err
cp out figures.out
python -c "
import json
for s in open('data.conll').read().strip().split('\n\n'):
    print(json.dumps(''.join(l.split('\t')[0] for l in s.split('\n'))))" >texts.jsonl
run predict -m ner-bio.gte --jsonl -f texts.jsonl
expect 'figures' python - <<'P'
import json
from figures import check
rename = lambda t: {'ORG': '地名', 'other': ''}.get(t, t)
pairs = []
for s, line in zip(open('data.conll').read().strip().split('\n\n'), open('out')):
    gold, opened = set(), None
    tags = [l.split('\t')[1] for l in s.split('\n')] + ['O']
    for i, tag in enumerate(tags):  # seqeval: B begins, I of another type or after O begins
        mark, _, kind = tag.partition('-')
        if opened and (mark != 'I' or kind != opened[0]):
            gold.add((rename(opened[0]), opened[1], i))
            opened = None
        if mark != 'O' and not opened: opened = (kind, i)
    got = {(rename(e['type']), e['start'], e['end']) for e in json.loads(line)['entities']}
    pairs.append(({g for g in gold if g[0]}, {g for g in got if g[0]}))
o = json.load(open('figures.out'))
assert o['sentences'] == 40 == len(pairs)
check(o, pairs)
assert any(l['right'] for l in o['labels'])
P
run eval ner -m ner-bio.gte data.conll
expect_out_has '^ +precision  recall      f1  present$'
expect_out_has '^人名 '

test_case 'ner: words with spaces between'
printf 'Hello O\nthere O\n京 B-ORG\n\nabc B-ORG\nde I-ORG\n' >words.conll
run eval ner -m ner-bio.gte words.conll --json
expect_rc 0
expect_out_has '"sentences":2'

test_case 'qa: exact match and F1'
python - <<'P' >squad.json
import json
qa = [('he lives here. she lives there. 小明住在北京。', [('where does he live', ['He lives here!', 'x']),
       ('小明住在哪里', ['北京', '在北京']), ('nobody knows', [])]),
      ('一二三四五。the cat sat on a mat.', [('cat', ['cat on mat']), ('五', ['五四三']), (' ', ['x'])])]
print(json.dumps({'data': [{'paragraphs': [
    {'context': c, 'qas': [{'id': 'q%d' % i, 'question': q, 'answers': [{'text': a} for a in answers]}
                           for i, (q, answers) in enumerate(qs)]} for c, qs in qa]}]}))
P
for model in standin.gte qa.gte; do
    python - <<'P' >in
import json
for p in json.load(open('squad.json'))['data'][0]['paragraphs']:
    for q in p['qas']:
        if q['question'].strip(): print(json.dumps({'context': p['context'], 'question': q['question']}))
P
    run predict -m $model --task qa --jsonl
    expect_rc 0
    cp out answers.out
    run eval qa -m $model squad.json --json
    expect_rc 0
    expect_err 'gte: eval: 1 question is empty: wrong without being asked'
    expect "figures of $model" python - <<'P'
import collections, json, re
def units(s):
    return [u for u in re.findall(r'[\u3040-\u9fff]|[a-z0-9]+', s.lower()) if u not in ('a', 'an', 'the')]
def f1(n, a, b):
    return 2 * n / (len(a) + len(b)) if a and b else float(a == b)
def bag(a, b): return f1(sum((collections.Counter(a) & collections.Counter(b)).values()), a, b)
def run(a, b):
    return f1(max([0] + [k for i in range(len(a)) for j in range(len(b)) for k in range(1, len(a) + 1)
                         if i + k <= len(a) and a[i:i + k] == b[j:j + k]]), a, b)
lines = [json.loads(l) for l in open('answers.out')]
sums, n = [0, 0, 0], 0
for p in json.load(open('squad.json'))['data'][0]['paragraphs']:
    for q in p['qas']:
        n += 1
        if not q['question'].strip(): continue
        got = units(lines.pop(0)['answer'])
        gold = [units(a['text']) for a in q['answers']] or [[]]
        for i, m in enumerate([lambda a, b: float(a == b), bag, run]):
            sums[i] += max(m(got, g) for g in gold)
o = json.load(open('out'))
assert o['questions'] == n == 6
for s, key in zip(sums, ['exact_match', 'f1', 'cmrc_f1']): assert abs(o[key] - s / n) < 1e-8, (key, s / n, o)
P
done

test_case 'what is wrong is told with its place'
printf '{"data":[{"paragraphs":[{"context":"a","qas":[{"question":1}]}]}]}' >bad.json
run eval qa -m "$MODEL" bad.json
expect_rc 1
expect_err 'gte: eval: bad.json: question 1: its "question" is no string'
echo '{"data":[]}' >bad.json
run eval qa -m "$MODEL" bad.json
expect_err_has 'bad.json: no questions'
echo '{' >bad.json
run eval qa -m "$MODEL" bad.json
expect_err_has 'bad.json: line [12]: not JSON'
run eval qa -m "$MODEL" /nowhere.json
expect_rc 1
expect_no_out
printf 'a\tB-X\nb\n' >bad.conll
run eval ner -m ner-bio.gte bad.conll
expect_rc 1
expect_err_has '^gte: eval: bad.conll: line 2: expected a word'
run eval ner -m "$MODEL" data.conll
expect_rc 1
expect_err_has 'cannot do ner'
run eval ner -m ner-bio.gte --format csv data.csv
expect_rc 2
run eval cls -m cls-single.gte data.csv --map ab
expect_rc 2
expect_err_has 'write OLD=NEW'

cmrc=$SHARED/text/zh/cmrc2018_trial.json weibo=$SHARED/text/zh/weiboNER_dev.conll
if [ -f "$cmrc" ] && [ -d "$SHARED/models/zh-ner-tiny" ]; then
    test_case 'CMRC 2018 trial is read whole'
    run eval qa -m "$MODEL" "$cmrc" --json
    expect_rc 0
    expect_out_has '"questions":1002,"exact_match":0\.'
    test_case 'Weibo NER through CLUENER labels'
    run convert "$SHARED/models/zh-ner-tiny" tiny-ner.gte
    # a character and its place in a word; some characters are lost
    sed -E 's/^(.)[0-9]+\t/\1\t/; s/^��[0-9]*\t/�\t/' "$weibo" >weibo.conll
    run eval ner -m tiny-ner.gte weibo.conll --json --map PER.NAM=PER --map name=PER \
        --map GPE.NAM=LOC --map LOC.NAM=LOC --map address=LOC --map scene=LOC \
        --map ORG.NAM=ORG --map company=ORG --map government=ORG --map organization=ORG \
        --map PER.NOM= --map GPE.NOM= --map LOC.NOM= --map ORG.NOM= \
        --map book= --map movie= --map game= --map position=
    expect_rc 0
    expect_out_has '"sentences":270,'
    # a forward pass in float64 (tests/golden/make_golden.py), HuggingFace's aggregation
    # (heads_decode.py) and the same renaming
    expect 'not as the reference' python -c "
import json
want = {'PER': [14, 168, 90], 'ORG': [5, 63, 47], 'LOC': [3, 89, 32]}
got = {l['label']: [l['right'], l['predicted'], l['present']] for l in json.load(open('out'))['labels']}
assert got == want, got"
else
    skip 'CMRC and Weibo' 'no reference data'
fi

finish
