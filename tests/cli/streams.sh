#!/bin/bash
# What happens to the streams: closed, full, interrupted, long.
. "$(dirname "$0")/lib.sh"
own_model
seq -f 'he we %g' 20000 >lines

commands=('embed -m standin.gte he' 'similarity -m standin.gte he we'
    'search -m standin.gte -c lines -k 1 he' 'tokenize -m standin.gte he' 'info standin.gte'
    'verify standin.gte' 'version' 'version --json' 'help' 'embed --help')

test_case 'standard output closed: an error, 1'
for command in "${commands[@]}"; do
    "$GTE" $command </dev/null >&- 2>err
    rc=$?
    expect_rc 1
    expect_err_has 'cannot write standard output'
done

test_case 'standard output full: an error, 1'
for command in "${commands[@]}"; do
    "$GTE" $command </dev/null >/dev/full 2>err
    rc=$?
    expect_rc 1
    expect_err_has 'cannot write standard output: No space left on device'
done

test_case 'standard input closed: an error, 1'
for command in 'embed -m standin.gte' 'tokenize -m standin.gte' 'similarity -m standin.gte' \
    'search -m standin.gte -c lines' 'eval sts -m standin.gte -'; do
    "$GTE" $command <&- >out 2>err
    rc=$?
    expect_rc 1
    expect_no_out
    expect_err_has 'cannot read standard input: '
done

test_case 'standard input closed is no matter when it is not read'
"$GTE" embed -m "$MODEL" he <&- >out 2>err
rc=$?
expect_rc 0
expect_lines 1

test_case 'standard error closed: the exit code still tells'
"$GTE" embed -m /nowhere he 2>&- >out
rc=$?
expect_rc 1
expect_no_out

test_case 'a reader that goes away: silence, 141'
for format in jsonl text json raw; do
    "$GTE" embed -m own.gte -f lines --format $format 2>err | head -c 100 >/dev/null
    rc=${PIPESTATUS[0]}
    expect_rc 141
    expect_no_err
done
"$GTE" tokenize -m own.gte -f lines 2>err | head -n 1 >/dev/null
rc=${PIPESTATUS[0]}
expect_rc 141
expect_no_err
"$GTE" help | true
expect 'help' test "${PIPESTATUS[0]}" = 0 -o "${PIPESTATUS[0]}" = 141

test_case 'the exit code is the same where the parent ignores SIGPIPE'
(
    trap '' PIPE
    "$GTE" tokenize -m own.gte -f lines 2>err
    echo $? >rc
) | head -n 1 >/dev/null
rc=$(cat rc)
expect_rc 141
expect_no_err

# PID: it has written something, or read much; how long that takes is the machine's affair.
is_at_work() {
    [ -r "/proc/$1/io" ] || { sleep 0.7; return; }
    local turn
    for turn in {1..600}; do
        awk '$1 == "wchar:" && $2 >= 4096 || $1 == "rchar:" && $2 >= 1e6 { found = 1 }
            END { exit !found }' "/proc/$1/io" 2>/dev/null && return
        sleep 0.05
    done
}

# A stream that never ends, slow enough to be interrupted in the middle of something.
interrupted() { # SIGNAL ARGS...: runs with endless input, signals some time after the first output
    local signal=$1 pid
    shift
    rm -f fifo && mkfifo fifo
    yes 'he we he, we' >fifo 2>/dev/null &
    disown
    "$GTE" "$@" <fifo >out 2>err &
    pid=$!
    is_at_work $pid
    sleep 0.2
    kill -s "$signal" $pid
    wait $pid
    rc=$?
    wait 2>/dev/null
}
whole_lines() { [ -s "$1" ] && [ "$(tail -c 1 "$1" | od -An -c | tr -d ' ')" = '\n' ]; }

# Background jobs of a script ignore SIGINT: `set -m` gives them their own group and defaults.
set -m
for signal in INT TERM HUP; do
    test_case "SIG$signal: whole lines, 130"
    interrupted $signal embed -m own.gte
    expect_rc 130
    expect_no_err
    expect 'the last line is not whole' whole_lines out
    expect 'not JSON' python -c "
import json
for line in open('out'): assert len(json.loads(line)['embedding']) == 32"
    interrupted $signal tokenize -m own.gte
    expect_rc 130
    expect 'the last line is not whole' whole_lines out
done

test_case 'interrupted json and npy are whole'
interrupted INT embed -m own.gte --format json
expect_rc 130
expect 'json' python -c "
import json
assert len(json.load(open('out'))[-1]) == 32"
interrupted INT embed -m own.gte --format npy
expect_rc 130
expect 'npy' python -c "
import numpy as np
assert np.load('out').shape[0] > 0 and np.load('out').shape[1] == 32"

test_case 'an interrupted -o keeps what there is as FILE.part'
interrupted INT embed -m own.gte -o result.jsonl
expect_rc 130
expect 'it has the final name' test ! -e result.jsonl
expect 'part' whole_lines result.jsonl.part
expect 'a temporary file is left' test "$(ls result* | wc -l)" = 1
expect_err 'gte: embed: interrupted; what was written is in result.jsonl.part'

