#!/bin/bash
# gte info, verify and convert, and model files that are not.
. "$(dirname "$0")/lib.sh"

test_case 'gte info'
run info "$MODEL"
expect_rc 0
expect_no_err
expect_out_has "^dimensions        $DIMS$"
expect_out_has "^size              $(stat -c %s "$MODEL") \\([0-9]+\\.[0-9] MB\\)$"
expect_out_has '^sha256            [0-9a-f]{64}$'
cp out info.out
run info -m "$MODEL"
expect 'with -m differs' cmp -s info.out out
GTE_MODEL=$MODEL run info
expect 'with GTE_MODEL differs' cmp -s info.out out

test_case 'gte info --json'
own_model
run info --json own.gte
expect_rc 0
expect 'not the expected object' python - <<'P'
import json, os
o = json.load(open('out'))
want = {'file': 'own.gte', 'file_size': os.path.getsize('own.gte'), 'architecture': 'bert',
        'dtype': 'f32', 'hidden_size': 32, 'layers': 2, 'heads': 1, 'ffn_size': 64,
        'activation': 'gelu', 'pooling': 'mean', 'max_tokens': 128, 'max_positions': 512,
        'type_vocab_size': 2, 'tokenizer': 'wordpiece', 'vocab_size': 18, 'lowercase': True}
assert {k: o[k] for k in want} == want, o
assert len(o['sha256']) == 64 and o['parameters'] > 0
assert o['meta']['prompt.query'] == 'he: ' and o['meta']['default_prompt_name'] == 'e'
P

test_case 'one model at a time'
for command in info verify; do
    run $command "$MODEL" "$MODEL"
    expect_rc 2
    run $command -m "$MODEL" "$MODEL"
    expect_rc 2
done

test_case 'gte verify'
run verify "$MODEL"
expect_rc 0
expect_no_err
expect_out "$MODEL: OK"
run verify --quiet "$MODEL"
expect_rc 0
expect_no_out

test_case 'a damaged weight is found by verify'
cp "$MODEL" damaged.gte
printf 'X' | dd of=damaged.gte bs=1 seek=$(($(stat -c %s damaged.gte) - 3)) conv=notrunc 2>/dev/null
run verify damaged.gte
expect_rc 1
expect_no_out
expect_err_has '^gte: verify: .*damaged'

# refused FILE MESSAGE: every command that opens a model says so and fails
refused() {
    local command
    for command in 'embed x' 'similarity x y' 'search -c /dev/null x' 'tokenize x' \
        'eval sts /dev/null' 'info' 'verify'; do
        run $command -m "$1"
        expect_rc 1
        expect_no_out
        expect_err_has "^gte: ${command%% *}: .*$1.*$2"
        expect "$command: more than one line" test "$(wc -l <err)" = 1
    done
}
test_case 'a model that is not there'
refused ./nowhere.gte 'No such file or directory'
test_case 'a directory as model'
mkdir folder
refused ./folder '[Dd]irectory'
test_case 'an empty file as model'
: >empty.gte
refused ./empty.gte ''
test_case 'another file as model'
seq 100000 >numbers.gte
refused ./numbers.gte ''
test_case 'a model cut short'
head -c 100000 "$MODEL" >cut.gte
refused ./cut.gte ''
test_case 'a file that may not be read'
if [ "$(id -u)" = 0 ]; then
    if command -v setpriv >/dev/null; then
        chmod 755 . && cp "$MODEL" secret.gte && chmod 600 secret.gte
        cp "$GTE" ./gte-copy && chmod 755 gte-copy
        setpriv --reuid=65534 --regid=65534 --clear-groups ./gte-copy embed -m secret.gte x >out 2>err
        rc=$?
        expect_rc 1
        expect_err_has 'secret.gte.*Permission denied'
    fi
else
    cp "$MODEL" secret.gte && chmod 0 secret.gte
    refused ./secret.gte 'Permission denied'
fi

test_case 'gte convert is quiet off a terminal'
run convert own converted.gte
expect_rc 0
expect_no_out
expect_no_err
expect 'other bytes than the first time' cmp -s own.gte converted.gte

test_case 'gte convert --verbose tells'
run convert --verbose own converted.gte
expect_rc 0
expect_no_out
expect_err_has '^gte: convert: wrote converted.gte, [0-9.]+ MB$'
for line in 'read config.json, [0-9]+ bytes' 'read vocab.txt, [0-9]+ bytes' \
    'tokenizer: wordpiece from vocab.txt, 18 ids, .*' 'prompt query: "he: "' \
    'pooling: mean; longest input: 128 tokens'; do
    expect_err_has "^gte: convert: $line$"
done
run convert -v own converted.gte
expect_rc 0

test_case 'gte convert warns of a pooling that it guesses'
cp -r own guess && rm -r guess/1_Pooling
run convert guess guess.gte
expect_rc 0
expect_err 'gte: convert: warning: no 1_Pooling/config.json: mean pooling assumed (--pooling cls overrides)'
run convert --pooling cls guess guess.gte
expect_rc 0
expect_no_err
run info --json guess.gte
expect_out_has '"pooling":"cls"'
run convert --pooling max guess guess.gte
expect_rc 2
expect_err_has "pooling takes one of mean\|cls, not 'max'"

test_case 'gte convert: the name'
(cd own && "$GTE" convert . ../named.gte)
run info --json named.gte
expect_out_has '"name":"own"'
run convert --name 'my model' own named.gte
expect_no_err
run info named.gte
expect_out_has '^name              my model$'

test_case 'gte convert: types'
for dtype in f16 fp32 ''; do
    run convert --dtype "$dtype" own other.gte
    expect_rc 2
    expect_err_has "^gte: convert: --dtype takes one of f32\|bf16\|int8, not '$dtype'"
    expect 'something was written' test ! -e other.gte
done
for dtype in f32 bf16 int8; do
    run convert --dtype "$dtype" own other.gte
    expect_rc 0
    run info -m other.gte
    expect_out_has "$dtype"
done

test_case 'gte convert: usage'
run convert own
expect_rc 2
run convert own a.gte b.gte
expect_rc 2
expect_err_has 'needs MODEL_DIR and OUT.gte'

test_case 'gte convert: a directory without a model, or none'
mkdir -p nothing
for source in nothing /nowhere "$MODEL"; do
    run convert "$source" other2.gte
    expect_rc 1
    expect_no_out
    expect_err_has '^gte: convert: '
    expect 'something was written' test "$(ls | grep -c other2)" = 0
done

run convert nothing other2.gte
expect_err 'gte: convert: nothing/config.json: No such file or directory; expected a HuggingFace model directory'
run convert thenlper/gte-small other2.gte
expect_err_has 'thenlper/gte-small: No such file or directory \(nothing is downloaded: '

test_case 'gte convert: a place that cannot be written'
run convert own /nowhere/out.gte
expect_rc 1
expect_err_has '/nowhere/out.gte.*No such file'

finish
