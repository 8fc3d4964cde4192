"""Writes tests/fixtures/classify.safetensors: zoo/classify's lenet, resnet20 and resnet18 as PyTorch computes them.

Run from the root of the repository: python tests/oracle/classify.py (needs torch, torchvision and safetensors).

Weights and pictures are too many to keep: both sides make them from the tensors' names by the formula of
`numbers`, in PyTorch's axis order (pictures: [n, h, w, c]). Kept are, for each NETWORK: NETWORK.labels,
NETWORK.eval (logits in evaluation form), NETWORK.loss (in training form), and of lenet and resnet20
NETWORK.grad.PARAMETER and NETWORK.after.STATISTIC for some, convolutions as [kh, kw, in, out]. Of resnet18
also, as metadata, all names with their shapes. In double precision throughout; small pictures, since
where one of many ReLUs stands at zero but for rounding, gradients differ by more than rounding does."""
import math

import numpy as np
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

OUT, METADATA = {}, {}


def fnv(text):
    h = 2166136261
    for byte in text.encode():
        h = (h ^ byte) * 16777619 & 0xFFFFFFFF
    return h


def numbers(name, count):
    """In [0, 1), multiples of 2^-24."""
    x = (fnv(name) + np.arange(count, dtype=np.uint64) * 0x9E3779B9) & 0xFFFFFFFF
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x = ((x ^ (x >> np.uint64(shift))) * np.uint64(factor)) & np.uint64(0xFFFFFFFF)
    x ^= x >> np.uint64(16)
    return (x >> np.uint64(8)) / 2.0**24


def weight(name, shape):
    u = numbers(name, math.prod(shape))
    if len(shape) > 1:
        u = (2 * u - 1) * math.sqrt(6 * shape[0] / math.prod(shape))
    elif name.endswith("weight") or name.endswith("running_var"):
        u = 0.75 + 0.5 * u
    else:
        u = 0.2 * u - 0.1
    return torch.from_numpy(u.astype(np.float32).astype(np.float64).reshape(shape))


def fill(net):
    net.double()
    net.load_state_dict({k: v if k.endswith("num_batches_tracked") else weight(k, v.shape)
                         for k, v in net.state_dict().items()})
    return net


def pictures(network, shape):
    u = (4 * numbers(network + ".x", math.prod(shape)) - 2).astype(np.float32).astype(np.float64)
    return torch.from_numpy(u.reshape(shape)).permute(0, 3, 1, 2).contiguous()


def ours(t):
    return (t.permute(2, 3, 1, 0) if t.dim() == 4 else t).float().contiguous()


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 5, padding=2), nn.Conv2d(32, 64, 5, padding=2)
        self.fc1, self.fc = nn.Linear(7 * 7 * 64, 256), nn.Linear(256, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc(F.relu(self.fc1(x.permute(0, 2, 3, 1).flatten(1))))


class Block(nn.Module):
    """He et al. 2016 with the shortcut of option A."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.stride, self.new = stride, outputs - inputs

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.new // 2, self.new // 2)))


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
        width = 16
        for stage in range(3):
            blocks = [Block(width if i else max(16, width // 2), width, 2 if stage and not i else 1) for i in range(3)]
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
            width *= 2
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        return self.fc(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))


def case(name, net, shape, gradients=(), statistics=()):
    x, net = pictures(name, shape), fill(net)
    labels = torch.tensor([3, 7, 1, 9][: shape[0]])
    OUT[name + ".labels"] = labels.int()
    OUT[name + ".eval"] = net.eval()(x).detach().float()
    loss = F.cross_entropy(net.train()(x), labels)
    loss.backward()
    OUT[name + ".loss"] = loss.detach().float().reshape(1)
    for key in gradients:
        OUT[f"{name}.grad.{key}"] = ours(dict(net.named_parameters())[key].grad)
    for key in statistics:
        OUT[f"{name}.after.{key}"] = net.state_dict()[key].float()


if __name__ == "__main__":
    case("lenet", LeNet(), (3, 28, 28, 1), ("conv1.weight", "conv1.bias", "conv2.bias", "fc1.bias", "fc.weight"))
    case("resnet20", ResNet20(), (4, 16, 16, 3),
         ("conv1.weight", "bn1.weight", "layer1.0.conv1.weight", "layer2.0.conv1.weight", "layer2.0.bn1.bias",
          "layer3.2.bn2.weight", "fc.weight", "fc.bias"),
         ("bn1.running_mean", "layer2.0.bn1.running_var", "layer3.2.bn2.running_mean"))
    net = torchvision.models.resnet18(num_classes=10)
    METADATA["resnet18"] = " ".join(f"{k}:{','.join(map(str, v.shape))}" for k, v in net.state_dict().items())
    case("resnet18", net, (2, 96, 80, 3))
    net = torchvision.models.resnet18(num_classes=10)
    net.conv1, net.maxpool = nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.Identity()
    case("resnet18_small", net, (2, 32, 32, 3))
    save_file({k: v.clone() for k, v in OUT.items()}, "tests/fixtures/classify.safetensors", METADATA)
