"""BERT as Devlin et al. (2018) wrote it, post-norm, with mean pooling: the network that is trained and
then written in HuggingFace's layout for `gte convert`."""
import json
import math
import os
import struct

import torch
from torch import nn
from torch.nn import functional as F

SHAPE = {"hidden_size": 192, "num_hidden_layers": 4, "num_attention_heads": 6,
         "intermediate_size": 576, "max_position_embeddings": 256, "type_vocab_size": 2,
         "layer_norm_eps": 1e-12}


class Layer(nn.Module):
    def __init__(self, hidden, heads, ffn, eps, dropout):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(hidden, 3 * hidden)
        self.out = nn.Linear(hidden, hidden)
        self.out_norm = nn.LayerNorm(hidden, eps)
        self.up = nn.Linear(hidden, ffn)
        self.down = nn.Linear(ffn, hidden)
        self.down_norm = nn.LayerNorm(hidden, eps)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, mask):
        b, s, h = x.shape
        q, k, v = self.qkv(x).view(b, s, 3, self.heads, h // self.heads).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(2, 3) / math.sqrt(h // self.heads) + mask
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(b, s, h)
        x = self.out_norm(x + self.dropout(self.out(mixed)))
        return self.down_norm(x + self.dropout(self.down(F.gelu(self.up(x)))))


class Encoder(nn.Module):
    def __init__(self, vocab, dropout=0.1):
        super().__init__()
        h = SHAPE["hidden_size"]
        self.words = nn.Embedding(vocab, h)
        self.positions = nn.Embedding(SHAPE["max_position_embeddings"], h)
        self.types = nn.Embedding(SHAPE["type_vocab_size"], h)
        self.norm = nn.LayerNorm(h, SHAPE["layer_norm_eps"])
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(
            Layer(h, SHAPE["num_attention_heads"], SHAPE["intermediate_size"],
                  SHAPE["layer_norm_eps"], dropout) for _ in range(SHAPE["num_hidden_layers"]))
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=0.02)
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.zeros_(m.bias)

    def forward(self, ids, real):
        """ids [b, s], real [b, s] (1 token, 0 padding) to unit vectors [b, h]."""
        x = self.words(ids) + self.positions.weight[:ids.shape[1]] + self.types.weight[0]
        x = self.dropout(self.norm(x))
        mask = (real[:, None, None, :] - 1.0) * 1e9
        for layer in self.layers:
            x = layer(x, mask)
        real = real[:, :, None]
        return F.normalize((x.float() * real).sum(1) / real.sum(1), dim=-1)


def hf_tensors(state):
    """(name, tensor) as HuggingFace's BertModel names them."""
    yield "embeddings.word_embeddings.weight", state["words.weight"]
    yield "embeddings.position_embeddings.weight", state["positions.weight"]
    yield "embeddings.token_type_embeddings.weight", state["types.weight"]
    yield "embeddings.LayerNorm.weight", state["norm.weight"]
    yield "embeddings.LayerNorm.bias", state["norm.bias"]
    parts = {"out": "attention.output.dense", "out_norm": "attention.output.LayerNorm",
             "up": "intermediate.dense", "down": "output.dense", "down_norm": "output.LayerNorm"}
    for i in range(SHAPE["num_hidden_layers"]):
        for kind in ("weight", "bias"):
            for name, part in zip(("query", "key", "value"),
                                  state["layers.%d.qkv.%s" % (i, kind)].chunk(3)):
                yield "encoder.layer.%d.attention.self.%s.%s" % (i, name, kind), part
            for ours, theirs in parts.items():
                yield ("encoder.layer.%d.%s.%s" % (i, theirs, kind),
                       state["layers.%d.%s.%s" % (i, ours, kind)])


def write_checkpoint(folder, state, vocab_path):
    """config.json, model.safetensors, vocab.txt and the rest of a sentence-transformers folder."""
    os.makedirs(os.path.join(folder, "1_Pooling"), exist_ok=True)
    with open(vocab_path, encoding="utf-8") as file:
        vocab = file.read()
    config = dict(SHAPE, architectures=["BertModel"], model_type="bert", hidden_act="gelu",
                  vocab_size=vocab.count("\n"), pad_token_id=0)
    files = {
        "config.json": config,
        "tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "do_lower_case": True,
                                  "strip_accents": True, "tokenize_chinese_chars": True,
                                  "byte_fallback": True,
                                  "model_max_length": SHAPE["max_position_embeddings"]},
        "1_Pooling/config.json": {"word_embedding_dimension": SHAPE["hidden_size"],
                                  "pooling_mode_mean_tokens": True},
        "modules.json": [{"idx": 0, "name": "0", "path": "",
                          "type": "sentence_transformers.models.Transformer"},
                         {"idx": 1, "name": "1", "path": "1_Pooling",
                          "type": "sentence_transformers.models.Pooling"},
                         {"idx": 2, "name": "2", "path": "2_Normalize",
                          "type": "sentence_transformers.models.Normalize"}],
    }
    for name, value in files.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as out:
            json.dump(value, out, indent=1)
    with open(os.path.join(folder, "vocab.txt"), "w", encoding="utf-8") as out:
        out.write(vocab)
    head, at, parts = {}, 0, []
    for name, tensor in hf_tensors(state):
        data = tensor.detach().float().contiguous().numpy().astype("<f4").tobytes()
        head[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [at, at + len(data)]}
        at += len(data)
        parts.append(data)
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(folder, "model.safetensors"), "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + b"".join(parts))