test_case 'interrupted while it waits for input'
mkfifo idle 2>/dev/null
sleep 5 >idle &
sleeper=$!
disown
"$GTE" embed -m own.gte <idle >out 2>err &
pid=$!
sleep 0.4
kill -s INT $pid
wait $pid
rc=$?
kill $sleeper 2>/dev/null
wait 2>/dev/null
expect_rc 130
expect_no_out

test_case 'interrupted while a pipe has no other end'
for command in 'embed -m own.gte -f silent' 'eval sts -m own.gte silent' \
    'search -m own.gte -c silent he' 'embed -m own.gte -o silent he'; do
    rm -f silent && mkfifo silent
    "$GTE" $command </dev/null >out 2>err &
    pid=$!
    sleep 0.3
    kill -s INT $pid
    wait $pid
    rc=$?
    expect_rc 130
    expect_no_out
    expect_no_err
done

test_case 'search and eval interrupted: no figures, 130'
interrupted INT search -m own.gte -c - he
expect_rc 130
expect_no_out
set +m

peak() { # ARGS...: standard input from `pipe`, peak resident kB in $kb
    kb=$(python - "$GTE" "$@" <<'P'
import os, resource, subprocess, sys
stdin = open('pipe')
code = subprocess.call(sys.argv[1:], stdin=stdin, stdout=open('/dev/null', 'w'))
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss if code == 0 else 'failed')
P
    )
}
constant_memory() { # COUNT COMMAND...: memory for COUNT lines is that for a tenth of them
    local count=$1 small
    shift
    yes 'he we he' | head -n $((count / 10)) >pipe
    peak "$@"
    small=$kb
    yes 'he we he' | head -n "$count" >pipe
    peak "$@"
    expect "$small kB, then $kb kB" test "$kb" -le $((small + 2048))
    rm -f pipe
}
test_case 'memory does not grow: tokenize, a million lines'
constant_memory 1000000 tokenize -m own.gte
test_case 'memory does not grow: embed, 200000 lines'
constant_memory 200000 embed -m own.gte
test_case 'memory does not grow: npy to a pipe'
constant_memory 50000 embed -m own.gte --format npy
test_case 'memory does not grow: the corpus of a search'
constant_memory 100000 search -m own.gte --top 10 -c - he

test_case 'an order of 3000 texts is kept'
head -n 3000 lines >some
"$GTE" embed -m own.gte -f some --format raw >all.raw
tail -n 1 some | "$GTE" embed -m own.gte --format raw >last.raw
expect 'the last vector is another' python -c "
import numpy as np
a = np.fromfile('all.raw', '<f4').reshape(3000, 32)
assert np.abs(a[-1] - np.fromfile('last.raw', '<f4')).max() < 1e-6"

if [ "$(id -u)" = 0 ] && mkdir full && mount -t tmpfs -o size=64k none full 2>/dev/null; then
    test_case 'a full disk: an error, nothing under the final name'
    for format in jsonl json npy raw; do
        "$GTE" embed -m own.gte -f lines --format $format -o full/out 2>err
        rc=$?
        expect_rc 1
        expect_err 'gte: embed: cannot write full/out: No space left on device'
        expect "something is left: $(ls full)" test -z "$(ls full)"
    done
    test_case 'a full disk under standard output'
    "$GTE" embed -m own.gte -f lines >full/out 2>err
    rc=$?
    expect_rc 1
    expect_err 'gte: embed: cannot write standard output: No space left on device'
    rm -f full/out
    test_case 'a full TMPDIR for npy to a pipe'
    TMPDIR=$PWD/full "$GTE" embed -m own.gte -f lines --format npy 2>err | cat >out
    rc=${PIPESTATUS[0]}
    expect_rc 1
    expect_err 'gte: embed: cannot write a temporary file (TMPDIR): No space left on device'
    test_case 'a full disk for convert'
    run convert own full/model.gte
    expect_rc 1
    expect_err_has '[Nn]o space left on'
    expect "something is left: $(ls full)" test -z "$(ls full)"
    umount full
else
    skip 'full disk' 'needs root and mount'
fi

test_case 'TMPDIR that is not there'
TMPDIR=/nowhere "$GTE" embed -m own.gte --format npy he 2>err | cat >out
rc=${PIPESTATUS[0]}
expect_rc 1
expect_err_has 'cannot write a temporary file \(TMPDIR\): No such file or directory'
expect_no_out

if [ -z "$no_terminal" ]; then
    test_case 'a progress bar on a terminal, none elsewhere'
    yes 'he we he' | head -n 2000000 >many # some seconds: the bar shows after half of one
    script -qec "'$GTE' embed -m own.gte -f many --format raw >/dev/null" /dev/null </dev/null >out
    expect_out_has '[0-9]+% \[=*>? *\] [0-9]+ texts  [0-9]+ texts/s  [0-9:]+ left'
    "$GTE" embed -m own.gte -f many --format raw >/dev/null 2>err
    expect_no_err
    rm -f many
else
    skip 'progress bar' "$no_terminal"
fi

finish
