#!/usr/bin/env python3
"""TLS: versions, certificates that are refused, and others put in their place by SIGHUP."""
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import warnings

from harness import MODEL, SERVER, SLOW, Server, check, done, read_all, wait_for


def run(*arguments):
    p = subprocess.Popen([SERVER, "-m", MODEL, "--cache", "off", "--port", "0"] + list(arguments),
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        out, err = p.communicate(timeout=30 * SLOW)
    except subprocess.TimeoutExpired:
        p.kill()
        return "it runs", "", p.communicate()[1].decode()
    return p.returncode, out.decode(), err.decode()


def openssl(*arguments):
    return subprocess.run(["openssl"] + list(arguments), stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


def certificate(folder, name, first=None, last=None, kind="rsa:2048"):
    """Paths of a certificate and its key; `first` and `last` as YYYYMMDDHHMMSSZ."""
    cert, key, ask = (os.path.join(folder, name + end) for end in (".pem", ".key", ".csr"))
    made = openssl("req", "-new", "-newkey", kind, "-nodes", "-subj", "/CN=" + name, "-keyout", key,
                   "-out", ask)
    if first:
        conf, index = os.path.join(folder, "ca.conf"), os.path.join(folder, name + ".index")
        open(index, "w").close()
        with open(conf, "w") as out:
            out.write("[ca]\ndefault_ca=a\n[a]\nnew_certs_dir=%s\ndatabase=%s\nrand_serial=yes\n"
                      "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n" % (folder, index))
        made = made and openssl("ca", "-batch", "-config", conf, "-selfsign", "-keyfile", key, "-in",
                                ask, "-out", cert, "-startdate", first, "-enddate", last, "-notext")
    else:
        made = made and openssl("x509", "-req", "-in", ask, "-signkey", key, "-days", "2", "-out",
                                cert)
    if not made:
        check("a certificate is made", False, name)
        done()
    return cert, key


def handshake(server, lowest=ssl.TLSVersion.TLSv1_2, highest=ssl.TLSVersion.TLSv1_3):
    """The version and the certificate of a connection on which a request was answered."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    try:
        context.minimum_version, context.maximum_version = lowest, highest
        with context.wrap_socket(server.connect()) as s:
            s.sendall(b"GET /v1/models HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            answer = read_all(s)[0]
            return (s.version() if b" 200 " in answer else "no answer",
                    ssl.DER_cert_to_PEM_cert(s.getpeercert(True)))
    except (OSError, ValueError) as error:
        return repr(error), None


def text(path):
    with open(path) as file:
        return file.read()


def versions(pair):
    v = ssl.TLSVersion
    with Server("--tls-cert", pair[0], "--tls-key", pair[1]) as server:
        def attempt(version):
            return handshake(server, version, version)[0]
        warnings.simplefilter("ignore", DeprecationWarning)
        check("TLS 1.3", attempt(v.TLSv1_3) == "TLSv1.3", attempt(v.TLSv1_3))
        check("TLS 1.2", attempt(v.TLSv1_2) == "TLSv1.2", attempt(v.TLSv1_2))
        check("not 1.1", not attempt(v.TLSv1_1).startswith("TLS"))
        check("not 1.0", not attempt(v.TLSv1).startswith("TLS"))
        check("https in the log", server.address.startswith("https://"))


def refused(folder, pair):
    other = certificate(folder, "other")
    old = certificate(folder, "old", "20200101000000Z", "20210101000000Z")
    early = certificate(folder, "early", "20400101000000Z", "20410101000000Z")
    chain = os.path.join(folder, "chain.pem")
    with open(chain, "w") as out:
        out.write(text(pair[0]) + text(old[0]))
    with open(os.path.join(folder, "garbage.pem"), "w") as out:
        out.write("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    for name, cert, key, wanted in (
            ("a key of another certificate", pair[0], other[1], "of another certificate"),
            ("a file that is no certificate", MODEL, pair[1], "PEM"),
            ("a certificate of garbage", out.name, pair[1], "garbage.pem"),
            ("a key for a certificate", pair[1], pair[1], os.path.basename(pair[1])),
            ("a certificate for a key", pair[0], pair[0], os.path.basename(pair[0])),
            ("an expired one", old[0], old[1], "has expired: 2021-01-01 00:00 UTC"),
            ("one that is not valid yet", early[0], early[1], "not valid before 2040-01-01 00:00 UTC"),
            ("an expired one in the chain", chain, pair[1], "has expired"),
            ("one that is not there", os.path.join(folder, "none"), pair[1], "none")):
        for how in ((), ("--check",)):
            code, _, err = run("--tls-cert", cert, "--tls-key", key, *how)
            check("%s is refused%s" % (name, " by --check" if how else " at the start"),
                  code == 1 and wanted in err, (code, err))
    code, out, err = run("--tls-cert", pair[0], "--tls-key", pair[1], "--check")
    check("--check tells how long it is valid", code == 0 and
          "# the certificate is valid until 20" in out, (code, out, err))


def exchanged(folder, pair):
    cert, key = os.path.join(folder, "live.pem"), os.path.join(folder, "live.key")
    pairs = [pair, certificate(folder, "second"),
             certificate(folder, "third", kind="ec:" + os.path.join(folder, "curve"))]

    def put(which):
        shutil.copy(which[0], cert)
        shutil.copy(which[1], key)

    put(pair)
    with Server("--tls-cert", cert, "--tls-key", key, "--http-threads", "3") as server:
        def reload(wanted):
            before = server.log().count(wanted)
            server.process.send_signal(signal.SIGHUP)
            return wait_for(lambda: server.log().count(wanted) > before)
        check("the first certificate", handshake(server)[1] == text(pair[0]))
        for which, name in ((pairs[1], "another"), (pairs[2], "one of another kind")):
            put(which)
            check("SIGHUP puts %s in its place" % name, reload("reloaded keys") and
                  handshake(server)[1] == text(which[0]), server.log()[-600:])
        put((pairs[0][0], pairs[1][1]))
        check("a pair that is none is refused", reload("not reloaded") and
              handshake(server)[1] == text(pairs[2][0]), server.log()[-600:])
        bad, stop = [], threading.Event()

        def client():
            while not stop.is_set():
                version, got = handshake(server)
                if not version.startswith("TLS") or got not in known:
                    bad.append(version)
        known = [text(p[0]) for p in pairs]
        clients = [threading.Thread(target=client) for _ in range(3)]
        put(pairs[0])
        for thread in clients:
            thread.start()
        good = True
        for turn in range(10):
            put(pairs[turn % 3])
            good = good and reload("reloaded keys")
        stop.set()
        for thread in clients:
            thread.join()
        check("ten times while clients come", good and not bad, (good, bad[:2]))


if not shutil.which("openssl"):
    print("SKIP no openssl")
    sys.exit(0)
with tempfile.TemporaryDirectory() as folder:
    openssl("ecparam", "-name", "prime256v1", "-out", os.path.join(folder, "curve"))
    first = certificate(folder, "first")
    versions(first)
    if "valid until" in run("--tls-cert", first[0], "--tls-key", first[1], "--check")[1]:
        refused(folder, first)
        exchanged(folder, first)
    else:
        print("SKIP built without GnuTLS: certificates are not looked into")
done()
