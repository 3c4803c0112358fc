#!/usr/bin/env python3
"""The page and the description of the API: what is served, its headers, and that real answers are
as docs/openapi.json describes them."""
import json
import os
import re

from harness import ROOT, Server, check, done

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


REFUSED = (("/predict", {"task_type": "ner", "input_text": "a"}), ("/predict", {}),
           ("/v1/embeddings", {"input": []}), ("/embed", {"inputs": ""}), ("/rerank", {}))


def examples(server, api, method, path, operation):
    """Every example of a request gets an answer as described, and every example of an answer is."""
    schemas = api["components"]["schemas"]
    name = "%s %s" % (method.upper(), path)
    asked = [None]
    if method == "post":
        content = operation["requestBody"]["content"]["application/json"]
        asked = [e["value"] for e in content["examples"].values()]
        check("%s has examples" % name, bool(asked))
        for body in asked:
            wrong = mismatch(body, content["schema"], schemas)
            check("%s %r: a request as described" % (name, body), not wrong, wrong)
    (kind, content), = operation["responses"]["200"]["content"].items()
    for body in asked:
        status, headers, text = server.request(method.upper(), path, body)
        value = json.loads(text) if kind == "application/json" else text.decode()
        wrong = mismatch(value, content["schema"], schemas)
        check("%s %r: an answer as described" % (name, body), status == 200 and not wrong and
              headers["Content-Type"].split(";")[0] == kind, wrong)
    check("%s has an answer as example" % name, kind == "text/html" or content["examples"])
    for response in operation["responses"].values():
        for content in response["content"].values():
            for each in content.get("examples", {}).values():
                wrong = mismatch(each["value"], content["schema"], schemas)
                check("%s: an example as described" % name, not wrong, wrong)


def described(server):
    status, headers, text = server.get("/openapi.json")
    api = json.loads(text)
    schemas = api["components"]["schemas"]
    check("/openapi.json", status == 200 and api["openapi"].startswith("3.") and
          headers["Content-Type"] == "application/json")
    check("it says where servers are", api["servers"][0]["url"] == "/")
    named = set(re.findall(r'#/components/schemas/(\w+)', text.decode()))
    check("every schema that is named is there", named <= set(schemas), named - set(schemas))
    for path in api["paths"]:
        for method in api["paths"][path]:
            status = server.request(method.upper(), path, {} if method == "post" else None)[0]
            check("%s %s is served" % (method.upper(), path), status not in (404, 405), status)
    for path in api["paths"]:
        for method, operation in api["paths"][path].items():
            examples(server, api, method, path, operation)
    for path, body in REFUSED:
        status, _, text = server.request("POST", path, body)
        schema = api["paths"][path]["post"]["responses"]["default"]["content"]["application/json"]
        wrong = mismatch(json.loads(text), schema["schema"], schemas)
        check("%s %r: an error as described" % (path, body), status >= 400 and not wrong, wrong)


if __name__ == "__main__":
    with Server(model=os.path.join(ROOT, "models", "nano", "nano.gte")) as s:
        page(s)
        described(s)
    done()
