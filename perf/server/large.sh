#!/bin/bash
# perf/server/large.sh MODEL [SECONDS]: fifty connections of Chinese texts of fifty characters to a
# model of gte-large-zh's shape (perf/peers/random_bert.py DIR gte-large-zh, `gte convert --dtype
# int8`), on all cores: requests a second and latencies of /predict, cold (every text new) and cached.
set -u
cd "$(dirname "$0")/../.." || exit 1
. perf/server/common.sh
model=$1 seconds=${2:-10} rounds=${ROUNDS:-2} wrk_cores=0-$(($(nproc) - 1))

row() { # LABEL
    local label=$1 line
    line=$(load "$pid" -s perf/server/texts.lua "$url" -- predict zh 50 "${@:2}")
    awk -v label="$label" '{ printf "%-28s %8.1f requests/s %10.0f us CPU, %s refused, ms: %s %s %s %s %s %s %s %s %s %s\n",
        label, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13 }' <<<"$line"
}

start_gte "$wrk_cores" -m "$model" --cache memory --threads "$(nproc)"
for connections in ${CONNECTIONS:-50 8 2}; do
    for ((round = 0; round < rounds; round++)); do
        row "cold, $connections connections"
    done
done
connections=50
seconds=5 load "$pid" -s perf/server/texts.lua "$url" -- predict zh 50 100 >/dev/null # fills the cache
for ((round = 0; round < rounds; round++)); do
    seconds=3 row 'cached, 50 connections' 100
done
