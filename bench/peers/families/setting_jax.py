"""What a workload is built from in JAX: the tensors of a safetensors file, or random ones, and how to compute.

Parameters are dictionaries by the file's names, laid out as XLA's products and convolutions read them: matrices
[in, out], filters [h, w, in, out], pictures [n, h, w, c]. A step is one compiled function, which parameters and the
optimizer's state are given away to, so that they are updated in place. Data are its arguments: of constants, XLA
would compute what it can in advance."""
import jax
import jax.numpy as jnp
import numpy as np

from .work import File, Work

KINDS = {"F32": np.float32, "F16": np.float16, "BF16": jnp.bfloat16, "I32": np.int32, "I64": np.int64, "U8": np.uint8}
LAID = {4: (2, 3, 1, 0), 2: (1, 0)}  # how PyTorch's filters and matrices become those of XLA

jax.config.update("jax_cpu_enable_async_dispatch", False)  # a step is waited for; handing it on only takes time


def empty(shape, kind):
    array = np.empty(shape, KINDS[kind])
    return array, array.ctypes.data, array.nbytes


class Setting:
    def __init__(self, weights, form, precision):
        self.precision, self.random = precision, np.random.default_rng(0)
        self.file = File(weights, empty) if weights else None

    def weights(self, shapes, prefix="", laid=LAID, dtype=jnp.float32):
        """{name: parameter}, of {name: its shape in the file}; `laid` permutes axes by their number."""
        found = {}
        for name, shape in shapes.items():
            if self.file is None:
                array = self.random.standard_normal(shape, np.float32) * (1 / 16)
            else:
                array = self.file.take(prefix + name, shape)
            # copied: a parameter that is given away must not lie in memory of NumPy's
            found[name] = jnp.array(np.transpose(array, laid.get(array.ndim, range(array.ndim))), dtype)
        return found

    def input(self, name, make):
        """input.NAME, or what make() gives."""
        if self.file is None:
            return jnp.array(make())
        return jnp.array(self.file.take("input." + name))

    def pictures(self, name, *shape):
        return self.input(name, lambda: self.random.random(shape, np.float32))

    def cast(self, tree):
        """What products take, in bf16 where that is wanted."""
        if self.precision != "bf16":
            return tree
        return jax.tree.map(lambda a: a.astype(jnp.bfloat16) if a.dtype == jnp.float32 else a, tree)

    def training(self, loss, parameters, optimizer, *data, before=lambda gradients: gradients):
        """A step: loss(parameters, *data), its gradient, the update."""
        start, update = optimizer

        def one(state, *data):
            parameters, moments = state
            value, gradients = jax.value_and_grad(loss)(parameters, *data)
            return update(parameters, before(gradients), moments), value

        return stepping(one, (parameters, start(parameters)), *data)


def stepping(one, state, *data):
    """step() of one(state, *data) -> (state, result), which is given the state."""
    one = jax.jit(one, donate_argnums=0)

    def step():
        nonlocal state
        state, result = one(state, *data)
        return jax.block_until_ready(result)

    return step


def linear(p, name, x):
    return x @ p[name + ".weight"] + p[name + ".bias"]


def conv(x, filters, stride=1, pad=0):
    return jax.lax.conv_general_dilated(x, filters, (stride, stride), [(pad, pad)] * 2,
                                        dimension_numbers=("NHWC", "HWIO", "NHWC"))


def cross_entropy(logits, labels):
    logits = logits.astype(jnp.float32)
    chosen = jnp.take_along_axis(logits, labels[:, None], 1)[:, 0]
    return (jax.nn.logsumexp(logits, 1) - chosen).mean()


# ---- optimizers as (start(parameters), update(parameters, gradients, moments)) ----


def adam(rate, betas=(0.9, 0.999), l2=0.0, decay=lambda p: 0.0, eps=1e-8):
    """torch.optim.Adam with weight_decay=l2, or AdamW with what decay(parameter) says."""
    (b1, b2) = betas

    def start(parameters):
        zeros = lambda: {name: jnp.zeros_like(p) for name, p in parameters.items()}
        return zeros(), zeros(), jnp.zeros((), jnp.float32)

    def update(parameters, gradients, moments):
        first, second, time = moments
        time = time + 1
        one, two = 1 - b1**time, jnp.sqrt(1 - b2**time)
        new, m, v = {}, {}, {}
        for name, p in parameters.items():
            g = gradients[name] + l2 * p
            m[name], v[name] = b1 * first[name] + (1 - b1) * g, b2 * second[name] + (1 - b2) * g * g
            new[name] = p * (1 - rate * decay(p)) - rate / one * m[name] / (jnp.sqrt(v[name]) / two + eps)
        return new, (m, v, time)

    return start, update


def momentum(rate, keep):
    """torch.optim.SGD with momentum."""

    def start(parameters):
        return {name: jnp.zeros_like(p) for name, p in parameters.items()}

    def update(parameters, gradients, moments):
        moments = {name: keep * moments[name] + g for name, g in gradients.items()}
        return {name: p - rate * moments[name] for name, p in parameters.items()}, moments

    return start, update
