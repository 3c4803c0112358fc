#!/bin/bash
# gte embed: inputs, formats, options and their errors.
. "$(dirname "$0")/lib.sh"

test_case 'a text as argument: one line of JSON, unit length'
with_model embed 'hello world'
expect_rc 0
expect_no_err
expect_lines 1
expect 'not a unit vector' python - <<'P'
import json, os
v = json.load(open('out'))
assert list(v) == ['embedding'] and len(v['embedding']) == int(os.environ['DIMS'])
assert abs(sum(x * x for x in v['embedding']) - 1) < 1e-5
P

# The other ways of giving and writing the same three texts are compared with this one.
"$GTE" embed -m "$MODEL" 'hello world' '' '你好，世界' >three.jsonl
"$GTE" embed -m "$MODEL" 'hello world' >one.jsonl

test_case 'lines of standard input are the same as arguments'
printf 'hello world\n\n你好，世界\n' >in
with_model embed
expect_rc 0
expect_no_err
expect 'differs' cmp -s three.jsonl out

test_case 'a last line without a newline'
printf 'hello world\n\n你好，世界' >in
with_model embed
expect 'differs' cmp -s three.jsonl out

test_case 'CR LF and a byte order mark'
printf '\xef\xbb\xbfhello world\r\n\r\n你好，世界\r\n' >in
with_model embed
expect 'differs' cmp -s three.jsonl out

test_case 'lines of a file'
printf 'hello world\n\n你好，世界\n' >texts
for args in '-f texts' '--file texts' '--file=texts' '-ftexts'; do
    with_model embed $args
    expect_rc 0
    expect "$args differs" cmp -s three.jsonl out
done
cp texts in
with_model embed -f -
expect '-f - differs' cmp -s three.jsonl out

test_case 'a single - is standard input, with others it is a text'
cp texts in
with_model embed -
expect_rc 0
expect 'differs' cmp -s three.jsonl out
with_model embed - -
expect_lines 2
cp texts in
with_model embed -f texts -
expect_rc 2
expect_err_has 'texts are given both as arguments and by --file'

test_case 'JSON strings'
printf '"hello world"\n""\n"\\u4f60\\u597d，世界"\n' >in
with_model embed --jsonl
expect_rc 0
expect 'differs' cmp -s three.jsonl out
with_model embed --jsonl '"hello world"' '""' '"你好，世界"'
expect 'arguments differ' cmp -s three.jsonl out

test_case 'a JSON string may hold line breaks and NUL'
with_model embed --jsonl '"hello\nworld"' '"hello\u0000 world"'
expect_rc 0
expect_lines 2

test_case 'a pair is read together'
with_model embed --jsonl '["hello", "world"]' '["hello", ""]' '"hello"'
expect_rc 0
expect_lines 3
expect 'pairs and single do not differ' test "$(sort -u out | wc -l)" = 3

json_error() { # INPUT MESSAGE
    printf '"fine"\n%s\n' "$1" >in
    with_model embed --jsonl
    expect_rc 1
    expect_err_has "^gte: embed: line 2: $2"
}
test_case 'what is not JSON names the line'
json_error '{' 'not JSON'
json_error 'hello' 'not JSON'
json_error '' 'not JSON'
json_error '"a" "b"' 'not JSON'
json_error '"\ud800"' 'not JSON'
json_error $'"\xff"' 'not JSON'
json_error "$(printf '[%.0s' {1..5000})" 'not JSON'
test_case 'a line of very many JSON values is refused before it is parsed'
python -c "print('[' + '[[],[],' * 4000000)" >in
(ulimit -v 700000 && with_model embed --jsonl -t 1 && echo "$rc" >rc.in)
expect 'the exit code' test "$(cat rc.in)" = 1
expect_err 'gte: embed: line 1: more than 10000 JSON values in one input'
printf '"%s"\n' "$(printf ',[%.0s' {1..9000})\\\"$(printf ',[%.0s' {1..9000})" >in
with_model embed --jsonl
expect_rc 0
expect_lines 1

