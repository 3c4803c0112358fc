# What the tests of the command share; sourced by each of them.
#
#   tests/cli/NAME.sh [BIN [MODEL]]    defaults: $GTE, else build/gte; $GTE_STANDIN, else
#                                      build/standin.gte
#
# A case is `test_case NAME`, then run (or any command through `run_raw`), then expect_*; a failing
# expectation is shown at once, "ok NAME" or "not ok NAME" when the next case begins.
set -u
export LC_ALL=C.UTF-8
unset GTE_MODEL GTE_THREADS GTE_CPU GTE_BACKEND NO_COLOR
root=$(cd "$(dirname "$0")/../.." && pwd)
GTE=$(realpath "${1:-${GTE:-$root/build/gte}}")
MODEL=$(realpath "${2:-${GTE_STANDIN:-$root/build/standin.gte}}")
SHARED=${GTE_SHARED:-$root/../shared}
work=$(mktemp -d "${TMPDIR:-/tmp}/gte-cli.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
if [ ! -x "$GTE" ] || [ ! -f "$MODEL" ]; then
    echo "no command at $GTE or no model at $MODEL: run make standin" >&2
    exit 1
fi
ln -s "$MODEL" standin.gte # a name without spaces, for command lines kept in one string

# A Python with numpy, which the system's has where the first in PATH may not.
for python in python3 /usr/bin/python3; do
    "$python" -c 'import numpy' 2>/dev/null && break
done
python() { "$python" "$@"; }

tests=$root/tests/cli
DIMS=$("$GTE" info --json "$MODEL" | sed 's/.*"hidden_size":\([0-9]*\).*/\1/')
export DIMS

# own_model: $work/own.gte, with the vocabulary and the prompts of make_model.py
own_model() {
    [ -f "$work/own.gte" ] && return
    python "$tests/make_model.py" "$work/own"
    "$GTE" convert "$work/own" "$work/own.gte" 2>"$work/own.log" || cat "$work/own.log"
}

# On a terminal: script(1), where pseudo-terminals can be made (not in a chroot without /dev/pts).
no_terminal=
if ! command -v script >/dev/null; then
    no_terminal='no script(1)'
elif ! script -qec true /dev/null </dev/null >/dev/null 2>&1; then
    no_terminal='no pseudo-terminals'
fi

passed=0 failed=0 name='' bad=0 rc=0

end_case() {
    [ -n "$name" ] || return 0
    if [ $bad = 0 ]; then
        echo "ok $name"
        passed=$((passed + 1))
    else
        echo "not ok $name"
        failed=$((failed + 1))
    fi
    name='' bad=0
}

test_case() {
    end_case
    name=$1
}

skip() { # NAME REASON
    end_case
    echo "ok $1"
    echo "SKIP $1: $2"
}

finish() {
    end_case
    echo "$passed passed, $failed failed"
    [ $failed = 0 ]
    exit
}

complain() {
    bad=1
    printf '  %s: %s\n' "$name" "$1"
    [ -s err ] && sed 's/^/    stderr: /' err | head -n 5
    return 0
}

# run ARGS...: the command, standard input from ./in when there is one (else empty); out, err, rc.
run() {
    local input=/dev/null
    [ -f in ] && input=in
    timeout 60 "$GTE" "$@" <"$input" >out 2>err
    rc=$?
    rm -f in
}

# with_model COMMAND ARGS...: the same with the model given
with_model() {
    local command=$1
    shift
    run "$command" -m "$MODEL" "$@"
}

# with_own COMMAND ARGS...: the same with the model of own_model
with_own() {
    local command=$1
    shift
    own_model
    run "$command" -m "$work/own.gte" "$@"
}

expect_rc() { [ "$rc" = "$1" ] || complain "exit code $rc, expected $1"; }
expect_out() { # exactly this, with a newline at the end unless empty
    printf '%s' "${1:+$1
}" >expected
    cmp -s expected out || complain "output '$(head -c 300 out)', expected '$1'"
}
expect_out_has() { grep -qE -- "$1" out || complain "output lacks '$1': $(head -c 300 out)"; }
expect_err() { # exactly one line
    [ "$(cat err)" = "$1" ] || complain "message '$(cat err)', expected '$1'"
}
expect_err_has() { grep -qE -- "$1" err || complain "message lacks '$1': $(cat err)"; }
expect_no_err() { [ ! -s err ] || complain "unexpected message"; }
expect_no_out() { [ ! -s out ] || complain "unexpected output: $(head -c 200 out)"; }
expect_lines() { [ "$(wc -l <out)" = "$1" ] || complain "$(wc -l <out) lines, expected $1"; }
expect() { # DESCRIPTION COMMAND...
    local what=$1
    shift
    "$@" || complain "$what"
}
