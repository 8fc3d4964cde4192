"""Writes tests/fixtures/vision.safetensors: what torchvision's image networks (and transformers' MobileNets) compute,
layer by layer, for tests/zoo/vision.c.

    python3 tests/oracle/vision.py tests/fixtures/vision.safetensors

Needs torch, torchvision, transformers, lpips, numpy and safetensors. Weights are not in the fixture: every number is a hash of its
tensor's name and its index (fill), which the test computes likewise. The forward pass is in f64. For each network the
fixture has a matrix with a row for each layer, in the order of vision_layers, and one for the gradient of the mean square of
the layer a quarter of the way up to the image (deeper, one ReLU that stands at zero but for rounding changes it by more than
that): four sizes [n, h, w, c] (0: no such axis), the mean, the mean of squares, and 16 elements. Tiny Darknet and the Inception of 2015, which no library has, are put together here of torch.nn."""
import sys

import numpy as np
import torch
import torch.nn.functional as F
import torchvision.models as tv
from safetensors.numpy import save_file
from torch import nn

HEIGHT, WIDTH, PLACES = 96, 80, 16
M64 = 0xFFFFFFFFFFFFFFFF


def hash_of(name):
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = ((h ^ byte) * 0x100000001B3) & M64
    return h


def units(name, count):
    """[0, 1): FNV-1a of the name, plus the index, through splitmix64; 24 bits."""
    z = np.arange(count, dtype=np.uint64) + np.uint64(hash_of(name))
    with np.errstate(over="ignore"):
        z += np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float64) / 2**24


def fill(name, shape):
    u = units(name, int(np.prod(shape)))
    if len(shape) > 1:
        a = (2 * u - 1) * np.sqrt(6 / np.prod(shape[1:]))
    elif name.endswith("bias") or name.endswith("running_mean") or name.startswith("bias_"):
        a = 0.2 * u - 0.1
    else:  # running_var, and the weight of a norm
        a = 0.5 + u
    return torch.from_numpy(a.astype(np.float32).astype(np.float64).reshape(shape))


def filled(model):
    state = model.state_dict()
    for name, value in state.items():
        if not name.endswith("num_batches_tracked"):
            state[name] = fill(name, value.shape)
    model = model.double().eval()
    model.load_state_dict(state)
    return model


def image():
    u = units("image", HEIGHT * WIDTH * 3)
    return torch.from_numpy(np.floor(256 * u).reshape(1, HEIGHT, WIDTH, 3)).requires_grad_()


def row_of(x):
    """x [n, h, w, c] or [n, c]"""
    flat = x.detach().reshape(-1).numpy()
    places = [hash_of(str(i)) % flat.size for i in range(PLACES)]
    shape = list(x.shape) + [0] * (4 - x.dim())
    return np.array(shape + [flat.mean(), (flat**2).mean()] + list(flat[places]), dtype=np.float32)


IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
HALVES = ([0.5] * 3, [0.5] * 3)
PLAIN = ([0.0] * 3, [1.0] * 3)


