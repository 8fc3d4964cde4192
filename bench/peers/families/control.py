"""Q-learning: dqn-mlp, dqn-nature."""
import torch
from torch import nn
from torch.nn import functional as F

from .setting import Work


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(4, 128), nn.Linear(128, 128), nn.Linear(128, 2)

    def forward(self, x):
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


class Nature(nn.Module):
    """Mnih et al. 2015; fc1 reads the picture as [h, w, c]."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2, self.conv3 = nn.Conv2d(4, 32, 8, 4), nn.Conv2d(32, 64, 4, 2), nn.Conv2d(64, 64, 3, 1)
        self.fc1, self.fc2 = nn.Linear(7 * 7 * 64, 512), nn.Linear(512, 4)

    def forward(self, x):
        for conv in (self.conv1, self.conv2, self.conv3):
            x = F.relu(conv(x), inplace=True)
        return self.fc2(F.relu(self.fc1(x.permute(0, 2, 3, 1).flatten(1)), inplace=True))


def learn(s, make, batch, actions, lr, states):
    net, target = s.module(make), s.module(make, "target.").requires_grad_(False)
    state, after = states("state"), states("next")
    action = s.input("action", lambda: torch.randint(actions, (batch,)))[:, None]
    reward, done = (s.input(name, lambda: torch.rand(batch)) for name in ("reward", "done"))
    done = done.floor()

    def loss():
        with torch.no_grad():
            y = reward + 0.99 * (1 - done) * target(after).amax(1)
        return F.smooth_l1_loss(net(state).gather(1, action)[:, 0], y)

    return Work(s.training(loss, torch.optim.Adam(net.parameters(), lr=lr, fused=True)))


def dqn_mlp(s):
    return learn(s, Mlp, 64, 2, 1e-3, lambda name: s.input(name, lambda: torch.randn(64, 4)))


def dqn_nature(s):
    return learn(s, Nature, 32, 4, 1e-4, lambda name: s.pictures(name, 32, 84, 84, 4))
