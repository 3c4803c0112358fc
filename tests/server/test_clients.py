#!/usr/bin/env python3
"""OpenAI's, Hugging Face's and LangChain's own clients from npm, unmodified, against the server.
Needs node and npm, and once the registry; skipped without."""
import os
import shutil
import subprocess
import tempfile

from harness import ROOT, Server, check, done

HERE = os.path.join(os.path.dirname(os.path.realpath(__file__)), "clients")
PLACE = os.path.join(ROOT, "build", "clients")  # packages are installed once


def install():
    """The packages of package.json in PLACE; false when that cannot be."""
    if not shutil.which("node") or not shutil.which("npm"):
        print("SKIP node and npm are not here")
        return False
    os.makedirs(PLACE, exist_ok=True)
    wanted = os.path.join(HERE, "package.json")
    have = os.path.join(PLACE, "package.json")
    if os.path.exists(os.path.join(PLACE, "done")) and open(wanted).read() == open(have).read():
        return True
    shutil.copy(wanted, have)
    try:
        made = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"],
                              cwd=PLACE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=240)
    except subprocess.TimeoutExpired:
        made = None
    if not made or made.returncode:
        print("SKIP npm could not install the clients: no registry?")
        return False
    open(os.path.join(PLACE, "done"), "w").close()
    return True


def main():
    if not install():
        return
    shutil.copy(os.path.join(HERE, "clients.mjs"), PLACE)
    with tempfile.NamedTemporaryFile("w", suffix=".keys") as keys:
        keys.write("sk-test-0123456789\n")
        keys.flush()
        with Server("--api-key-file", keys.name) as open_one, \
                Server("--api-key-file", keys.name, "--rate", "1", "--rate-burst", "1") as strict:
            ran = subprocess.run(
                ["node", "clients.mjs", "http://127.0.0.1:%d" % open_one.port,
                 "sk-test-0123456789", "http://127.0.0.1:%d" % strict.port],
                cwd=PLACE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=240)
            print(ran.stdout.decode(errors="replace"), end="")
            check("the clients ran to their end", ran.returncode == 0, ran.returncode)


if __name__ == "__main__":
    main()
    done()
