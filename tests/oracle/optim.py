"""Writes tests/fixtures/optim.safetensors: ten steps of others' optimizers on a small network.

Run from the root of the repository: python tests/oracle/optim.py (needs torch, keras, lion-pytorch and
safetensors). Most are PyTorch's own; Lion is lion-pytorch's, FTRL that of Keras.

init.NAME are the first parameters; for each CASE, CASE.losses [10] before each step, CASE.norms [10] of the
gradients, and CASE.NAME the parameters after the last. The metadata says for each CASE which optimizer it is, in
the form of ad_optimizer_spec_parse."""
import os

os.environ["KERAS_BACKEND"] = "torch"
import keras
import torch
from lion_pytorch import Lion
from safetensors.torch import save_file
from torch import nn, optim

torch.manual_seed(11)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(6, 9)
        self.fc2 = nn.Linear(9, 3)

    def forward(self, x):
        return self.fc2(torch.tanh(self.fc1(x)))


class Ftrl:
    """Keras's FTRL behind PyTorch's methods, with McMahan's names: its l2 and weight decay are halves of ours.

    It begins as if the first parameters were the minimum of what came before, z = -(1 / rate + l2) w, where Keras's
    z = 0 stands for w = 0: without that, its first step would forget the parameters."""

    def __init__(self, params, lr, beta=1.0, l1=0.0, l2=0.0, initial=0.0, weight_decay=0.0):
        self.params = list(params)
        self.variables = [keras.Variable(p.detach().numpy().copy()) for p in self.params]
        self.keras = keras.optimizers.Ftrl(
            learning_rate=lr, beta=beta, l1_regularization_strength=l1, l2_regularization_strength=l2 / 2,
            initial_accumulator_value=initial, l2_shrinkage_regularization_strength=weight_decay / 2)
        self.keras.build(self.variables)
        for z, w in zip(self.keras._linears, self.variables):
            z.assign(-((beta + initial**0.5) / lr + l2) * w.value)

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    def step(self):
        self.keras.apply([p.grad for p in self.params], self.variables)
        for p, w in zip(self.params, self.variables):
            p.data.copy_(w.value.detach())


