"""Networks on pictures: style, resnet20, dcgan, wgan-gp, alphazero, johnson, dream."""
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .setting import Work

# ---- style: VGG-19 to relu5_1, the losses of Gatys et al. and the gradient to the picture ----

VGG = [64, 64, "pool", 128, 128, "pool", 256, 256, 256, 256, "pool", 512, 512, 512, 512, "pool", 512]
STYLE, CONTENT = (1, 6, 11, 20, 29), 22
MEAN = (123.675, 116.28, 103.53)


class Vgg(nn.Module):
    def __init__(self):
        super().__init__()
        layers, channels = [], 3
        for width in VGG:
            if width == "pool":
                layers.append(nn.MaxPool2d(2))
            else:
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
                channels = width
        self.features = nn.Sequential(*layers)

    def forward(self, x):
        styles, content = [], None
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in STYLE:
                styles.append(x)
            if index == CONTENT:
                content = x
        return styles, content


def gram(f):
    _, c, h, w = f.shape
    flat = f.reshape(c, h * w)
    return flat @ flat.t() / (c * h * w)


def style(s):
    net = s.module(Vgg).eval().requires_grad_(False)
    mean = torch.tensor(MEAN).view(1, 3, 1, 1)
    picture = s.pictures("image", 1, 512, 512, 3).requires_grad_(True)
    target = s.pictures("target_content", 1, 64, 64, 512)
    grams = [s.input(f"target_gram{i}", lambda: torch.rand(w, w)) for i, w in enumerate((64, 128, 256, 512, 512))]

    def loss():
        styles, content = net(picture - mean)
        far = sum(((gram(f) - g) ** 2).sum() for f, g in zip(styles, grams))
        return 1e5 * ((content - target) ** 2).mean() + 3e4 / 5 * far

    loss = s.compiled(loss)

    def step():
        picture.grad = None
        with s.cast():
            value = loss()
        value.backward()
        return value.detach()

    return Work(step)


