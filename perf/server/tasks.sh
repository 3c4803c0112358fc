#!/bin/bash
# perf/server/tasks.sh MODEL [TEXTS] [SECONDS]: names in Chinese texts of fifty characters by a token
# classifier, one core for it and one for who asks: CPU microseconds a text of `gte predict` on as
# many texts, and of /predict, cold (every text new) and cached. What the server takes more is HTTP,
# JSON and smaller batches.
set -u
cd "$(dirname "$0")/../.." || exit 1
. perf/server/common.sh
model=$1 texts=${2:-5000} seconds=${3:-3} rounds=${ROUNDS:-2} wrk_cores=1

awk -v n="$texts" 'BEGIN { srand(1)
    k = split("今 天 气 很 好 我 们 一 起 去 公 园 看 花 吃 饭 学 习 工 作 人 大 中 国 上 海 北 京", word, " ")
    for (i = 0; i < n; i++) { line = ""
        for (j = 0; j < 50; j++) line = line word[1 + int(rand() * k)]
        print line } }' >"$work/texts"
for ((round = 0; round < rounds; round++)); do
    TIMEFORMAT='%U %S'
    { time taskset -c 0 build/gte predict -m "$model" --task ner -t 1 -f "$work/texts" >/dev/null; } 2>&1 |
        awk -v n="$texts" '{ us = ($1 + $2) * 1e6 / n; printf "%.2f %.2f 0\n", 1e6 / us, us }' >>"$work/library"
done
best 'gte predict (texts a second of CPU)' <"$work/library"

start_gte 0 -m "$model" --cache memory --threads 1 --http-threads 1
for connections in 16 1; do
    for ((round = 0; round < rounds; round++)); do
        load "$pid" -s perf/server/texts.lua "$url" -- ner zh 50 >>"$work/cold$connections"
    done
    best "cold, $connections connections" <"$work/cold$connections"
done
connections=16
seconds=1 load "$pid" -s perf/server/texts.lua "$url" -- ner zh 50 100 >/dev/null # fills the cache
for ((round = 0; round < rounds; round++)); do
    load "$pid" -s perf/server/texts.lua "$url" -- ner zh 50 100 >>"$work/cached"
done
best 'cached, 16 connections' <"$work/cached"
