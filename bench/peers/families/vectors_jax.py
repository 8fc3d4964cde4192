"""adamw: one update of as many parameters as GPT-2 has, as one vector."""
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from .setting_jax import Work, adam

COUNT, PIECE = 124_475_904, 1 << 20


@partial(jax.jit, static_argnums=0)
def fill(factor):
    """((i * factor) mod 1000) / 500 - 1"""
    return (jnp.arange(COUNT) % 1000 * (factor % 1000) % 1000).astype(jnp.float32) / 500 - 1


def mean_of_squares(vector):
    pieces = np.split(np.asarray(vector), range(PIECE, COUNT, PIECE))
    return sum(np.square(piece.astype(np.float64)).sum() for piece in pieces) / COUNT


def adamw(s):
    start, update = adam(1e-3, decay=lambda p: 0.1)
    parameters, gradients = {"p": fill(2654435761)}, {"p": fill(40503)}
    state = parameters, start(parameters)
    one = jax.jit(lambda state, gradients: update(state[0], gradients, state[1]), donate_argnums=0)

    def step():
        nonlocal state
        state = one(state, gradients)
        return state[0]["p"].block_until_ready()

    return Work(step, value=mean_of_squares)
