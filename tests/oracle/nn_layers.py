"""Writes tests/fixtures/nn_layers.safetensors: layers and losses of PyTorch on small inputs, with gradients.

Run from the root of the repository: python tests/oracle/nn_layers.py (needs torch and safetensors).

For each case NAME: NAME.x, its parameters by PyTorch's names, a random NAME.c, the output NAME.y, and
the gradients of sum(c * y) as NAME.grad.x, NAME.grad.weight, ... Images, outputs and gradients are
in this project's axis order ([n, h, w, c], convolution weights [kh, kw, in, out])."""
import torch
from safetensors.torch import save_file
from torch import nn

torch.manual_seed(7)
OUT = {}


def image(shape):
    return torch.randn(shape).permute(0, 3, 1, 2).contiguous()  # [n, h, w, c] -> [n, c, h, w]


def ours(t, weight):
    """PyTorch's axis order to this project's."""
    if t.dim() != 4:
        return t
    return t.permute(2, 3, 1, 0) if weight else t.permute(0, 2, 3, 1)


def put(name, t, weight=False):
    OUT[name] = ours(t.detach(), weight).contiguous().clone()


def case(name, layer, x):
    for parameter in layer.parameters():
        nn.init.normal_(parameter, 0.3, 0.5)
    for key, value in layer.state_dict().items():
        OUT[name + "." + key] = value.clone()
    if x.is_floating_point():
        x.requires_grad_(True)
    y = layer(x)
    c = torch.randn_like(y)
    (c * y).sum().backward()
    put(name + ".x", x if x.is_floating_point() else x.int())
    put(name + ".y", y)
    put(name + ".c", c)
    if x.is_floating_point():
        put(name + ".grad.x", x.grad)
    for key, parameter in layer.named_parameters():
        put(name + ".grad." + key, parameter.grad, weight=True)


def layers():
    case("linear2", nn.Linear(7, 4), torch.randn(5, 7))
    case("linear3", nn.Linear(7, 4), torch.randn(2, 3, 7))
    case("conv", nn.Conv2d(3, 4, 3, padding=1), image((2, 6, 5, 3)))
    case("conv_stride", nn.Conv2d(3, 4, 3, stride=2, padding=1), image((2, 7, 6, 3)))
    case("conv_dilation", nn.Conv2d(2, 3, 3, padding=2, dilation=2, bias=False), image((1, 6, 7, 2)))
    case("conv_groups", nn.Conv2d(4, 6, 3, padding=1, groups=2), image((2, 4, 5, 4)))
    case("conv_oblong", nn.Conv2d(2, 3, (3, 5), stride=(1, 2), padding=(1, 2)), image((1, 5, 8, 2)))
    case("conv_reflect", nn.Conv2d(2, 3, 5, padding=2, padding_mode="reflect"), image((1, 6, 5, 2)))
    case("transposed", nn.ConvTranspose2d(3, 2, 3, stride=2, padding=1, output_padding=1), image((2, 3, 4, 3)))
    case("transposed_groups", nn.ConvTranspose2d(4, 6, 4, stride=2, padding=1, groups=2), image((1, 3, 3, 4)))
    case("embedding", nn.Embedding(10, 4), torch.tensor([[1, 9, 1], [0, 3, 3]]))
    case("layer_norm", nn.LayerNorm(8), torch.randn(2, 3, 8))
    case("instance_norm", nn.InstanceNorm2d(6, affine=True), image((2, 5, 4, 6)))
    case("group_norm", nn.GroupNorm(3, 6), image((2, 5, 4, 6)))


def batch_norm():
    """Two training batches, then evaluation with the statistics that they left."""
    layer = nn.BatchNorm2d(3)
    case("batch_norm", layer, image((4, 3, 2, 3)))
    for key in ("running_mean", "running_var", "num_batches_tracked"):
        OUT["batch_norm.after1." + key] = layer.state_dict()[key].clone()
    x = image((4, 3, 2, 3))
    layer(x)
    put("batch_norm.x2", x)
    for key in ("running_mean", "running_var", "num_batches_tracked"):
        OUT["batch_norm.after2." + key] = layer.state_dict()[key].clone()
    layer.eval()
    put("batch_norm.eval", layer(x))


def losses():
    p, t = torch.randn(5, 3) * 2, torch.randn(5, 3)
    labels = torch.tensor([0, 2, 1, 1, 0])
    OUT["loss.prediction"], OUT["loss.target"], OUT["loss.labels"] = p.clone(), t, labels.int()
    for name, loss in (("mse", lambda x: nn.functional.mse_loss(x, t)),
                       ("l1", lambda x: nn.functional.l1_loss(x, t)),
                       ("huber", lambda x: nn.functional.huber_loss(x, t, delta=0.7)),
                       ("bce", lambda x: nn.functional.binary_cross_entropy_with_logits(x, t.sigmoid())),
                       ("cross_entropy", lambda x: nn.functional.cross_entropy(x, labels))):
        x = p.clone().requires_grad_(True)
        value = loss(x)
        value.backward()
        OUT["loss." + name], OUT["loss.grad." + name] = value.detach().reshape(1), x.grad


if __name__ == "__main__":
    layers()
    batch_norm()
    losses()
    save_file(OUT, "tests/fixtures/nn_layers.safetensors")
