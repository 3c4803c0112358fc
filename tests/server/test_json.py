#!/usr/bin/env python3
"""Bodies that are no JSON, or JSON of the wrong shape or size: an exact status for each, quickly."""
import time

from harness import SLOW, Server, check, done

slowest = 0.0
long = " ".join(["hello"] * 20000)


def case(server, name, body, code, word=None, headers=None):
    global slowest
    if isinstance(body, str):
        body = body.encode()
    begin = time.monotonic()
    status, _, text = server.request("POST", "/v1/embeddings", body, headers)
    slowest = max(slowest, time.monotonic() - begin)
    good = status == code and (code == 200 or b'"error":{"message":' in text)
    if word:
        good = good and word.encode() in text
    check(name, good, (status, text[:200]))


def malformed(server):
    for name, body in (
            ("empty", b""), ("a NUL", b"\0"), ("NUL in a string", b'{"input":"a\\u0000b"}'),
            ("raw NUL in a string", b'{"input":"a\0b"}'), ("byte order mark", b'\xef\xbb\xbf{}'),
            ("cut short", b'{"input":"a'), ("two values", b'{"input":"a"}{"input":"b"}'),
            ("a comma too many", b'{"input":["a",]}'), ("single quotes", b"{'input':'a'}"),
            ("no object", b'["a"]'), ("a bare string", b'"a"'), ("NaN", b'{"input":NaN}'),
            ("1e999", b'{"input":"a","dimensions":1e999}'), ("key twice", b'{"input":"a","input":"b"}'),
            ("lone high surrogate", b'{"input":"\\ud800"}'),
            ("lone low surrogate", b'{"input":"\\udc00"}'),
            ("overlong UTF-8", b'{"input":"\xc0\xaf"}'), ("surrogate in UTF-8", b'{"input":"\xed\xa0\x80"}'),
            ("UTF-8 cut short", b'{"input":"\xe4\xb8"}'), ("beyond Unicode", b'{"input":"\xf5\x80\x80\x80"}'),
            ("control character", b'{"input":"a\nb"}'),
            ("depth of 100,000", b'{"input":' + b"[" * 100000 + b"]" * 100000 + b"}"),
            ("depth of 65", b'{"input":' + b"[" * 64 + b"]" * 64 + b"}"),
            ("open depth", b"[" * 100000)):
        case(server, name, body, 400)


def shapes(server):
    for name, body in (
            ("no input", '{"model":"x"}'), ("input null", '{"input":null}'),
            ("input a number", '{"input":5}'), ("input an object", '{"input":{}}'),
            ("input true", '{"input":true}'), ("empty string", '{"input":""}'),
            ("empty list", '{"input":[]}'), ("an empty string in a list", '{"input":["a",""]}'),
            ("an empty list in a list", '{"input":[[1],[]]}'), ("text and ids", '{"input":[1,"a"]}'),
            ("a real as an id", '{"input":[1.5]}'), ("a negative id", '{"input":[-1]}'),
            ("an id beyond the vocabulary", '{"input":[2000000]}'),
            ("an id beyond 64 bits", '{"input":[99999999999999999999999]}'),
            ("nested too far", '{"input":[[[1]]]}'),
            ("dimensions 0", '{"input":"a","dimensions":0}'),
            ("dimensions too many", '{"input":"a","dimensions":65}'),
            ("dimensions a string", '{"input":"a","dimensions":"4"}'),
            ("an unknown format", '{"input":"a","encoding_format":"md5"}'),
            ("a format that is no string", '{"input":"a","encoding_format":1}'),
            ("model a number", '{"input":"a","model":1}')):
        case(server, name, body, 400)
    case(server, "unknown fields are ignored", '{"input":"a","new":1}', 200)
    case(server, "nulls are absent", '{"input":"a","dimensions":null,"encoding_format":null}', 200)


def sizes(server):
    item = '"a",'
    case(server, "2,049 inputs", '{"input":[' + (item * 2049)[:-1] + "]}", 400, "max-items")
    case(server, "a million inputs", '{"input":[' + (item * 480000)[:-1] + "]}", 400, "max-items")
    case(server, "lists that nobody reads", '{"input":"a","x":[' + "[]," * 600000 + "0]}", 400,
         "too many lists")
    case(server, "a string of 10 MB", '{"input":"' + "a" * 10000000 + '"}', 413, "max-body")
    case(server, "a text of 20,000 tokens is refused", '{"input":"%s"}' % long, 400,
         "context_length_exceeded")
    case(server, "or cut", '{"input":"%s","truncate":true}' % long, 200)
    case(server, "ids beyond the longest input are refused", '{"input":%s}' % ([5] * 5000), 400)
    case(server, "or cut, too", '{"input":%s,"truncate":true}' % ([5] * 5000), 200)


def types(server):
    case(server, "text/plain", '{"input":"a"}', 415, headers={"Content-Type": "text/plain"})
    case(server, "a form", '{"input":"a"}', 415,
         headers={"Content-Type": "application/x-www-form-urlencoded"})
    case(server, "with a charset", '{"input":"a"}', 200,
         headers={"Content-Type": "Application/JSON; charset=utf-8"})


with Server() as server:
    malformed(server)
    shapes(server)
    types(server)
    check("each within 200 ms", slowest < 0.2 * SLOW, slowest)
    sizes(server)
    check("it still serves", server.embed({"input": "a"})[0] == 200)
with Server("--max-tokens", "100") as server:
    case(server, "too many tokens in all", '{"input":["%s","%s"],"truncate":true}' % (long, long), 400,
         "max-tokens")
done()
