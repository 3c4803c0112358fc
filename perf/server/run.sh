#!/bin/bash
# perf/server/run.sh [SECONDS]: what HTTP costs. Needs wrk, nginx and a built gte-server.
#
# Servers on core 0, wrk on core 1, 50 connections, in turns; CPU microseconds a request from
# /proc/PID/task/*/schedstat, the smallest of the rounds (others share the machine). The cached
# answer is compared with nginx sending a file of the same size; a miss with inference alone, which
# is the encoder thread's CPU time.
set -u
cd "$(dirname "$0")/../.." || exit 1
seconds=${1:-2} rounds=${ROUNDS:-3}
model=${GTE_MODEL:-build/default.gte}
work=$(mktemp -d "${TMPDIR:-/tmp}/gte-perf.XXXXXX")
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; rm -rf "$work"' EXIT
for tool in wrk nginx curl taskset; do
    command -v $tool >/dev/null || { echo "SKIP no $tool"; exit 77; }
done

body='{"model":"m","input":"hello world, this is a sentence of some fifty letters","encoding_format":"base64"}'

start_gte() { # PORT ARGS...: sets url, pid
    local port=$1
    shift
    taskset -c 0 build/gte-server -m "$model" --port "$port" --http-threads 1 --threads 1 \
        --log-level warning "$@" &
    pid=$!
    pids+=($pid)
    url=http://127.0.0.1:$port
    for _ in $(seq 200); do curl -s "$url/ready" >/dev/null && break; sleep 0.05; done
}

# ns of CPU of all threads of a process and its children
cpu() { cat /proc/"$1"/task/*/schedstat | awk '{ s += $1 } END { printf "%d", s }'; }
encoder_cpu() { cat /proc/"$1"/task/"$2"/schedstat | awk '{ print $1 }'; }

# load PID URL [SCRIPT]: requests a second, CPU microseconds a request
load() {
    local before after out
    before=$(cpu "$1")
    out=$(taskset -c 1 wrk -t1 -c50 -d"${seconds}s" ${3:+-s "$3"} "$2")
    after=$(cpu "$1")
    awk -v ns=$((after - before)) '/requests in/ { n = $1 } /Non-2xx/ { bad = $NF }
        /Requests\/sec/ { printf "%s %.2f %d\n", $2, ns / n / 1000, bad }' <<<"$out"
}

best() { # LABEL: the least CPU and the most requests of the lines on standard input
    awk -v label="$1" 'NR == 1 || $2 < cpu { cpu = $2 } $1 > rate { rate = $1 } { bad += $3 }
        END { printf "%-34s %9.0f requests/s %8.2f us CPU%s\n", label, rate, cpu,
              bad ? "  (" bad " refused)" : "" }'
}

cat >"$work/cached.lua" <<LUA
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '$body'
LUA
cat >"$work/missed.lua" <<'LUA'
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local n = 0
request = function()
    n = n + 1
    return wrk.format(nil, nil, nil, '{"model":"m","input":"' .. n ..
        ' world, this is a sentence of some fifty letters","encoding_format":"base64"}')
end
LUA

start_gte "${GTE_PORT:-18082}" --cache memory
gte=$url gte_pid=$pid
curl -s "$gte/v1/embeddings" -H 'Content-Type: application/json' -d "$body" >"$work/answer.json"
size=$(stat -c %s "$work/answer.json")
start_gte "${MISS_PORT:-18083}" --cache off
miss=$url miss_pid=$pid

mkdir "$work/html"
cp "$work/answer.json" "$work/html/answer.json"
cat >"$work/nginx.conf" <<CONF
daemon off; master_process off; worker_processes 1; pid $work/nginx.pid; error_log $work/nginx.log;
events { worker_connections 1024; }
http {
    access_log off; sendfile on; keepalive_requests 1000000; open_file_cache max=100;
    client_body_temp_path $work/t1; proxy_temp_path $work/t2; fastcgi_temp_path $work/t3;
    uwsgi_temp_path $work/t4; scgi_temp_path $work/t5;
    server { listen 127.0.0.1:${NGINX_PORT:-18081}; root $work/html; }
}
CONF
taskset -c 0 nginx -c "$work/nginx.conf" 2>/dev/null &
nginx_pid=$!
pids+=($nginx_pid)
sleep 0.5
file=http://127.0.0.1:${NGINX_PORT:-18081}/answer.json

echo "answer of $size bytes; $seconds s a run, $rounds rounds"
for ((round = 0; round < rounds; round++)); do
    load $nginx_pid "$file" >>"$work/nginx.txt"
    load $gte_pid "$gte/v1/embeddings" "$work/cached.lua" >>"$work/cached.txt"
    load $gte_pid "$gte/live" >>"$work/live.txt"
    before=$(cpu $miss_pid)
    # the encoder's thread: the one that has used most
    encoder=$(for t in /proc/$miss_pid/task/*; do echo "$(awk '{print $1}' "$t/schedstat") ${t##*/}"; done | sort -n | tail -n 1 | awk '{print $2}')
    encoder_before=$(encoder_cpu $miss_pid "$encoder")
    line=$(load $miss_pid "$miss/v1/embeddings" "$work/missed.lua")
    share=$(awk -v all=$(($(cpu $miss_pid) - before)) \
        -v enc=$(($(encoder_cpu $miss_pid "$encoder") - encoder_before)) 'BEGIN { print (all - enc) / all }')
    echo "$line" >>"$work/missed.txt"
    awk -v share="$share" '{ printf "%s %.2f %d\n", $1, $2 * share, $3 }' <<<"$line" >>"$work/overhead.txt"
done
best 'nginx, a file' <"$work/nginx.txt"
best 'cached /v1/embeddings' <"$work/cached.txt"
best '/live' <"$work/live.txt"
best 'missed /v1/embeddings' <"$work/missed.txt"
best '  of that outside of the encoder' <"$work/overhead.txt"
