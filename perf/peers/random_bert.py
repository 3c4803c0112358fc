#!/usr/bin/python3
"""A BERT of a known shape with seeded random weights, in the HuggingFace layout: for time, which
does not depend on what the weights say. Not for accuracy: that needs trained ones.

    random_bert.py DIR gte-small|gte-base|gte-large-zh|LAYERS,HIDDEN,HEADS,FFN,VOCABULARY

Every word "wN" of the vocabulary is one token, so that a text of a known length is easily made.
"""
import json
import os
import struct
import sys

import numpy as np

SHAPES = {"gte-small": (12, 384, 12, 1536, 30522), "gte-base": (12, 768, 12, 3072, 30522),
          "gte-large-zh": (24, 1024, 16, 4096, 21128)}
POSITIONS = 512
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def tensors(layers, hidden, ffn, vocabulary):
    """Names and shapes, in the order of the file."""
    def linear(name, rows, columns):
        return [(name + ".weight", (rows, columns)), (name + ".bias", (rows,))]

    def norm(name):
        return [(name + ".weight", (hidden,)), (name + ".bias", (hidden,))]

    out = [("embeddings.word_embeddings.weight", (vocabulary, hidden)),
           ("embeddings.position_embeddings.weight", (POSITIONS, hidden)),
           ("embeddings.token_type_embeddings.weight", (2, hidden))] + norm("embeddings.LayerNorm")
    for i in range(layers):
        layer = f"encoder.layer.{i}."
        for part in ("query", "key", "value"):
            out += linear(f"{layer}attention.self.{part}", hidden, hidden)
        out += linear(layer + "attention.output.dense", hidden, hidden)
        out += norm(layer + "attention.output.LayerNorm")
        out += linear(layer + "intermediate.dense", ffn, hidden)
        out += linear(layer + "output.dense", hidden, ffn) + norm(layer + "output.LayerNorm")
    return out


def values(name, shape, random):
    """Linear layers that keep the size of what they read, so that all of them matter to the result;
    biases that are not zero, so that one that is left out shows."""
    data = random.standard_normal(shape, dtype="f4")
    if name.endswith("LayerNorm.weight"):
        return 1 + np.float32(0.1) * data
    linear = name.endswith(".weight") and "embeddings" not in name
    return data * np.float32(shape[1] ** -0.5 if linear else 0.1)


def write_weights(path, named_shapes):
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, shape in named_shapes:
        size = 4 * int(np.prod(shape))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    random = np.random.Generator(np.random.PCG64(1))
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for name, shape in named_shapes:
            f.write(values(name, shape, random).tobytes())


def main():
    folder, shape = sys.argv[1:3]
    layers, hidden, heads, ffn, vocabulary = SHAPES.get(shape) or map(int, shape.split(","))
    os.makedirs(os.path.join(folder, "1_Pooling"), exist_ok=True)

    def write(name, value):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(value if isinstance(value, str) else json.dumps(value, indent=1))

    words = SPECIAL + [f"w{i}" for i in range(vocabulary - len(SPECIAL))]
    write("vocab.txt", "\n".join(words) + "\n")
    write("tokenizer_config.json", {"tokenizer_class": "BertTokenizer", "do_lower_case": True,
                                    "model_max_length": POSITIONS})
    write("config.json", {
        "model_type": "bert", "architectures": ["BertModel"], "hidden_size": hidden,
        "num_hidden_layers": layers, "num_attention_heads": heads, "intermediate_size": ffn,
        "vocab_size": vocabulary, "max_position_embeddings": POSITIONS, "type_vocab_size": 2,
        "hidden_act": "gelu", "layer_norm_eps": 1e-12, "pad_token_id": 0})
    write("1_Pooling/config.json", {"pooling_mode_mean_tokens": True})
    write_weights(os.path.join(folder, "model.safetensors"),
                  tensors(layers, hidden, ffn, vocabulary))


main()
