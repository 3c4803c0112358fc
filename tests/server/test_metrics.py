#!/usr/bin/env python3
"""GET /metrics and /metrics/json: all series from the first scrape, right counts, no side effects,
and Prometheus's own opinion where promtool is here."""
import json
import re
import shutil
import subprocess

from harness import Server, check, done

# The names that users of the service know; promtool would call these by base units.
OWN_NAMES = {"gte_memory_usage_mb", "gte_response_time_avg_ms", "gte_response_time_p95_ms",
             "gte_response_time_p99_ms"}


def scrape(server):
    status, headers, text = server.get("/metrics")
    check("/metrics: 200, text", status == 200 and
          headers["Content-Type"].startswith("text/plain; version=0.0.4"), headers)
    found = re.findall(r"^([a-z_0-9]+(?:\{[^}]*\})?) (\S+)$", text.decode(), re.M)
    return {name: float(value) for name, value in found}, text


def lint(text):
    if not shutil.which("promtool"):
        print("SKIP promtool is not here")
        return
    said = subprocess.run(["promtool", "check", "metrics"], input=text, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT).stdout.decode()
    other = [line for line in said.splitlines() if line.split(" ")[0] not in OWN_NAMES]
    check("promtool has nothing to say but of the names that are given", not other, said)


def counts(server):
    first, text = scrape(server)
    lint(text)
    for name in OWN_NAMES | {"gte_error_rate", "gte_cpu_percent", "gte_model_loaded",
                             'gte_requests_total{task="qa",status="500"}',
                             'gte_refused_total{reason="rate_limit"}',
                             'gte_cache_requests_total{result="hit"}',
                             'gte_request_duration_seconds_bucket{task="ner",le="+Inf"}'}:
        check("%s is there from the first scrape" % name, name in first)
    for _ in range(3):
        server.embed({"input": "counted text"})
    server.request("POST", "/predict", {"task_type": "ner", "input_text": "a"})
    second, _ = scrape(server)
    check("no series comes later", set(first) == set(second), set(second) ^ set(first))

    def grew(name):
        return second[name] - first[name]

    check("requests by task and status",
          grew('gte_requests_total{task="embedding",status="200"}') == 3 and
          grew('gte_requests_total{task="ner",status="503"}') == 1, second)
    check("the histogram counts the same",
          grew('gte_request_duration_seconds_count{task="embedding"}') == 3 and
          grew('gte_request_duration_seconds_bucket{task="embedding",le="+Inf"}') == 3)
    check("texts and the cache", grew("gte_inputs_total") == 3 and
          grew('gte_cache_requests_total{result="miss"}') == 1 and
          grew('gte_cache_requests_total{result="hit"}') == 2)
    check("batches", grew("gte_batch_items_count") == 1 and grew("gte_batch_items_sum") == 1)
    check("response times", 0 < second["gte_response_time_avg_ms"] and
          second["gte_response_time_p95_ms"] <= second["gte_response_time_p99_ms"])


def as_json(server):
    status, _, text = server.get("/metrics/json")
    got = json.loads(text)
    check("/metrics/json", status == 200 and set(got) >= {
        "uptime", "total_requests", "error_rate", "response_time", "memory_usage_mb",
        "cpu_percent", "active_threads", "instance_id"} and set(got["response_time"]) == {
        "avg_ms", "p95_ms", "p99_ms"} and got["total_requests"] > 4, got)


if __name__ == "__main__":
    with Server() as s:
        counts(s)
        as_json(s)
    done()
