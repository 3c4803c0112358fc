#!/bin/sh
# What threads bring and what a neighbour costs, in tables: perf/threads/run.sh MODEL.gte...
# On a machine that others use, raise the priority of the whole (nice acts within a session only
# where the kernel groups sessions: kernel.sched_autogroup_enabled).
set -eu
[ $# -gt 0 ] || { sed -n '2,4s/^# //p' "$0"; exit 2; }
cd "$(dirname "$0")/../.."
make -s build/release/libgte.a
for program in scaling handoff; do
    ${CC:-cc} -std=c11 -D_GNU_SOURCE -O2 -Iinclude -Isrc -o "build/release/$program" \
        "perf/threads/$program.c" build/release/libgte.a \
        $(pkg-config --libs openblas libutf8proc) -lgomp -lpthread -lm
done
build/release/handoff
echo 'one and two threads'
build/release/scaling -r 20 "$@"
echo 'the same, a process spinning on the last CPU'
build/release/scaling -r 20 -s 1 "$@"
