#!/bin/bash
# gte profile: rows that add up to the whole, a trace that Perfetto reads, a page on its own.
. "$(dirname "$0")/lib.sh"
quick='--rounds 4'

test_case 'the JSON: rows add up to the whole, FLOPs are those of the model'
for how in '1' '2' '1 --cpu' '2 --cpu'; do
    threads=${how% *}
    with_model profile $quick --cell 3x16 -t $how --json
    expect_rc 0
    expect_no_err
    expect_lines 1
    expect "the figures of -t $how do not agree" python - $how <<'P'
import json, os, sys
p = json.load(open('out'))
threads = int(sys.argv[1])
close = lambda a, b: abs(a - b) <= 1e-6 * abs(b)
assert p['threads'] == threads and p['texts'] == 3 and p['tokens'] == 48
assert p['rounds'] == 4 and p['kept'] == 1 and p['model'] == 'standin' and p['dtype'] == 'f32'
assert 0 < p['fastest_s'] <= p['median_s'] <= p['slowest_s'] and p['unrecorded_s'] > 0
rows = {r['operation']: r for r in p['operations']}
assert close(sum(r['seconds'] for r in p['operations']), threads * p['call_s'])
assert close(sum(r['share'] for r in p['operations']), 1)
assert close(p['thread_s'], threads * p['call_s'])
# what nobody accounts for is small beside the rest; on a busy machine the core was lost in it
busy = os.getloadavg()[0] > os.cpu_count() + 1
assert -1e-6 * p['thread_s'] <= rows['rest']['seconds'] < (1 if busy else 0.5) * p['thread_s'], rows['rest']
h, layers = p['hidden_size'], p['layers']
linear = sum(rows[n]['flops'] for n in ('qkv', 'attention out', 'ffn up', 'ffn down'))
assert linear == 24 * layers * h * h * 48, linear # the stand-in's ffn is four times as wide
assert rows['attention']['flops'] == 4 * layers * h * 3 * 16 * 16
assert ('lost' in rows) == p['by_cpu'] == (len(sys.argv) > 2)
assert ('wait' in rows) == ('idle' in rows) == (threads > 1)
assert len(p['by_layer']) == layers
for name in ('qkv', 'attention', 'norm'):
    of_layers = sum(r['seconds'] for l in p['by_layer'] for r in l if r['operation'] == name)
    assert close(of_layers, rows[name]['seconds'])
for r in p['operations']:
    if r['roof_share'] is not None:
        assert close(r['roof_share'] * r['roof_flops_per_s'], r['flops_per_s']) or r['seconds'] == 0
        assert r['level'] in ('L2', 'L3', 'RAM') and r['roof_flops_per_s'] > 0
assert all(v > 0 for v in p['roofs']['bandwidth'].values())
assert p['counters_error'] or all(v is not None for v in p['counters'].values())
P
done

test_case 'the table: every operation, the sum, the rounds, within 100 columns'
with_model profile $quick --cell 2x16 -t 2 --layers
expect_rc 0
expect_no_err
for row in tokenize embed qkv attention 'attention out' norm 'ffn up' 'ffn down' pool wait idle rest; do
    expect_out_has "^$row +[0-9]+ +[0-9.]+ +-?[0-9.]+ %"
done
expect_out_has '^all +[0-9.]+ 100\.0 %'
expect_out_has '^layer, us +qkv +attention +attn out +ffn up +ffn down +norm +sum$'
expect_out_has 'mean of the fastest 1 of 4 rounds'
expect_out_has '^counters  '
expect 'wider than 100 columns' test "$(wc -L <out)" -le 100
expect 'the shares do not add up' python - <<'P'
import re
shares = [float(m) for m in re.findall(r'^[a-z ]+? +\d+ +[\d.]+ +(-?[\d.]+) %', open('out').read(), re.M)]
assert len(shares) == 12 and abs(sum(shares) - 100) < 0.05 * len(shares), shares
P

test_case 'the texts: arguments, standard input, and what the model makes up'
with_model profile $quick -t 1 --json he 'we he'
expect_rc 0
expect_out_has '"texts":2,'
printf 'he\n\nwe\n' >in
with_model profile $quick -t 1 --json -
expect_out_has '"texts":3,'
with_model profile $quick -t 1 --json
expect_out_has '"texts":1,"tokens":128,'
with_model profile $quick -t 1 --json -
expect_rc 1
expect_err 'gte: profile: no texts on standard input'