test_case 'JSON of another shape names the line'
for value in 7 null true '{}' '[]' '["a"]' '["a","b","c"]' '["a",7]' '[7,"a"]' '{"text":7}' \
    '{"title":"a"}' '{"text":"a","pair":7}'; do
    json_error "$value" 'expected a JSON string, \["text", "pair"\] or \{"text": "..."\}'
done

test_case 'JSON objects with a text, and perhaps its pair'
with_model embed --jsonl '"hello"' '["hello", "world"]'
cp out plain.out
with_model embed --jsonl '{"id": 7, "text": "hello"}' '{"pair": "world", "text": "hello"}'
expect_rc 0
expect 'differs' cmp -s plain.out out

test_case 'invalid UTF-8 in JSON is replaced on request'
printf '"a\xffb"\n' >in
with_model embed --jsonl --replace-invalid
expect_rc 0
cp out replaced.out
printf '"a\xef\xbf\xbdb"\n' >in
with_model embed --jsonl
expect 'differs' cmp -s replaced.out out

test_case 'invalid UTF-8 names the line and the byte'
printf 'one\ntwo\nth\xffree\nfour\n' >in
with_model embed
expect_rc 1
expect_err 'gte: embed: line 3: invalid UTF-8 at byte 2 (use --replace-invalid to read it as U+FFFD)'
printf 'one\nt\xe4\xbd\n' >bad
with_model embed -f bad
expect_rc 1
expect_err_has '^gte: embed: bad: line 2: invalid UTF-8 at byte 1 '
with_model embed one $'\xc3\x28'
expect_rc 1
expect_err_has '^gte: embed: text 2: invalid UTF-8 at byte 0 '

test_case 'the byte does not count the prompt'
with_model embed --prompt 'query: ' $'ab\xff'
expect_err_has 'text 1: invalid UTF-8 at byte 2 '
with_model embed --prompt $'\xff' ab
expect_rc 1
expect_err_has 'the prompt is not valid UTF-8'

test_case 'invalid UTF-8 is replaced on request'
with_model embed --replace-invalid $'th\xffree'
expect_rc 0
cp out replaced.out
with_model embed $'th\xef\xbf\xbdree'
expect 'differs' cmp -s replaced.out out

test_case 'a NUL byte in a line is part of the text'
printf 'hello\0world\n' >in
with_model embed
expect_rc 0
expect_lines 1

test_case 'a misspelt prompt is no text'
with_own embed --prompt qurey c
expect_rc 2
expect_no_out
expect_err_has "^gte: embed: --prompt qurey: the model has no prompt of this name \\(it has: .*\\); to put the text itself before, write --prompt 'qurey: '$"
for name in query document e; do expect_err_has "it has: .*$name"; done
for prompt in 'qurey:' 'qurey ' '问' '<q>' ''; do
    with_own embed --prompt "$prompt" c
    expect_rc 0
done
run embed -m "$MODEL" --prompt nothing -o not-written c
expect_rc 2
expect 'a file was written' test ! -e not-written

test_case 'no-truncate names the line that is too long'
own_model
{ echo he && printf 'he %.0s' {1..126} && echo && printf 'he %.0s' {1..127} && echo; } >long
with_own embed --prompt '' -f long
expect_rc 0
expect_lines 3
with_own embed --prompt '' --no-truncate -f long
expect_rc 1
expect_err "gte: embed: long: line 3: the text has more than the model's 128 tokens"
with_own similarity --prompt '' --no-truncate -f long
expect_rc 1
expect_no_out
expect_err_has '^gte: similarity: long: line 3: '
with_own search --corpus-prompt '' --no-truncate -c long he
expect_rc 1
expect_no_out
expect_err_has '^gte: search: long: line 3: '

test_case 'no input: no output'
for format in jsonl text raw; do
    with_model embed --format $format
    expect_rc 0
    expect_no_out
    expect_no_err
done
with_model embed --format json
expect_out '[]'

