#!/bin/bash
# Subcommand choice, options, help, exit codes of wrong usage.
. "$(dirname "$0")/lib.sh"

test_case 'gte alone: usage on standard error, 2'
run
expect_rc 2
expect_no_out
expect_err_has '^Usage: gte COMMAND'

test_case 'gte help: the overview on standard output'
run help
expect_rc 0
expect_no_err
expect_out_has '^Usage: gte COMMAND'
for command in embed similarity search tokenize predict eval bench profile cache serve info verify convert version help; do
    expect_out_has "^  $command  "
done

for flag in --help -h; do
    test_case "gte $flag is gte help"
    "$GTE" help >help.out
    run $flag
    expect_rc 0
    expect 'differs from gte help' cmp -s help.out out
done

for command in embed similarity search tokenize predict eval bench profile cache serve info verify convert version help; do
    test_case "gte help $command is gte $command --help"
    run $command --help
    expect_rc 0
    expect_no_err
    expect_out_has "^Usage: gte $command "
    cp out help.out
    run help $command
    expect_rc 0
    expect 'differs' cmp -s help.out out
    expect 'wider than 100 columns' test "$(wc -L <out)" -le 100
    test_case "gte $command: an unknown option is 2"
    run $command --no-such-option
    expect_rc 2
    expect_no_out
    expect_err_has "^gte: $command: unknown option '--no-such-option'"
    expect_err_has "^See 'gte help $command'.$"
done

test_case 'an unknown command suggests the nearest'
run embde
expect_rc 2
expect_no_out
expect_err "gte: unknown command 'embde'; did you mean 'embed'?
See 'gte help'."

test_case 'the beginning of a command suggests it'
run tok
expect_err_has "did you mean 'tokenize'"
expect_rc 2

test_case 'a far word suggests nothing'
run frobnicate
expect_rc 2
expect_err "gte: unknown command 'frobnicate'
See 'gte help'."

test_case 'help of a misspelt command suggests the nearest'
run help serach
expect_rc 2
expect_err "gte: help: unknown command 'serach'; did you mean 'search'?
See 'gte help help'."

test_case 'help of an unknown command'
run help frobnicate
expect_rc 2
expect_err_has "unknown command 'frobnicate'"

test_case 'an unknown global option'
run --frob
expect_rc 2
expect_err_has "unknown option '--frob'"

test_case 'a misspelt option suggests the nearest'
with_model embed --poling cls x
expect_rc 2
expect_err_has "unknown option '--poling'; did you mean '--pooling'\\?"

test_case 'a text that begins with a dash needs --'
with_model embed -- -x
expect_rc 0
expect_lines 1
with_model embed -x
expect_rc 2
expect_err_has 'put -- before texts'

test_case 'a value is missing'
run embed -m
expect_rc 2
expect_err_has '-m needs a value \(FILE\)'
run embed --dims
expect_rc 2
expect_err_has '--dims needs a value \(N\)'

test_case 'a flag takes no value'
with_model embed --jsonl=yes x
expect_rc 2
expect_err_has '--jsonl takes no value'

test_case 'numbers are whole and within bounds'
for value in 0 -1 x 1x '' 99999999999999999999 1.5 ' 1' 65537; do
    with_model embed --dims "$value" x
    expect_rc 2
    expect_err_has 'dims takes a whole number from 1 to 65536'
    expect_no_out
done

test_case 'more dimensions than the model has'
with_model embed --dims $((DIMS + 1)) x
expect_rc 2
expect_err_has "dims $((DIMS + 1)): the model's vectors have $DIMS dimensions"

test_case 'choices are checked'
with_model embed --format xml x
expect_rc 2
expect_err_has "format takes one of text\|json\|jsonl\|npy\|raw, not 'xml'"
with_model embed --format jso x
expect_rc 2

test_case 'long and short spellings mean the same'
"$GTE" embed -m "$MODEL" --dims 4 hello >expected.out
for args in '--model=standin.gte -d4' '--model standin.gte --dims=4' '-mstandin.gte -d 4'; do
    run embed $args hello
    expect_rc 0
    expect "differs for $args" cmp -s expected.out out
done

test_case 'options after operands'
run embed hello -d 4 -m "$MODEL"
expect_rc 0
expect 'differs' cmp -s expected.out out

