#!/usr/bin/python3
"""A BERT in the HuggingFace layout as an ONNX graph for onnxruntime:

    bert_onnx.py MODEL_DIR OUT.onnx f32|int8 plain|attention

plain is what an exporter writes, onnxruntime's optimiser does the rest; attention names its
operator MultiHeadAttention. int8 is what its dynamic quantisation makes of either: weights int8 per
output channel, activations uint8 by the range of each tensor. Inputs input_ids, attention_mask
[B, S]; output [B, H], mean-pooled, L2-normalised.
"""
import json
import struct
import sys

import numpy as np

from onnx_file import FLOAT, INT64, Graph

MS = "com.microsoft"


class Checkpoint:
    def __init__(self, folder):
        with open(folder + "/config.json", encoding="utf-8") as f:
            self.config = json.load(f)
        self.data = np.memmap(folder + "/model.safetensors", np.uint8, "r")
        size = struct.unpack("<Q", self.data[:8].tobytes())[0]
        self.header = json.loads(self.data[8:8 + size].tobytes())
        self.base = 8 + size

    def __call__(self, name):
        entry = self.header[name]
        begin, end = entry["data_offsets"]
        raw = self.data[self.base + begin:self.base + end].tobytes()
        return np.frombuffer(raw, "<f4").reshape(entry["shape"])


def f32(value):
    return np.array(value, "f4")


def i64(*values):
    return np.array(values, "i8")


class PlainBert(Graph):
    """The graph as the paper has it, in ONNX's own operators."""

    def __init__(self, weights, int8):
        super().__init__()
        self.weights, self.int8 = weights, int8
        config = weights.config
        self.hidden, self.heads = config["hidden_size"], config["num_attention_heads"]
        self.layers, self.epsilon = config["num_hidden_layers"], float(config["layer_norm_eps"])
        self.quantised = {}

    def weight(self, name):
        return self.constant(self.weights(name))

    def norm_weights(self, name):
        return [self.weight(name + ".weight"), self.weight(name + ".bias")]

    def quantise(self, x):
        """u8, scale and zero point of x; once for all products that read it."""
        if x not in self.quantised:
            self.quantised[x] = self.op("DynamicQuantizeLinear", [x], 3)
        return self.quantised[x]

    def quantised_weight(self, matrix):
        """int8 [K, N] with a scale per column, and zero points of zero."""
        scale = np.abs(matrix).max(0) / np.float32(127)
        rounded = np.clip(np.rint(matrix / scale), -127, 127).astype("i1")
        zeros = np.zeros(matrix.shape[1], "i1")
        return [self.constant(a) for a in (rounded, scale.astype("f4"), zeros)]

    def product(self, x, name):
        matrix = np.ascontiguousarray(self.weights(name + ".weight").T)
        if not self.int8:
            return self.op("MatMul", [x, self.constant(matrix)])
        data, scale, zero = self.quantise(x)
        weight, weight_scale, weight_zero = self.quantised_weight(matrix)
        whole = self.op("MatMulInteger", [data, weight, zero, weight_zero])
        return self.op("Mul", [self.op("Cast", [whole], to=FLOAT),
                               self.op("Mul", [scale, weight_scale])])

    def linear(self, x, name):
        return self.op("Add", [self.product(x, name), self.weight(name + ".bias")])

    def norm(self, x, y, name):
        return self.op("LayerNormalization", [self.op("Add", [x, y])] + self.norm_weights(name),
                       axis=-1, epsilon=self.epsilon)

    def embeddings(self):
        words = self.op("Gather", [self.weight("embeddings.word_embeddings.weight"), "input_ids"])
        types = self.constant(self.weights("embeddings.token_type_embeddings.weight")[0])
        zero = self.constant(i64(0))
        length = self.op("Gather", [self.op("Shape", ["input_ids"]), self.constant(i64(1))])
        places = self.op("Slice", [self.weight("embeddings.position_embeddings.weight"), zero,
                                   length, zero])
        return self.norm(self.op("Add", [words, types]), places, "embeddings.LayerNorm")

    def split(self, x, name, order):
        shape = self.constant(i64(0, 0, self.heads, self.hidden // self.heads))
        return self.op("Transpose", [self.op("Reshape", [self.linear(x, name), shape])], perm=order)

    def attention(self, x, name, mask):
        q = self.split(x, name + "query", [0, 2, 1, 3])
        k = self.split(x, name + "key", [0, 2, 3, 1])
        v = self.split(x, name + "value", [0, 2, 1, 3])
        root = self.constant(f32((self.hidden // self.heads) ** 0.5))
        scores = self.op("Add", [self.op("Div", [self.op("MatMul", [q, k]), root]), mask])
        mixed = self.op("MatMul", [self.op("Softmax", [scores], axis=-1), v])
        back = self.op("Transpose", [mixed], perm=[0, 2, 1, 3])
        return self.op("Reshape", [back, self.constant(i64(0, 0, self.hidden))])

    def gelu(self, x):
        scaled = self.op("Div", [x, self.constant(f32(2 ** 0.5))])
        factor = self.op("Add", [self.op("Erf", [scaled]), self.constant(f32(1))])
        return self.op("Mul", [self.op("Mul", [x, factor]), self.constant(f32(0.5))])

    def pooled(self, x, mask):
        """Mean over the tokens of the mask, divided by its norm; the last nodes of the graph."""
        floats = self.op("Cast", [mask], to=FLOAT)
        column = self.op("Unsqueeze", [floats, self.constant(i64(2))])
        one = self.constant(i64(1))
        total = self.op("ReduceSum", [self.op("Mul", [x, column]), one], keepdims=0)
        mean = self.op("Div", [total, self.op("ReduceSum", [floats, one], keepdims=1)])
        norm = self.op("ReduceL2", [mean], axes=[-1], keepdims=1)
        self.op("Div", [mean, norm], name="sentence_embedding")

    def build(self):
        wide = self.op("Unsqueeze", ["attention_mask", self.constant(i64(1, 2))])
        hidden = self.op("Sub", [self.constant(f32(1)), self.op("Cast", [wide], to=FLOAT)])
        mask = self.op("Mul", [hidden, self.constant(f32(-10000))])
        x = self.embeddings()
        for i in range(self.layers):
            layer = f"encoder.layer.{i}."
            mixed = self.attention(x, layer + "attention.self.", mask)
            mixed = self.linear(mixed, layer + "attention.output.dense")
            x = self.norm(mixed, x, layer + "attention.output.LayerNorm")
            wide = self.gelu(self.linear(x, layer + "intermediate.dense"))
            x = self.norm(self.linear(wide, layer + "output.dense"), x, layer + "output.LayerNorm")
        self.pooled(x, "attention_mask")


class AttentionBert(PlainBert):
    """The same with onnxruntime's own attention, without a mask: right for texts of one length
    only, but then it need not write the scores to memory."""

    def attention(self, x, name, mask):
        parts = [self.linear(x, name + part) for part in ("query", "key", "value")]
        return self.op("MultiHeadAttention", parts, domain=MS, num_heads=self.heads)


def main():
    folder, out, kind, style = sys.argv[1:5]
    weights = Checkpoint(folder)
    graph = {"plain": PlainBert, "attention": AttentionBert}[style](weights, kind == "int8")
    graph.build()
    graph.write(out, [("input_ids", INT64, ["B", "S"]), ("attention_mask", INT64, ["B", "S"])],
                [("sentence_embedding", FLOAT, ["B", graph.hidden])])


main()
