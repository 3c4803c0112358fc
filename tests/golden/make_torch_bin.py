#!/usr/bin/env python3
"""Writes tests/golden/torch/*.bin: what torch.save writes for the model of tests/model_dir.c,
byte for byte the same structure, made with pickle and zipfile alone (torch is not needed).

    python3 tests/golden/make_torch_bin.py

  plain.bin      F32, one storage per tensor, protocol 2, as torch.save does
  half.bin       F16, each an nn.Parameter, "bert." prefix, old names of the norms
  views.bin      BF16, all tensors in one storage; the matrices are transposed views
  zip64.bin      as plain.bin, with zip64 records
  legacy.bin     the format before torch 1.6, only its beginning
  deflated.bin   a compressed zip: not what torch writes
  evil.bin       a pickle that would run a program
  sharded/       two files and pytorch_model.bin.index.json
"""
import collections
import io
import json
import os
import pickle
import struct
import sys
import types
import zipfile

HIDDEN, LAYERS, FFN, VOCAB, POSITIONS, TYPES = 8, 2, 16, 16, 12, 2
OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "torch")


def module(name, **members):
    m = types.ModuleType(name)
    sys.modules[name] = m
    for key, value in members.items():
        value.__module__, value.__qualname__ = name, key
        setattr(m, key, value)
    return m


class Tensor:
    """Reduced to _rebuild_tensor_v2, as torch.Tensor is."""

    def __init__(self, storage, offset, size, stride):
        self.args = (storage, offset, size, stride, False, collections.OrderedDict())

    def __reduce__(self):
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self.args


class Parameter:
    def __init__(self, data):
        self.args = (data, True, collections.OrderedDict())

    def __reduce__(self):
        return sys.modules["torch._utils"]._rebuild_parameter, self.args


class Storage:
    def __init__(self, cls, key, count):
        self.id = ("storage", cls, key, "cpu", count)


def make_class(name):
    return type(name, (), {})


module("torch", FloatStorage=make_class("FloatStorage"), HalfStorage=make_class("HalfStorage"),
       BFloat16Storage=make_class("BFloat16Storage"), LongStorage=make_class("LongStorage"))


def _rebuild_tensor_v2():
    pass


def _rebuild_parameter():
    pass


module("torch._utils", _rebuild_tensor_v2=_rebuild_tensor_v2, _rebuild_parameter=_rebuild_parameter)
torch = sys.modules["torch"]


class Pickler(pickle.Pickler):
    def persistent_id(self, obj):
        return obj.id if isinstance(obj, Storage) else None


def weight(name, i):
    seed = 0
    for c in name.encode():
        seed = (seed * 31 + c) % 65521
    return ((seed + i * 7919) % 257 - 128) / 64.0


def tensors():
    yield "embeddings.word_embeddings.weight", (VOCAB, HIDDEN)
    yield "embeddings.position_embeddings.weight", (POSITIONS, HIDDEN)
    yield "embeddings.token_type_embeddings.weight", (TYPES, HIDDEN)
    yield "embeddings.LayerNorm.weight", (HIDDEN,)
    yield "embeddings.LayerNorm.bias", (HIDDEN,)
    for layer in range(LAYERS):
        for part, shape in (("attention.self.query", (HIDDEN, HIDDEN)),
                            ("attention.self.key", (HIDDEN, HIDDEN)),
                            ("attention.self.value", (HIDDEN, HIDDEN)),
                            ("attention.output.dense", (HIDDEN, HIDDEN)),
                            ("attention.output.LayerNorm", (HIDDEN,)),
                            ("intermediate.dense", (FFN, HIDDEN)),
                            ("output.dense", (HIDDEN, FFN)),
                            ("output.LayerNorm", (HIDDEN,))):
            yield f"encoder.layer.{layer}.{part}.weight", shape
            yield f"encoder.layer.{layer}.{part}.bias", shape[:1]


def encode(values, cls):
    if cls is torch.FloatStorage:
        return struct.pack(f"<{len(values)}f", *values)
    if cls is torch.HalfStorage:
        return struct.pack(f"<{len(values)}e", *values)
    return b"".join(struct.pack("<f", v)[2:] for v in values)


