#!/usr/bin/env python3
"""The page and the description of the API: what is served, its headers, and that real answers are
as docs/openapi.json describes them."""
import json
import re

from harness import Server, check, done

TYPES = {"string": str, "number": (int, float), "integer": int, "boolean": bool, "object": dict,
         "array": list, "null": type(None)}


def mismatch(value, schema, schemas):
    """Where a value is not as its JSON schema says; None when it is. What openapi.json uses only."""
    if "$ref" in schema:
        return mismatch(value, schemas[schema["$ref"].rsplit("/", 1)[1]], schemas)
    if "anyOf" in schema:
        wrong = [mismatch(value, s, schemas) for s in schema["anyOf"]]
        return None if None in wrong else wrong
    if "const" in schema and value != schema["const"]:
        return "%r is not %r" % (value, schema["const"])
    if "enum" in schema and value not in schema["enum"]:
        return "%r is not one of %r" % (value, schema["enum"])
    kind = schema.get("type")
    if kind and (not isinstance(value, TYPES[kind]) or
                 (isinstance(value, bool) and kind != "boolean")):
        return "%r is no %s" % (value, kind)
    if kind == "object":
        properties, rest = schema.get("properties", {}), schema.get("additionalProperties")
        for name in schema.get("required", []):
            if name not in value:
                return "no %s in %r" % (name, value)
        for name, each in value.items():
            inner = properties.get(name, rest)
            if properties and inner is None:
                return "%s is not described" % name
            wrong = inner and mismatch(each, inner, schemas)
            if wrong:
                return "%s: %s" % (name, wrong)
    if kind == "array":
        for each in value:
            wrong = mismatch(each, schema.get("items", {}), schemas)
            if wrong:
                return wrong
    return None


def page(server):
    status, headers, text = server.get("/")
    policy = headers["Content-Security-Policy"]
    check("the page", status == 200 and headers["Content-Type"] == "text/html;charset=utf-8" and
          b"<title>gte</title>" in text)
    check("it may load from here only", "default-src 'none'" in policy and
          "unsafe" not in policy and "http" not in policy, policy)
    links = re.findall(rb'(?:src|href)="([^"]+)"', text)
    check("it names nothing outside", all(not link.startswith((b"http", b"//")) for link in links) and
          b"style=" not in text and b"onclick" not in text, links)
    for link in links:
        if link.startswith(b"data:"):
            continue
        status, headers, part = server.get("/" + link.decode())
        check("%s is served" % link.decode(), status == 200 and part and
              headers["Content-Type"].startswith(("text/css", "text/javascript")))
        again, _, empty = server.request("GET", "/" + link.decode(),
                                         headers={"If-None-Match": headers["ETag"]})
        check("%s: 304 for who has it" % link.decode(), again == 304 and not empty)
    for path in ("/static/", "/static/../server.conf", "/static/none.js", "/static/%2e%2e/x"):
        status = server.get(path)[0]
        check("%s: no such file" % path, status in (400, 404), status)


CALLS = (
    ("/predict", {"task_type": "sentiment", "input_text": "good"}),
    ("/predict", {"task_type": "classification", "input_text": "good", "labels": ["a", "b"]}),
    ("/predict", {"task_type": "qa", "input_text": "It is red.|What is it?"}),
    ("/v1/embeddings", {"input": ["a", "b"]}),
    ("/v1/embeddings", {"input": "a", "encoding_format": "base64"}),
    ("/embed", {"inputs": "a"}), ("/embed_all", {"inputs": ["a", "b c"]}), ("/", {"inputs": ["a"]}),
    ("/similarity", {"inputs": {"source_sentence": "a", "sentences": ["b"]}}),
    ("/rerank", {"query": "a", "texts": ["b", "c"], "return_text": True}),
    ("/tokenize", {"inputs": "a"}), ("/decode", {"ids": [1, 2]}),
    ("/v1/models", None), ("/info", None), ("/health", None), ("/ready", None), ("/live", None),
    ("/metrics/json", None),
)
REFUSED = (("/predict", {"task_type": "ner", "input_text": "a"}), ("/predict", {}),
           ("/v1/embeddings", {"input": []}), ("/embed", {"inputs": ""}), ("/rerank", {}))


def described(server):
    status, headers, text = server.get("/openapi.json")
    api = json.loads(text)
    schemas = api["components"]["schemas"]
    check("/openapi.json", status == 200 and api["openapi"].startswith("3.") and
          headers["Content-Type"] == "application/json")
    named = set(re.findall(r'#/components/schemas/(\w+)', text.decode()))
    check("every schema that is named is there", named <= set(schemas), named - set(schemas))
    for path in api["paths"]:
        for method in api["paths"][path]:
            status = server.request(method.upper(), path, {} if method == "post" else None)[0]
            check("%s %s is served" % (method.upper(), path), status not in (404, 405), status)
    for path, body in CALLS:
        method = "post" if body else "get"
        operation = api["paths"][path][method]
        if body:
            wanted = operation["requestBody"]["content"]["application/json"]["schema"]
            check("%s %r: a request as described" % (path, body),
                  mismatch(body, wanted, schemas) is None, mismatch(body, wanted, schemas))
        status, _, text = server.request(method.upper(), path, body)
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        wrong = mismatch(json.loads(text), schema, schemas)
        check("%s %r: an answer as described" % (path, body), status == 200 and not wrong, wrong)
    for path, body in REFUSED:
        status, _, text = server.request("POST", path, body)
        schema = api["paths"][path]["post"]["responses"]["default"]["content"]["application/json"]
        wrong = mismatch(json.loads(text), schema["schema"], schemas)
        check("%s %r: an error as described" % (path, body), status >= 400 and not wrong, wrong)


if __name__ == "__main__":
    with Server() as s:
        page(s)
        described(s)
    done()
