"""Write ONNX models with nothing but Python and numpy: the few messages of onnx.proto that a graph
of a transformer needs, as protobuf. Used by bert_onnx.py; it neither reads nor checks models."""
import struct

FLOAT, UINT8, INT8, INT32, INT64 = 1, 2, 3, 6, 7
ELEMENT_TYPES = {"float32": FLOAT, "uint8": UINT8, "int8": INT8, "int32": INT32, "int64": INT64}


def varint(value):
    value &= (1 << 64) - 1  # negative numbers are ten bytes
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value)


def chunk(field, value):
    data = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(data)) + data


def attribute(name, value):
    body = chunk(1, name)
    if isinstance(value, float):
        body += varint(2 << 3 | 5) + struct.pack("<f", value) + number(20, 1)
    elif isinstance(value, int):
        body += number(3, value) + number(20, 2)
    else:
        body += b"".join(number(8, v) for v in value) + number(20, 7)
    return chunk(5, body)


def value_info(field, name, element, dims):
    shape = b"".join(chunk(1, chunk(2, d) if isinstance(d, str) else number(1, d)) for d in dims)
    return chunk(field, chunk(1, name) + chunk(2, chunk(1, number(1, element) + chunk(2, shape))))


class Graph:
    """A graph under construction. Names of values are strings; op() returns those of its results."""

    def __init__(self):
        self.parts = []
        self.count = 0

    def constant(self, array):
        """An initializer, from a contiguous little-endian numpy array."""
        self.count += 1
        name = f"c{self.count}"
        dims = b"".join(number(1, d) for d in array.shape)
        self.parts.append(chunk(5, dims + number(2, ELEMENT_TYPES[array.dtype.name])
                                + chunk(8, name) + chunk(9, array.tobytes())))
        return name

    def op(self, kind, inputs, outputs=1, domain="", name=None, **attributes):
        """A node; "" among the inputs leaves an optional one out."""
        self.count += 1
        names = [name or f"{kind}_{self.count}_{i}" for i in range(outputs)]
        body = b"".join(chunk(1, i) for i in inputs) + b"".join(chunk(2, o) for o in names)
        body += chunk(3, f"{kind}_{self.count}") + chunk(4, kind)
        body += b"".join(attribute(k, v) for k, v in attributes.items())
        self.parts.append(chunk(1, body + (chunk(7, domain) if domain else b"")))
        return names[0] if outputs == 1 else names

    def write(self, path, inputs, outputs):
        """inputs, outputs: (name, element type, dims), a dim being a number or a name."""
        self.parts.append(chunk(2, "bert"))
        self.parts += [value_info(11, *i) for i in inputs] + [value_info(12, *o) for o in outputs]
        opsets = chunk(8, chunk(1, "") + number(2, 17))
        opsets += chunk(8, chunk(1, "com.microsoft") + number(2, 1))
        size = sum(len(p) for p in self.parts)
        with open(path, "wb") as f:
            f.write(number(1, 8) + opsets + varint(7 << 3 | 2) + varint(size))
            f.writelines(self.parts)
