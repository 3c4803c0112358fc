#!/usr/bin/env python3
"""Who may: API keys, rate limits, origins, and SIGHUP, which reads them again."""
import json
import os
import signal
import tempfile
import time

from harness import Server, check, done, wait_for

BODY = {"input": "hello"}


def keys(folder):
    file = os.path.join(folder, "keys")
    with open(file, "w") as out:
        out.write("# two keys\nfirst-key\n\n  second-key  \n")
    with Server("--api-key-file", file) as server:
        def status(headers):
            return server.embed(BODY, headers)[0]
        check("no key", status(None) == 401)
        check("a wrong key", status({"Authorization": "Bearer wrong"}) == 401)
        check("the beginning of a key", status({"Authorization": "Bearer first-ke"}) == 401)
        check("a key and more", status({"Authorization": "Bearer first-key2"}) == 401)
        check("another scheme", status({"Authorization": "Basic first-key"}) == 401)
        check("an empty key", status({"Authorization": "Bearer "}) == 401)
        check("a comment is no key", status({"Authorization": "Bearer # two keys"}) == 401)
        check("the first key", status({"Authorization": "Bearer first-key"}) == 200)
        check("the second key", status({"Authorization": "bearer second-key"}) == 200)
        check("X-API-Key", status({"X-API-Key": "first-key"}) == 200)
        code, headers, body = server.embed(BODY)
        check("the refusal", headers["WWW-Authenticate"] == "Bearer" and
              body["error"]["type"] == "authentication_error", (headers, body))
        check("health needs none", server.get("/live")[0] == 200 and server.get("/ready")[0] == 200)
        check("unknown paths are not told apart by it", server.get("/nothing")[0] == 404)
        check("no key in the log", "first-key" not in server.log())

        with open(file, "w") as out:
            out.write("third-key\n")
        server.process.send_signal(signal.SIGHUP)
        check("SIGHUP reads them again", wait_for(lambda: "reloaded" in server.log()))
        check("the new key", status({"Authorization": "Bearer third-key"}) == 200)
        check("the old one is void", status({"Authorization": "Bearer first-key"}) == 401)
        os.unlink(file)
        server.process.send_signal(signal.SIGHUP)
        check("without the file nothing changes", wait_for(lambda: "not reloaded" in server.log())
              and status({"Authorization": "Bearer third-key"}) == 200)


def rates():
    with Server("--rate", "5", "--rate-burst", "10") as server:
        answers = [server.embed(BODY) for _ in range(30)]
        codes = [a[0] for a in answers]
        check("a burst, then 429", codes[:10] == [200] * 10 and codes.count(429) >= 10, codes)
        late = [a for a in answers if a[0] == 429]
        check("with Retry-After", all(1 <= int(a[1]["Retry-After"]) <= 3 for a in late) and
              late[0][2]["error"]["type"] == "rate_limit_error", late[:1])
        check("health is not counted", all(server.get("/live")[0] == 200 for _ in range(20)))
        check("it comes back", wait_for(lambda: server.embed(BODY)[0] == 200))


def proxies():
    with Server("--trusted-proxies", "::1, 127.0.0.1", "--rate", "1", "--rate-burst", "2") as server:
        codes = [server.embed(BODY, {"X-Forwarded-For": "9.9.9.9, 10.0.0.%d" % i})[0]
                 for i in (1, 1, 1, 2, 2, 2)]
        check("behind a trusted proxy each client has a rate of its own",
              codes == [200, 200, 429, 200, 200, 429], codes)
        check("the log names the client", wait_for(lambda: "10.0.0.2" in server.log()))
        server.embed(BODY, {"X-Forwarded-For": "no address"})
        check("what is no address is not taken", "no address" not in server.log())
    with Server() as server:
        server.embed(BODY, {"X-Forwarded-For": "10.0.0.1"})
        check("others may not name one", wait_for(lambda: "/v1/embeddings" in server.log()) and
              "10.0.0.1" not in server.log())


def origins():
    with Server("--cors", "https://a.example, https://b.example") as server:
        def ask(origin, method="POST", headers=None):
            sent = {"Origin": origin}
            sent.update(headers or {})
            return server.request(method, "/v1/embeddings", BODY if method == "POST" else None, sent)
        check("an allowed origin", ask("https://b.example")[1]["Access-Control-Allow-Origin"] ==
              "https://b.example")
        check("another", ask("https://c.example")[1]["Access-Control-Allow-Origin"] is None)
        status, headers, _ = ask("https://a.example", "OPTIONS",
                                 {"Access-Control-Request-Method": "POST"})
        check("what a browser asks before", status == 204 and
              "Authorization" in headers["Access-Control-Allow-Headers"] and
              "POST" in headers["Access-Control-Allow-Methods"], (status, headers.items()))
        check("OPTIONS of others is 405", ask("https://c.example", "OPTIONS")[0] == 405)
    with Server("--cors", "*") as server:
        headers = server.embed(BODY, {"Origin": "https://x.example"})[1]
        check("all origins", headers["Access-Control-Allow-Origin"] == "*")


def identity():
    with Server() as server:
        check("a request id is echoed",
              server.embed(BODY, {"X-Request-Id": "my-id.1"})[1]["X-Request-Id"] == "my-id.1")
        for bad in ("a b", "x" * 65, "a\tb", "é"):
            sent = server.embed(BODY, {"X-Request-Id": bad.encode("latin-1")})[1]["X-Request-Id"]
            check("not %r" % bad[:9], len(sent) == 16, sent)
        ids = {server.get("/live")[1]["X-Request-Id"] for _ in range(20)}
        check("own ids differ", len(ids) == 20)
        check("the log has it, without text", wait_for(lambda: "my-id.1" in server.log()) and
              "hello" not in server.log())


with tempfile.TemporaryDirectory() as folder:
    keys(folder)
rates()
proxies()
origins()
identity()
done()