CASES = {
    "sgd": ("sgd:lr=0.1", lambda p: optim.SGD(p, lr=0.1)),
    "momentum": ("sgd:lr=0.05,momentum=0.9", lambda p: optim.SGD(p, lr=0.05, momentum=0.9)),
    "nesterov": ("sgd:lr=0.05,momentum=0.9,nesterov,weight-decay=0.01",
                 lambda p: optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01)),
    "dampening": ("sgd:lr=0.05,momentum=0.9,dampening=0.4,weight-decay=0.01",
                  lambda p: optim.SGD(p, lr=0.05, momentum=0.9, dampening=0.4, weight_decay=0.01)),
    "adam": ("adam:lr=0.02", lambda p: optim.Adam(p, lr=0.02)),
    "adam_decay": ("adam:lr=0.02,beta1=0.8,beta2=0.95,eps=1e-6,weight-decay=0.1",
                   lambda p: optim.Adam(p, lr=0.02, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1)),
    "adam_no_mean": ("adam:lr=0.02,beta1=0,beta2=0.9", lambda p: optim.Adam(p, lr=0.02, betas=(0.0, 0.9))),
    "adamw": ("adamw:lr=0.02,weight-decay=0.1", lambda p: optim.AdamW(p, lr=0.02, weight_decay=0.1)),
    "adamw_all": ("adamw:lr=0.02,beta1=0.5,beta2=0.9,eps=1e-3,weight-decay=0.5",
                  lambda p: optim.AdamW(p, lr=0.02, betas=(0.5, 0.9), eps=1e-3, weight_decay=0.5)),
    "adamax": ("adamax:lr=0.02", lambda p: optim.Adamax(p, lr=0.02)),
    "adamax_all": ("adamax:lr=0.02,beta1=0.8,beta2=0.7,eps=1e-3,weight-decay=0.1",
                   lambda p: optim.Adamax(p, lr=0.02, betas=(0.8, 0.7), eps=1e-3, weight_decay=0.1)),
    "rmsprop": ("rmsprop:lr=0.01", lambda p: optim.RMSprop(p, lr=0.01)),
    "rmsprop_momentum": ("rmsprop:lr=0.01,momentum=0.9,alpha=0.9,eps=1e-6,weight-decay=0.1",
                         lambda p: optim.RMSprop(p, lr=0.01, momentum=0.9, alpha=0.9, eps=1e-6, weight_decay=0.1)),
    "rmsprop_centered": ("rmsprop:lr=0.01,centered,eps=1e-4",
                         lambda p: optim.RMSprop(p, lr=0.01, centered=True, eps=1e-4)),
    "rmsprop_all": ("rmsprop:lr=0.01,centered,momentum=0.5,alpha=0.8,eps=1e-2,weight-decay=0.1",
                    lambda p: optim.RMSprop(p, lr=0.01, centered=True, momentum=0.5, alpha=0.8, eps=1e-2,
                                            weight_decay=0.1)),
    # the first five steps are not rectified, the others are
    "radam": ("radam:lr=0.02", lambda p: optim.RAdam(p, lr=0.02)),
    "radam_decay": ("radam:lr=0.02,beta1=0.8,beta2=0.95,eps=1e-3,weight-decay=0.1",
                    lambda p: optim.RAdam(p, lr=0.02, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1)),
    "radam_decoupled": ("radam:lr=0.02,weight-decay=0.5,decoupled",
                        lambda p: optim.RAdam(p, lr=0.02, weight_decay=0.5, decoupled_weight_decay=True)),
    # never rectified: the variance of so short a mean has no bound
    "radam_short": ("radam:lr=0.02,beta2=0.5", lambda p: optim.RAdam(p, lr=0.02, betas=(0.9, 0.5))),
    "lion": ("lion:lr=0.003", lambda p: Lion(p, lr=0.003)),
    "lion_decay": ("lion:lr=0.003,beta1=0.8,beta2=0.95,weight-decay=0.5",
                   lambda p: Lion(p, lr=0.003, betas=(0.8, 0.95), weight_decay=0.5)),
    "adagrad": ("adagrad:lr=0.05", lambda p: optim.Adagrad(p, lr=0.05)),
    "adagrad_all": ("adagrad:lr=0.05,lr-decay=0.1,initial-accumulator=0.01,eps=1e-3,weight-decay=0.1",
                    lambda p: optim.Adagrad(p, lr=0.05, lr_decay=0.1, initial_accumulator_value=0.01, eps=1e-3,
                                            weight_decay=0.1)),
    "ftrl": ("ftrl:lr=0.1", lambda p: Ftrl(p, lr=0.1)),
    "ftrl_l1": ("ftrl:lr=0.1,beta=0.1,l1=0.01,l2=0.2", lambda p: Ftrl(p, lr=0.1, beta=0.1, l1=0.01, l2=0.2)),
    "ftrl_all": ("ftrl:lr=0.1,beta=0,l1=0.02,l2=0.01,initial-accumulator=0.1,weight-decay=0.05",
                 lambda p: Ftrl(p, lr=0.1, beta=0.0, l1=0.02, l2=0.01, initial=0.1, weight_decay=0.05)),
    "clipped": ("adam:lr=0.02", lambda p: optim.Adam(p, lr=0.02)),
    "schedule": ("adam:lr=0.02", lambda p: optim.Adam(p, lr=0.02)),
}


def main():
    first = Net()
    x, t = torch.randn(16, 6), torch.randn(16, 3)
    out = {"x": x, "t": t}
    for key, value in first.state_dict().items():
        out["init." + key] = value.clone()
    for name, (_, make) in CASES.items():
        net = Net()
        net.load_state_dict(first.state_dict())
        optimizer = make(net.parameters())
        losses, norms = [], []
        for step in range(10):
            if name == "schedule":
                optimizer.param_groups[0]["lr"] = 0.02 / (1 + step)
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(net(x), t)
            loss.backward()
            norms.append(float(nn.utils.clip_grad_norm_(net.parameters(), 0.5 if name == "clipped" else 1e9)))
            optimizer.step()
            losses.append(float(loss.detach()))
        out[name + ".losses"], out[name + ".norms"] = torch.tensor(losses), torch.tensor(norms)
        for key, value in net.state_dict().items():
            out[name + "." + key] = value.clone()
    save_file(out, "tests/fixtures/optim.safetensors", {name: spec for name, (spec, _) in CASES.items()})


if __name__ == "__main__":
    main()
