"""adamw: one update of as many parameters as GPT-2 has, as one vector."""
import torch

from .setting import Work

COUNT, PIECE = 124_475_904, 1 << 20


def fill(vector, factor):
    """((i * factor) mod 1000) / 500 - 1, a piece at a time."""
    for begin in range(0, COUNT, PIECE):
        end = min(begin + PIECE, COUNT)
        vector[begin:end] = (torch.arange(begin, end) * factor % 1000).float() / 500 - 1
    return vector


def mean_of_squares(vector):
    return sum(piece.double().square().sum().item() for piece in vector.detach().split(PIECE)) / COUNT


def adamw(s):
    p = torch.nn.Parameter(fill(torch.empty(COUNT), 2654435761))
    p.grad = fill(torch.empty(COUNT), 40503)
    adam = torch.optim.AdamW([p], lr=1e-3, betas=(0.9, 0.999), weight_decay=0.1, fused=s.form != "compile")
    update = s.compiled(adam.step)

    def step():
        update()
        return p

    return Work(step, value=mean_of_squares)
