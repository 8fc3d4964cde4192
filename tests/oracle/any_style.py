"""Writes tests/fixtures/any_style.safetensors for tests/zoo/any_style.c, and with a data folder
tests/fixtures/any_style_data.safetensors for tests/data/any_style.c: pictures that PyTorch paints by the formulae
of Li et al. 2017 (WCT), Huang & Belongie 2017 (AdaIN) and Wang et al. 2023 (MicroAST).

    python3 tests/oracle/any_style.py [DATA_FOLDER]     (from the root of the repository; needs torch, safetensors)

The networks of the first follow from the names of their tensors by a rule that the test has, too; those of the
second are the published SE1-SE5, SD1-SD5 and MicroAST's, whose modulator is by that rule."""
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

PHOTO, PAINTING = (48, 32), (64, 48)
CONVS = [2, 2, 4, 4, 1]
EVERY = 7  # value of a picture is kept
F64 = torch.float64


def fnv(text):
    value = 2166136261
    for byte in text.encode():
        value = (value ^ byte) * 16777619 % 2**32
    return value


def by_rule(name, shape):
    """Element i: a multiplicative hash of i and the name, in [-1, 1); a weight's variance is 2 over its inputs."""
    count = torch.Size(shape).numel()
    i = torch.arange(count, dtype=torch.int64)
    word = ((i + fnv(name)) % 2**32) * 2654435761 % 2**32
    word = (word ^ (word >> 15)) * 2246822519 % 2**32
    unit = ((word >> 8).double() * 2.0**-23 - 1).reshape(shape)
    scale = (6 / torch.Size(shape[1:]).numel()) ** 0.5 if len(shape) == 4 else 0.1
    return (unit * scale).float().to(F64)


