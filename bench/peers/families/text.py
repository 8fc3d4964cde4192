"""GPT: training steps, decoding, attention by itself. Names and layouts are those of transformers' GPT-2."""
import math

import torch
from torch import nn
from torch.nn import functional as F

from .setting import Work


class Product(nn.Module):
    """x W + b, W lying [in, out]."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.randn(inputs, outputs) * 0.02), nn.Parameter(torch.zeros(outputs))

    def forward(self, x):
        return torch.addmm(self.bias, x, self.weight)


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.c_attn, self.c_proj, self.heads = Product(width, 3 * width), Product(width, width), heads

    def forward(self, x, time):
        rows, width = x.shape
        qkv = self.c_attn(x).view(rows // time, time, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.c_proj(y.transpose(1, 2).reshape(rows, width))


class Mlp(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.c_fc, self.c_proj = Product(width, 4 * width), Product(4 * width, width)

    def forward(self, x):
        return self.c_proj(F.gelu(self.c_fc(x), approximate="tanh"))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.ln_1, self.attn = nn.LayerNorm(width), Attention(width, heads)
        self.ln_2, self.mlp = nn.LayerNorm(width), Mlp(width)

    def forward(self, x, time):
        x = x + self.attn(self.ln_1(x), time)
        return x + self.mlp(self.ln_2(x))


class Gpt(nn.Module):
    def __init__(self, layers, heads, width, block, vocabulary):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocabulary, width), nn.Embedding(block, width)
        self.h = nn.ModuleList([Block(width, heads) for _ in range(layers)])
        self.ln_f = nn.LayerNorm(width)
        for name, p in self.named_parameters():
            if p.dim() == 2 and not p.is_meta:
                nn.init.normal_(p, 0, 0.02 / math.sqrt(2 * layers) if "c_proj" in name else 0.02)

    def forward(self, tokens):
        batch, time = tokens.shape
        x = (self.wte(tokens) + self.wpe.weight[:time]).view(batch * time, -1)
        for block in self.h:
            x = block(x, time)
        return F.linear(self.ln_f(x), self.wte.weight)


def train(s, layers, heads, width, block, batch, time, vocabulary):
    net = s.module(lambda: Gpt(layers, heads, width, block, vocabulary), "transformer.")
    tokens, labels = (s.input(name, lambda: torch.randint(vocabulary, (batch, time))) for name in ("tokens", "labels"))
    parameters = list(net.parameters())
    groups = [{"params": [p for p in parameters if p.dim() >= 2], "weight_decay": 0.1},
              {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0}]
    adamw = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99), fused=True)
    return Work(s.training(lambda: F.cross_entropy(net(tokens), labels.view(-1)), adamw,
                           before=lambda: nn.utils.clip_grad_norm_(parameters, 1.0, foreach=True)))


def gpt_char(s):
    return train(s, 4, 4, 128, 64, 12, 64, 65)


def gpt_char_384(s):
    return train(s, 6, 6, 384, 256, 12, 256, 65)


def gpt2(s):
    return train(s, 12, 12, 768, 1024, 4, 64, 50257)


def gpt2_long(s):
    return train(s, 12, 12, 768, 1024, 8, 512, 50257)


# ---- decoding: one token at a time, greedily, keys and values kept ----

PROMPT, NEW = 16, 64


class Decoder:
    """Matrices lie [out, in] as one row's product wants them; keys and values have room for all tokens."""

    def __init__(self, net, room):
        for product in [m for m in net.modules() if isinstance(m, Product)]:
            product.weight.data = product.weight.data.t().contiguous()
        self.net, self.heads = net, net.h[0].attn.heads
        width, kind = net.wte.weight.shape[1], net.wte.weight.dtype
        shape = (len(net.h), 1, self.heads, room, width // self.heads)
        self.keys, self.values = torch.zeros(shape, dtype=kind), torch.zeros(shape, dtype=kind)

    def logits(self, tokens, first):
        """Of the last of the tokens [n], which stand at first, first + 1 ..."""
        net, n = self.net, len(tokens)
        x = net.wte.weight[tokens] + net.wpe.weight[first : first + n]
        for layer, block in enumerate(net.h):
            a = block.attn
            qkv = F.linear(block.ln_1(x), a.c_attn.weight, a.c_attn.bias)
            q, k, v = qkv.view(1, n, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
            keys, values = self.keys[layer], self.values[layer]
            keys[:, :, first : first + n] = k
            values[:, :, first : first + n] = v
            y = F.scaled_dot_product_attention(q, keys[:, :, : first + n], values[:, :, : first + n], is_causal=n > 1)
            x = x + F.linear(y.transpose(1, 2).reshape(n, -1), a.c_proj.weight, a.c_proj.bias)
            m = block.mlp
            y = F.gelu(F.linear(block.ln_2(x), m.c_fc.weight, m.c_fc.bias), approximate="tanh")
            x = x + F.linear(y, m.c_proj.weight, m.c_proj.bias)
        return F.linear(net.ln_f(x[-1:]), net.wte.weight)

    def one(self, token, at):
        """As logits, of one token at the place `at` (a tensor), over all the room: nothing changes its shape."""
        net = self.net
        x = F.embedding(token, net.wte.weight) + F.embedding(at, net.wpe.weight)
        mask = torch.arange(self.keys.shape[3])[None, None, None] <= at
        for layer, block in enumerate(net.h):
            a = block.attn
            qkv = F.linear(block.ln_1(x), a.c_attn.weight, a.c_attn.bias)
            q, k, v = qkv.view(1, 1, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
            keys, values = self.keys[layer], self.values[layer]
            keys.index_copy_(2, at, k)
            values.index_copy_(2, at, v)
            y = F.scaled_dot_product_attention(q, keys, values, attn_mask=mask)
            x = x + F.linear(y.transpose(1, 2).reshape(1, -1), a.c_proj.weight, a.c_proj.bias)
            m = block.mlp
            y = F.gelu(F.linear(block.ln_2(x), m.c_fc.weight, m.c_fc.bias), approximate="tanh")
            x = x + F.linear(y, m.c_proj.weight, m.c_proj.bias)
        logits = F.linear(net.ln_f(x), net.wte.weight)
        return logits, logits.argmax(1)


def gpt2_decode(s):
    kind = torch.bfloat16 if s.precision == "bf16" else torch.float32
    net = s.module(lambda: Gpt(12, 12, 768, 1024, 50257), "transformer.", dtype=kind).requires_grad_(False)
    prompt = s.input("prompt", lambda: torch.randint(50257, (1, PROMPT)))[0]
    decoder = Decoder(net, PROMPT + NEW)
    one = s.compiled(decoder.one) if s.form == "compile" else None
    places = [torch.tensor([i]) for i in range(PROMPT + NEW)]

    def step():
        with torch.inference_mode():
            logits = decoder.logits(prompt, 0)
            token = logits.argmax(1)
            for at in range(PROMPT, PROMPT + NEW):
                if one:
                    logits, token = one(token, places[at])
                else:
                    logits = decoder.logits(token, at)
                    token = logits.argmax(1)
        return logits

    return Work(step, value=lambda logits: logits.float().abs().mean().item(), parts=NEW)


# ---- attention ----


def attention(s):
    qkv = s.input("qkv", lambda: torch.randn(1, 1024, 3 * 768)).requires_grad_()
    gradient = s.input("gradient", lambda: torch.randn(1, 1024, 768))

    def forward(x):
        q, k, v = x.view(1, 1024, 3, 12, 64).permute(2, 0, 3, 1, 4).unbind(0)
        return F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(1, 1024, 768)

    forward = s.compiled(forward)

    def step():
        with s.cast():
            y = forward(qkv)
        torch.autograd.grad(y, qkv, gradient.to(y.dtype))
        return y.detach()

    return Work(step, value=lambda y: y.float().square().mean().item())