test_case 'GTE_MODEL stands for -m, and -m wins'
GTE_MODEL=$MODEL run embed -d 4 hello
expect_rc 0
expect 'differs' cmp -s expected.out out
GTE_MODEL=/nowhere run embed -m "$MODEL" -d 4 hello
expect_rc 0

test_case 'GTE_BACKEND is checked, --backend wins'
GTE_BACKEND=cublas with_model embed x
expect_rc 2
expect_err_has "GTE_BACKEND takes auto, packed or openblas, not 'cublas'"
GTE_BACKEND=cublas with_model embed --backend packed x
expect_rc 0
with_model embed --backend cublas x
expect_rc 2
GTE_BACKEND=openblas with_model embed -d 4 hello
expect_rc 0

test_case 'GTE_THREADS is checked, --threads wins'
GTE_THREADS=many with_model embed x
expect_rc 2
expect_err_has "GTE_THREADS takes a whole number from 1 to 1024, not 'many'"
GTE_THREADS=many with_model embed --threads 1 x
expect_rc 0
GTE_THREADS=2 with_model embed -d 4 hello
expect_rc 0

test_case 'GTE_CPU is checked'
for command in "version" "embed x" "info"; do
    GTE_MODEL=$MODEL GTE_CPU=sse9 run $command
    expect_rc 2
    expect_no_out
    expect_err_has "^gte: ${command% x}: GTE_CPU takes one of scalar\|avx2\|avxvnni\|avx512\|avx512vnni\|avx512bf16, not 'sse9'"
done
GTE_CPU='' run version
expect_rc 0
GTE_CPU=sse9 run help
expect_rc 0

test_case 'queries given twice'
echo x >queries
with_model search -c queries -f queries x
expect_rc 2
expect_err_has '^gte: search: queries are given both as arguments and by --file$'

test_case 'no model anywhere'
cp "$GTE" ./lonely-gte
./lonely-gte embed x >out 2>err
rc=$?
if [ -f /usr/local/share/gte/default.gte ] || [ -f /usr/share/gte/default.gte ]; then
    expect_rc 0
else
    expect_rc 1
    expect_err_has 'no model: give one with -m FILE or GTE_MODEL'
    expect_no_out
fi

test_case 'the default model next to the command'
cp "$MODEL" default.gte
./lonely-gte embed -d 4 hello >out 2>err
rc=$?
expect_rc 0
expect 'differs' cmp -s expected.out out
expect_err "gte: embed: no -m or GTE_MODEL: using the stand-in model $(realpath default.gte), which has no trained knowledge"
GTE_MODEL=default.gte run embed -d 4 hello
expect_no_err
run embed -m default.gte -d 4 hello
expect_no_err
own_model
mv default.gte kept.gte && cp own.gte default.gte
./lonely-gte embed -d 4 hello >out 2>err
expect_no_err
mv kept.gte default.gte

test_case 'the default model of an installation'
mkdir -p prefix/bin prefix/share/gte
mv default.gte prefix/share/gte/
mv lonely-gte prefix/bin/gte
prefix/bin/gte embed -d 4 hello >out 2>err
rc=$?
expect_rc 0

test_case 'gte version'
run version
expect_rc 0
expect_no_err
expect_out_has '^gte [0-9]+\.[0-9]+\.[0-9]+$'
expect_out_has '^instruction set  (scalar|avx2|avxvnni|avx512|avx512vnni|avx512bf16) \(best here: (scalar|avx2|avxvnni|avx512|avx512vnni|avx512bf16)\)$'
expect_out_has '^threads          [0-9]+$'
cp out version.out
run --version
expect 'gte --version differs' cmp -s version.out out
run -V
expect 'gte -V differs' cmp -s version.out out

test_case 'gte version --json'
run version --json
expect_rc 0
expect 'not the expected object' python - <<'P'
import json
v = json.load(open('out'))
assert set(v) == {'version', 'isa', 'isa_best', 'blas', 'blas_core', 'blas_threading',
                  'blas_warning', 'threads'}, v
assert v['threads'] >= 1
P

test_case 'GTE_CPU lowers the instruction set'
GTE_CPU=scalar run version
expect_out_has '^instruction set  scalar '

test_case 'gte version takes no arguments'
run version x
expect_rc 2

finish
