"""Writes tests/fixtures/tiny_cnn.pth: a small network with random weights, an input and its output."""
import os

import torch
from torch import nn


class TinyCnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        x = torch.max_pool2d(torch.relu(self.conv1(x)), 2)
        x = torch.relu(self.conv2(x))
        return self.fc(x.mean(dim=(2, 3)))


torch.manual_seed(1)
net = TinyCnn().eval()
x = torch.randn(2, 1, 8, 8)
with torch.no_grad():
    y = net(x)
path = os.path.join(os.path.dirname(__file__), "..", "fixtures", "tiny_cnn.pth")
torch.save({"model": net.state_dict(), "input": x, "output": y}, path)
