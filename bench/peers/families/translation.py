"""A training step of the Transformer on sentences of equal length, so that there is nothing to pad or to mask but the
future. Names are those of zoo/translate, i.e. of transformers' mbart."""
import math

import torch
from torch import nn
from torch.nn import functional as F

from .setting import Work

LAYERS, HEADS, WIDTH, HIDDEN, VOCABULARY, SENTENCES, TOKENS = 4, 4, 128, 256, 8000, 168, 12


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(WIDTH, WIDTH) for _ in range(4))

    def forward(self, x, memory, causal):
        q, k, v = (p(y).view(*y.shape[:2], HEADS, -1).transpose(1, 2)
                   for p, y in ((self.q_proj, x), (self.k_proj, memory), (self.v_proj, memory)))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return self.out_proj(y.transpose(1, 2).reshape(x.shape))


class Layer(nn.Module):
    def __init__(self, decoder):
        super().__init__()
        self.self_attn, self.self_attn_layer_norm = Attention(), nn.LayerNorm(WIDTH)
        if decoder:
            self.encoder_attn, self.encoder_attn_layer_norm = Attention(), nn.LayerNorm(WIDTH)
        self.fc1, self.fc2, self.final_layer_norm = nn.Linear(WIDTH, HIDDEN), nn.Linear(HIDDEN, WIDTH), nn.LayerNorm(WIDTH)

    def forward(self, x, memory=None):
        y = self.self_attn_layer_norm(x)
        x = x + self.self_attn(y, y, memory is not None)
        if memory is not None:
            x = x + self.encoder_attn(self.encoder_attn_layer_norm(x), memory, False)
        return x + self.fc2(F.relu(self.fc1(self.final_layer_norm(x))))


class Stack(nn.Module):
    def __init__(self, decoder):
        super().__init__()
        self.layers = nn.ModuleList([Layer(decoder) for _ in range(LAYERS)])
        self.layer_norm = nn.LayerNorm(WIDTH)

    def forward(self, x, *memory):
        for layer in self.layers:
            x = layer(x, *memory)
        return self.layer_norm(x)


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.shared = nn.Embedding(VOCABULARY, WIDTH)
        self.encoder, self.decoder = Stack(False), Stack(True)

    def forward(self, source, target, places):
        x, y = (self.shared(t) * math.sqrt(WIDTH) + places for t in (source, target))
        return F.linear(self.decoder(y, self.encoder(x)).view(-1, WIDTH), self.shared.weight)


def translate(s):
    net = s.module(Transformer)
    source, target, labels = (s.input(name, lambda: torch.randint(VOCABULARY, (SENTENCES, TOKENS)))
                              for name in ("source", "target", "labels"))
    angle = torch.arange(TOKENS)[:, None] / 10000 ** (torch.arange(0, WIDTH, 2) / WIDTH)
    places = torch.stack([angle.sin(), angle.cos()], -1).reshape(TOKENS, WIDTH)
    adam = torch.optim.Adam(net.parameters(), lr=1e-3, betas=(0.9, 0.98), eps=1e-9, fused=True)
    return Work(s.training(lambda: F.cross_entropy(net(source, target, places), labels.view(-1), label_smoothing=0.1),
                           adam))
