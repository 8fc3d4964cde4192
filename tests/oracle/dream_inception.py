"""DeepDream by PyTorch through the Inception of 2015 with its published weights, for tools/reproduce/dream: prints the objective
(mean square of LAYER) before each of 10 steps at one size without shifts, and writes the picture.

    python3 tests/oracle/dream_inception.py WEIGHTS.npz PICTURE LAYER OUT.png        (needs torch, numpy, pillow)

The step is that of tests/oracle/dream.py."""
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

sys.path.insert(0, os.path.dirname(__file__))
from dream import DEVIATION, MEAN, blurred

STEPS, RATE, SMOOTHING = 10, 0.09, 0.5
w = {k: torch.from_numpy(v.astype(np.float32)) for k, v in np.load(sys.argv[1]).items()}


def conv(name, x, stride=1, same=True):
    k = w["weights_" + name].permute(0, 3, 1, 2)
    pad = (k.shape[2] // 2, k.shape[3] // 2) if same else 0
    return F.relu(F.conv2d(x, k, w["bias_" + name], stride, pad))




def tower(name, tower, count, x, last_stride=1):
    for i in range(count):
        last = i == count - 1 and last_stride == 2
        x = conv(f"{name}_{tower}_conv" + (f"_{i}" if i else ""), x, 2 if last else 1, not last)
    return x


def means(x):
    return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


def layers(x):
    """Each mixed layer by its name."""
    x = conv("conv_2", conv("conv_1", conv("conv", x, 2, False), 1, False))
    x = conv("conv_4", conv("conv_3", F.max_pool2d(x, 3, 2)), 1, False)
    x = F.max_pool2d(x, 3, 2)
    for name in ("mixed", "mixed_1", "mixed_2"):
        x = torch.cat([conv(name + "_conv", x), tower(name, "tower", 2, x), tower(name, "tower_1", 3, x),
                       tower(name, "tower_2", 1, means(x))], 1)
        yield name, x
    x = torch.cat([conv("mixed_3_conv", x, 2, False), tower("mixed_3", "tower", 3, x, 2), F.max_pool2d(x, 3, 2)], 1)
    yield "mixed_3", x
    for name in ("mixed_4", "mixed_5", "mixed_6", "mixed_7"):
        x = torch.cat([conv(name + "_conv", x), tower(name, "tower", 3, x), tower(name, "tower_1", 5, x),
                       tower(name, "tower_2", 1, means(x))], 1)
        yield name, x


def main():
    photo = np.asarray(Image.open(sys.argv[2]).convert("RGB"), np.float32) / 255
    x = (torch.from_numpy(photo).permute(2, 0, 1)[None] - MEAN) / DEVIATION
    low, high = (0 - MEAN) / DEVIATION, (1 - MEAN) / DEVIATION
    for step in range(STEPS):
        x = x.detach().requires_grad_(True)
        image = (x * DEVIATION + MEAN) * 255
        objective = next(f for name, f in layers((image - 128) / 128) if name == sys.argv[3]).square().mean()
        g, = torch.autograd.grad(objective, x)
        g = blurred(g, 2 * (step + 1) / STEPS + SMOOTHING)
        x = torch.clamp(x.detach() + RATE * (g - g.mean()) / g.std(), low, high)
        print(f"step {step + 1}: objective {objective.item():.7g}", flush=True)
    shown = ((x * DEVIATION + MEAN).clamp(0, 1) * 255).round().to(torch.uint8)[0].permute(1, 2, 0).numpy()
    Image.fromarray(shown).save(sys.argv[4])


if __name__ == "__main__":
    main()
