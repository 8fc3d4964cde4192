"""Q-learning: dqn-mlp, dqn-nature."""
import jax
import jax.numpy as jnp
import numpy as np

from .setting_jax import Work, adam, conv, linear

MLP = {"fc1.weight": (128, 4), "fc1.bias": (128,), "fc2.weight": (128, 128), "fc2.bias": (128,),
       "fc3.weight": (2, 128), "fc3.bias": (2,)}
NATURE = {"conv1.weight": (32, 4, 8, 8), "conv1.bias": (32,), "conv2.weight": (64, 32, 4, 4), "conv2.bias": (64,),
          "conv3.weight": (64, 64, 3, 3), "conv3.bias": (64,), "fc1.weight": (512, 7 * 7 * 64), "fc1.bias": (512,),
          "fc2.weight": (4, 512), "fc2.bias": (4,)}


def mlp(p, x):
    return linear(p, "fc3", jax.nn.relu(linear(p, "fc2", jax.nn.relu(linear(p, "fc1", x)))))


def nature(p, x):
    """Mnih et al. 2015; fc1 reads the picture as [h, w, c]."""
    for name, stride in (("conv1", 4), ("conv2", 2), ("conv3", 1)):
        x = jax.nn.relu(conv(x, p[name + ".weight"], stride) + p[name + ".bias"])
    return linear(p, "fc2", jax.nn.relu(linear(p, "fc1", x.reshape(x.shape[0], -1))))


def learn(s, net, shapes, batch, actions, lr, states):
    parameters, target = s.weights(shapes), s.weights(shapes, "target.")
    state, after = states("state"), states("next")
    action = s.input("action", lambda: s.random.integers(actions, size=batch, dtype=np.int32))
    reward, done = (s.input(name, lambda: s.random.random(batch, np.float32)) for name in ("reward", "done"))
    done = jnp.floor(done)

    def loss(p, target, state, after, action, reward, done):
        p, target, state, after = s.cast((p, target, state, after))
        y = reward + 0.99 * (1 - done) * net(target, after).max(1)
        far = jnp.abs(jnp.take_along_axis(net(p, state), action[:, None], 1)[:, 0] - y)
        return jnp.where(far < 1, 0.5 * far * far, far - 0.5).mean()

    return Work(s.training(loss, parameters, adam(lr), target, state, after, action, reward, done))


def dqn_mlp(s):
    states = lambda: s.random.standard_normal((64, 4), np.float32)
    return learn(s, mlp, MLP, 64, 2, 1e-3, lambda name: s.input(name, states))


def dqn_nature(s):
    return learn(s, nature, NATURE, 32, 4, 1e-4, lambda name: s.pictures(name, 32, 84, 84, 4))
