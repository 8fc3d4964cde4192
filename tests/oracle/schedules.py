"""Writes tests/fixtures/schedules.safetensors: the learning rates of 100 steps as PyTorch's schedulers give them.

Run from the root of the repository: python tests/oracle/schedules.py (needs torch and safetensors). The peak is
0.5; the cosine, which ends at 0.05, comes after a linear warm-up of 10 steps. The inverse square root is the
formula of Vaswani et al. 2017, section 5.3, over 10 steps of warm-up, scaled so that it peaks at 0.5."""
import torch
from safetensors.torch import save_file
from torch.optim import lr_scheduler as schedulers

STEPS, PEAK, WARM = 100, 0.5, 10


def rates(make):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=PEAK)
    schedule, out = make(optimizer), []
    for step in range(STEPS):
        out.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if step < STEPS - 1:
            schedule.step()
    return torch.tensor(out, dtype=torch.float64)


def warm_cosine(o):
    up = schedulers.LinearLR(o, start_factor=1 / WARM, total_iters=WARM - 1)
    down = schedulers.CosineAnnealingLR(o, T_max=STEPS - WARM, eta_min=0.05)
    return schedulers.SequentialLR(o, [up, down], [WARM])


def inverse_sqrt(o):
    return schedulers.LambdaLR(o, lambda i: WARM**0.5 * min((i + 1) ** -0.5, (i + 1) * WARM**-1.5))


save_file({
    "step": rates(lambda o: schedulers.MultiStepLR(o, [STEPS // 2, STEPS * 3 // 4], gamma=0.1)),
    "cosine": rates(warm_cosine),
    "one_cycle": rates(lambda o: schedulers.OneCycleLR(o, PEAK, total_steps=STEPS, cycle_momentum=False)),
    "inverse_sqrt": rates(inverse_sqrt),
}, "tests/fixtures/schedules.safetensors")