test_case 'the trace is what Perfetto reads'
with_model profile $quick --cell 8x32 -t 2 --trace trace.json
expect_rc 0
expect 'not a trace' python - <<'P'
import json
def refuse(constant): raise ValueError(constant)
trace = json.load(open('trace.json'), parse_constant=refuse)
events = trace['traceEvents']
names = {}
last, open_on = 0, {}
for e in events:
    assert e['pid'] == 1 and e['tid'] in (1, 2) and e['ph'] in 'MX' and e['ts'] >= 0
    if e['ph'] == 'M':
        if e['name'] == 'thread_name': names[e['tid']] = e['args']['name']
        continue
    assert set(e) == {'ph', 'pid', 'tid', 'ts', 'dur', 'cat', 'name', 'args'}, e
    assert e['ts'] >= last and e['dur'] >= 0 # in the order of time
    last = e['ts']
    stack = open_on.setdefault(e['tid'], [])
    while stack and e['ts'] >= stack[-1] - 1e-3: stack.pop()
    assert not stack or e['ts'] + e['dur'] <= stack[-1] + 2e-3, e # inside of what is open
    stack.append(e['ts'] + e['dur'])
assert names == {1: 'caller 0', 2: 'member 1'}
seen = {e['name'] for e in events if e['ph'] == 'X'}
assert {'call', 'forward', 'layer 0', 'tokenize', 'embed', 'qkv', 'attention', 'attention out',
        'norm', 'ffn up', 'ffn down', 'pool', 'wait'} <= seen, seen
assert [e['name'] for e in events if e['ph'] == 'X'][0] == 'call'
P

test_case 'the page stands alone and holds the numbers'
with_model profile $quick --cell 2x16 -t 2 --html page.html --json
expect_rc 0
expect 'the page is not as it should be' python - <<'P'
import json, re
from html.parser import HTMLParser
page = open('page.html', encoding='utf-8').read()
class Look(HTMLParser):
    void = {'meta', 'link', 'img', 'br', 'input'}
    def __init__(self):
        super().__init__()
        self.open, self.data, self.inside = [], '', False
    def handle_starttag(self, tag, attributes):
        names = dict(attributes)
        assert 'src' not in names and 'href' not in names and tag != 'link', (tag, names)
        if tag not in self.void: self.open.append(tag)
        self.inside = names.get('type') == 'application/json'
    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag
        self.inside = False
    def handle_data(self, data):
        if self.inside: self.data += data
look = Look()
look.feed(page)
assert not look.open
assert not re.search(r'@import|url\(|fetch\(|XMLHttpRequest|import\(', page)
assert {m for m in re.findall(r'https?://[^"\' ]+', page)} <= {'http://www.w3.org/2000/svg'}
data = json.loads(look.data)
assert data['profile']['operations'][0]['operation'] == 'tokenize'
assert data['profile']['model'] == json.load(open('out'))['model']
assert len(data['spans']) > 20 and all(len(s) == 8 for s in data['spans'])
assert data['names'][data['spans'][0][0]] == 'call'
P

test_case 'a model with a strange name: the page and the JSON are still whole'
own_model
"$GTE" convert --name '</script>"\x' "$work/own" strange.gte 2>/dev/null
run profile -m strange.gte $quick --cell 1x8 -t 1 --json --html strange.html --trace strange.json
expect_rc 0
expect 'broken' python - <<'P'
import json
assert json.load(open('out'))['model'] == '</script>"\\x'
assert json.load(open('strange.json'))['otherData']['model'] == '</script>"\\x'
assert open('strange.html').read().count('</script>') == 2
P

test_case 'OpenBLAS, other levels and a bf16 model'
for level in scalar avx2; do
    GTE_CPU=$level run profile -m "$MODEL" $quick --cell 1x8 -t 1 --json
    expect_rc 0
    expect_out_has '"operation":"qkv"'
done
with_model profile $quick --cell 1x8 -t 1 --backend openblas --json
expect_out_has '"backend":"openblas"'
own_model
"$GTE" convert --dtype bf16 "$work/own" bf16.gte 2>/dev/null
run profile -m bf16.gte $quick --cell 1x8 -t 1 --json
expect_rc 0
expect_out_has '"dtype":"bf16"'

test_case 'wrong usage'
for cell in 8 0x8 1x 8x8,1x8 1x8x8 x; do
    with_model profile --cell "$cell"
    expect_rc 2
    expect_err_has "^gte: profile: --cell takes one cell such as 8x128, not '$cell'"
done
with_model profile --cell 1x8 text
expect_rc 2
expect_err_has 'one of them'
with_own profile --cell 1x129
expect_rc 1
expect_err_has '^gte: profile: --cell 1x129: '
with_model profile $quick --cell 1x8 --trace /nowhere/at/all
expect_rc 1
expect_no_out
with_model profile $quick --cell 1x8 --trace -
expect_rc 0
expect_out_has '^{"displayTimeUnit"'
if grep -q '^operation ' out; then complain 'a table behind the trace'; fi
with_model profile $quick --cell 1x8 --json --trace -
expect_rc 2
expect_err_has 'one of them'

finish
