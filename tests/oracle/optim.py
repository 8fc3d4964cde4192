"""Writes tests/fixtures/optim.safetensors: ten steps of PyTorch's optimizers on a small network.

Run from the root of the repository: python tests/oracle/optim.py (needs torch and safetensors).

init.NAME are the first parameters; for each CASE, CASE.losses [10] before each step and CASE.NAME the
parameters after the last."""
import torch
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


CASES = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.05, momentum=0.9),
    "nesterov": lambda p: optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam": lambda p: optim.Adam(p, lr=0.02),
    "adam_decay": lambda p: optim.Adam(p, lr=0.02, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1),
    "adamw": lambda p: optim.AdamW(p, lr=0.02, weight_decay=0.1),
    "clipped": lambda p: optim.Adam(p, lr=0.02),
    "schedule": lambda p: optim.Adam(p, lr=0.02),
}


def main():
    first = Net()
    x, t = torch.randn(16, 6), torch.randn(16, 3)
    out = {"x": x, "t": t}
    for key, value in first.state_dict().items():
        out["init." + key] = value.clone()
    for name, make in CASES.items():
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
    save_file(out, "tests/fixtures/optim.safetensors")


if __name__ == "__main__":
    main()
