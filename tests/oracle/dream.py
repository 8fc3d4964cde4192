"""Writes tests/fixtures/dream.safetensors: DeepDream's steps by PyTorch, for tests/zoo/dream.c.

Run from the root of the repository: python3 tests/oracle/dream.py (needs torch, safetensors).

The network is the embedded one, built here a second time. The step is the usual one: the gradient
is blurred by three depthwise Gaussians of 9 x 9 (sigma times 0.5, 1, 2; reflected border) whose
mean is taken, reduced to mean 0 and deviation 1 (n - 1), added, and clamped to black and white."""
import math

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
DEVIATION = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
HEIGHT, WIDTH, STEPS, RATE, SMOOTHING = 48, 56, 3, 0.09, 0.5
LAYERS = [("relu3_1", 1.0), ("conv4_2", 0.5)]


def picture(height, width):
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    planes = [0.5 + 0.3 * torch.sin(0.2 * (c + 1) * x + 0.13 * y * (3 - c)) for c in range(3)]
    return torch.stack(planes).float().unsqueeze(0)


def features(w, x, wanted):
    """The compact network: reflected 3 x 3 convolutions, mean pooling, first layers mapped."""
    def conv(name, x, pad):
        x = F.pad(x, (pad,) * 4, mode="reflect") if pad else x
        return F.conv2d(x, w[name + ".weight"].float(), w[name + ".bias"].float())

    found, x = {}, conv("conv0", x * DEVIATION + MEAN, 0)
    for block, count in enumerate([2, 2, 4, 4, 1], 1):
        for number in range(1, count + 1):
            x = conv(f"conv{block}{number}", x, 1)
            found[f"conv{block}_{number}"] = x
            x = F.relu(x)
            mapped = F.relu(conv(f"conv{block}1_aux", x, 0)) if number == 1 else x
            found[f"relu{block}_{number}"] = mapped
        x = F.avg_pool2d(x, 2)
    return [found[name] for name in wanted]


def blurred(g, sigma):
    total = 0
    for times in (0.5, 1, 2):
        s = times * sigma
        line = torch.tensor([math.exp(-(i - 4) ** 2 / (2 * s * s)) for i in range(9)])
        kernel = torch.outer(line, line)
        kernel = (kernel / kernel.sum()).expand(3, 1, 9, 9)
        total = total + F.conv2d(F.pad(g, (4,) * 4, mode="reflect"), kernel, groups=3)
    return total / 3


def rows(x):
    return x.detach().squeeze(0).permute(1, 2, 0).contiguous()


def main():
    w = load_file("zoo/backbone/compact.safetensors")
    x = (picture(HEIGHT, WIDTH) - MEAN) / DEVIATION
    out = {}
    for step in range(STEPS):
        x = x.detach().requires_grad_(True)
        found = features(w, x, [name for name, _ in LAYERS])
        objective = sum(weight * f.square().mean() for f, (_, weight) in zip(found, LAYERS))
        objective.backward()
        if step == 0:
            out["gradient"], out["objective"] = rows(x.grad), objective.detach().reshape(1)
        g = blurred(x.grad, 2 * (step + 1) / STEPS + SMOOTHING)
        if step == 0:
            out["blurred"] = rows(g)
        g = (g - g.mean()) / g.std()
        x = torch.max(torch.min(x.detach() + RATE * g, (1 - MEAN) / DEVIATION), -MEAN / DEVIATION)
    out["result"] = rows(x * DEVIATION + MEAN)
    save_file({name: value.float().contiguous() for name, value in out.items()},
              "tests/fixtures/dream.safetensors")


if __name__ == "__main__":
    main()