# ---- resnet20: He et al. 2016 with the shortcut of option A ----


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        self.stride, self.new = stride, outputs - inputs

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)), inplace=True)))
        if self.new:
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.new // 2, self.new // 2))
        return F.relu(y + x, inplace=True)


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
        for stage, width in enumerate((16, 32, 64)):
            blocks = [Block(width if i else max(16, width // 2), width, 2 if stage and not i else 1) for i in range(3)]
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return self.fc(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))


def resnet20(s):
    net = s.module(ResNet20)
    image = s.pictures("image", 128, 32, 32, 3)
    labels = s.input("labels", lambda: torch.randint(10, (128,)))
    sgd = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, fused=True)
    return Work(s.training(lambda: F.cross_entropy(net(image), labels), sgd))


# ---- dcgan: the networks of PyTorch's tutorial, without its sigmoid ----


class Generator(nn.Module):
    def __init__(self, nz=100, ngf=64):
        super().__init__()
        up = lambda i, o, stride, pad: nn.ConvTranspose2d(i, o, 4, stride, pad, bias=False)
        layers = [up(nz, ngf * 8, 1, 0), nn.BatchNorm2d(ngf * 8), nn.ReLU(True)]
        for factor in (4, 2, 1):
            layers += [up(ngf * factor * 2, ngf * factor, 2, 1), nn.BatchNorm2d(ngf * factor), nn.ReLU(True)]
        self.main = nn.Sequential(*layers, up(ngf, 3, 2, 1), nn.Tanh())

    def forward(self, x):
        return self.main(x)


class Discriminator(nn.Module):
    def __init__(self, ndf=64):
        super().__init__()
        down = lambda i, o, stride, pad: nn.Conv2d(i, o, 4, stride, pad, bias=False)
        layers = [down(3, ndf, 2, 1), nn.LeakyReLU(0.2, inplace=True)]
        for factor in (2, 4, 8):
            layers += [down(ndf * factor // 2, ndf * factor, 2, 1), nn.BatchNorm2d(ndf * factor),
                       nn.LeakyReLU(0.2, inplace=True)]
        self.main = nn.Sequential(*layers, down(ndf * 8, 1, 1, 0))

    def forward(self, x):
        return self.main(x).flatten()


def step_of_both(s, g, d, noise, real):
    """What is said of the same made pictures trains both."""
    count = len(real)
    ones, zeros = torch.ones(count), torch.zeros(count)
    of_g, of_d = list(g.parameters()), list(d.parameters())
    adam_g, adam_d = adam_of(of_g), adam_of(of_d)

    def losses():
        fake = d(g(noise))
        loss_d = F.binary_cross_entropy_with_logits(d(real), ones) + F.binary_cross_entropy_with_logits(fake, zeros)
        return loss_d, F.binary_cross_entropy_with_logits(fake, ones)

    losses = s.compiled(losses)

    # backward, not autograd.grad: it lays gradients out as their parameters are, and fused Adam takes it that they do
    def step():
        adam_d.zero_grad(set_to_none=True)
        adam_g.zero_grad(set_to_none=True)
        with s.cast():
            loss_d, loss_g = losses()
        loss_d.backward(inputs=of_d, retain_graph=True)
        loss_g.backward(inputs=of_g)
        adam_d.step()
        adam_g.step()
        return loss_d.detach() + loss_g.detach()

    return Work(step)


def adam_of(parameters):
    return torch.optim.Adam(parameters, lr=2e-4, betas=(0.5, 0.999), fused=True)


def dcgan(s):
    g, d = s.module(Generator, "netG."), s.module(Discriminator, "netD.")
    return step_of_both(s, g, d, s.pictures("noise", 128, 1, 1, 100), s.pictures("real", 128, 64, 64, 3))


# ---- dcgan-128, dcgan-1024, wgan-gp, wgan-gp-128, wgan-gp-1024: the networks of zoo/gan ----


class Maker(nn.Module):
    def __init__(self, width, channels):
        super().__init__()
        self.width, self.linear, layers = width, nn.Linear(100, width * 16), []
        for w in (width // 2, width // 4, width // 8):
            layers += [nn.ConvTranspose2d(2 * w, w, 4, 2, 1, bias=False), nn.BatchNorm2d(w), nn.ReLU(True)]
        self.net = nn.Sequential(*layers, nn.ConvTranspose2d(width // 8, channels, 4, 2, 1, bias=False), nn.Tanh())

    def forward(self, z):
        return self.net(self.linear(z.flatten(1)).reshape(-1, self.width, 4, 4))


class Judge(nn.Module):
    def __init__(self, width, channels, plain):
        super().__init__()
        layers = [nn.Conv2d(channels, width // 8, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, True)]
        for w in (width // 4, width // 2, width):
            norm = [] if plain else [nn.BatchNorm2d(w)]
            layers += [nn.Conv2d(w // 2, w, 4, 2, 1, bias=False), *norm, nn.LeakyReLU(0.2, True)]
        self.net = nn.Sequential(*layers, nn.Conv2d(width, 1, 4, bias=False))

    def forward(self, x):
        return self.net(x).flatten()


def both(s, batch, width, channels):
    g = s.module(lambda: Maker(width, channels), "generator.")
    d = s.module(lambda: Judge(width, channels, False), "discriminator.")
    return step_of_both(s, g, d, s.pictures("noise", batch, 1, 1, 100), s.pictures("real", batch, 64, 64, channels))


def critic(s, batch, width, channels):
    """Wasserstein's loss with a gradient penalty of 10; the generator makes pictures and learns nothing."""
    g = s.module(lambda: Maker(width, channels), "generator.").requires_grad_(False)
    d = s.module(lambda: Judge(width, channels, True), "discriminator.")
    noise, real = s.pictures("noise", batch, 1, 1, 100), s.pictures("real", batch, 64, 64, channels)
    share = s.pictures("share", batch, 1, 1, 1)

    def losses():
        made = g(noise)
        return made, d(made).mean() - d(real).mean()

    losses = s.compiled(losses)  # without the penalty: compiled code has no second derivatives

    def loss():
        made, value = losses()
        middle = (made + share * (real - made)).requires_grad_()
        slope, = torch.autograd.grad(d(middle).sum(), middle, create_graph=True)
        return value + 10 * ((slope.square().flatten(1).sum(1) + 1e-12).sqrt() - 1).square().mean()

    return Work(s.training(loss, adam_of(d.parameters()), compiled=False))


def dcgan_128(s):
    return both(s, 64, 128, 1)


def dcgan_1024(s):
    return both(s, 128, 1024, 3)


def wgan_gp(s):
    return critic(s, 128, 512, 3)


def wgan_gp_128(s):
    return critic(s, 64, 128, 1)


def wgan_gp_1024(s):
    return critic(s, 128, 1024, 3)


# ---- alphazero: a residual tower with a policy and a value head, evaluated ----


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)), inplace=True)))
        return F.relu(y + x, inplace=True)


class AlphaZero(nn.Module):
    def __init__(self, width=96):
        super().__init__()
        self.conv_in, self.bn_in = nn.Conv2d(17, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        self.blocks = nn.Sequential(*[Residual(width) for _ in range(6)])
        self.policy_conv, self.policy_bn = nn.Conv2d(width, 2, 1, bias=False), nn.BatchNorm2d(2)
        self.policy_fc = nn.Linear(2 * 81, 82)
        self.value_conv, self.value_bn = nn.Conv2d(width, 1, 1, bias=False), nn.BatchNorm2d(1)
        self.value_fc1, self.value_fc2 = nn.Linear(81, 64), nn.Linear(64, 1)

    def forward(self, x):
        x = self.blocks(F.relu(self.bn_in(self.conv_in(x)), inplace=True))
        flat = lambda y: F.relu(y, inplace=True).permute(0, 2, 3, 1).flatten(1)
        policy = self.policy_fc(flat(self.policy_bn(self.policy_conv(x))))
        value = F.relu(self.value_fc1(flat(self.value_bn(self.value_conv(x)))))
        return policy.softmax(1), self.value_fc2(value).tanh()


def fold(net):
    """Batch norms into the convolutions before them: evaluation at its best."""
    for owner in (net, *net.blocks):
        for conv, bn in [(n, n.replace("conv", "bn")) for n, _ in owner.named_children() if "conv" in n]:
            setattr(owner, conv, fuse_conv_bn_eval(getattr(owner, conv), getattr(owner, bn)))
            setattr(owner, bn, nn.Identity())


def alphazero(s):
    net = s.module(AlphaZero).eval().requires_grad_(False)
    fold(net)
    net = s.laid_out(net)
    board = s.pictures("board", 16, 9, 9, 17)
    if s.form == "compile":
        torch._inductor.config.freezing = True
    evaluate = s.compiled(net)

    def step():
        with torch.no_grad(), s.cast():
            return evaluate(board)

    return Work(step, value=lambda result: result[1].float().mean().item())


# ---- johnson: PyTorch's example fast_neural_style, evaluated ----


class Reflected(nn.Module):
    def __init__(self, inputs, outputs, kernel, stride=1, enlarge=False):
        super().__init__()
        self.conv2d = nn.Conv2d(inputs, outputs, kernel, stride)
        self.enlarge, self.pad = enlarge, nn.ReflectionPad2d(kernel // 2)

    def forward(self, x):
        x = F.interpolate(x, scale_factor=2, mode="nearest") if self.enlarge else x
        return self.conv2d(self.pad(x))


class Painted(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1, self.conv2 = Reflected(width, width, 3), Reflected(width, width, 3)
        self.in1, self.in2 = (nn.InstanceNorm2d(width, affine=True) for _ in range(2))

    def forward(self, x):
        return x + self.in2(self.conv2(F.relu(self.in1(self.conv1(x)))))


class Johnson(nn.Module):
    def __init__(self):
        super().__init__()
        norm = lambda width: nn.InstanceNorm2d(width, affine=True)
        self.conv1, self.in1 = Reflected(3, 32, 9), norm(32)
        self.conv2, self.in2 = Reflected(32, 64, 3, 2), norm(64)
        self.conv3, self.in3 = Reflected(64, 128, 3, 2), norm(128)
        for i in range(1, 6):
            setattr(self, f"res{i}", Painted(128))
        self.deconv1, self.in4 = Reflected(128, 64, 3, enlarge=True), norm(64)
        self.deconv2, self.in5 = Reflected(64, 32, 3, enlarge=True), norm(32)
        self.deconv3 = Reflected(32, 3, 9)

    def forward(self, x):
        for i in (1, 2, 3):
            x = F.relu(getattr(self, f"in{i}")(getattr(self, f"conv{i}")(x)))
        for i in range(1, 6):
            x = getattr(self, f"res{i}")(x)
        x = F.relu(self.in4(self.deconv1(x)))
        return self.deconv3(F.relu(self.in5(self.deconv2(x))))


def johnson(s):
    net = s.laid_out(s.module(Johnson).eval().requires_grad_(False))
    image = s.pictures("image", 1, 512, 512, 3)
    evaluate = s.compiled(net)

    def step():
        with torch.no_grad(), s.cast():
            return evaluate(image)

    return Work(step, value=lambda result: result.float().square().mean().item())


# ---- dream: Inception v3 to Mixed_6c by torchvision's names, the mean of squares and its gradient to the picture ----


class Unit(nn.Module):
    def __init__(self, inputs, outputs, kernel, stride=1, pad=0):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(inputs, outputs, kernel, stride, pad, bias=False), nn.BatchNorm2d(outputs, eps=1e-3)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)), inplace=True)


class MixedA(nn.Module):
    def __init__(self, inputs, pooled):
        super().__init__()
        self.branch1x1 = Unit(inputs, 64, 1)
        self.branch5x5_1, self.branch5x5_2 = Unit(inputs, 48, 1), Unit(48, 64, 5, pad=2)
        self.branch3x3dbl_1, self.branch3x3dbl_2 = Unit(inputs, 64, 1), Unit(64, 96, 3, pad=1)
        self.branch3x3dbl_3, self.branch_pool = Unit(96, 96, 3, pad=1), Unit(inputs, pooled, 1)

    def forward(self, x):
        return torch.cat([self.branch1x1(x), self.branch5x5_2(self.branch5x5_1(x)),
                          self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x))),
                          self.branch_pool(F.avg_pool2d(x, 3, 1, 1))], 1)


class MixedB(nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.branch3x3 = Unit(inputs, 384, 3, 2)
        self.branch3x3dbl_1, self.branch3x3dbl_2, self.branch3x3dbl_3 = Unit(inputs, 64, 1), Unit(64, 96, 3, pad=1), Unit(96, 96, 3, 2)

    def forward(self, x):
        return torch.cat([self.branch3x3(x), self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x))),
                          F.max_pool2d(x, 3, 2)], 1)


