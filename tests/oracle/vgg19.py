"""Writes a VGG-19 with random weights and what PyTorch computes with it, for tests/peers/vgg19.c.

    python3 tests/oracle/vgg19.py FOLDER        (needs torch, torchvision, safetensors, numpy)

FOLDER gets vgg19.pth, vgg19.safetensors (the same weights, torchvision's names) and expected.npz:
image, photo and painting [1, h, w, 3] in 0..255; features and Gram matrices of the image; the loss
of style transfer with its terms; and its gradient to the image. Everything in fp32.
"""
import os
import sys

import numpy as np
import torch
import torchvision
from safetensors.torch import save_file

STYLE = {"relu1_1": 1, "relu2_1": 6, "relu3_1": 11, "relu4_1": 20, "relu5_1": 29}
CONTENT = {"relu4_2": 22}
MEAN = torch.tensor([123.675, 116.28, 103.53]).view(1, 3, 1, 1)


def picture(seed, height, width):
    """Smooth blobs plus noise: the kind of thing a photo is, without being one."""
    rng = np.random.default_rng(seed)
    coarse = torch.from_numpy(rng.uniform(0, 255, (1, 3, 7, 9)).astype(np.float32))
    smooth = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic")
    noise = torch.from_numpy(rng.normal(0, 12, (1, 3, height, width)).astype(np.float32))
    return (smooth + noise).clamp(0, 255)


def features(net, x):
    out, x = {}, x - MEAN
    wanted = {index: name for name, index in {**STYLE, **CONTENT}.items()}
    for index, layer in enumerate(net.features[:30]):
        x = layer(x)
        if index in wanted:
            out[wanted[index]] = x
    return out


def gram(f):
    _, c, h, w = f.shape
    flat = f.reshape(c, h * w)
    return flat @ flat.t() / (c * h * w)


def difference(x, axis):
    """What each pixel's next one along an axis has more than it; 0 for the last."""
    return torch.diff(x, dim=axis, append=x.narrow(axis, x.shape[axis] - 1, 1))


def main(folder):
    os.makedirs(folder, exist_ok=True)
    torch.manual_seed(19)
    net = torchvision.models.vgg19(weights=None).eval()
    for layer in net.features:
        if isinstance(layer, torch.nn.ReLU):
            layer.inplace = False
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    state = {k: v.contiguous() for k, v in net.state_dict().items() if k.startswith("features.")}
    torch.save(state, os.path.join(folder, "vgg19.pth"))
    save_file(state, os.path.join(folder, "vgg19.safetensors"))

    photo, painting = picture(1, 96, 128), picture(2, 128, 112)
    image = (photo * 0.7 + picture(3, 96, 128) * 0.3).requires_grad_(True)
    content = features(net, photo)["relu4_2"]
    grams = {k: gram(v) for k, v in features(net, painting).items() if k in STYLE}
    seen = features(net, image)
    terms = {
        "content": 1e5 * ((seen["relu4_2"] - content) ** 2).mean(),
        "style": 3e4 / 5 * sum(((gram(seen[k]) - grams[k]) ** 2).sum() for k in STYLE),
        "tv": 200000 * (difference(image, 2) ** 2 + difference(image, 3) ** 2 + 0.01).sqrt().sum() / (96 * 128),
    }
    total = sum(terms.values())
    total.backward()

    def nhwc(t):
        return np.ascontiguousarray(t.detach().permute(0, 2, 3, 1).numpy())

    arrays = {"image": nhwc(image), "photo": nhwc(photo), "painting": nhwc(painting), "gradient": nhwc(image.grad)}
    arrays.update({"feature." + k: nhwc(v) for k, v in seen.items()})
    arrays.update({"gram." + k: gram(v).detach().numpy() for k, v in seen.items() if k in STYLE})
    arrays.update({"loss." + k: v.detach().numpy().reshape(1) for k, v in terms.items()})
    arrays["loss"] = total.detach().numpy().reshape(1)
    np.savez(os.path.join(folder, "expected.npz"), **arrays)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else sys.exit(__doc__))
