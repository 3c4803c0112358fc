# perf/server/common.sh: what run.sh and large.sh share; sourced, from the root of the project.
#
# Starts servers on cores of their own, loads them with wrk and tells CPU microseconds a request from
# /proc/PID/task/*/schedstat, since others may share the machine. Sets `work`, a directory that goes
# with the processes when the script ends.
# shellcheck shell=bash
work=$(mktemp -d "${TMPDIR:-/tmp}/gte-perf.XXXXXX")
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; wait; rm -rf "$work"' EXIT
for tool in wrk nginx curl taskset; do
    command -v $tool >/dev/null || { echo "SKIP no $tool"; exit 77; }
done
# A priority that counts where the kernel groups processes by session; without the right to it, none.
{ echo -15 >/proc/self/autogroup; } 2>/dev/null || :

start_gte() { # CORES ARGS...: sets url, pid; quiet, since a line a request would be measured, too
    local cores=$1 port=$((${GTE_PORT:-18082} + ${#pids[@]}))
    shift
    taskset -c "$cores" build/gte-server --port $port --log-level warning "$@" &
    pid=$! url=http://127.0.0.1:$port
    pids+=("$pid")
    for _ in $(seq 600); do
        [ "$(curl -s -o "$work/ready" -w '%{http_code}' "$url/ready")" = 200 ] && return
        sleep 0.05
    done
    echo "the server did not start"
    exit 1
}

post() { # URL JSON
    curl -s "$1" -H 'Content-Type: application/json' -d "$2"
}

# ns of CPU of all threads of a process
cpu() { cat /proc/"$1"/task/*/schedstat | awk '{ s += $1 } END { printf "%.0f", s }'; }
encoder_cpu() { awk '{ print $1 }' "/proc/$1/task/$2/schedstat"; }
# the encoder's thread: the one that has used most
encoder_of() {
    local task
    for task in /proc/"$1"/task/*; do echo "$(awk '{ print $1 }' "$task/schedstat") ${task##*/}"; done |
        sort -n | awk 'END { print $2 }'
}

# load PID URL [wrk's ARGS...]: a line: requests a second, CPU microseconds a request, refusals;
# connections, seconds and wrk's core from $connections, $seconds and $wrk_cores.
load() {
    local before after of=$1 out
    shift
    before=$(cpu "$of")
    out=$(taskset -c "$wrk_cores" wrk -t1 "-c$connections" "-d${seconds}s" --timeout 60s "$@")
    after=$(cpu "$of")
    awk -v ns="$((after - before))" '/requests in/ { n = $1 } /Non-2xx/ { bad = $NF }
        /^latency / { latency = substr($0, 9) }
        /Requests\/sec/ { rate = $2 } END { printf "%s %.2f %d %s\n", rate, ns / n / 1000, bad, latency }' <<<"$out"
}

best() { # LABEL: the least CPU and the most requests of the lines on standard input
    awk -v label="$1" 'NR == 1 || $2 < cpu { cpu = $2 } $1 > rate { rate = $1 } { bad += $3 }
        END { printf "%-38s %9.0f requests/s %9.2f us CPU%s\n", label, rate, cpu,
              bad ? "  (" bad " refused)" : "" }'
}

# ratio FILE FILE: how often the second's work is in the first's, by requests and by CPU
ratio() {
    awk 'FNR == 1 { file++ } !(file in cpu) || $2 < cpu[file] { cpu[file] = $2 }
        $1 > rate[file] { rate[file] = $1 }
        END { printf "%.2fx by requests, %.2fx by CPU\n", rate[1] / rate[2], cpu[2] / cpu[1] }' "$1" "$2"
}