test_case 'formats hold the same numbers'
for format in json jsonl text npy raw; do
    "$GTE" embed -m "$MODEL" --format $format -f texts >three.$format 2>err || complain "$format"
    "$GTE" embed -m "$MODEL" --format $format -f texts 2>>err | cat >piped
    expect "$format differs through a pipe" cmp -s three.$format piped
    "$GTE" embed -m "$MODEL" --format $format -f texts -o named 2>>err
    expect "$format differs with -o" cmp -s three.$format named
done
expect_no_err
expect 'numbers differ' python - <<'P'
import json, os, numpy as np
rows = [json.loads(line)['embedding'] for line in open('three.jsonl')]
a = np.array(rows, dtype=np.float32)
assert a.shape == (3, int(os.environ['DIMS']))
assert (np.array(json.load(open('three.json')), dtype=np.float32) == a).all()
assert (np.load('three.npy') == a).all() and np.load('three.npy').dtype == np.dtype('<f4')
assert (np.fromfile('three.raw', dtype='<f4').reshape(3, -1) == a).all()
assert (np.loadtxt('three.text', dtype=np.float32) == a).all()
P

test_case 'numbers are written as %.9g'
with_model embed --format raw --no-normalize 'a few words' 'others' ''
cp out numbers.raw
with_model embed --no-normalize 'a few words' 'others' ''
expect 'differs from printf' python - <<'P'
import numpy as np
a = np.fromfile('numbers.raw', dtype='<f4').reshape(3, -1)
want = ''.join('{"embedding":[%s]}\n' % ','.join('%.9g' % x for x in row) for row in a)
assert open('out').read() == want
P

test_case 'npy appended and at an offset'
{
    echo head
    "$GTE" embed -m "$MODEL" --format npy -f texts
} >offset.npy
expect 'offset' python -c "
import numpy as np
f = open('offset.npy', 'rb'); f.readline(); assert np.load(f).shape == (3, $DIMS)"
echo head >append.npy
"$GTE" embed -m "$MODEL" --format npy -f texts >>append.npy
expect 'append' cmp -s offset.npy append.npy

test_case 'npy of nothing'
with_model embed --format npy
expect 'shape' python -c "import numpy as np; assert np.load('out').shape == (0, $DIMS)"

test_case 'dims cuts and normalises again'
with_model embed -d 8 'hello world'
expect 'differs' python - <<'P'
import json, numpy as np
full = np.array(json.loads(open('three.jsonl').readline())['embedding'])[:8]
cut = np.array(json.load(open('out'))['embedding'])
assert np.abs(full / np.linalg.norm(full) - cut).max() < 1e-6
P

test_case 'no-normalize leaves the length'
with_model embed --no-normalize 'hello world'
expect 'differs' python - <<'P'
import json, numpy as np
full = np.array(json.loads(open('three.jsonl').readline())['embedding'])
raw = np.array(json.load(open('out'))['embedding'])
assert abs(np.linalg.norm(raw) - 1) > 1e-3
assert np.abs(raw / np.linalg.norm(raw) - full).max() < 1e-6
P

test_case 'pooling'
with_model embed --pooling mean 'hello world'
expect 'mean is not the default' test "$(cat out)" = "$(cat one.jsonl)"
with_model embed --pooling cls 'hello world'
expect_rc 0
expect 'cls is no other vector' test "$(cat out)" != "$(cat one.jsonl)"

test_case 'prompts: the default, a name of the model, or a text'
with_own embed 'c'
cp out default.out
with_own embed --prompt '' 'e, c'
expect 'the default prompt' cmp -s default.out out
with_own embed --prompt e 'c'
expect 'by name' cmp -s default.out out
with_own embed --prompt 'e, ' 'c'
expect 'by text' cmp -s default.out out
with_own embed --prompt query 'c'
cp out query.out
with_own embed --prompt '' 'he: c'
expect 'another name' cmp -s query.out out
with_own embed --prompt '' 'c'
expect 'no prompt' test "$(cat out)" != "$(cat default.out)"
with_own embed --jsonl '["c", "he"]'
cp out default.out
with_own embed --prompt '' --jsonl '["e, c", "he"]'
expect 'a pair: before the first text' cmp -s default.out out

