"""gat: Velickovic et al. 2018 on a graph of Cora's size.

Sparse products are gathered rows, summed by segments in the order of the rows that they go to. Noise for dropout is of
bits, 16 of each number, which takes a fraction of uniform numbers' time."""
import jax
import jax.numpy as jnp
import numpy as np

from .setting_jax import Work, adam, cross_entropy, stepping

NODES, FEATURES, CLASSES, VALUES, EDGES = 2708, 1433, 7, 48744, 13264
LAYERS = [(FEATURES, 8, 8), (64, 1, CLASSES)]
SHAPES = {f"gat_net.{i}.{name}": shape for i, (inputs, heads, width) in enumerate(LAYERS)
          for name, shape in (("linear_proj.weight", (heads * width, inputs)), ("scoring_fn_target", (1, heads, width)),
                              ("scoring_fn_source", (1, heads, width)), ("bias", (heads * width,)))}


def segment_sum(values, rows):
    return jax.ops.segment_sum(values, rows, NODES, indices_are_sorted=True)


def dropout(x, p, key):
    if not p:
        return x
    kept = jax.random.bits(key, x.shape, jnp.uint16) >= round(p * 65536)
    return jnp.where(kept, x * (1 / (1 - p)), 0)


def attend(p, name, x, edges, heads, drop, keys):
    """[nodes, heads, width] of projected features [nodes, heads * width]."""
    row, column = edges
    x = dropout(x, drop, keys[0]).reshape(NODES, heads, -1)
    to, back = ((x * p[f"{name}.scoring_fn_{side}"]).sum(-1) for side in ("target", "source"))
    e = jax.nn.leaky_relu(to[row] + back[column], 0.2)
    e = jnp.exp(e - jax.lax.stop_gradient(e.max()))
    alpha = dropout(e / segment_sum(e, row)[row], drop, keys[1])
    return segment_sum(alpha[..., None] * x[column], row)


def logits_of(p, values, words, edges, drop, key):
    keys = jax.random.split(key, 6)
    row, column = words
    x = segment_sum(dropout(values, drop, keys[0])[:, None] * p["gat_net.0.linear_proj.weight"][column], row)
    y = attend(p, "gat_net.0", x, edges, 8, drop, keys[1:3])
    h = jax.nn.elu(y.reshape(NODES, -1) + p["gat_net.0.bias"])
    x = dropout(h, drop, keys[3]) @ p["gat_net.1.linear_proj.weight"]
    return attend(p, "gat_net.1", x, edges, 1, drop, keys[4:6]).mean(1) + p["gat_net.1.bias"]


def random_graph(random):
    """Target and source of each edge, a loop for each node among them, sorted by target."""
    pick = lambda: random.integers(NODES, size=EDGES - NODES)
    source, target = (np.concatenate([np.arange(NODES), pick()]) for _ in range(2))
    order = np.argsort(target, kind="stable")
    return target[order], source[order]


def gat(s):
    if s.file is None:
        target, source = random_graph(s.random)
        pick = s.random.integers
        row, column = np.sort(pick(NODES, size=VALUES)), pick(FEATURES, size=VALUES)
        value, labels, chosen = s.random.random(VALUES, np.float32), pick(CLASSES, size=NODES), np.arange(140)
    else:
        target, source, row, column, labels, chosen, value = (
            s.file.take("input." + name)
            for name in ("edge_target", "edge_source", "feature_row", "feature_column", "labels", "train_nodes",
                         "feature_value"))
    parameters = s.weights(SHAPES)
    data = jax.tree.map(jnp.array, (value.reshape(-1), (row, column), (target, source), chosen, labels[chosen]))
    start, update = adam(5e-3, l2=5e-4)

    def training(drop):
        def loss(p, key, value, words, edges, chosen, wanted):
            return cross_entropy(logits_of(p, value, words, edges, drop, key)[chosen], wanted)

        def one(state, *data):
            p, moments, key = state
            key, now = jax.random.split(key)
            value, gradients = jax.value_and_grad(loss)(p, now, *data)
            p, moments = update(p, gradients, moments)
            return (p, moments, key), value

        own = jax.tree.map(jnp.copy, parameters)
        return stepping(one, (own, start(own), jax.random.key(0)), *data)

    return Work(training(0.6), check=training(0.0))
