#!/bin/bash
# tests/run_all.sh quick|full|asan|ubsan|tsan|coverage|aarch64: run what is built, add up the counts.
#
# GTE_TEST_RUNNER, a program, runs those that are not for this machine (src/mk/cross.mk).
#
# Run by make, from the root of the repository. Each step's output goes to build/test-logs/; a
# failing step shows the end of it. What is counted, in the output of a step:
#   CUnit's summary row "tests", lines "ok NAME" / "not ok NAME", lines "ISA KERNEL ok|FAILED", and
#   lines "SKIP REASON", each of which takes one from the passed. A step with none of these counts as one test by its exit code
#   (77: skipped); a crash after good counts is one failure more.
set -u
mode=${1:-quick}
logs=build/test-logs
mkdir -p "$logs"
passed=0 failed=0 skipped=0

unset GTE_MODEL GTE_THREADS GTE_CPU GTE_BACKEND
export LC_ALL=C.UTF-8

# count LOG EXIT_CODE: adds to the totals and sets `line`.
count() {
    read -r p f s <<<"$(awk -v rc="$2" '
        $1 == "tests" && NF == 6 { good += $4; bad += $5; seen = 1 }
        /^(scalar|avx[a-z0-9]+) +(f32|bf16|int8)_/ { if ($NF == "ok") good++; else bad++; seen = 1 }
        /^ok / { good++; seen = 1 }
        /^not ok / { bad++; seen = 1 }
        /^ *SKIP/ { skip++ }
        END {
            if (!seen) { good = rc == 0; skip = rc == 77; bad = !good && !skip }
            else {
                if (rc != 0 && !bad) bad = 1
                if (skip > good) skip = good
                good -= skip
            }
            print good + 0, bad + 0, skip + 0
        }' "$1")"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    line="$p passed, $f failed, $s skipped"
    [ "$f" = 0 ]
}

# step NAME COMMAND...
step() {
    local name=$1 log=$logs/${1//[^A-Za-z0-9_.-]/_}.log begin=$SECONDS rc=0
    shift
    timeout "${STEP_SECONDS:-900}" "$@" >"$log" 2>&1 </dev/null || rc=$?
    if count "$log" "$rc"; then
        printf '  %-34s %s (%d s)\n' "$name" "$line" $((SECONDS - begin))
        grep -h '^ *SKIP' "$log" | sort | uniq -c | sort -rn | head -n 3 | sed 's/^ */      /'
    else
        printf '  %-34s %s, exit code %d; %s:\n' "$name" "$line" "$rc" "$log"
        tail -n 60 "$log" | sed 's/^/      | /'
    fi
}

# The unit suites and their kin of one variant. Those that start children find the command in GTE.
suites() {
    local variant=$1
    export GTE=$PWD/build/$variant/gte GTE_STANDIN=$PWD/build/standin.gte
    for program in build/"$variant"/tests/test_*; do
        case $program in *.o | *.d | *.gcno | *.gcda) continue ;; esac
        step "$variant $(basename "$program")" ${GTE_TEST_RUNNER:-} "$program"
    done
    step "$variant checkkern" ${GTE_TEST_RUNNER:-} "build/$variant/checkkern"
    step "$variant allocation failures" ${GTE_TEST_RUNNER:-} "build/$variant/oom"
    [ ! -x "build/$variant/oom_cache" ] ||
        step "$variant allocation failures, cache" ${GTE_TEST_RUNNER:-} "build/$variant/oom_cache"
}

# Vectors must hold on each level of kernels; levels above the processor's are lowered to it.
golden_levels() {
    for level in scalar avx2 avx512; do
        step "$1 test_golden GTE_CPU=$level" env GTE_CPU=$level "build/$1/tests/test_golden"
        step "$1 test_narrow GTE_CPU=$level" env GTE_CPU=$level "build/$1/tests/test_narrow"
        step "$1 test_heads GTE_CPU=$level" env GTE_CPU=$level "build/$1/tests/test_heads"
    done
    # int8 has levels of its own
    for level in scalar avx2 avxvnni avx512vnni; do
        step "$1 test_int8 GTE_CPU=$level" env GTE_CPU=$level "build/$1/tests/test_int8"
    done
}

command_tests() {
    for script in tests/cli/*.sh; do
        [ -x "$script" ] || continue
        step "cli $(basename "$script" .sh)" "$script"
    done
}

# server_tests VARIANT: a real server on a loopback socket; sanitizers make it slower.
server_tests() {
    local variant=$1 slowness=${2:-1}
    if [ ! -x "build/$variant/gte-server" ]; then
        echo "  $variant server: not built, no libmicrohttpd"
        return
    fi
    for script in tests/server/test_*.py; do
        step "$variant server $(basename "$script" .py)" env GTE_TEST_SLOWNESS="$slowness" \
            GTE_SERVER="$PWD/build/$variant/gte-server" GTE="$PWD/build/release/gte" \
            GTE_STANDIN="$PWD/build/standin.gte" python3 "$script"
    done
}

# pull_tests VARIANT: gte pull against a hub on loopback
pull_tests() {
    step "$1 pull" env GTE="$PWD/build/$1/gte" python3 tests/pull/test_pull.py
}

library_tests() {
    step "public headers" tests/header_test.sh
    step "exported symbols" tests/lint/check_exports.sh
    step "install, pkg-config, C and C++" tests/link_test/run.sh
}

sanitizer_options() {
    export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:allocator_may_return_null=1
    export UBSAN_OPTIONS=print_stacktrace=1
    export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
}

sanitizer_options
case $mode in
quick | full)
    suites release
    golden_levels release
    command_tests
    server_tests release
    pull_tests release
    library_tests
    if [ "$mode" = full ]; then
        step "instruction counts" perf/check/perf_check.sh check
        step "peers on a tiny model" perf/peers/check.sh
        step "tasks beside numpy" tests/oracle/task_oracle.sh
        suites asan
        server_tests asan 5
        pull_tests asan
        step "tsan test_threads" build/tsan/tests/test_threads
        step "tsan test_cache_threads" build/tsan/tests/test_cache_threads
        server_tests tsan 10
        step "lint" "${MAKE:-make}" --no-print-directory lint
    fi
    ;;
coverage)
    suites coverage
    command_tests
    pull_tests coverage
    ;;
aarch64)
    suites aarch64
    ;;
asan | ubsan | tsan)
    suites "$mode"
    server_tests "$mode" 10
    ;;
*)
    echo "usage: tests/run_all.sh quick|full|asan|ubsan|tsan|coverage|aarch64" >&2
    exit 2
    ;;
esac

printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" = 0 ]
