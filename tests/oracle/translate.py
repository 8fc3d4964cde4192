"""Writes tests/fixtures/translate.safetensors: PyTorch's Transformer layers on rows that hold several sentences:
the logits of each place, the loss with smoothed labels, and all gradients.

Run from the root of the repository: python tests/oracle/translate.py (needs torch and safetensors). "pre" and "post"
are torch.nn.TransformerEncoderLayer and TransformerDecoderLayer, norms in front or behind; of "rotary", whose positions
PyTorch's layers do not know, attention is torch's scaled_dot_product_attention between their projections. Names are
those of tests/zoo/translate.c, i.e. of Hugging Face's mbart."""
import math

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

torch.manual_seed(7)
torch.set_default_dtype(torch.float64)
WIDTH, HEADS, HIDDEN, LONGEST, VOCAB = 8, 2, 12, 6, 9
out = {}

# two rows: (2 + 3 tokens), (4 tokens); 0 is padding
SOURCE = torch.tensor([[3, 1, 5, 6, 1, 0], [7, 2, 8, 1, 0, 0]])
SOURCE_NUMBER = torch.tensor([[1, 1, 2, 2, 2, 0], [1, 1, 1, 1, 0, 0]])
LABELS = torch.tensor([[4, 6, 1, 2, 1, -1], [5, 1, -1, -1, -1, -1]])
TARGET_NUMBER = torch.tensor([[1, 1, 1, 2, 2, 0], [1, 1, 0, 0, 0, 0]])


def positions(numbers):
    at = torch.zeros_like(numbers)
    for b in range(numbers.shape[0]):
        for i in range(1, numbers.shape[1]):
            if numbers[b, i] == numbers[b, i - 1] and numbers[b, i] > 0:
                at[b, i] = at[b, i - 1] + 1
    return at


SOURCE_POSITION, TARGET_POSITION = positions(SOURCE_NUMBER), positions(TARGET_NUMBER)
TARGET = torch.where(TARGET_POSITION > 0, torch.roll(LABELS, 1, 1), 1)


def mask(a, b, causal):
    seen = a[:, :, None] == b[:, None, :]
    if causal:
        n = a.shape[1]
        seen = seen & torch.ones(n, n, dtype=torch.bool).tril()
    return seen


def waves(n, width):
    p = torch.arange(n)[:, None] / 10000 ** (torch.arange(0, width, 2) / width)
    return torch.stack([p.sin(), p.cos()], -1).reshape(n, width)


def turned(x, at):  # x [batch, heads, time, dim]
    half = x.shape[-1] // 2
    angle = at[:, None, :, None] * 10000 ** (-torch.arange(half) / half)
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()], -1)


def attention(module, q, kv, seen, at=None):
    """module: nn.MultiheadAttention"""
    if at is None:
        blocked = ~seen.repeat_interleave(HEADS, 0)
        return module(q, kv, kv, attn_mask=blocked, need_weights=False)[0]
    wq, wk, wv = module.in_proj_weight.chunk(3)
    bq, bk, bv = module.in_proj_bias.chunk(3)
    split = lambda x: x.reshape(x.shape[0], x.shape[1], HEADS, -1).transpose(1, 2)
    q, k, v = split(F.linear(q, wq, bq)), split(F.linear(kv, wk, bk)), split(F.linear(kv, wv, bv))
    y = F.scaled_dot_product_attention(turned(q, at), turned(k, at), v, attn_mask=seen[:, None])
    return module.out_proj(y.transpose(1, 2).reshape(y.shape[0], -1, WIDTH))