def record(model, layers, normal):
    """layers: (ours, the module whose output it is) in order."""
    seen, picture = {}, image()
    modules = dict(model.named_modules())

    def keep(path):
        def hook(module, inputs, out):  # a copy, since a ReLU that follows works in place
            seen.setdefault(path, out.clone())
        return hook

    for _, path in layers:
        modules[path].register_forward_hook(keep(path))
    mean, deviation = (torch.tensor(v, dtype=torch.float64).reshape(1, 3, 1, 1) for v in normal)
    model((picture.permute(0, 3, 1, 2) / 255 - mean) / deviation)
    found = []
    for ours, path in layers:
        x = seen[path]
        if x.dim() == 4 and tuple(x.shape[2:]) == (1, 1) and ours in ("pool", "avgpool", "logits"):
            x = x.flatten(1)
        found.append(x.permute(0, 2, 3, 1) if x.dim() == 4 else x)
    (found[len(found) // 4] ** 2).mean().backward()
    return np.stack([row_of(x) for x in found] + [row_of(picture.grad)])


# ---- torchvision ----

def chain(features, first_fc):
    """Names of VGG's and AlexNet's layers: convolutions, ReLUs and poolings by the number of the block."""
    layers, convs, pools = [], 0, 0
    vgg = first_fc == 0
    block, inside = 1, 0
    for i, m in enumerate(features):
        if isinstance(m, nn.Conv2d):
            convs, inside = convs + 1, inside + 1
        number = f"{block}_{inside}" if vgg else str(convs)
        if isinstance(m, nn.Conv2d):
            layers.append((f"conv{number}", f"features.{i}"))
        elif isinstance(m, nn.ReLU):
            layers.append((f"relu{number}", f"features.{i}"))
        else:
            layers.append((f"pool{block if vgg else convs}", f"features.{i}"))
            block, inside = block + 1, 0
    return layers


def head(a, b, c):
    return [("avgpool", "avgpool"), ("fc6", f"classifier.{a}"), ("relu6", f"classifier.{a + 1}"), ("fc7", f"classifier.{b}"),
            ("relu7", f"classifier.{b + 1}"), ("logits", f"classifier.{c}")]


def same(names):
    return [(n, n) for n in names.split()]


def resnet(model, blocks):
    layers = same("relu maxpool")
    for stage, count in enumerate(blocks, 1):
        layers += [(f"layer{stage}.{i}", f"layer{stage}.{i}") for i in range(count)] + [(f"layer{stage}", f"layer{stage}")]
    return record(filled(model), layers + [("avgpool", "avgpool"), ("logits", "fc")], IMAGENET)


def squeezenet(model, names):
    layers = [(n, f"features.{i}") for i, n in enumerate(names.split())]
    return record(filled(model), layers + [("conv10", "classifier.1"), ("relu10", "classifier.2"), ("logits", "classifier.3")],
                  IMAGENET)


def torchvision_networks():
    m = filled(tv.alexnet())
    yield "alexnet", record(m, chain(m.features, 1) + head(1, 4, 6), IMAGENET)
    m = filled(tv.vgg16(init_weights=False))
    yield "vgg16", record(m, chain(m.features, 0) + head(0, 3, 6), IMAGENET)
    m = filled(tv.vgg19(init_weights=False))
    yield "vgg19", record(m, chain(m.features, 0), IMAGENET)  # its last layers are those of vgg16
    del m
    names = "conv1 maxpool1 conv2 conv3 maxpool2 inception3a inception3b maxpool3 inception4a inception4b inception4c " \
            "inception4d inception4e maxpool4 inception5a inception5b avgpool"
    m = filled(tv.googlenet(aux_logits=True, transform_input=True, init_weights=False))
    yield "googlenet", record(m, same(names) + [("logits", "fc")], IMAGENET)
    yield "resnet18", resnet(tv.resnet18(), [2, 2, 2, 2])
    yield "resnet50", resnet(tv.resnet50(), [3, 4, 6, 3])
    yield "squeezenet1_0", squeezenet(tv.squeezenet1_0(), "conv1 relu1 pool1 fire2 fire3 fire4 pool4 fire5 fire6 fire7 "
                                      "fire8 pool8 fire9")
    yield "squeezenet1_1", squeezenet(tv.squeezenet1_1(), "conv1 relu1 pool1 fire2 fire3 pool3 fire4 fire5 pool5 fire6 "
                                      "fire7 fire8 fire9")
    names = "Conv2d_1a_3x3 Conv2d_2a_3x3 Conv2d_2b_3x3 maxpool1 Conv2d_3b_1x1 Conv2d_4a_3x3 maxpool2 Mixed_5b Mixed_5c " \
            "Mixed_5d Mixed_6a Mixed_6b Mixed_6c Mixed_6d Mixed_6e Mixed_7a Mixed_7b Mixed_7c avgpool"
    m = filled(tv.inception_v3(aux_logits=True, transform_input=True, init_weights=False))
    yield "inception_v3", record(m, same(names) + [("logits", "fc")], IMAGENET)
    m = filled(tv.mobilenet_v2())
    yield "mobilenet_v2", record(m, same(" ".join(f"features.{i}" for i in range(19))) +
                                 [("pool", "classifier.0"), ("logits", "classifier.1")], IMAGENET)


# ---- the Inception of 2015: torchvision's blocks, folded ----

BRANCHES = {
    "a": {"branch1x1": "conv", "branch5x5_1": "tower_conv", "branch5x5_2": "tower_conv_1", "branch3x3dbl_1": "tower_1_conv",
          "branch3x3dbl_2": "tower_1_conv_1", "branch3x3dbl_3": "tower_1_conv_2", "branch_pool": "tower_2_conv"},
    "b": {"branch3x3": "conv", "branch3x3dbl_1": "tower_conv", "branch3x3dbl_2": "tower_conv_1",
          "branch3x3dbl_3": "tower_conv_2"},
    "c": {"branch1x1": "conv", "branch7x7_1": "tower_conv", "branch7x7_2": "tower_conv_1", "branch7x7_3": "tower_conv_2",
          "branch7x7dbl_1": "tower_1_conv", "branch7x7dbl_2": "tower_1_conv_1", "branch7x7dbl_3": "tower_1_conv_2",
          "branch7x7dbl_4": "tower_1_conv_3", "branch7x7dbl_5": "tower_1_conv_4", "branch_pool": "tower_2_conv"},
    "d": {"branch3x3_1": "tower_conv", "branch3x3_2": "tower_conv_1", "branch7x7x3_1": "tower_1_conv",
          "branch7x7x3_2": "tower_1_conv_1", "branch7x7x3_3": "tower_1_conv_2", "branch7x7x3_4": "tower_1_conv_3"},
}


class Folded(nn.Module):
    def __init__(self, basic, name):
        super().__init__()
        self.conv = basic.conv.double()
        out, channels, kh, kw = self.conv.weight.shape
        self.conv.weight.data = fill(f"weights_{name}", (out, kh, kw, channels)).permute(0, 3, 1, 2)
        self.conv.bias = nn.Parameter(fill(f"bias_{name}", (out,)))

    def forward(self, x):
        return F.relu(self.conv(x))


def inception_2015():
    m = tv.inception_v3(aux_logits=False, transform_input=False, init_weights=False)
    stem = "Conv2d_1a_3x3 Conv2d_2a_3x3 Conv2d_2b_3x3 maxpool1 Conv2d_3b_1x1 Conv2d_4a_3x3 maxpool2".split()
    ours = "conv conv_1 conv_2 pool conv_3 conv_4 pool_1".split()
    blocks = "Mixed_5b Mixed_5c Mixed_5d Mixed_6a Mixed_6b Mixed_6c Mixed_6d Mixed_6e Mixed_7a".split()
    parts = nn.Sequential()
    for here, there in zip(ours, stem):
        part = getattr(m, there)
        parts.add_module(here, Folded(part, here) if there.startswith("Conv") else part)
    for i, (there, kind) in enumerate(zip(blocks, "aaabccccd")):
        here, block = f"mixed_{i}" if i else "mixed", getattr(m, there)
        for torch_name, tf_name in BRANCHES[kind].items():
            setattr(block, torch_name, Folded(getattr(block, torch_name), f"{here}_{tf_name}"))
        parts.add_module(here, block)
    pooled = F.avg_pool2d
    F.avg_pool2d = lambda x, **options: pooled(x, **options, count_include_pad=False)
    row = record(parts.eval(), same(" ".join(n for n, _ in parts.named_children())), ([128 / 255] * 3, [128 / 255] * 3))
    F.avg_pool2d = pooled
    return row


# ---- Tiny Darknet ----

def darknet_tiny():
    sizes = [(16, 3), "1", (32, 3), "2", (16, 1), (128, 3), (16, 1), (128, 3), "6", (32, 1), (256, 3), (32, 1), (256, 3), "10",
             (64, 1), (512, 3), (64, 1), (512, 3), (128, 1)]
    parts, channels, number = nn.Sequential(), 3, 0
    for size in sizes:
        if isinstance(size, str):
            parts.add_module(f"pool{size}", nn.MaxPool2d(2))
            continue
        number, (out, kernel) = number + 1, size
        unit = nn.Sequential()
        unit.add_module("conv", nn.Conv2d(channels, out, kernel, padding=kernel // 2, bias=False))
        unit.add_module("bn", nn.BatchNorm2d(out, eps=1e-3))
        unit.add_module("leaky", nn.LeakyReLU(0.1))
        parts.add_module(f"conv{number}", unit)
        channels = out
    parts.add_module("conv16", nn.Conv2d(channels, 1000, 1))
    parts.add_module("logits", nn.AdaptiveAvgPool2d(1))
    return record(filled(parts), same(" ".join(n for n, _ in parts.named_children())), PLAIN)


# ---- transformers ----

class Logits(nn.Module):
    """transformers' models by modules alone; its names come without what wraps them here."""
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model(pixel_values=x).logits


def transformers_networks():
    from transformers import (MobileNetV1Config, MobileNetV1ForImageClassification, MobileNetV2Config,
                              MobileNetV2ForImageClassification)
    m = MobileNetV1ForImageClassification(MobileNetV1Config(num_labels=1001, tf_padding=True, depth_multiplier=0.5))
    layers = [("conv_stem", "model.mobilenet_v1.conv_stem")]
    layers += [(f"layer.{i}", f"model.mobilenet_v1.layer.{i}") for i in range(26)]
    yield "mobilenet_v1", record(Logits(filled(m)), layers + [("pool", "model.dropout"), ("logits", "model.classifier")], HALVES)
    m = MobileNetV2ForImageClassification(MobileNetV2Config(num_labels=1001, tf_padding=True))
    layers = [("first_conv", "model.mobilenet_v2.conv_stem.first_conv"), ("conv_stem", "model.mobilenet_v2.conv_stem")]
    layers += [(f"layer.{i}", f"model.mobilenet_v2.layer.{i}") for i in range(16)]
    layers += [("conv_1x1", "model.mobilenet_v2.conv_1x1")]
    yield "mobilenet_v2_tf", record(Logits(filled(m)), layers + [("pool", "model.dropout"), ("logits", "model.classifier")],
                                    HALVES)


# ---- LPIPS, by the authors' package ----

def lpips_distances():
    """Of the image to another one, and the 16 elements of the slope of that; for alexnet, vgg16 and squeezenet1_1."""
    import lpips
    rows = []
    for net in "alex", "vgg", "squeeze":
        model = lpips.LPIPS(net=net, pretrained=False, pnet_rand=True, verbose=False)
        slices = [m for _, m in sorted(model.net.named_children()) if isinstance(m, nn.Sequential)]
        for part in slices:  # whose modules keep torchvision's numbers
            for name, value in part.named_parameters():
                value.data = fill(f"features.{name}", value.shape)
        for i in range(model.L):
            head = getattr(model, f"lin{i}").model[1]
            head.weight.data = fill(f"lin{i}.model.1.weight", head.weight.shape).abs()
        model = model.double().eval()
        a, b = image(), torch.from_numpy(np.floor(256 * units("another", HEIGHT * WIDTH * 3)).reshape(1, HEIGHT, WIDTH, 3))
        d = model(*(x.permute(0, 3, 1, 2) / 127.5 - 1 for x in (a, b)))
        d.backward()
        rows.append(row_of(a.grad))
        rows[-1][0] = d.item()
    return np.stack(rows)


def main():
    networks = dict(torchvision_networks())
    networks["lpips"] = lpips_distances()
    networks["inception_2015"] = inception_2015()
    networks["darknet_tiny"] = darknet_tiny()
    networks.update(transformers_networks())
    save_file(networks, sys.argv[1])


if __name__ == "__main__":
    main()
