"""Writes tests/fixtures/gan.safetensors: a training step of zoo/gan's networks as PyTorch computes it.

Run from the root of the repository: python tests/oracle/gan.py (needs torch and safetensors).

For each CASE the weights under their names, CASE.x (pictures [n, h, w, c], -1 to 1), CASE.label, CASE.z1 and CASE.z2
(noise of the discriminator's and of the generator's step), CASE.share (of made pictures, for the penalty), and what
is computed: CASE.loss (the discriminator's, the generator's), CASE.grad.PARAMETER with convolutions as [kh, kw, in,
out], CASE.after.STATISTIC, and CASE.made, pictures in evaluation form before the step. In double precision; the
losses of the first three are PyTorch's binary cross-entropy of probabilities."""
import copy

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

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


class ConvGenerator(nn.Module):
    def __init__(self, width, channels):
        super().__init__()
        self.width, self.linear = width, nn.Linear(LATENT, width * 16)
        self.net = nn.Sequential(nn.ConvTranspose2d(width, width // 2, 4, 2, 1, bias=False),
                                 nn.BatchNorm2d(width // 2), nn.ReLU(),
                                 nn.ConvTranspose2d(width // 2, channels, 4, 2, 1, bias=False), nn.Tanh())

    def forward(self, z, labels):
        return self.net(self.linear(z).reshape(-1, self.width, 4, 4))


class ConvDiscriminator(nn.Module):
    def __init__(self, width, channels, plain):
        super().__init__()
        norm = [] if plain else [nn.BatchNorm2d(width)]
        self.net = nn.Sequential(nn.Conv2d(channels, width // 2, 4, 2, 1, bias=False), nn.LeakyReLU(0.2),
                                 nn.Conv2d(width // 2, width, 4, 2, 1, bias=False), *norm, nn.LeakyReLU(0.2),
                                 nn.Conv2d(width, 1, 4, bias=False))

    def forward(self, x, labels):
        return self.net(x).reshape(-1)


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


def case(name, generator, discriminator, shape, losses, labelled=False, r1=0.0, penalty=0.0):
    for net in (generator, discriminator):
        for key, value in net.state_dict().items():
            if key.endswith(("weight", "bias")) and value.dim() == 1 and "linear" not in key:
                value += 0.1 * torch.randn_like(value)
            if value.is_floating_point():
                value.copy_(rounded(value))
    channels, height, width = shape
    x, z1, z2 = (rounded(t) for t in (2 * torch.rand(N, *shape) - 1, torch.randn(N, LATENT), torch.randn(N, LATENT)))
    share = rounded(torch.rand(N, 1, 1, 1))
    labels = torch.tensor([0, 2, 1, 1, 0, 2]) if labelled else None
    for prefix, net in (("generator.", generator), ("discriminator.", discriminator)):
        for key, value in net.state_dict().items():
            if not key.endswith("num_batches_tracked"):
                OUT[f"{name}.{prefix}{key}"] = value.float().clone()
    for key, value in (("x", x.permute(0, 2, 3, 1)), ("z1", z1), ("z2", z2), ("share", share)):
        OUT[f"{name}.{key}"] = value.float().contiguous()
    if labelled:
        OUT[name + ".label"] = labels.int()
    OUT[name + ".made"] = copy.deepcopy(generator).eval()(z2, labels).permute(0, 2, 3, 1).float().contiguous().detach()

    made = copy.deepcopy(generator)(z1, labels).detach()
    real = discriminator(x, labels)  # its running statistics are moved by this alone
    aside = copy.deepcopy(discriminator)
    for own, other in zip(discriminator.parameters(), aside.parameters()):
        other.data = own.data
    fake, fooled = aside(made, labels), aside(generator(z2, labels), labels)
    critic, fools = losses(real, fake, fooled)
    if r1:
        critic = critic + r1 / 2 * slope(discriminator, x, labels).mean()
    if penalty:
        between = made + share * (x - made)
        critic = critic + penalty * ((slope(discriminator, between, labels) + 1e-12).sqrt() - 1).square().mean()
    OUT[name + ".loss"] = torch.stack([critic, fools]).detach().float()
    critic.backward(retain_graph=True)
    own, other = list(discriminator.parameters()), list(aside.parameters())
    gradients = [a.grad + (0 if b.grad is None else b.grad) for a, b in zip(own, other)]
    made_by = torch.autograd.grad(fools, list(generator.parameters()))
    for prefix, net, values in (("discriminator.", discriminator, gradients), ("generator.", generator, made_by)):
        for (key, _), g in zip(net.named_parameters(), values):
            OUT[f"{name}.grad.{prefix}{key}"] = (g.permute(2, 3, 1, 0) if g.dim() == 4 else g).float().contiguous()
        for key, value in net.state_dict().items():
            if key.endswith(("running_mean", "running_var")):
                OUT[f"{name}.after.{prefix}{key}"] = value.float().clone()


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
    save_file(OUT, "tests/fixtures/gan.safetensors")
