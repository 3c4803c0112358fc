#!/bin/bash
# perf/server/run.sh [SECONDS]: what HTTP costs. Needs wrk, nginx and a built gte-server.
#
# Servers on core 0, wrk on core 1, 50 connections, in turns; the smallest CPU time and the most
# requests of the rounds. Cached answers and /live are compared with nginx sending files of the same
# sizes; a miss with inference alone, which is the encoder thread's CPU time; batches of eight with
# `gte bench` of as many tokens, where GTE_BENCH_MODEL is a model with an English vocabulary.
set -u
cd "$(dirname "$0")/../.." || exit 1
. perf/server/common.sh
seconds=${1:-2} rounds=${ROUNDS:-3} connections=50 wrk_cores=1
model=${GTE_MODEL:-build/default.gte}
common=(--http-threads 1 --threads 1)

cat >"$work/embed.lua" <<'LUA'
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"model":"m","input":"hello world, this is a sentence of some fifty letters","encoding_format":"base64"}'
LUA
cat >"$work/predict.lua" <<'LUA'
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"task_type":"classification","input_text":"hello world, this is a sentence of some fifty letters"}'
LUA
body_of() { sed -n "s/^wrk.body = '\(.*\)'/\1/p" "$work/$1.lua"; }

start_nginx() { # sets nginx, nginx_pid
    local port=${NGINX_PORT:-18081}
    cat >"$work/nginx.conf" <<CONF
daemon off; master_process off; worker_processes 1; pid $work/nginx.pid; error_log $work/nginx.log;
events { worker_connections 1024; }
http {
    access_log off; sendfile on; keepalive_requests 1000000; open_file_cache max=100;
    client_body_temp_path $work/t1; proxy_temp_path $work/t2; fastcgi_temp_path $work/t3;
    uwsgi_temp_path $work/t4; scgi_temp_path $work/t5;
    server { listen 127.0.0.1:$port; root $work/html; }
}
CONF
    taskset -c 0 nginx -c "$work/nginx.conf" 2>/dev/null &
    nginx_pid=$! nginx=http://127.0.0.1:$port
    pids+=("$nginx_pid")
    sleep 0.5
}

start_gte 0 -m "$model" "${common[@]}" --cache memory
gte=$url gte_pid=$pid
start_gte 0 -m "$model" "${common[@]}" --cache off
miss=$url miss_pid=$pid
mkdir "$work/html"
for round in 1 2; do # what the second says is the cached answer
    post "$gte/predict" "$(body_of predict)" >"$work/html/predict"
    post "$gte/v1/embeddings" "$(body_of embed)" >"$work/html/embed"
done
curl -s "$gte/live" >"$work/html/live"
start_nginx
seconds=1 load "$miss_pid" -s perf/server/texts.lua "$miss" -- embed en 12 >/dev/null
encoder=$(encoder_of "$miss_pid")

echo "$seconds s a run, $rounds rounds; answers of $(stat -c %s "$work"/html/{predict,embed,live} | tr '\n' ' ')bytes"
for ((round = 0; round < rounds; round++)); do
    for what in predict embed live; do
        load "$nginx_pid" "$nginx/$what" >>"$work/nginx.$what"
    done
    load "$gte_pid" -s "$work/predict.lua" "$gte/predict" >>"$work/gte.predict"
    load "$gte_pid" -s "$work/embed.lua" "$gte/v1/embeddings" >>"$work/gte.embed"
    load "$gte_pid" "$gte/live" >>"$work/gte.live"
    before=$(cpu "$miss_pid")
    encoder_before=$(encoder_cpu "$miss_pid" "$encoder")
    line=$(load "$miss_pid" -s perf/server/texts.lua "$miss" -- embed en 12)
    share=$(awk -v all=$(($(cpu "$miss_pid") - before)) \
        -v enc=$(($(encoder_cpu "$miss_pid" "$encoder") - encoder_before)) 'BEGIN { print (all - enc) / all }')
    echo "$line" >>"$work/missed"
    awk -v share="$share" '{ printf "%s %.2f %d\n", $1, $2 * share, $3 }' <<<"$line" >>"$work/overhead"
done
for what in predict embed live; do
    best "nginx, a file of the size of $what" <"$work/nginx.$what"
    best "cached $what" <"$work/gte.$what"
    printf '  %s of nginx: %s\n' $what "$(ratio "$work/gte.$what" "$work/nginx.$what")"
done
best 'missed embed' <"$work/missed"
best '  of that outside of the encoder' <"$work/overhead"

# Throughput: batches of eight texts of 128 tokens over HTTP, and the same amount in gte bench.
# A text's CPU time is by the server's own count, since wrk does not wait for the last answers.
[ -n "${GTE_BENCH_MODEL:-}" ] || exit 0
connections=4 seconds=$((4 * seconds))
start_gte 0 -m "$GTE_BENCH_MODEL" "${common[@]}" --cache off
embedded() { curl -s "$url/metrics" | awk '/^gte_batch_tokens_sum / { printf "%.0f", $2 / 128 }'; }
for ((round = 0; round < rounds; round++)); do
    before=$(cpu "$pid") texts=$(embedded)
    line=$(load "$pid" -s perf/server/texts.lua "$url" -- batch en 126)
    sleep 1
    awk -v ns="$(($(cpu "$pid") - before))" -v texts="$(($(embedded) - texts))" \
        '{ printf "%.2f %.2f %d\n", $1 * 8, ns / texts / 1000, $3 }' <<<"$line" >>"$work/batch"
    taskset -c 0 build/gte bench --json -m "$GTE_BENCH_MODEL" -t 1 --cells 8x128 --rounds 1 \
        --seconds "$seconds" >>"$work/bench"
done
awk '{ match($0, /"cpu_s":[^,]*/); cpu = substr($0, RSTART + 8, RLENGTH - 8)
    match($0, /"texts_per_s":[^,]*/)
    printf "%s %.2f 0\n", substr($0, RSTART + 14, RLENGTH - 14), cpu * 1e6 / 8 }' "$work/bench" >"$work/library"
best 'gte bench, texts of 8x128' <"$work/library"
best 'missed, eight texts of 128 tokens' <"$work/batch"
printf '  of gte bench: %s\n' "$(ratio "$work/batch" "$work/library")"
