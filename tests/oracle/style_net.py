"""Writes tests/fixtures/style_net.safetensors: a network of PyTorch's example fast_neural_style on a small
picture, and a smaller one whose norms have a scale and a shift for each of three styles, for tests/zoo/style_net.c.

Run from the root of the repository: python3 tests/oracle/style_net.py (needs torch, safetensors).

Its weights follow from their names and places by a rule that the test has, too, so that they need
not be stored."""
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

HEIGHT, WIDTH = 36, 28


def fnv(text):
    value = 2166136261
    for byte in text.encode():
        value = (value ^ byte) * 16777619 % 2**32
    return value


def weights(name, shape, scale, middle=0.0):
    """Element i: a multiplicative hash of i and the name, in [-1, 1)."""
    count = torch.Size(shape).numel()
    i = torch.arange(count, dtype=torch.int64)
    word = ((i + fnv(name)) % 2**32) * 2654435761 % 2**32
    word = (word ^ (word >> 15)) * 2246822519 % 2**32
    return ((word >> 8).float() * 2.0**-23 - 1).reshape(shape) * scale + middle


def conv(name, x, channels, kernel, stride=1):
    inputs = x.shape[1]
    scale = (3 / (inputs * kernel * kernel)) ** 0.5
    w = weights(name + ".conv2d.weight", (channels, inputs, kernel, kernel), scale)
    b = weights(name + ".conv2d.bias", (channels,), 0.1)
    return F.conv2d(F.pad(x, (kernel // 2,) * 4, mode="reflect"), w, b, stride=stride)


def norm(name, x, mix):
    """mix: how much of each style; None: there is one."""
    channels = x.shape[1]
    shape = (channels,) if mix is None else (len(mix), channels)
    scale, shift = weights(name + ".weight", shape, 0.5, 1.0), weights(name + ".bias", shape, 0.5)
    if mix is not None:
        scale, shift = torch.tensor(mix) @ scale, torch.tensor(mix) @ shift
    return F.instance_norm(x, weight=scale, bias=shift)


def network(x, width=32, blocks=5, mix=None):
    for name, into, channels, kernel, stride in [("conv1", "in1", width, 9, 1), ("conv2", "in2", 2 * width, 3, 2),
                                                 ("conv3", "in3", 4 * width, 3, 2)]:
        x = F.relu(norm(into, conv(name, x, channels, kernel, stride), mix))
    for i in range(1, blocks + 1):
        y = F.relu(norm(f"res{i}.in1", conv(f"res{i}.conv1", x, 4 * width, 3), mix))
        x = x + norm(f"res{i}.in2", conv(f"res{i}.conv2", y, 4 * width, 3), mix)
    for name, into, channels in [("deconv1", "in4", 2 * width), ("deconv2", "in5", width)]:
        x = F.interpolate(x, scale_factor=2, mode="nearest")
        x = F.relu(norm(into, conv(name, x, channels, 3), mix))
    return conv("deconv3", x, 3, 9)


def main():
    y, x = torch.meshgrid(torch.arange(HEIGHT), torch.arange(WIDTH), indexing="ij")
    planes = [128 + 90 * torch.sin(0.3 * (c + 1) * x + 0.17 * y * (3 - c)) for c in range(3)]
    image = torch.stack(planes).float().unsqueeze(0)
    painted = {"result": network(image), "mixed": network(image, 4, 1, [0.7, 0.0, 0.3])}
    save_file({name: x.squeeze(0).permute(1, 2, 0).contiguous() for name, x in painted.items()},
              "tests/fixtures/style_net.safetensors")


if __name__ == "__main__":
    main()
