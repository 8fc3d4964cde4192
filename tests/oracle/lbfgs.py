"""Writes tests/fixtures/lbfgs.safetensors: iterates of torch.optim.LBFGS with strong_wolfe.

Run from the root of the repository: python tests/oracle/lbfgs.py (needs torch and safetensors).

For each case NAME.iterates [steps + 1, n] and NAME.losses [steps + 1], in f32."""
import torch
from safetensors.torch import save_file

torch.manual_seed(3)


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def quadratic(x):
    """Condition number 1000."""
    return 0.5 * (torch.logspace(0, 3, x.numel(), dtype=x.dtype) * x ** 2).sum()


def mixed(x):
    return (torch.log(1 + x ** 2) * torch.arange(1, x.numel() + 1, dtype=x.dtype)).sum() + 0.05 * (x.sum() - 3) ** 2


CASES = {
    "rosenbrock": (rosenbrock, [-1.2, 1.0], 20, 100),
    "quadratic": (quadratic, [1.0] * 12, 20, 100),
    "short_history": (mixed, [2.0 - 0.3 * i for i in range(15)], 20, 4),
}


def run(function, start, steps, history, dtype):
    x = torch.tensor(start, dtype=dtype, requires_grad=True)
    # one iteration a call, with 25 evaluations for its line search beside the first
    optimizer = torch.optim.LBFGS([x], max_iter=1, max_eval=26, history_size=history, line_search_fn="strong_wolfe",
                                  tolerance_grad=1e-7, tolerance_change=1e-9)

    def closure():
        optimizer.zero_grad()
        loss = function(x)
        loss.backward()
        return loss

    iterates, losses = [x.detach().clone()], [float(function(x.detach()))]
    for _ in range(steps):
        optimizer.step(closure)
        iterates.append(x.detach().clone())
        losses.append(float(function(x.detach())))
    return torch.stack(iterates), torch.tensor(losses, dtype=dtype)


def main():
    out = {}
    for name, (function, start, steps, history) in CASES.items():
        iterates, losses = run(function, start, steps, history, torch.float32)
        exact, exact_losses = run(function, start, steps, history, torch.float64)
        print(name, "f32 against f64: iterates", [f"{float(e):.1e}" for e in (iterates - exact).abs().amax(1)],
              "losses", [f"{float(e):.3e}" for e in losses])
        out[name + ".iterates"], out[name + ".losses"] = iterates, losses
    save_file(out, "tests/fixtures/lbfgs.safetensors")


if __name__ == "__main__":
    main()