class Weights(dict):
    """Of a file, or by the rule under the names "PREFIX/NAME"."""

    def __init__(self, path=None, prefix=""):
        self.prefix, self.rule = prefix, path is None
        if path is None:
            return
        state = load_file(path) if path.endswith(".safetensors") else torch.load(path, map_location="cpu")
        state = state.get("model", state)
        self.update({name: value.to(F64) for name, value in state.items()})

    def conv(self, name, x, channels, kernel=3, stride=1, groups=1, pad=None):
        shape = (channels, x.shape[1] // groups, kernel, kernel)
        w, b = name + ".weight", name + ".bias"
        if self.rule and w not in self:
            self[w], self[b] = by_rule(self.prefix + "/" + w, shape), by_rule(self.prefix + "/" + b, (channels,))
        x = F.pad(x, (kernel // 2,) * 4, mode="reflect")
        return F.conv2d(x, self[w], self[b], stride=stride, groups=groups)


def picture(size, fast):
    """[1, 3, height, width] of 0 to 1."""
    y, x = torch.meshgrid(torch.arange(size[0]), torch.arange(size[1]), indexing="ij")
    planes = [0.5 + 0.4 * torch.sin(fast * (c + 1) * x + 0.17 * y * (3 - c) + c) for c in range(3)]
    return torch.stack(planes).float().to(F64).unsqueeze(0)


# ---- what is matched ----

def moments(x):
    return x.mean((2, 3), keepdim=True), (x.var((2, 3), keepdim=True) + 1e-5).sqrt()


def adain(x, style, strength):
    (mean, deviation), (to_mean, to_deviation) = moments(x), style
    return strength * ((x - mean) / deviation * to_deviation + to_mean) + (1 - strength) * x


def flat(x):
    rows = x.flatten(2)[0]
    mean = rows.mean(1, keepdim=True)
    return rows - mean, mean


def power(rows, exponent, ridge=0.0):
    covariance = rows @ rows.T / (rows.shape[1] - 1)
    covariance = covariance + ridge * covariance.trace() / len(rows) * torch.eye(len(rows), dtype=F64)
    values, vectors = torch.linalg.eigh(covariance)
    keep = values > 1e-5
    if keep.any():
        near = (values.clamp(min=1e-12) / 1e-5).log().abs().min()
        assert near > 0.05, f"an eigenvalue is within {float(near):.2f} of the bound"
    return vectors[:, keep] @ torch.diag(values[keep] ** exponent) @ vectors[:, keep].T


def wct(x, styles, parts, strength, ridge=0.0):
    rows, _ = flat(x)
    white = power(rows, -0.5, ridge) @ rows
    y = 0
    for style, part in zip(styles, parts):
        style_rows, style_mean = flat(style)
        y = y + part * (power(style_rows, 0.5, ridge) @ white + style_mean)
    return strength * y.reshape(x.shape) + (1 - strength) * x


# ---- encoders and decoders of a level ----

def encode(weights, x, level, channels):
    x = weights.conv("conv0", x, 3, kernel=1)
    for block in range(1, level + 1):
        if block > 1:
            x = F.max_pool2d(x, 2)
        for i in range(1, (1 if block == level else CONVS[block - 1]) + 1):
            x = F.relu(weights.conv(f"conv{block}{i}", x, channels[block - 1]))
    return x


def decode(weights, x, level, channels):
    for block in range(level, 0, -1):
        if block < level:
            x = F.interpolate(x, scale_factor=2, mode="nearest")
        for i in range(1 if block == level else CONVS[block - 1], 0, -1):
            out = channels[block - 1] if i > 1 else (3 if block == 1 else channels[block - 2])
            x = F.relu(weights.conv(f"conv{block}{i}", x, out))
    return x


def by_levels(pairs, photo, paintings, parts, strength, transfer):
    for level, encoder, decoder, channels in pairs:
        x = encode(encoder, photo, level, channels)
        styles = [encode(encoder, p, level, channels) for p in paintings]
        if transfer == "wct":
            x = wct(x, styles, parts, strength)
        else:
            both = [moments(s) for s in styles]
            x = adain(x, [sum(p * m[k] for p, m in zip(parts, both)) for k in range(2)], strength)
        photo = decode(decoder, x, level, channels)
    return photo


# ---- MicroAST ----

def residual(w, name, x, steer=None):
    y = x
    for i in (1, 2):
        z = w.conv(f"{name}.conv{i}.conv_layer", y, 64)
        if steer:
            z = steer[0] * z + steer[1] * y
        y = F.relu(z) if i == 1 else z
    return x + y


def separable(w, a, b, x, channels, stride=1):
    x = F.relu(w.conv(a + ".conv_layer", x, channels, stride=stride, groups=min(channels, x.shape[1])))
    return F.relu(w.conv(b + ".conv_layer", x, channels, kernel=1))


def micro_encode(w, x):
    x = F.relu(w.conv("enc1.0.conv_layer", x, 16, kernel=9))
    x = separable(w, "enc1.2", "enc1.4", x, 32, 2)
    x = separable(w, "enc1.6", "enc1.8", x, 64, 2)
    first = residual(w, "enc1.10", x)
    return [first, residual(w, "enc2.0", first)]


def microast(w, photo, paintings, parts, strength):
    codes = []
    for painting in paintings:
        code = []
        for i, x in enumerate(micro_encode(w["style"], painting)):
            steer = [w["modulator"].conv(f"{k}{i + 1}.0.conv_layer", x, 64, groups=64).mean((2, 3), keepdim=True)
                     for k in ("weight", "bias")]
            code.append([*moments(x), *steer])
        codes.append(code)
    code = [[sum(p * c[i][k] for p, c in zip(parts, codes)) for k in range(4)] for i in range(2)]
    x = micro_encode(w["content"], photo)[1]
    for i, name in ((1, "dec1"), (0, "dec2")):
        x = residual(w["decoder"], name, adain(x, code[i][:2], strength), code[i][2:])
    for a, b, channels in (("dec3.1", "dec3.3", 32), ("dec3.6", "dec3.8", 16)):
        x = separable(w["decoder"], a, b, F.interpolate(x, scale_factor=2, mode="bilinear"), channels)
    return w["decoder"].conv("dec3.10.conv_layer", x, 3, kernel=9)


# ---- the project's own: the embedded encoder, a decoder of eight channels by the rule ----

def own(encoder, decoder, photo, paintings, parts, strength):
    def seen(x):
        x = encoder.conv("conv0", x, 3, kernel=1)
        out = []
        for block, channels in ((1, 16), (2, 32), (3, 64), (4, 128)):
            if block > 1:
                x = F.avg_pool2d(x, 2)
            for i in range(1, CONVS[block - 1] + 1):
                x = F.relu(encoder.conv(f"conv{block}{i}", x, channels))
                if i == 1 and block > 1:
                    out.append(x)
        return out

    styles = [seen(p) for p in paintings]
    targets = [wct(f, [s[i] for s in styles], parts, strength, ridge=0.01) for i, f in enumerate(seen(photo))]
    x = F.relu(decoder.conv("decoder.conv41", targets[2], 8))
    x = torch.cat([F.interpolate(x, scale_factor=2), targets[1]], 1)
    for name, channels in (("33", 8), ("32", 8), ("31", 4)):
        x = F.relu(decoder.conv("decoder.conv" + name, x, channels))
    x = torch.cat([F.interpolate(x, scale_factor=2), targets[0]], 1)
    for name, channels in (("22", 4), ("21", 2)):
        x = F.relu(decoder.conv("decoder.conv" + name, x, channels))
    x = F.relu(decoder.conv("decoder.conv12", F.interpolate(x, scale_factor=2), 2))
    return (decoder.conv("decoder.conv11", x, 3) * 64 + 116) / 255


# ---- what is written ----

def kept(x):
    inside = ((x > 0) & (x < 1)).double().mean()
    assert inside > 0.2, f"only {float(inside):.2f} of it is within 0 to 1"
    return x.clamp(0, 1)[0].permute(1, 2, 0).flatten()[::EVERY].float().contiguous()


def main():
    torch.set_grad_enabled(False)
    photo, paintings = picture(PHOTO, 0.3), [picture(PAINTING, 0.7), picture(PAINTING, 0.12)]
    one, two = (paintings[:1], [1.0]), (paintings, [0.25, 0.75])
    channels = [6, 8]
    pairs = [(n, Weights(prefix=f"SE{n}"), Weights(prefix=f"SD{n}"), channels) for n in (2, 1)]
    micro = {part: Weights(prefix=part) for part in ("content", "style", "modulator", "decoder")}
    compact = Weights("zoo/backbone/compact.safetensors")
    results = {
        "wct": by_levels(pairs, photo, *one, 1, "wct"),
        "wct.mixed": by_levels(pairs, photo, *two, 0.6, "wct"),
        "adain": by_levels(pairs, photo, *one, 1, "adain"),
        "adain.mixed": by_levels(pairs, photo, *two, 0.6, "adain"),
        "microast": microast(micro, photo, *one, 1),
        "microast.mixed": microast(micro, photo, *two, 0.6),
        "own": own(compact, Weights(prefix="own"), photo, *one, 1),
        "own.mixed": own(compact, Weights(prefix="own"), photo, *two, 0.6),
    }
    save_file({name: kept(x) for name, x in results.items()}, "tests/fixtures/any_style.safetensors")
    if len(sys.argv) < 2:
        return
    folder = sys.argv[1]
    channels = [16, 32, 64, 128, 128]
    pairs = [(n, *(Weights(f"{folder}/w_vgg19_distilled16x/{k}{n}.pth") for k in ("SE", "SD")),
              [24] if n == 1 else channels) for n in (5, 4, 3, 2, 1)]
    micro = {part: Weights(f"{folder}/w_microast/{part}_iter_160000.pth.tar")
             for part in ("content_encoder", "style_encoder", "decoder")}
    micro = {name.split("_")[0]: w for name, w in micro.items()} | {"modulator": Weights(prefix="modulator")}
    results = {
        "wct.5": by_levels(pairs[:1], photo, *one, 1, "wct"),
        "wct.all": by_levels(pairs, photo, *one, 0.8, "wct"),
        "adain.4": by_levels(pairs[1:2], photo, *one, 1, "adain"),
        "microast": microast(micro, photo, *one, 1),
    }
    save_file({name: kept(x) for name, x in results.items()}, "tests/fixtures/any_style_data.safetensors")


if __name__ == "__main__":
    main()
