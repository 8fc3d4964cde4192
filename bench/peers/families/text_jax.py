"""GPT: training steps, decoding, attention by itself. Names and layouts are those of transformers' GPT-2."""
import jax
import jax.numpy as jnp
import numpy as np

from .setting_jax import Work, adam, cross_entropy, linear


def shapes(layers, width, block, vocabulary):
    found = {"wte.weight": (vocabulary, width), "wpe.weight": (block, width)}
    for h in (f"h.{i}." for i in range(layers)):
        for norm in ("ln_1", "ln_2"):
            found |= {f"{h}{norm}.weight": (width,), f"{h}{norm}.bias": (width,)}
        for name, inputs, outputs in (("attn.c_attn", 1, 3), ("attn.c_proj", 1, 1), ("mlp.c_fc", 1, 4),
                                      ("mlp.c_proj", 4, 1)):
            found |= {f"{h}{name}.weight": (inputs * width, outputs * width), f"{h}{name}.bias": (outputs * width,)}
    return found | {"ln_f.weight": (width,), "ln_f.bias": (width,)}


def norm(p, name, x):
    wide = x.astype(jnp.float32)
    centred = wide - wide.mean(-1, keepdims=True)
    y = centred * jax.lax.rsqrt(jnp.square(centred).mean(-1, keepdims=True) + 1e-5)
    return (y * p[name + ".weight"] + p[name + ".bias"]).astype(x.dtype)


def attend(q, k, v, mask):
    """Of [batch, heads, time, width]; the mask says what is seen. Weights are computed in f32."""
    scores = jnp.einsum("bhqd,bhkd->bhqk", q, k).astype(jnp.float32) / q.shape[-1] ** 0.5
    weights = jax.nn.softmax(jnp.where(mask, scores, -jnp.inf), -1)
    return jnp.einsum("bhqk,bhkd->bhqd", weights.astype(v.dtype), v)


def heads_of(qkv, batch, time, heads):
    """Queries, keys and values: [batch * time, 3 * width] by heads."""
    return jnp.transpose(qkv.reshape(batch, time, 3, heads, -1), (2, 0, 3, 1, 4))


def causal(time):
    return jnp.tril(jnp.ones((time, time), bool))


def gpt(p, tokens, layers, heads):
    batch, time = tokens.shape
    x = (p["wte.weight"][tokens] + p["wpe.weight"][:time]).reshape(batch * time, -1)
    for h in (f"h.{i}." for i in range(layers)):
        q, k, v = heads_of(linear(p, h + "attn.c_attn", norm(p, h + "ln_1", x)), batch, time, heads)
        y = jnp.transpose(attend(q, k, v, causal(time)), (0, 2, 1, 3)).reshape(x.shape)
        x = x + linear(p, h + "attn.c_proj", y)
        y = jax.nn.gelu(linear(p, h + "mlp.c_fc", norm(p, h + "ln_2", x)), approximate=True)
        x = x + linear(p, h + "mlp.c_proj", y)
    return norm(p, "ln_f", x) @ p["wte.weight"].T


def clipped(gradients):
    size = jnp.sqrt(sum(jnp.square(g).sum() for g in gradients.values()))
    factor = jnp.minimum(1.0, 1.0 / (size + 1e-6))
    return {name: g * factor for name, g in gradients.items()}


def train(s, layers, heads, width, block, batch, time, vocabulary):
    parameters = s.weights(shapes(layers, width, block, vocabulary), "transformer.", laid={})
    tokens, labels = (s.input(name, lambda: s.random.integers(vocabulary, size=(batch, time), dtype=np.int32))
                      for name in ("tokens", "labels"))
    adamw = adam(1e-3, (0.9, 0.99), decay=lambda p: 0.1 if p.ndim >= 2 else 0.0)

    def loss(p, tokens, labels):
        return cross_entropy(gpt(s.cast(p), tokens, layers, heads), labels.reshape(-1))

    return Work(s.training(loss, parameters, adamw, tokens, labels, before=clipped))


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


def logits_of(p, tokens, first, keys, values, layers, heads):
    """Of the last of the tokens [n], which stand at first, first + 1 ..., and the keys and values with theirs."""
    n, room = len(tokens), keys.shape[3]
    mask = jnp.arange(room) <= first + jnp.arange(n)[:, None]
    x = p["wte.weight"][tokens] + jax.lax.dynamic_slice_in_dim(p["wpe.weight"], first, n)
    for layer in range(layers):
        h = f"h.{layer}."
        q, k, v = heads_of(linear(p, h + "attn.c_attn", norm(p, h + "ln_1", x)), 1, n, heads)
        keys = jax.lax.dynamic_update_slice(keys, k[None], (layer, 0, 0, first, 0))
        values = jax.lax.dynamic_update_slice(values, v[None], (layer, 0, 0, first, 0))
        y = jnp.transpose(attend(q, keys[layer], values[layer], mask), (0, 2, 1, 3)).reshape(n, -1)
        x = x + linear(p, h + "attn.c_proj", y)
        y = jax.nn.gelu(linear(p, h + "mlp.c_fc", norm(p, h + "ln_2", x)), approximate=True)
        x = x + linear(p, h + "mlp.c_proj", y)
    return norm(p, "ln_f", x[-1:]) @ p["wte.weight"].T, keys, values


def gpt2_decode(s):
    layers, heads, width, block, vocabulary = 12, 12, 768, 1024, 50257
    kind = jnp.bfloat16 if s.precision == "bf16" else jnp.float32
    p = s.weights(shapes(layers, width, block, vocabulary), "transformer.", laid={}, dtype=kind)
    prompt = s.input("prompt", lambda: s.random.integers(vocabulary, size=(1, PROMPT), dtype=np.int32))[0]

    @jax.jit
    def generate(p, prompt):
        keys, values = (jnp.zeros((layers, 1, heads, PROMPT + NEW, width // heads), kind) for _ in range(2))
        first = logits_of(p, prompt, 0, keys, values, layers, heads)
        token = lambda logits: logits.argmax(1).astype(jnp.int32)
        body = lambda at, last: logits_of(p, token(last[0]), at, *last[1:], layers, heads)
        return jax.lax.fori_loop(PROMPT, PROMPT + NEW, body, first)[0]

    return Work(lambda: generate(p, prompt).block_until_ready(),
                value=lambda logits: jnp.abs(logits.astype(jnp.float32)).mean().item(), parts=NEW)


# ---- attention ----


def attention(s):
    qkv = s.input("qkv", lambda: s.random.standard_normal((1, 1024, 3 * 768), np.float32))
    gradient = s.input("gradient", lambda: s.random.standard_normal((1, 1024, 768), np.float32))

    def forward(x):
        q, k, v = heads_of(s.cast(x), 1, 1024, 12)
        return jnp.transpose(attend(q, k, v, causal(1024)), (0, 2, 1, 3)).reshape(1, 1024, 768)

    @jax.jit
    def both(qkv, gradient):
        y, back = jax.vjp(forward, qkv)
        return y, back(gradient.astype(y.dtype))

    return Work(lambda: jax.block_until_ready(both(qkv, gradient))[0],
                value=lambda y: jnp.square(y.astype(jnp.float32)).mean().item())
