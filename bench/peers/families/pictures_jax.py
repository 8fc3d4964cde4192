"""Networks on pictures: style, resnet20, dcgan, wgan-gp, alphazero."""
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from .setting_jax import Work, adam, conv, cross_entropy, linear, momentum, stepping


def pool(x):
    """The largest of each 2 x 2, as an elementwise step: reduce_window's gradient takes far longer."""
    n, h, w, c = x.shape
    return x.reshape(n, h // 2, 2, w // 2, 2, c).max((2, 4))


# ---- batch norm, whose running statistics are a dictionary beside the parameters ----


def norm_shapes(name, width):
    return {name + ".weight": (width,), name + ".bias": (width,)}


def statistics_shapes(parameters):
    """Of all batch norms: those that have a bias and one axis of weights."""
    norms = [name[:-5] for name in parameters if name.endswith(".bias") and len(parameters[name[:-5] + ".weight"]) == 1]
    return {name + kind: parameters[name + ".weight"] for name in norms for kind in (".running_mean", ".running_var")}


def norm(p, running, name, x):
    """By the batch's own statistics, which `running` takes a tenth of."""
    wide, count = x.astype(jnp.float32), x.size // x.shape[-1]
    mean, var = wide.mean((0, 1, 2)), wide.var((0, 1, 2))
    for kind, new in ((".running_mean", mean), (".running_var", var * (count / (count - 1)))):
        running[name + kind] = 0.9 * running[name + kind] + 0.1 * jax.lax.stop_gradient(new)
    return ((wide - mean) * (jax.lax.rsqrt(var + 1e-5) * p[name + ".weight"]) + p[name + ".bias"]).astype(x.dtype)


# ---- style: VGG-19 to relu5_1, the losses of Gatys et al. and the gradient to the picture ----

VGG = [64, 64, "pool", 128, 128, "pool", 256, 256, 256, 256, "pool", 512, 512, 512, 512, "pool", 512]
STYLE, CONTENT = (1, 6, 11, 20, 29), 22
MEAN = (123.675, 116.28, 103.53)


def vgg_shapes():
    shapes, index, channels = {}, 0, 3
    for width in VGG:
        if width != "pool":
            shapes |= {f"features.{index}.weight": (width, channels, 3, 3), f"features.{index}.bias": (width,)}
            index, channels = index + 1, width
        index += 1
    return shapes


def vgg(p, x):
    styles, content, index = [], None, 0
    for width in VGG:
        if width == "pool":
            x, index = pool(x), index + 1
            continue
        x = jax.nn.relu(conv(x, p[f"features.{index}.weight"], 1, 1) + p[f"features.{index}.bias"])
        if index + 1 in STYLE:
            styles.append(x)
        if index + 1 == CONTENT:
            content = x
        index += 2
    return styles, content


def gram(f):
    flat = f.reshape(-1, f.shape[-1])
    return (flat.T @ flat).astype(jnp.float32) / f.size


def style(s):
    p, picture = s.weights(vgg_shapes()), s.pictures("image", 1, 512, 512, 3)
    target = s.pictures("target_content", 1, 64, 64, 512)
    grams = [s.pictures(f"target_gram{i}", w, w) for i, w in enumerate((64, 128, 256, 512, 512))]

    def loss(picture, p, target, grams):
        styles, content = vgg(p, s.cast(picture - jnp.array(MEAN)))
        far = sum(jnp.square(gram(f) - g).sum() for f, g in zip(styles, grams))
        return 1e5 * jnp.square(content.astype(jnp.float32) - target).mean() + 3e4 / 5 * far

    both, p = jax.jit(jax.value_and_grad(loss)), s.cast(p)
    return Work(lambda: jax.block_until_ready(both(picture, p, target, grams))[0])


# ---- resnet20: He et al. 2016 with the shortcut of option A ----

BLOCKS = [(f"layer{stage + 1}.{i}.", width if i else max(16, width // 2), width, 2 if stage and not i else 1)
          for stage, width in enumerate((16, 32, 64)) for i in range(3)]


def resnet20_shapes():
    shapes = {"conv1.weight": (16, 3, 3, 3)} | norm_shapes("bn1", 16)
    for name, inputs, outputs, _ in BLOCKS:
        shapes |= {name + "conv1.weight": (outputs, inputs, 3, 3)} | norm_shapes(name + "bn1", outputs)
        shapes |= {name + "conv2.weight": (outputs, outputs, 3, 3)} | norm_shapes(name + "bn2", outputs)
    return shapes | {"fc.weight": (10, 64), "fc.bias": (10,)}


def resnet20_logits(p, running, x):
    x = jax.nn.relu(norm(p, running, "bn1", conv(x, p["conv1.weight"], 1, 1)))
    for name, inputs, outputs, stride in BLOCKS:
        y = jax.nn.relu(norm(p, running, name + "bn1", conv(x, p[name + "conv1.weight"], stride, 1)))
        y = norm(p, running, name + "bn2", conv(y, p[name + "conv2.weight"], 1, 1))
        half = (outputs - inputs) // 2
        if half:
            x = jnp.pad(x[:, ::stride, ::stride], ((0, 0), (0, 0), (0, 0), (half, half)))
        x = jax.nn.relu(y + x)
    return linear(p, "fc", x.mean((1, 2)))


def resnet20(s):
    parameters = s.weights(resnet20_shapes())
    running = s.weights(statistics_shapes(resnet20_shapes()))
    image = s.pictures("image", 128, 32, 32, 3)
    labels = s.input("labels", lambda: s.random.integers(10, size=128, dtype=np.int32))
    start, update = momentum(0.1, 0.9)

    def loss(p, running, image, labels):
        running = dict(running)
        logits = resnet20_logits(s.cast(p), running, s.cast(image))
        return cross_entropy(logits, labels), running

    def one(state, image, labels):
        parameters, running, moments = state
        (value, running), gradients = jax.value_and_grad(loss, has_aux=True)(parameters, running, image, labels)
        parameters, moments = update(parameters, gradients, moments)
        return (parameters, running, moments), value

    return Work(stepping(one, (parameters, running, start(parameters)), image, labels))


# ---- dcgan: the networks of PyTorch's tutorial, without its sigmoid ----

GENERATOR = [(0, 100, 512, 1, 0), (3, 512, 256, 2, 1), (6, 256, 128, 2, 1), (9, 128, 64, 2, 1), (12, 64, 3, 2, 1)]
DISCRIMINATOR = [(0, 3, 64, 2, 1), (2, 64, 128, 2, 1), (5, 128, 256, 2, 1), (8, 256, 512, 2, 1), (11, 512, 1, 1, 0)]


def generator_shapes():
    shapes = {}
    for index, inputs, outputs, _, _ in GENERATOR:
        shapes |= {f"main.{index}.weight": (inputs, outputs, 4, 4)}
        shapes |= norm_shapes(f"main.{index + 1}", outputs) if outputs > 3 else {}
    return shapes


def discriminator_shapes():
    shapes = {}
    for index, inputs, outputs, _, _ in DISCRIMINATOR:
        shapes |= {f"main.{index}.weight": (outputs, inputs, 4, 4)}
        shapes |= norm_shapes(f"main.{index + 1}", outputs) if inputs > 3 and outputs > 1 else {}
    return shapes


@partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def conv_transpose(x, filters, stride, pad):
    """The gradient of conv by its input; filters are that convolution's. The gradient by the filters that JAX derives
    runs in plain loops, 20 times as slowly as that of conv, which is the same with x and the gradient exchanged."""
    return jax.lax.conv_transpose(x, filters, (stride, stride), [(3 - pad, 3 - pad)] * 2,
                                  dimension_numbers=("NHWC", "HWIO", "NHWC"), transpose_kernel=True)


def conv_transpose_back(stride, pad, saved, gradient):
    x, filters = saved
    of_filters, = jax.vjp(lambda filters: conv(gradient, filters, stride, pad), filters)[1](x)
    return conv(gradient, filters, stride, pad), of_filters


conv_transpose.defvjp(lambda x, filters, *options: (conv_transpose(x, filters, *options), (x, filters)),
                      conv_transpose_back)


def generate(p, running, x):
    for index, _, outputs, stride, pad in GENERATOR:
        filters = p[f"main.{index}.weight"]
        # the first is a product: its pictures have one pixel
        x = conv_transpose(x, filters, stride, pad) if index else jnp.einsum("nhwi,xyoi->nxyo", x, filters)
        x = jax.nn.relu(norm(p, running, f"main.{index + 1}", x)) if outputs > 3 else jnp.tanh(x)
    return x


def discriminate(p, running, x):
    for index, inputs, outputs, stride, pad in DISCRIMINATOR:
        x = conv(x, p[f"main.{index}.weight"], stride, pad)
        x = norm(p, running, f"main.{index + 1}", x) if inputs > 3 and outputs > 1 else x
        x = jax.nn.leaky_relu(x, 0.2) if outputs > 1 else x
    return x.reshape(-1).astype(jnp.float32)


def step_of_both(s, g, d, generate, discriminate, noise, real):
    """What is said of the same made pictures trains both; g, d: their shapes, with the prefixes of their names."""
    (g, running_g), (d, running_d) = ((s.weights(shapes, name), s.weights(statistics_shapes(shapes), name))
                                      for shapes, name in (g, d))
    start, update = adam(2e-4, (0.5, 0.999))

    def making(g, running, noise):
        running = dict(running)
        return generate(s.cast(g), running, s.cast(noise)), running

    def judging(d, picture, running):
        running = dict(running)
        return discriminate(s.cast(d), running, s.cast(picture)), running

    def one(state, noise, real):
        (g, running_g, moments_g), (d, running_d, moments_d) = state
        fake, back_g, running_g = jax.vjp(lambda g: making(g, running_g, noise), g, has_aux=True)
        of_fake, back_fake, running_d = jax.vjp(lambda d, fake: judging(d, fake, running_d), d, fake, has_aux=True)
        of_real, back_real, running_d = jax.vjp(lambda d: judging(d, real, running_d), d, has_aux=True)
        loss = jax.nn.softplus(-of_real).mean() + jax.nn.softplus(of_fake).mean() + jax.nn.softplus(-of_fake).mean()
        # the discriminator's gradients are of its loss, the generator's of its own; XLA leaves out what is not used
        n = of_fake.size
        one, two = back_real(-jax.nn.sigmoid(-of_real) / n)[0], back_fake(jax.nn.sigmoid(of_fake) / n)[0]
        of_d = jax.tree.map(jnp.add, one, two)
        of_g = back_g(back_fake(-jax.nn.sigmoid(-of_fake) / n)[1])[0]
        (d, moments_d), (g, moments_g) = update(d, of_d, moments_d), update(g, of_g, moments_g)
        return ((g, running_g, moments_g), (d, running_d, moments_d)), loss

    state = (g, running_g, start(g)), (d, running_d, start(d))
    return Work(stepping(one, state, noise, real))


def dcgan(s):
    return step_of_both(s, (generator_shapes(), "netG."), (discriminator_shapes(), "netD."), generate, discriminate,
                        s.pictures("noise", 128, 1, 1, 100), s.pictures("real", 128, 64, 64, 3))


# ---- dcgan-128, dcgan-1024, wgan-gp, wgan-gp-128, wgan-gp-1024: the networks of zoo/gan ----


def maker_shapes(width, channels):
    shapes = {"linear.weight": (width * 16, 100), "linear.bias": (width * 16,)}
    for i, w in enumerate((width // 2, width // 4, width // 8)):
        shapes |= {f"net.{3 * i}.weight": (2 * w, w, 4, 4)} | norm_shapes(f"net.{3 * i + 1}", w)
    return shapes | {"net.9.weight": (width // 8, channels, 4, 4)}


def judge_shapes(width, channels, plain):
    shapes, at = {"net.0.weight": (width // 8, channels, 4, 4)}, 2
    for w in (width // 4, width // 2, width):
        shapes |= {f"net.{at}.weight": (w, w // 2, 4, 4)} | ({} if plain else norm_shapes(f"net.{at + 1}", w))
        at += 2 if plain else 3
    return shapes | {f"net.{at}.weight": (1, width, 4, 4)}


def make(p, running, z):
    x = linear(p, "linear", z.reshape(len(z), -1)).reshape(len(z), -1, 4, 4).transpose(0, 2, 3, 1)
    for i in range(3):
        x = conv_transpose(x, p[f"net.{3 * i}.weight"], 2, 1)
        x = jax.nn.relu(norm(p, running, f"net.{3 * i + 1}", x))
    return jnp.tanh(conv_transpose(x, p["net.9.weight"], 2, 1))


def judge(p, running, x):
    plain, at = "net.3.weight" not in p, 2
    x = jax.nn.leaky_relu(conv(x, p["net.0.weight"], 2, 1), 0.2)
    for _ in range(3):
        x = conv(x, p[f"net.{at}.weight"], 2, 1)
        x = jax.nn.leaky_relu(x if plain else norm(p, running, f"net.{at + 1}", x), 0.2)
        at += 2 if plain else 3
    return conv(x, p[f"net.{at}.weight"]).reshape(-1).astype(jnp.float32)


def both(s, batch, width, channels):
    return step_of_both(s, (maker_shapes(width, channels), "generator."),
                        (judge_shapes(width, channels, False), "discriminator."), make, judge,
                        s.pictures("noise", batch, 1, 1, 100), s.pictures("real", batch, 64, 64, channels))


def critic(s, batch, width, channels):
    """Wasserstein's loss with a gradient penalty of 10; the generator makes pictures and learns nothing."""
    shapes = maker_shapes(width, channels)
    g, running = s.weights(shapes, "generator."), s.weights(statistics_shapes(shapes), "generator.")
    d = s.weights(judge_shapes(width, channels, True), "discriminator.")
    noise, real = s.pictures("noise", batch, 1, 1, 100), s.pictures("real", batch, 64, 64, channels)
    share = s.pictures("share", batch, 1, 1, 1)

    def loss(d, g, running, noise, real, share):
        d = s.cast(d)
        said = lambda x: judge(d, {}, s.cast(x))
        made = make(s.cast(g), dict(running), s.cast(noise)).astype(jnp.float32)
        slope = jax.grad(lambda x: said(x).sum())(made + share * (real - made))
        off = jnp.square(jnp.sqrt(jnp.square(slope).sum((1, 2, 3)) + 1e-12) - 1).mean()
        return said(made).mean() - said(real).mean() + 10 * off

    return Work(s.training(loss, d, adam(2e-4, (0.5, 0.999)), g, running, noise, real, share))


def dcgan_128(s):
    return both(s, 64, 128, 1)


def dcgan_1024(s):
    return both(s, 128, 1024, 3)


def wgan_gp(s):
    return critic(s, 128, 512, 3)


def wgan_gp_128(s):
    return critic(s, 64, 128, 1)


def wgan_gp_1024(s):
    return critic(s, 128, 1024, 3)


# ---- alphazero: a residual tower with a policy and a value head, evaluated ----

NORMS = {"conv_in": "bn_in", "policy_conv": "policy_bn", "value_conv": "value_bn"} | {
    f"blocks.{i}.conv{k}": f"blocks.{i}.bn{k}" for i in range(6) for k in (1, 2)}


def alphazero_shapes(width=96):
    shapes = {"conv_in.weight": (width, 17, 3, 3)}
    shapes |= {f"blocks.{i}.conv{k}.weight": (width, width, 3, 3) for i in range(6) for k in (1, 2)}
    shapes |= {"policy_conv.weight": (2, width, 1, 1), "value_conv.weight": (1, width, 1, 1)}
    for name, bn in NORMS.items():
        shapes |= norm_shapes(bn, shapes[name + ".weight"][0])
    return shapes | {"policy_fc.weight": (82, 2 * 81), "policy_fc.bias": (82,), "value_fc1.weight": (64, 81),
                     "value_fc1.bias": (64,), "value_fc2.weight": (1, 64), "value_fc2.bias": (1,)}


def fold(p, running):
    """Batch norms into the convolutions before them: evaluation at its best."""
    p = dict(p)
    for name, bn in NORMS.items():
        factor = p.pop(bn + ".weight") / jnp.sqrt(running[bn + ".running_var"] + 1e-5)
        p[name + ".weight"] = p[name + ".weight"] * factor
        p[name + ".bias"] = p.pop(bn + ".bias") - running[bn + ".running_mean"] * factor
    return p


def evaluate(p, x):
    convolved = lambda name, x, pad: conv(x, p[name + ".weight"], 1, pad) + p[name + ".bias"]
    x = jax.nn.relu(convolved("conv_in", x, 1))
    for i in range(6):
        y = jax.nn.relu(convolved(f"blocks.{i}.conv1", x, 1))
        x = jax.nn.relu(convolved(f"blocks.{i}.conv2", y, 1) + x)
    flat = lambda name: jax.nn.relu(convolved(name, x, 0)).reshape(len(x), -1)
    policy = linear(p, "policy_fc", flat("policy_conv"))
    value = jax.nn.relu(linear(p, "value_fc1", flat("value_conv")))
    return jax.nn.softmax(policy, 1), jnp.tanh(linear(p, "value_fc2", value))


def alphazero(s):
    p = fold(s.weights(alphazero_shapes()), s.weights(statistics_shapes(alphazero_shapes())))
    p, board, compiled = s.cast(p), s.cast(s.pictures("board", 16, 9, 9, 17)), jax.jit(evaluate)
    return Work(lambda: jax.block_until_ready(compiled(p, board)),
                value=lambda result: result[1].astype(jnp.float32).mean().item())