def run(name, pre, kind, tie):
    options = dict(dim_feedforward=HIDDEN, dropout=0.0, batch_first=True, norm_first=pre)
    encoder = torch.nn.TransformerEncoderLayer(WIDTH, HEADS, **options)
    decoder = torch.nn.TransformerDecoderLayer(WIDTH, HEADS, **options)
    for p in list(encoder.parameters()) + list(decoder.parameters()):
        torch.nn.init.normal_(p, 1.0 if p.dim() == 1 else 0.0, 0.4)
    word = {"source": torch.randn(VOCAB, WIDTH) * 0.5, "target": torch.randn(VOCAB, WIDTH) * 0.5,
            "output": torch.randn(VOCAB, WIDTH) * 0.5}
    if tie == "all":
        word["target"] = word["source"]
    if tie != "none":
        word["output"] = word["target"]
    for w in word.values():
        w.requires_grad_()
    named = {}
    if tie == "all":
        named["shared.weight"] = word["source"]
    else:
        named["encoder.embed_tokens.weight"], named["decoder.embed_tokens.weight"] = word["source"], word["target"]
    if tie == "none":
        named["lm_head.weight"] = word["output"]
    place = None
    if kind == "learned":
        place = [torch.randn(LONGEST, WIDTH, requires_grad=True) for _ in range(2)]
        named["encoder.embed_positions.weight"], named["decoder.embed_positions.weight"] = place
    final = [torch.nn.LayerNorm(WIDTH) for _ in range(2)]
    for f in final:
        torch.nn.init.normal_(f.weight), torch.nn.init.normal_(f.bias)

    def embed(w, tokens, at, side):
        x = w[tokens] * math.sqrt(WIDTH)
        if kind == "sinusoidal":
            x = x + waves(LONGEST, WIDTH)[at]
        if kind == "learned":
            x = x + place[side][at]
        return x

    rotary = kind == "rotary"
    x, y = embed(word["source"], SOURCE, SOURCE_POSITION, 0), embed(word["target"], TARGET, TARGET_POSITION, 1)
    own, before = mask(SOURCE_NUMBER, SOURCE_NUMBER, False), mask(TARGET_NUMBER, TARGET_NUMBER, True)
    across = mask(TARGET_NUMBER, SOURCE_NUMBER, False)
    if rotary:
        n = encoder.norm1(x)
        x = x + attention(encoder.self_attn, n, n, own, SOURCE_POSITION)
        x = x + encoder.linear2(F.relu(encoder.linear1(encoder.norm2(x))))
        n = decoder.norm1(y)
        memory = final[0](x)
        y = y + attention(decoder.self_attn, n, n, before, TARGET_POSITION)
        y = y + attention(decoder.multihead_attn, decoder.norm2(y), memory, across)
        y = y + decoder.linear2(F.relu(decoder.linear1(decoder.norm3(y))))
        y = final[1](y)
    else:
        x = encoder(x, src_mask=~own.repeat_interleave(HEADS, 0))
        memory = final[0](x) if pre else x
        y = decoder(y, memory, tgt_mask=~before.repeat_interleave(HEADS, 0),
                    memory_mask=~across.repeat_interleave(HEADS, 0))
        y = final[1](y) if pre else y
    logits = y @ word["output"].T
    loss = F.cross_entropy(logits.reshape(-1, VOCAB), LABELS.reshape(-1), ignore_index=-1, label_smoothing=0.1)
    plain = F.cross_entropy(logits.reshape(-1, VOCAB), LABELS.reshape(-1), ignore_index=-1)
    loss.backward()

    def attention_names(prefix, module):
        for i, part in enumerate("qkv"):
            rows = slice(i * WIDTH, (i + 1) * WIDTH)
            yield f"{prefix}.{part}_proj.weight", module.in_proj_weight, rows
            yield f"{prefix}.{part}_proj.bias", module.in_proj_bias, rows
        yield f"{prefix}.out_proj.weight", module.out_proj.weight, slice(None)
        yield f"{prefix}.out_proj.bias", module.out_proj.bias, slice(None)

    def put(key, value, grad):
        out[f"{name}.{key}"], out[f"{name}.grad.{key}"] = value.detach().float().clone(), grad.float().clone()

    e, d = "encoder.layers.0", "decoder.layers.0"
    for key, p, rows in [*attention_names(e + ".self_attn", encoder.self_attn),
                         *attention_names(d + ".self_attn", decoder.self_attn),
                         *attention_names(d + ".encoder_attn", decoder.multihead_attn)]:
        put(key, p[rows], p.grad[rows])
    modules = {e + ".self_attn_layer_norm": encoder.norm1, e + ".fc1": encoder.linear1, e + ".fc2": encoder.linear2,
               e + ".final_layer_norm": encoder.norm2, d + ".self_attn_layer_norm": decoder.norm1,
               d + ".encoder_attn_layer_norm": decoder.norm2, d + ".fc1": decoder.linear1, d + ".fc2": decoder.linear2,
               d + ".final_layer_norm": decoder.norm3}
    if pre:
        modules["encoder.layer_norm"], modules["decoder.layer_norm"] = final
    for key, module in modules.items():
        put(key + ".weight", module.weight, module.weight.grad)
        put(key + ".bias", module.bias, module.bias.grad)
    for key, p in named.items():
        put(key, p, p.grad)
    out[name + ".logits"] = logits.detach().float().clone()
    out[name + ".loss"] = torch.stack([loss.detach(), plain.detach()]).float()


run("pre", True, "sinusoidal", "all")
run("post", False, "learned", "output")
run("rotary", True, "rotary", "none")
for key, value in {"source": SOURCE, "source_position": SOURCE_POSITION, "source_sentence": SOURCE_NUMBER,
                   "target": TARGET, "target_position": TARGET_POSITION, "target_sentence": TARGET_NUMBER,
                   "labels": LABELS}.items():
    out[key] = value.to(torch.int32)
save_file(out, "tests/fixtures/translate.safetensors")
