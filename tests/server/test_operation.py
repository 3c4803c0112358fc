#!/usr/bin/env python3
"""Settings from all sides, sockets of all kinds, TLS, starting and stopping."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from harness import MODEL, SERVER, Server, check, done, read_all


def run(*arguments, env=None):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GTE_")}
    environment.update(env or {})
    p = subprocess.run([SERVER] + list(arguments), stdin=subprocess.DEVNULL, env=environment,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    return p.returncode, p.stdout.decode(), p.stderr.decode()


def settings(folder):
    file = os.path.join(folder, "gte.conf")
    with open(file, "w") as out:
        out.write("# a comment\n\nport = 1001\nqueue-items = 70 \n max-items=9\ntruncate = off\n")

    def effective(*arguments, env=None):
        code, out, err = run("-m", MODEL, "--check", *arguments, env=env)
        return dict(line.split(" = ", 1) for line in out.splitlines() if " = " in line) \
            if code == 0 else err

    check("defaults", effective()["port"] == "5000" and effective()["host"] == "127.0.0.1")
    check("the file", effective("--config", file)["port"] == "1001")
    check("the environment before the file",
          effective("--config", file, env={"GTE_INSTANCE_PORT": "1002"})["port"] == "1002")
    all_three = effective("--config=" + file, "--port", "1003", env={"GTE_INSTANCE_PORT": "1002"})
    check("options before both", all_three["port"] == "1003")
    check("the rest of the file", (all_three["queue-items"], all_three["max-items"],
                                   all_three["truncate"]) == ("70", "9", "off"), all_three)
    check("the file by the environment",
          effective(env={"GTE_SERVER_CONFIG": file})["port"] == "1001")
    check("the instance", effective(env={"GTE_INSTANCE_ID": "7"})["instance-id"] == "7")
    printed = run("-m", MODEL, "--check", "--config", file)[1]
    with open(file, "w") as out:
        out.write(printed)
    check("what --check prints is a file", run("--check", "--config", file)[1] == printed)


def mistakes(folder):
    file = os.path.join(folder, "bad.conf")
    for name, text, wanted in (("an unknown name", "prot = 1\n", ":1 "),
                               ("no equals sign", "\nport\n", ":2 "),
                               ("a word for a number", "port = x\n", "whole number")):
        with open(file, "w") as out:
            out.write(text)
        code, _, err = run("-m", MODEL, "--config", file, "--check")
        check("in the file: " + name, code == 2 and wanted in err, (code, err))
    for name, arguments, wanted in (
            ("an unknown option", ["--nothing"], "--help"), ("an operand", ["x"], "no option"),
            ("a port too large", ["--port", "65536"], "0 to 65535"),
            ("no value", ["--port"], "needs a value"),
            ("a switch with another value", ["--truncate=maybe"], "on or off"),
            ("a certificate without its key", ["--tls-cert", "x"], "together"),
            ("a queue smaller than a request", ["--queue-items", "7"], "max-items"),
            ("a level", ["--log-level", "loud"], "debug"),
            ("a file that is not there", ["--config", "/nowhere"], "/nowhere")):
        code, _, err = run("-m", MODEL, "--check", *arguments)
        check(name, code == 2 and wanted in err, (code, err))
    code, _, err = run("--check")
    check("no model", code == 1 and "GTE_MODEL" in err, (code, err))
    code, _, err = run("--check", "-m", "no-such-name")
    check("no installed model of that name", code == 1 and "installed" in err, (code, err))
    code, _, err = run("--check", "-m", file)
    check("no model file", code == 1, (code, err))
    code, _, err = run("--check", "-m", MODEL, "--api-key-file", "/nowhere")
    check("no key file", code == 1 and "/nowhere" in err, (code, err))
    code, out, _ = run("--help")
    check("--help", code == 0 and "--max-body" in out and "GTE_INSTANCE_PORT" in out)
    check("--version", run("--version")[1].startswith("gte-server 0."))


def installed(folder):
    """The name of a model that gte pull would have put there."""
    models = os.path.join(folder, "gte", "models")
    os.makedirs(models)
    shutil.copy(MODEL, os.path.join(models, "my-model.gte"))
    place = {"XDG_DATA_HOME": folder}
    with Server(model="my-model", env=place) as server:
        check("-m NAME", server.get("/live")[0] == 200 and "models/my-model.gte" in server.log())
    check("GTE_MODEL=NAME", run("--check", env=dict(place, GTE_MODEL="my-model"))[0] == 0)
    code, _, err = run("--check", "-m", "my-model")
    check("elsewhere it is not there", code == 1, (code, err))


def over(s, target=b"/v1/models"):
    s.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    return read_all(s)[0]


def sockets(folder):
    path = os.path.join(folder, "gte.sock")
    for turn in ("a Unix socket", "again, over a stale one"):
        with Server("--unix-socket", path) as server:
            s = socket.socket(socket.AF_UNIX)
            s.connect(path)
            check(turn, b" 200 " in over(s), server.log())
            s.close()
            if turn == "a Unix socket":
                check("another server does not take it over",
                      run("-m", MODEL, "--cache", "off", "--unix-socket", path)[0] == 1)
        check("it is removed at the end", not os.path.exists(path))
        stale = socket.socket(socket.AF_UNIX)
        stale.bind(path)
        stale.close()

    with Server("--reuse-port") as one:
        with Server("--reuse-port", port=str(one.port)) as two:
            check("two on one port", one.port == two.port and one.get("/live")[0] == 200)
        code, _, err = run("-m", MODEL, "--cache", "off", "--port", str(one.port))
        check("a port in use", code == 1 and "cannot listen" in err, (code, err))
    with Server("--host", "::1", port="0") as server:
        check("IPv6", server.address.startswith("http://[::1]:"), server.address)


def systemd():
    tool = shutil.which("systemd-socket-activate")
    if not tool:
        print("SKIP no systemd-socket-activate")
        return
    probe = socket.socket()
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
    probe.close()
    with tempfile.NamedTemporaryFile() as log:
        p = subprocess.Popen([tool, "-l", "127.0.0.1:%d" % port, SERVER, "-m", MODEL, "--cache",
                              "off"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        answer = b""
        for _ in range(100):
            try:
                s = socket.create_connection(("127.0.0.1", port), 10)
                answer = over(s)
                s.close()
                break
            except OSError:
                time.sleep(0.05)
        p.send_signal(signal.SIGTERM)
        code = p.wait(60)
        check("a socket from systemd", b" 200 " in answer and code == 0, (answer, code))


def notified(folder):
    path = os.path.join(folder, "notify")
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(path)
    s.settimeout(20)
    with Server(env={"NOTIFY_SOCKET": path}):
        check("systemd is told when it is ready", s.recv(100) == b"READY=1")
    check("and when it stops", s.recv(100) == b"STOPPING=1")
    s.close()


def places(folder):
    """--check looks at what the server would write to and listen on."""
    def look(*arguments, env=None):
        return run("-m", MODEL, "--check", *arguments, env=env)
    cache = os.path.join(folder, "check.cache")
    code, out, err = look("--cache", cache, "--port", "0")
    check("--check: the cache's place", code == 0 and "# the cache is %s\n" % cache in out and
          "cannot" not in err and not os.path.exists(cache), (code, out, err))
    code, out, err = look("--port", "0", env={"XDG_CACHE_HOME": folder})
    check("the one in the user's folder", code == 0 and
          "# the cache is %s/gte/server.cache\n" % folder in out, (code, out, err))
    check("in memory", "# the cache is in memory\n" in look("--port", "0", "--cache", "memory")[1])
    code, out, err = look("--cache", os.path.join(folder, "nowhere", "c"), "--port", "0")
    check("one that cannot be written is told, and stops nothing", code == 0 and
          "cannot be written" in err, (code, out, err))
    with open(cache, "w") as file:
        file.write("something else")
    code, out, err = look("--cache", cache, "--port", "0")
    check("a file of another kind, too", code == 0 and "cannot be used" in err, (code, out, err))
    code, out, err = look("--host", "192.0.2.1", "--cache", "off")
    check("an address that is not ours", code == 1 and "192.0.2.1" in err, (code, err))
    path = os.path.join(folder, "check.sock")
    check("a Unix socket, left behind by none", look("--unix-socket", path)[0] == 0 and
          not os.path.exists(path))
    code, _, err = look("--unix-socket", os.path.join(folder, "nowhere", "s"))
    check("one that cannot be made", code == 1 and "cannot listen" in err, (code, err))
    with Server() as server:
        code, _, err = look("--port", str(server.port))
        check("a port in use is a warning: there the settings of a running server are checked",
              code == 0 and "in use" in err and server.get("/live")[0] == 200, (code, err))


def health():
    with Server(env={"GTE_INSTANCE_ID": "3"}) as server:
        answer = json.loads(server.get("/health")[2])
        check("/health", answer["status"] == "healthy" and answer["instance_id"] == "3" and
              answer["instance_port"] == server.port and answer["model"] == "loaded", answer)
        check("its instances", answer["instances"] == [
            {"instance_id": "3", "instance_port": server.port, "status": "healthy"}], answer)
        check("/live", json.loads(server.get("/live")[2]) == {"alive": True})
        check("/ready", json.loads(server.get("/ready")[2])["ready"] is True)


with tempfile.TemporaryDirectory() as folder:
    settings(folder)
    mistakes(folder)
    installed(folder)
    sockets(folder)
    systemd()
    notified(folder)
    places(folder)
health()
done()
