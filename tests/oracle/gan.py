"""Writes tests/fixtures/gan.safetensors: a training step of zoo/gan's networks as PyTorch computes it.

Run from the root of the repository: python tests/oracle/gan.py (needs torch and safetensors).

For each CASE the weights under their names, CASE.x (pictures [n, h, w, c], -1 to 1), CASE.label, CASE.z1 and CASE.z2
(noise of the discriminator's and of the generator's step), CASE.share (of made pictures, for the penalty), and what
is computed: CASE.loss (the discriminator's, the generator's), CASE.grad.PARAMETER with convolutions as [kh, kw, in,
out], CASE.after.STATISTIC (singular vectors among them), and CASE.made, pictures in evaluation form before the step. In
double precision; the losses of bce are PyTorch's binary cross-entropy of probabilities, spectral norm is
torch.nn.utils.spectral_norm.

augment.*: pictures, random numbers, and what the functions of Zhao et al. 2020 make of them, with the gradient of the
sum of augment.weight times that."""
import copy

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import spectral_norm

OUT, N, LATENT, CLASSES = {}, 6, 3, 3
torch.manual_seed(5)
torch.set_default_dtype(torch.float64)


def linear_generator(width, classes, values):
    layers, size = [], LATENT + classes
    for w in (width // 4, width // 2, width):
        layers += [nn.Linear(size, w), nn.BatchNorm1d(w), nn.LeakyReLU(0.2)]
        size = w
    return nn.Sequential(*layers, nn.Linear(size, values), nn.Tanh())


def linear_discriminator(width, classes, values):
    return nn.Sequential(nn.Linear(values + classes, width // 2), nn.LeakyReLU(0.2), nn.Linear(width // 2, width // 4),
                         nn.LeakyReLU(0.2), nn.Linear(width // 4, 1))


class Linear(nn.Module):
    def __init__(self, net, shape=None):
        super().__init__()
        self.net, self.shape = net, shape

    def forward(self, x, labels):
        x = x.flatten(1)
        if labels is not None:
            x = torch.cat([x, F.one_hot(labels, CLASSES).double()], 1)
        x = self.net(x)
        return x.reshape(-1, *self.shape) if self.shape else x.reshape(-1)


class ClassNorm(nn.BatchNorm2d):
    """Batch norm whose scale and shift are the class's, or one for all without classes."""

    def __init__(self, channels, classes):
        super().__init__(channels, affine=not classes)
        if classes:
            self.scale, self.shift = nn.Embedding(classes, channels), nn.Embedding(classes, channels)
            nn.init.ones_(self.scale.weight)
            nn.init.zeros_(self.shift.weight)

    def forward(self, x, labels):
        y = super().forward(x)
        if labels is None:
            return y
        return y * self.scale(labels)[:, :, None, None] + self.shift(labels)[:, :, None, None]


class Attention(nn.Module):
    """Zhang et al. 2019."""

    def __init__(self, channels, sn):
        super().__init__()
        inner = max(1, channels // 8)
        self.query, self.key, self.value = (sn(nn.Conv2d(channels, inner, 1, bias=False)) for _ in range(3))
        self.out, self.gamma = sn(nn.Conv2d(inner, channels, 1, bias=False)), nn.Parameter(torch.zeros(1))

    def forward(self, x):
        q, k, v = (f(x).flatten(2) for f in (self.query, self.key, self.value))
        weights = torch.softmax(q.transpose(1, 2) @ k, -1)
        return x + self.gamma * self.out((v @ weights.transpose(1, 2)).reshape(x.shape[0], -1, *x.shape[2:]))


def plain(layer):
    return layer


def optional(attention, channels, sn):
    return {"attention": Attention(channels, sn)} if attention else {}


class ConvGenerator(nn.Module):
    def __init__(self, width, channels, classes=0, sn=plain, attention=False):
        super().__init__()
        self.width, self.linear = width, sn(nn.Linear(LATENT + classes, width * 16))
        self.net = nn.Sequential(sn(nn.ConvTranspose2d(width, width // 2, 4, 2, 1, bias=False)),
                                 ClassNorm(width // 2, classes), nn.ReLU(),
                                 sn(nn.ConvTranspose2d(width // 2, channels, 4, 2, 1, bias=False)), nn.Tanh())
        self.inner = nn.ModuleDict(optional(attention, width // 2, sn))

    def forward(self, z, labels):
        if labels is not None:
            z = torch.cat([z, F.one_hot(labels, CLASSES).double()], 1)
        h = self.linear(z).reshape(-1, self.width, 4, 4)
        h = self.net[2](self.net[1](self.net[0](h), labels))
        for attention in self.inner.values():
            h = attention(h)
        return self.net[4](self.net[3](h))


class ConvDiscriminator(nn.Module):
    def __init__(self, width, channels, plain_norm, classes=0, sn=plain, attention=False):
        super().__init__()
        norm = [] if plain_norm else [nn.BatchNorm2d(width)]
        self.net = nn.Sequential(sn(nn.Conv2d(channels, width // 2, 4, 2, 1, bias=False)), nn.LeakyReLU(0.2),
                                 sn(nn.Conv2d(width // 2, width, 4, 2, 1, bias=False)), *norm, nn.LeakyReLU(0.2),
                                 sn(nn.Conv2d(width, 1, 4, bias=False)))
        if classes:
            self.classes = sn(nn.Conv2d(width, classes, 4, bias=False))
        self.inner = nn.ModuleDict(optional(attention, width // 2, sn))

    def forward(self, x, labels):
        h = self.net[1](self.net[0](x))
        for attention in self.inner.values():
            h = attention(h)
        for layer in self.net[2:-1]:
            h = layer(h)
        logits = self.net[-1](h).reshape(-1)
        if labels is None:
            return logits
        return logits + self.classes(h).flatten(1).gather(1, labels[:, None]).reshape(-1)


class Up(nn.Module):
    def __init__(self, inputs, outputs, classes, sn):
        super().__init__()
        self.norm1, self.norm2 = ClassNorm(inputs, classes), ClassNorm(outputs, classes)
        self.conv1, self.conv2 = sn(nn.Conv2d(inputs, outputs, 3, 1, 1)), sn(nn.Conv2d(outputs, outputs, 3, 1, 1))
        self.shortcut = sn(nn.Conv2d(inputs, outputs, 1))

    def forward(self, x, labels):
        h = self.conv1(F.interpolate(F.relu(self.norm1(x, labels)), scale_factor=2))
        return self.conv2(F.relu(self.norm2(h, labels))) + self.shortcut(F.interpolate(x, scale_factor=2))


class Down(nn.Module):
    def __init__(self, inputs, outputs, first, halved, sn):
        super().__init__()
        self.first, self.halved, middle = first, halved, outputs if first else inputs
        self.conv1, self.conv2 = sn(nn.Conv2d(inputs, middle, 3, 1, 1)), sn(nn.Conv2d(middle, outputs, 3, 1, 1))
        if halved or inputs != outputs:
            self.shortcut = sn(nn.Conv2d(inputs, outputs, 1))

    def forward(self, x, labels=None):
        h = self.conv2(F.relu(self.conv1(x if self.first else F.relu(x))))
        y = self.shortcut(x) if hasattr(self, "shortcut") else x
        return F.avg_pool2d(h, 2) + F.avg_pool2d(y, 2) if self.halved else h + y


class ResGenerator(nn.Module):
    def __init__(self, widths, channels, classes=0, sn=plain, attention=False, base=4):
        super().__init__()
        self.width, self.base, self.linear = widths[0], base, sn(nn.Linear(LATENT + classes, widths[0] * base * base))
        self.blocks = nn.ModuleList(Up(a, b, classes, sn) for a, b in zip(widths, widths[1:]))
        self.norm, self.conv = ClassNorm(widths[-1], classes), sn(nn.Conv2d(widths[-1], channels, 3, 1, 1))
        self.inner = nn.ModuleDict(optional(attention, widths[1], sn))

    def forward(self, z, labels):
        if labels is not None:
            z = torch.cat([z, F.one_hot(labels, CLASSES).double()], 1)
        h = self.linear(z).reshape(-1, self.width, self.base, self.base)
        for i, block in enumerate(self.blocks):
            h = block(h, labels)
            if i == 0 and self.inner:
                h = self.inner["attention"](h)
        return torch.tanh(self.conv(F.relu(self.norm(h, labels))))


class ResDiscriminator(nn.Module):
    """`widths` of the blocks, of which the first `halving` halve the map."""

    def __init__(self, widths, halving, channels, classes=0, sn=plain, attention=False):
        super().__init__()
        self.blocks = nn.ModuleList(Down(a, b, i == 0, i < halving, sn)
                                    for i, (a, b) in enumerate(zip([channels] + widths, widths)))
        self.linear = sn(nn.Linear(widths[-1], 1))
        if classes:
            self.classes = sn(nn.Embedding(classes, widths[-1]))
        self.inner = nn.ModuleDict(optional(attention, widths[0], sn))

    def forward(self, x, labels):
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i == 0 and self.inner:
                x = self.inner["attention"](x)
        h = F.relu(x).sum((2, 3))
        logits = self.linear(h).reshape(-1)
        return logits if labels is None else logits + (self.classes(labels) * h).sum(1)


def rounded(t):
    return t.float().double()


def cross_entropy(real, fake, fooled):
    ones = torch.ones(N)
    critic = F.binary_cross_entropy(real.sigmoid(), ones) + F.binary_cross_entropy(fake.sigmoid(), 0 * ones)
    return critic, F.binary_cross_entropy(fooled.sigmoid(), ones)


def hinge(real, fake, fooled):
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean(), -fooled.mean()


def wasserstein(real, fake, fooled):
    return fake.mean() - real.mean(), -fooled.mean()


def slope(net, x, labels):
    x = x.detach().requires_grad_()
    gradient, = torch.autograd.grad(net(x, labels).sum(), x, create_graph=True)
    return gradient.flatten(1).square().sum(1)


def name_of(key):
    return key.replace("inner.", "")


def in_evaluation_form(net):
    """With v of the weights as they are, instead of that of the step before."""
    net = copy.deepcopy(net).eval()
    for module in net.modules():
        if hasattr(module, "weight_u"):
            weight = module.weight_orig
            if isinstance(module, nn.ConvTranspose2d):
                weight = weight.transpose(0, 1)
            module.weight_u.copy_(F.normalize(module.weight_u, dim=0))
            module.weight_v.copy_(F.normalize(weight.flatten(1).t() @ module.weight_u, dim=0))
    return net


def case(name, generator, discriminator, shape, losses, labelled=False, r1=0.0, penalty=0.0):
    for net in (generator, discriminator):
        for key, value in net.state_dict().items():
            if key.endswith(("weight", "bias")) and value.dim() == 1 and "linear" not in key:
                value += 0.1 * torch.randn_like(value)
            if key.endswith(("scale.weight", "shift.weight", "gamma")):
                value += 0.5 * torch.randn_like(value)
            if value.is_floating_point():
                value.copy_(rounded(value))
    channels, height, width = shape
    x, z1, z2 = (rounded(t) for t in (2 * torch.rand(N, *shape) - 1, torch.randn(N, LATENT), torch.randn(N, LATENT)))
    share = rounded(torch.rand(N, 1, 1, 1))
    labels = torch.tensor([0, 2, 1, 1, 0, 2]) if labelled else None
    for prefix, net in (("generator.", generator), ("discriminator.", discriminator)):
        for key, value in net.state_dict().items():
            if not key.endswith(("num_batches_tracked", "weight_v")):
                OUT[f"{name}.{prefix}{name_of(key)}"] = value.float().clone()
    for key, value in (("x", x.permute(0, 2, 3, 1)), ("z1", z1), ("z2", z2), ("share", share)):
        OUT[f"{name}.{key}"] = value.float().contiguous()
    if labelled:
        OUT[name + ".label"] = labels.int()
    made = in_evaluation_form(generator)(z2, labels)
    OUT[name + ".made"] = made.permute(0, 2, 3, 1).float().contiguous().detach()

    # running statistics are moved by a network's own step alone: D's by real pictures
    asides = [copy.deepcopy(discriminator) for _ in range(3)]
    for aside in asides:
        for own, other in zip(discriminator.parameters(), aside.parameters()):
            other.data = own.data
    made = copy.deepcopy(generator)(z1, labels).detach()
    real = discriminator(x, labels)
    fake, fooled = asides[0](made, labels), asides[1](generator(z2, labels), labels)
    critic, fools = losses(real, fake, fooled)
    if r1:
        critic = critic + r1 / 2 * slope(asides[2], x, labels).mean()
    if penalty:
        between = made + share * (x - made)
        critic = critic + penalty * ((slope(asides[2], between, labels) + 1e-12).sqrt() - 1).square().mean()
    OUT[name + ".loss"] = torch.stack([critic, fools]).detach().float()
    critic.backward(retain_graph=True)
    gradients = [sum(p.grad for p in ps if p.grad is not None)
                 for ps in zip(*(net.parameters() for net in (discriminator, asides[0], asides[2])))]
    made_by = torch.autograd.grad(fools, list(generator.parameters()))
    for prefix, net, values in (("discriminator.", discriminator, gradients), ("generator.", generator, made_by)):
        for (key, _), g in zip(net.named_parameters(), values):
            g = g.permute(2, 3, 1, 0) if g.dim() == 4 else g
            OUT[f"{name}.grad.{prefix}{name_of(key)}"] = g.float().contiguous()
        for key, value in net.state_dict().items():
            if key.endswith(("running_mean", "running_var", "weight_u")):
                OUT[f"{name}.after.{prefix}{name_of(key)}"] = value.float().clone()


def augment():
    """DiffAugment's functions (Zhao et al. 2020) with their random numbers given."""
    n, side, channels = 3, 8, 3
    x = rounded(2 * torch.rand(n, channels, side, side) - 1).requires_grad_()
    bright, saturation, contrast = (rounded(torch.rand(n, 1, 1, 1)) for _ in range(3))
    down, right = torch.tensor([-1, 0, 1]), torch.tensor([1, -1, 0])
    row, column = torch.tensor([0, 4, 8]), torch.tensor([7, 2, 0])
    y = x + (bright - 0.5)
    mean = y.mean(1, keepdim=True)
    y = (y - mean) * (saturation * 2) + mean
    mean = y.mean((1, 2, 3), keepdim=True)
    colour = (y - mean) * (contrast + 0.5) + mean

    batch, i, j = torch.meshgrid(torch.arange(n), torch.arange(side), torch.arange(side), indexing="ij")
    i = torch.clamp(i - down[:, None, None] + 1, 0, side + 1)
    j = torch.clamp(j - right[:, None, None] + 1, 0, side + 1)
    shifted = F.pad(colour, [1, 1, 1, 1]).permute(0, 2, 3, 1)[batch, i, j].permute(0, 3, 1, 2)

    size = int(side * 0.5 + 0.5)
    batch, i, j = torch.meshgrid(torch.arange(n), torch.arange(size), torch.arange(size), indexing="ij")
    i = torch.clamp(i + row[:, None, None] - size // 2, 0, side - 1)
    j = torch.clamp(j + column[:, None, None] - size // 2, 0, side - 1)
    mask = torch.ones(n, side, side)
    mask[batch, i, j] = 0
    cut = shifted * mask[:, None]
    weight = rounded(torch.randn_like(cut))
    gradient, = torch.autograd.grad((weight * cut).sum(), x)
    for key, value in (("x", x), ("colour", colour), ("shifted", shifted), ("cut", cut), ("weight", weight),
                       ("gradient", gradient)):
        OUT["augment." + key] = value.detach().permute(0, 2, 3, 1).float().contiguous()
    for key, value in (("bright", bright), ("saturation", saturation), ("contrast", contrast)):
        OUT["augment." + key] = value.float()
    for key, value in (("down", down), ("right", right), ("row", row), ("column", column)):
        OUT["augment." + key] = value.int().reshape(n, 1, 1)


if __name__ == "__main__":
    values = 12
    case("vanilla", Linear(linear_generator(8, 0, values), (1, 4, 3)), Linear(linear_discriminator(8, 0, values)),
         (1, 4, 3), cross_entropy)
    case("conditional", Linear(linear_generator(8, CLASSES, values), (1, 4, 3)),
         Linear(linear_discriminator(8, CLASSES, values)), (1, 4, 3), cross_entropy, labelled=True)
    case("dcgan", ConvGenerator(4, 1), ConvDiscriminator(4, 1, False), (1, 16, 16), cross_entropy)
    case("hinge", Linear(linear_generator(8, 0, values), (1, 4, 3)), Linear(linear_discriminator(8, 0, values)),
         (1, 4, 3), hinge, r1=5.0)
    case("penalty", ConvGenerator(4, 1), ConvDiscriminator(4, 1, True), (1, 16, 16), wasserstein, penalty=10.0)
    case("asked", ConvGenerator(4, 1, CLASSES, spectral_norm, True),
         ConvDiscriminator(4, 1, True, CLASSES, spectral_norm, True), (1, 16, 16), wasserstein, labelled=True, penalty=10.0)
    case("resnet", ResGenerator([4, 4, 4], 1, CLASSES, plain, True),
         ResDiscriminator([2, 2, 2, 2], 2, 1, CLASSES, spectral_norm, True), (1, 16, 16), hinge, labelled=True, r1=1.0)
    augment()
    save_file(OUT, "tests/fixtures/gan.safetensors")
