#!/usr/bin/env python3
"""The log: its files, their fields, what clients cannot make of it, rotation, reopening."""
import json
import os
import re
import signal
import tempfile
import time

from harness import Server, check, done, wait_for

LINE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - gte_app - (DEBUG|INFO|WARNING|ERROR) - "
                  r".* \[\w+:\w+:\d+\]$")
FIELDS = {"timestamp", "level", "logger", "module", "function", "line", "message", "instance_id",
          "instance_port", "exception"}
OF_REQUESTS = {"method", "path", "ip", "user_agent", "status", "response_time", "request_id",
               "task_type", "traceparent"}
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def lines(path):
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def files(folder):
    app, js = os.path.join(folder, "app.log"), os.path.join(folder, "app_json.log")
    with Server("--log-dir", folder) as s:
        s.request("POST", "/v1/embeddings", {"input": "secret words"},
                  {"traceparent": TRACE, "User-Agent": "täst \"agent\"".encode().decode("latin-1")})
        s.request("GET", "/x%0aFAKE%1b[31m?q=1")
        port = s.port
        check("a line a request", wait_for(lambda: any("/x" in line for line in lines(js))))
        objects = [json.loads(line) for line in lines(js)]
        check("every line of app.log is whole", all(LINE.match(line) for line in lines(app)),
              [line for line in lines(app) if not LINE.match(line)])
        check("every object has the fields", all(FIELDS <= set(o) for o in objects), objects[:1])
        one = [o for o in objects if o.get("path") == "/v1/embeddings"][0]
        check("a request's object has its own", OF_REQUESTS <= set(one) and
              one["status"] == 200 and one["traceparent"] == TRACE and one["instance_port"] == port and
              one["task_type"] == "embedding", one)
        everything = "".join(lines(app) + lines(js)) + s.log()
        check("no text of an input", "secret" not in everything)
        check("no control characters", "\x1b" not in everything)
        check("no line that a client wrote", not any(l.startswith("FAKE") for l in lines(app)))
        os.rename(app, app + ".moved")
        s.process.send_signal(signal.SIGUSR1)
        # asked again and again: the signal is another thread's
        check("SIGUSR1: a new file", wait_for(lambda: s.get("/nothing") and os.path.exists(app) and any(
            "/nothing" in line for line in lines(app))))


def rotation(folder):
    app, js = os.path.join(folder, "app.log"), os.path.join(folder, "app_json.log")
    for i in range(1, 11):
        with open("%s.%d" % (app, i), "w") as out:
            out.write("old %d\n" % i)
    with open(app, "w") as out:
        out.write("x" * 9999990 + "\n")
    with open(js, "w") as out:
        out.write('{"of": "yesterday"}\n')
    for day in range(30):
        open("%s.2020-01-%02d" % (js, day + 1), "w").close()
    before = time.time() - 86400
    os.utime(js, (before, before))
    with Server("--log-dir", folder) as s:
        check("the server logs on", wait_for(lambda: os.path.getsize(app) < 100000))
        check("10 MB: app.log becomes app.log.1", os.path.getsize(app + ".1") == 9999991)
        check("ten old ones are kept", lines(app + ".2") == ["old 1"] and
              lines(app + ".10") == ["old 9"] and not os.path.exists(app + ".11"))
        day = time.strftime("%Y-%m-%d", time.gmtime(before))
        check("midnight: app_json.log gets its day's name",
              lines("%s.%s" % (js, day)) == ['{"of": "yesterday"}'])
        kept = sorted(n for n in os.listdir(folder) if n.startswith("app_json.log."))
        check("thirty days are kept", len(kept) == 30 and "app_json.log.2020-01-01" not in kept,
              len(kept))


def refused():
    try:
        with Server("--log-dir", "/proc/nowhere"):
            check("a folder that cannot be written", False)
    except RuntimeError as error:
        check("a folder that cannot be written: said at the start", "--log-dir" in str(error), error)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as d:
        files(os.path.join(d, "a"))
        os.mkdir(os.path.join(d, "b"))
        rotation(os.path.join(d, "b"))
    refused()
    done()
