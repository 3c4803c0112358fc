#!/bin/sh
# What threads bring and what a neighbour costs, in tables: perf/threads/run.sh MODEL.gte...
# On a machine that others use, raise the priority of the whole (nice acts within a session only
# where the kernel groups sessions: kernel.sched_autogroup_enabled).
set -eu
[ $# -gt 0 ] || { sed -n '2,4s/^# //p' "$0"; exit 2; }
cd "$(dirname "$0")/../.."
make -s build/perf/threads/scaling build/perf/threads/handoff
build/perf/threads/handoff
echo 'one and two threads'
build/perf/threads/scaling -r 20 "$@"
echo 'the same, a process spinning on the last CPU'
build/perf/threads/scaling -r 20 -s 1 "$@"