def count(shape):
    return shape[0] * (shape[1] if len(shape) == 2 else 1)


def save(path, state, storages, zip64=False, compression=zipfile.ZIP_STORED):
    out = io.BytesIO()
    pickler = Pickler(out, 2)
    pickler.dump(state)
    entries = [("data.pkl", out.getvalue()), ("byteorder", b"little")]
    entries += [(f"data/{key}", data) for key, data in storages.items()]
    entries.append(("version", b"3\n"))
    write_zip(path, entries, zip64, compression)


def write_zip(path, entries, zip64=False, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as z:
        for name, data in entries:
            info = zipfile.ZipInfo("archive/" + name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = compression
            with z.open(info, "w", force_zip64=zip64) as f:
                f.write(data)
        if zip64:
            add_zip64_end(z)


def add_zip64_end(z):
    """Makes zipfile write the zip64 records of the directory although the file is small."""
    limits = zipfile.ZIP_FILECOUNT_LIMIT, zipfile.ZIP64_LIMIT
    zipfile.ZIP_FILECOUNT_LIMIT = zipfile.ZIP64_LIMIT = 0
    z.close()
    zipfile.ZIP_FILECOUNT_LIMIT, zipfile.ZIP64_LIMIT = limits


def separate(cls, names, rename=lambda n: n, wrap=lambda t: t):
    state, storages = collections.OrderedDict(), {}
    for name, shape in names:
        key = str(len(storages))
        n = count(shape)
        storages[key] = encode([weight(name, i) for i in range(n)], cls)
        stride = (shape[1], 1) if len(shape) == 2 else (1,)
        state[rename(name)] = wrap(Tensor(Storage(cls, key, n), 0, shape, stride))
    return state, storages


def views():
    """One storage; every matrix is stored transposed and read through its strides."""
    state, values, places = collections.OrderedDict(), [], []
    for name, shape in tensors():
        rows, cols = shape[0], shape[1] if len(shape) == 2 else 1
        places.append((name, shape, len(values)))
        values += [weight(name, r * cols + c) for c in range(cols) for r in range(rows)]
    storage = Storage(torch.BFloat16Storage, "0", len(values))
    for name, shape, at in places:
        state[name] = Tensor(storage, at, shape, (1, shape[0]) if len(shape) == 2 else (1,))
    state["step"] = 3  # not a tensor: passed over
    return state, {"0": encode(values, torch.BFloat16Storage)}


def main():
    os.makedirs(os.path.join(OUT, "sharded"), exist_ok=True)
    names = list(tensors())
    path = lambda name: os.path.join(OUT, name)
    state, storages = separate(torch.FloatStorage, names)
    state["embeddings.position_ids"] = Tensor(Storage(torch.LongStorage, "ids", 3), 0, (1, 3), (3, 1))
    storages["ids"] = struct.pack("<3q", 0, 1, 2)
    state._metadata = collections.OrderedDict({"": {"version": 1}})
    save(path("plain.bin"), state, storages)
    save(path("zip64.bin"), state, storages, zip64=True)
    save(path("deflated.bin"), state, storages, compression=zipfile.ZIP_DEFLATED)
    old = lambda n: "bert." + n.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
        "LayerNorm.bias", "LayerNorm.beta")
    save(path("half.bin"), *separate(torch.HalfStorage, names, old, Parameter))
    save(path("views.bin"), *views())
    weight_map = {}
    for i in range(2):
        file = f"pytorch_model-{i + 1:05d}-of-00002.bin"
        save(path("sharded/" + file), *separate(torch.FloatStorage, names[i::2]))
        weight_map.update({n: file for n, _ in names[i::2]})
    with open(path("sharded/pytorch_model.bin.index.json"), "w") as f:
        json.dump({"metadata": {}, "weight_map": weight_map}, f)
    with open(path("legacy.bin"), "wb") as f:
        f.write(pickle.dumps(0x1950a86a20f9469cfc6c, 2) + pickle.dumps(1001, 2))
    evil = b"\x80\x02cos\nsystem\nq\x00X\x02\x00\x00\x00idq\x01\x85q\x02Rq\x03."
    write_zip(path("evil.bin"), [("data.pkl", evil)])


if __name__ == "__main__":
    main()
