#!/usr/bin/env python3
"""gte pull, gte list and gte rm against a hub on loopback that has every fault of the world."""
import concurrent.futures
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from hub import COMMIT, Hub

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
GTE = os.environ.get("GTE", os.path.join(ROOT, "build", "gte"))
STANDIN = os.path.join(ROOT, "build", "standin")
REPO, WEIGHTS = "thenlper/gte-small", "model.safetensors"
SIZE = os.path.getsize(os.path.join(STANDIN, WEIGHTS))
failures = 0


def check(what, good, detail=""):
    global failures
    failures += not good
    print(("ok " if good else "not ok ") + what)
    if not good and detail != "":
        print("   ", detail)


def model_files(**more):
    files = {}
    for folder, _, names in os.walk(STANDIN):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                files[os.path.relpath(path, STANDIN)] = file.read()
    files["README.md"] = b"---\nlicense: mit\n---\n# a model\n"
    files["onnx/model.onnx"] = files["tf_model.h5"] = files["pytorch_model.bin"] = b"a copy" * 100
    files["../../evil"] = files["openvino/config.json"] = b"{}"
    files.update(more)
    return files


class Home:
    """An empty home of a user, and gte run there."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="gte-pull.")
        self.models = os.path.join(self.path, "data", "gte", "models")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        shutil.rmtree(self.path)

    def environment(self, hub, **more):
        clean = {k: v for k, v in os.environ.items()
                 if not k.lower().endswith("_proxy") and k not in ("GTE_MODEL", "HF_TOKEN")}
        url = hub.url if hub else "http://127.0.0.1:9"
        return {**clean, "HOME": self.path,
                "XDG_DATA_HOME": os.path.join(self.path, "data"), "HF_ENDPOINT": url,
                "MODELSCOPE_ENDPOINT": url, "LC_ALL": "C.UTF-8", **more}

    def start(self, hub, *words, limit=None, **more):
        def limited():
            if limit:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        return subprocess.Popen([GTE, *words], cwd=self.path, env=self.environment(hub, **more),
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, preexec_fn=limited, text=True)

    def gte(self, hub, *words, **more):
        process = self.start(hub, *words, **more)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def pull(self, hub, *words, **more):
        return self.gte(hub, "pull", *words, **more)

    def installed(self):
        if not os.path.isdir(self.models):
            return []
        return sorted(name for name in os.listdir(self.models) if name != ".pull")

    def stage(self, name=""):
        return os.path.join(self.models, ".pull", REPO.replace("/", "--"), name)


def stalled(home, hub, size):
    """Waits until gte has written the bytes after which the hub stalls."""
    part, end = home.stage(WEIGHTS + ".part"), time.monotonic() + 30
    while time.monotonic() < end:
        if hub.stalled.is_set() and os.path.exists(part) and os.path.getsize(part) == size:
            return True
        time.sleep(0.01)
    return False


def one_line(err):
    return err.count("\n") == 1 and err.startswith("gte: ")


def plain():
    with Home() as home, Hub(model_files()) as hub:
        rc, out, err = home.pull(hub, REPO)
        check("a pull", rc == 0 and out == "" and "use it with -m gte-small" in err, (rc, err))
        check("installed, and nothing else", home.installed() == ["gte-small.gte"] and
              not os.path.exists(home.stage()), home.installed())
        asked = {r.path.split(COMMIT + "/")[-1] for r in hub.log if COMMIT in r.path}
        check("only what the converter needs is fetched",
              asked == {"config.json", "modules.json", "1_Pooling/config.json", "README.md",
                        "sentence_bert_config.json", "config_sentence_transformers.json",
                        "tokenizer_config.json", "vocab.txt", WEIGHTS}, asked)
        check("nothing outside", not os.path.exists(os.path.join(home.path, "data", "evil")))
        rc, out, _ = home.gte(hub, "embed", "-m", "gte-small", "hello")
        reference = subprocess.run([GTE, "embed", "-m", os.path.join(ROOT, "build/standin.gte"),
                                    "hello"], stdout=subprocess.PIPE, text=True).stdout
        check("-m NAME finds it, and it is the model", rc == 0 and out == reference)
        rc, out, _ = home.gte(hub, "embed", "hello", GTE_MODEL="gte-small")
        check("GTE_MODEL=NAME finds it", rc == 0 and out == reference)
        rc, _, err = home.gte(hub, "bench", "-m", "gte-small", "--cells", "1x8", "--rounds", "1",
                              "--seconds", "0.01")
        check("gte bench finds it", rc == 0, err)
        os.mkdir(os.path.join(home.path, "gte-small"))
        check("a folder of that name is not in its way",
              home.gte(hub, "info", "gte-small")[0] == 0)
        rc, out, _ = home.gte(None, "list", "--json")
        model = json.loads(out)[0]
        check("gte list --json", rc == 0 and model["name"] == "gte-small" and
              model["source"] == "huggingface:" + REPO and model["revision"] == COMMIT and
              model["license"] == "mit" and model["pulled"].endswith("Z"), model)
        rc, out, _ = home.gte(None, "list")
        check("gte list", rc == 0 and "gte-small" in out and "mit" in out, out)
        count = len(hub.log)
        rc, _, err = home.pull(hub, REPO)
        check("pulled again: up to date, one request", rc == 0 and "up to date" in err and
              len(hub.log) == count + 1, err)
        rc, _, err = home.pull(hub, REPO, "--dtype", "int8")
        check("another type replaces it", rc == 0 and "int8" in err, err)
        rc, _, err = home.pull(hub, "someone/gte-small")
        check("another model of that name does not", rc == 1 and "--name" in err and
              one_line(err), err)
        check("gte rm", home.gte(None, "rm", "gte-small")[0] == 0 and home.installed() == [])
        rc, _, err = home.gte(None, "rm", "gte-small")
        check("gte rm of nothing", rc == 1 and "gte list" in err and one_line(err), err)
        rc, _, err = home.gte(None, "embed", "-m", "gte-smal", "x")
        check("an unknown name is told apart from a file", rc == 1 and "gte pull" in err, err)


def places():
    with Home() as home, Hub(model_files()) as hub:
        rc, _, err = home.pull(hub, REPO, "-o", "here", "--name", "mine", "--dtype", "bf16")
        check("-o and --name", rc == 0 and os.listdir(os.path.join(home.path, "here")) ==
              ["mine.gte"] and home.installed() == [], err)
        for words in ([], ["gte-small"], ["a/b/c"], ["../x"], ["a/.."], [REPO, REPO]):
            check(f"misuse: pull {' '.join(words)}", home.pull(hub, *words)[0] == 2)
        rc, _, err = home.pull(hub, REPO, "--name", "../x")
        check("a name that leads elsewhere", rc == 1 and one_line(err), err)
        before = len(hub.log)
        rc, _, err = home.pull(hub, "BAAI/bge-m3")
        check("a model that cannot run yet is refused without a request", rc == 1 and
              "not run" in err and len(hub.log) == before, err)
        rc, out, _ = home.gte(None, "list", "--known")
        check("gte list --known", rc == 0 and "BAAI/bge-small-zh-v1.5" in out)


def modelscope():
    repo = "iic/nlp_gte_sentence-embedding_english-small"
    with Home() as home, Hub(model_files(), repo, "master") as hub:
        hub.faults[WEIGHTS] = [("cut", 5000)]
        rc, _, err = home.pull(hub, repo, "--from", "modelscope", HF_TOKEN="secret")
        check("ModelScope, with a cut", rc == 0 and len(home.installed()) == 1, err)
        check("ModelScope is not shown HuggingFace's token", all(not r.token for r in hub.log))
        check("ModelScope's file goes on at the cut",
              [r.range for r in hub.requests(WEIGHTS) if r.where == "cdn"] == [None, "bytes=5000-"])
    with Home() as home, Hub(model_files(), repo, "master") as hub:
        hub.digests["vocab.txt"] = "0" * 64
        rc, _, err = home.pull(hub, "iic/none", "--from", "modelscope")
        check("ModelScope: no such model", rc == 1 and "record not found" in err and
              one_line(err), err)
        rc, _, err = home.pull(hub, repo, "--from", "modelscope")
        check("ModelScope: a wrong digest", rc == 1 and "vocab.txt" in err and one_line(err) and
              home.installed() == [], err)


def resuming():
    with Home() as home, Hub(model_files()) as hub:
        hub.faults[WEIGHTS] = [("cut", 1000), ("cut", 2000), ("cut", 0)]
        rc, _, err = home.pull(hub, REPO)
        ranges = [r.range for r in hub.requests(WEIGHTS) if r.where == "cdn"]
        check("cut three times", rc == 0 and ranges == [None, "bytes=1000-", "bytes=3000-",
                                                        "bytes=3000-"], (err, ranges))
    with Home() as home, Hub(model_files()) as hub:
        hub.faults[WEIGHTS] = [("cut", 1000), ("cut", 0)]
        rc, _, err = home.pull(hub, REPO, "--retries", "0")
        check("no more attempts: one line", rc == 1 and "goes on where it stopped" in err and
              one_line(err) and home.installed() == [], err)
        check("the part is kept", os.path.getsize(home.stage(WEIGHTS + ".part")) == 1000)
        rc, _, err = home.gte(None, "list")
        check("gte list tells of it", "unfinished: " + REPO in err, err)
        seen = len(hub.log)
        rc, _, err = home.pull(hub, REPO)
        later = [r.path for r in hub.log[seen:]]
        check("the next call goes on", rc == 0 and hub.log[-1].range == "bytes=1000-" and
              hub.log[-1].headers.get("If-Range", "").startswith('"cdn-'), err)
        check("and fetches nothing twice", not any("vocab.txt" in path for path in later), later)
    with Home() as home, Hub(model_files()) as hub:
        hub.faults[WEIGHTS] = [("cut", 1000), ("cut", 0)]
        home.pull(hub, REPO, "--retries", "0")
        data = hub.files[WEIGHTS]
        hub.files[WEIGHTS] = data[:20000] + bytes([data[20000] ^ 1]) + data[20001:]
        rc, _, err = home.pull(hub, REPO)
        got = hub.log[-1].headers.get("If-Range")
        check("a file that changed is fetched anew", rc == 0 and got and
              hub.log[-1].range == "bytes=1000-", err)
    with Home() as home, Hub(model_files()) as hub:
        os.makedirs(home.stage())
        with open(home.stage(WEIGHTS + ".part"), "wb") as part:
            part.write(b"x" * 4000)  # no ETag: only the digest can tell
        rc, _, err = home.pull(hub, REPO)
        check("a wrong part gets one more chance from its beginning", rc == 0, err)
    with Home() as home, Hub(model_files()) as hub:
        hub.faults[WEIGHTS] = [("cut", 1000), "ignore"]
        check("a CDN without ranges", home.pull(hub, REPO)[0] == 0)
        home.gte(None, "rm", "gte-small")
        os.makedirs(home.stage())
        with open(home.stage("vocab.txt"), "wb") as file:
            file.write(b"[PAD]\n")
        with open(home.stage("tokenizer.json"), "wb") as file:
            file.write(b"{}")  # of another revision
        rc, _, err = home.pull(hub, REPO)
        check("what does not belong there is not used", rc == 0, err)


def interrupted():
    with Home() as home, Hub(model_files()) as hub:
        hub.faults[WEIGHTS] = [("stall", 3000)]
        process = home.start(hub, "pull", REPO)
        waited = stalled(home, hub, 3000)
        rc, _, err = home.pull(hub, REPO)
        check("two at a time", waited and rc == 1 and "another process" in err, err)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        check("Ctrl-C", process.returncode == 130 and home.installed() == [], err)
        rc, _, err = home.pull(hub, REPO)
        check("goes on after Ctrl-C", rc == 0 and hub.log[-1].range == "bytes=3000-", err)
    with Home() as home, Hub(model_files()) as hub:
        hub.faults[WEIGHTS] = [("stall", 3000)]
        process = home.start(hub, "pull", REPO)
        stalled(home, hub, 3000)
        process.kill()
        process.communicate()
        check("kill -9 leaves no model", home.installed() == [])
        check("goes on after kill -9", home.pull(hub, REPO)[0] == 0 and
              hub.log[-1].range == "bytes=3000-")
    with Home() as home, Hub(model_files()) as hub:
        hub.faults[WEIGHTS] = [("stall", 3000)]
        began = time.monotonic()
        rc, _, err = home.pull(hub, REPO, "--timeout", "1")
        check("a stall counts as a cut", rc == 0 and time.monotonic() - began < 15, err)


def refusals():
    def refused(what, words, hub, *args, **more):
        with Home() as home:
            rc, _, err = home.pull(hub, *args, **more)
            check(what, rc == 1 and all(w in err for w in words) and one_line(err) and
                  home.installed() == [], (rc, err))
    with Hub(model_files()) as hub:
        refused("404: the name", ["404", "OWNER/NAME"], hub, "thenlper/gte-smal")
        refused("404: the revision", ["404", "--revision"], hub, REPO, "--revision", "none")
        hub.token = "good"
        refused("401 without a token", ["401", "HF_TOKEN"], hub, REPO)
        refused("401 with a wrong one", ["401", "HF_TOKEN is not accepted"], hub, REPO,
                HF_TOKEN="bad")
        refused("a token that is none", ["not a token"], hub, REPO, HF_TOKEN="a b")
        hub.refusal = 403
        refused("403", ["403", "terms"], hub, REPO, HF_TOKEN="bad")
        hub.token = None
        hub.faults["list"] = [429, 429]
        refused("429 for good", ["429", "try again"], hub, REPO, "--retries", "0")
        hub.retry_after, hub.faults["list"] = "7200", [429]
        refused("429 for longer than it waits", ["7200"], hub, REPO)
        hub.faults = {"list": [500, 500]}
        refused("500", ["500", "later"], hub, REPO, "--retries", "0")
    with Hub(model_files()) as hub, Home() as home:
        hub.retry_after, hub.faults = "1", {"list": [429], WEIGHTS: [503]}
        began = time.monotonic()
        rc, _, err = home.pull(hub, REPO)
        check("429 and 503 are waited for", rc == 0 and time.monotonic() - began >= 1, err)
    refused("no connection", ["run it again"], None, REPO, "--retries",
            "0")
    refused("an address that is none", ["https://"], None, REPO, HF_ENDPOINT="ftp://x")
    config = json.dumps({"model_type": "new", "architectures": ["NewModel"]}).encode()
    with Hub(model_files(**{"config.json": config})) as hub:
        refused("another architecture, before the weights", ['"new"'], hub, REPO)
        check("the weights were not asked for", not hub.requests(WEIGHTS))
    files = model_files()
    for name in (WEIGHTS, "pytorch_model.bin"):
        del files[name]
    with Hub(files) as hub:
        refused("no weights", ["no weights"], hub, REPO)
    with Hub({"model.gguf": b"x"}) as hub:
        refused("no model", ["config.json"], hub, REPO)


def damage():
    def refused(what, word, spoil):
        with Home() as home, Hub(model_files()) as hub:
            spoil(hub)
            rc, _, err = home.pull(hub, REPO, "--retries", "1")
            check(what, rc == 1 and word in err and one_line(err) and home.installed() == [],
                  (rc, err))
            check(what + ": nothing of it is kept",
                  not os.path.exists(home.stage(WEIGHTS + ".part")) and
                  not os.path.exists(home.stage(WEIGHTS)))

    def fault(name, *kinds):
        return lambda hub: hub.faults.update({name: list(kinds)})
    refused("a wrong byte", "digest", fault(WEIGHTS, "other"))
    refused("a wrong byte in a small file", "digest", fault("vocab.txt", "other"))
    refused("longer than said", "longer", fault(WEIGHTS, "long"))
    refused("the list says another digest", "digest",
            lambda hub: hub.digests.update({WEIGHTS: "0" * 64}))
    refused("the list says a smaller size", "longer",
            lambda hub: hub.sizes.update({WEIGHTS: SIZE - 1}))
    refused("the list says a larger size", "bytes",
            lambda hub: hub.sizes.update({WEIGHTS: SIZE + 1}))

    def quiet(hub):  # a list without sizes and digests: the answers themselves say them
        hub.say_blobs = False
        hub.faults[WEIGHTS] = ["other"]
    refused("a wrong byte by X-Linked-Etag", "digest", quiet)
    with Home() as home, Hub(model_files()) as hub:
        hub.say_blobs = False
        check("a list of names alone", home.pull(hub, REPO)[0] == 0)
    with Home() as home, Hub(model_files()) as hub:
        home.pull(hub, REPO)
        path = os.path.join(home.models, "gte-small.gte")
        before = hashlib.sha256(open(path, "rb").read()).hexdigest()
        hub.faults[WEIGHTS] = ["other"]
        rc, _, _ = home.pull(hub, REPO, "--dtype", "int8")
        check("a failure leaves the old model as it was", rc == 1 and
              hashlib.sha256(open(path, "rb").read()).hexdigest() == before)
    with Home() as home, Hub(model_files()) as hub:
        rc, _, err = home.pull(hub, REPO, limit=100000)
        check("a full disk while fetching", rc == 1 and "no room" in err and one_line(err) and
              home.installed() == [], err)
        rc, _, err = home.pull(hub, REPO)
        check("goes on when there is room", rc == 0 and hub.log[-1].range == "bytes=100000-", err)
    with Home() as home, Hub(model_files()) as hub:
        rc, _, err = home.pull(hub, REPO, limit=SIZE + 1)
        check("a full disk while converting", rc == 1 and one_line(err) and
              home.installed() == [], err)
        check("gte rm OWNER/NAME", home.gte(None, "rm", REPO)[0] == 0 and
              not os.path.exists(home.stage()))
        check("gte rm OWNER/NAME of nothing", home.gte(None, "rm", REPO)[0] == 1)


def small_disk():
    """A file system of 2 MB, where one can be made: refused before the weights are asked for."""
    what = "a disk that is too small is seen before the weights"
    alone = ["unshare", "-rm"]
    with Home() as home, Hub(model_files()) as hub:
        os.makedirs(home.models)
        mount = f'mount -t tmpfs -o size=2m none "{home.models}"'
        if not shutil.which("unshare") or subprocess.run(
                [*alone, "sh", "-c", mount], stderr=subprocess.DEVNULL).returncode:
            print(f"ok {what}\nSKIP {what}: no file system can be mounted here")
            return
        made = subprocess.run([*alone, "sh", "-c", f'{mount} && exec "$0" pull {REPO}', GTE],
                              env=home.environment(hub), stderr=subprocess.PIPE, text=True)
        check(what, made.returncode == 1 and "are to be fetched" in made.stderr and
              one_line(made.stderr) and not hub.requests(WEIGHTS), made.stderr)


def secrets():
    with Home() as home, Hub(model_files()) as hub:
        hub.token = "a-secret"
        rc, _, err = home.pull(hub, REPO, HF_TOKEN="a-secret")
        check("a token opens the hub", rc == 0, err)
        check("the CDN never sees it", all(r.token is None and "a-secret" not in str(r.headers)
                                           for r in hub.log if r.where == "cdn") and
              any(r.where == "cdn" for r in hub.log))
        check("nor do messages or files", "a-secret" not in err and
              b"a-secret" not in open(os.path.join(home.models, "gte-small.gte"), "rb").read())
    with Home() as home, Hub(model_files()) as proxy:
        rc, _, err = home.pull(None, REPO, "--retries", "0", HF_ENDPOINT="https://hub.invalid",
                               HTTPS_PROXY=proxy.url, HF_TOKEN="a-secret")
        check("HTTPS_PROXY is used", rc == 1 and proxy.log and proxy.log[0].where == "proxy" and
              proxy.log[0].path == "hub.invalid:443", err)
        check("the proxy is not shown the token", proxy.log[0].token is None)


def table():
    """The table of README.md is made of `gte list --known --json`: --table prints it."""
    out = subprocess.run([GTE, "list", "--known", "--json"], stdout=subprocess.PIPE).stdout
    lines = ["| model | languages | parameters | dimensions | tokens | pooling | before a query; a "
             "document | licence | runs |", "|---|---|---|---|---|---|---|---|---|"]
    for row in json.loads(out):
        prompts = "; ".join("`%s`" % p.replace("\n", "\\n") for p in
                            (row["query_prompt"], row["document_prompt"]) if p)
        lines.append("| " + " | ".join([
            row["model"], row["languages"], f"{row['parameters'] // 1000000} M",
            str(row["dimensions"]), str(row["max_tokens"]), row["pooling"], prompts,
            row["license"], "yes" if row["runs"] else "not yet: " + row["missing"]]) + " |")
    return "\n".join(lines) + "\n"


def main():
    if "--table" in sys.argv:
        print(table(), end="")
        return 0
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as readme:
        check("README.md has the table of gte list --known", table() in readme.read(),
              "tests/pull/test_pull.py --table prints it")
    with Home() as home:
        _, _, err = home.pull(None, REPO, "--retries", "0")
    if "without libcurl" in err:
        check("without libcurl it says so in one line", one_line(err), err)
        print("ok gte pull\nSKIP gte pull: built without libcurl")
        return failures > 0
    groups = (plain, places, modelscope, resuming, interrupted, refusals, damage,
              small_disk, secrets)
    with concurrent.futures.ThreadPoolExecutor(len(groups)) as pool:
        for done in [pool.submit(group) for group in groups]:
            done.result()
    return failures > 0


sys.exit(main())