test_case 'literal special tokens as text'
with_model embed 'a [SEP] b'
cp out special
with_model embed --special-as-text 'a [SEP] b'
expect_rc 0
expect 'no difference' test "$(cat out)" != "$(cat special)"

test_case 'threads and batch size do not change the vectors'
seq -f 'number %g of several texts, some longer than others' 300 >texts300
"$GTE" embed -m "$MODEL" -f texts300 --format raw >a.raw
for args in '--threads 1' '-t 2' '-t 3 --batch-tokens 128' '--batch-tokens 20000'; do
    with_model embed -f texts300 --format raw $args
    expect_rc 0
    expect "$args" python -c "
import numpy as np
assert np.abs(np.fromfile('a.raw', '<f4') - np.fromfile('out', '<f4')).max() < 1e-6"
done

test_case 'texts given twice'
with_model embed -f texts hello
expect_rc 2
expect_err_has 'texts are given both as arguments and by --file'

test_case 'a file that is not there, or a directory'
with_model embed -f /nowhere/at-all
expect_rc 1
expect_err 'gte: embed: cannot read /nowhere/at-all: No such file or directory'
with_model embed -f .
expect_rc 1
expect_err 'gte: embed: cannot read .: Is a directory'

test_case 'an output that cannot be made'
with_model embed -o /nowhere/at-all hello
expect_rc 1
expect_err 'gte: embed: cannot write /nowhere/at-all: No such file or directory'

test_case 'a failure leaves no output file and the old one as it was'
echo old >kept
printf 'one\n\xff\n' >bad
with_model embed -f bad -o kept
expect_rc 1
expect 'kept changed' test "$(cat kept)" = old
expect 'something is left' test "$(ls kept* | wc -l)" = 1

test_case '-o writes to a device in place'
with_model embed -o /dev/null hello
expect_rc 0
expect 'device gone' test -c /dev/null

test_case '-o through a symbolic link replaces the file behind it'
mkdir -p elsewhere
echo old >elsewhere/real
ln -s elsewhere/real link
with_model embed -o link 'hello world'
expect_rc 0
expect 'the link is gone' test -L link
expect 'other content' cmp -s one.jsonl elsewhere/real

test_case '-o - is standard output'
with_model embed -o - 'hello world'
expect 'differs' test "$(cat out)" = "$(cat one.jsonl)"

test_case 'an output file has the usual permissions'
(umask 027 && "$GTE" embed -m "$MODEL" -o perm hello)
expect 'mode' test "$(stat -c %a perm)" = 640

test_case 'a line longer than 64 MiB is an error'
head -c 70000000 /dev/zero | tr '\0' a >long
with_model embed -f long
expect_rc 1
expect_err 'gte: embed: long: line 1: longer than 64 MiB'
rm -f long

test_case 'a long line is cut to the longest input'
head -c 3000000 /dev/zero | tr '\0' 'a' | sed 's/aaaaa/bcd e/g' >in
with_model embed
expect_rc 0
expect_lines 1

test_case '-o is neither the input nor the model'
printf 'one\ntwo\n' >texts
ln -s texts texts-link
for output in texts texts-link; do
    with_model embed -f texts -o $output
    expect_rc 2
    expect_err_has "^gte: embed: --output $output is the file the texts are read from"
done
cp texts in
ln -f in texts-hard
with_model embed -o texts-hard
expect_rc 2
cp "$MODEL" model-copy.gte
run embed -m model-copy.gte -o model-copy.gte he
expect_rc 2
expect_err_has '^gte: embed: --output model-copy.gte is the model'
expect 'the model changed' cmp -s "$MODEL" model-copy.gte
with_model embed -f /dev/null -o /dev/null
expect_rc 0

test_case 'a message does not drive the terminal'
with_model embed -f $'a\u009b31m\u202eb\u2066c\xff'
expect_rc 1
expect_err 'gte: embed: cannot read a?31m?b?c?: No such file or directory'

finish
