#!/usr/bin/env python3
"""A narrow BERT with seeded random weights, for the tests of the command.

    make_model.py DIR [TOKENIZER.json]

With its own small vocabulary (the lines of VOCABULARY below, ids in order) and prompts, or with the
given tokenizer. The vectors mean nothing; what is tested is the command around them.
"""
import json
import os
import struct
import sys

import numpy as np

VOCABULARY = "[PAD] [UNK] [CLS] [SEP] [MASK] he we c e ##a ##f ##e ##y , [ ] sep [UNUSED]".split()
H, F, LAYERS, POSITIONS, MAX_TOKENS = 32, 64, 2, 512, 128


def shapes(vocab):
    out = {"embeddings.word_embeddings.weight": (vocab, H),
           "embeddings.position_embeddings.weight": (POSITIONS, H),
           "embeddings.token_type_embeddings.weight": (2, H)}
    norms = ["embeddings.LayerNorm"]
    for i in range(LAYERS):
        layer = f"encoder.layer.{i}."
        for name, rows, cols in (("attention.self.query", H, H), ("attention.self.key", H, H),
                                 ("attention.self.value", H, H), ("attention.output.dense", H, H),
                                 ("intermediate.dense", F, H), ("output.dense", H, F)):
            out[layer + name + ".weight"] = (rows, cols)
            out[layer + name + ".bias"] = (rows,)
        norms += [layer + "attention.output.LayerNorm", layer + "output.LayerNorm"]
    for norm in norms:
        out[norm + ".weight"] = out[norm + ".bias"] = (H,)
    return out


def write_weights(path, vocab):
    random = np.random.default_rng(7)
    header, blobs, at = {}, [], 0
    for name, shape in shapes(vocab).items():
        data = random.standard_normal(shape).astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + len(data)]}
        blobs.append(data)
        at += len(data)
    text = json.dumps(header).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        f.writelines(blobs)


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)

    def write(name, value):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(value if isinstance(value, str) else json.dumps(value))

    if len(sys.argv) > 2:
        tokenizer = open(sys.argv[2], encoding="utf-8").read()
        vocab = len(json.loads(tokenizer)["model"]["vocab"])
        write("tokenizer.json", tokenizer)
    else:
        vocab = len(VOCABULARY)
        write("vocab.txt", "\n".join(VOCABULARY) + "\n")
        write("tokenizer_config.json", {"tokenizer_class": "BertTokenizer", "do_lower_case": True})
        write("config_sentence_transformers.json",
              {"prompts": {"query": "he: ", "document": "we: ", "e": "e, "},
               "default_prompt_name": "e"})
    write("config.json", {
        "model_type": "bert", "architectures": ["BertModel"], "hidden_size": H,
        "num_hidden_layers": LAYERS, "num_attention_heads": 1, "intermediate_size": F,
        "vocab_size": vocab, "max_position_embeddings": POSITIONS, "type_vocab_size": 2,
        "hidden_act": "gelu", "layer_norm_eps": 1e-12})
    write("sentence_bert_config.json", {"max_seq_length": MAX_TOKENS, "do_lower_case": False})
    os.makedirs(os.path.join(folder, "1_Pooling"), exist_ok=True)
    write("1_Pooling/config.json", {"pooling_mode_mean_tokens": True})
    write_weights(os.path.join(folder, "model.safetensors"), vocab)


main()