class MixedC(nn.Module):
    def __init__(self, c):
        super().__init__()
        row, column = {"kernel": (1, 7), "pad": (0, 3)}, {"kernel": (7, 1), "pad": (3, 0)}
        self.branch1x1 = Unit(768, 192, 1)
        self.branch7x7_1, self.branch7x7_2, self.branch7x7_3 = Unit(768, c, 1), Unit(c, c, **row), Unit(c, 192, **column)
        self.branch7x7dbl_1, self.branch7x7dbl_2 = Unit(768, c, 1), Unit(c, c, **column)
        self.branch7x7dbl_3, self.branch7x7dbl_4 = Unit(c, c, **row), Unit(c, c, **column)
        self.branch7x7dbl_5, self.branch_pool = Unit(c, 192, **row), Unit(768, 192, 1)

    def forward(self, x):
        y = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        return torch.cat([self.branch1x1(x), self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x))),
                          self.branch7x7dbl_5(self.branch7x7dbl_4(y)), self.branch_pool(F.avg_pool2d(x, 3, 1, 1))], 1)


class Inception(nn.Module):
    def __init__(self):
        super().__init__()
        self.Conv2d_1a_3x3, self.Conv2d_2a_3x3, self.Conv2d_2b_3x3 = Unit(3, 32, 3, 2), Unit(32, 32, 3), Unit(32, 64, 3, pad=1)
        self.Conv2d_3b_1x1, self.Conv2d_4a_3x3 = Unit(64, 80, 1), Unit(80, 192, 3)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = MixedA(192, 32), MixedA(256, 64), MixedA(288, 64)
        self.Mixed_6a, self.Mixed_6b, self.Mixed_6c = MixedB(288), MixedC(128), MixedC(160)

    def forward(self, x):
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(F.max_pool2d(x, 3, 2)))
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(F.max_pool2d(x, 3, 2))))
        return self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))


def dream(s):
    net = s.module(Inception).eval().requires_grad_(False)
    for unit in [m for m in net.modules() if isinstance(m, Unit)]:  # evaluation at its best
        unit.conv, unit.bn = fuse_conv_bn_eval(unit.conv, unit.bn), nn.Identity()
    net = s.laid_out(net)
    picture = s.pictures("image", 1, 400, 600, 3).requires_grad_(True)
    objective = s.compiled(lambda: net(picture).square().mean())

    def step():
        picture.grad = None
        with s.cast():
            value = objective()
        value.backward()
        return value.detach()

    return Work(step)
