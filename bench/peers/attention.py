"""Times PyTorch's scaled_dot_product_attention as bench/attention.c times ours; prints the same line.

    python bench/peers/attention.py [--batch 1] [--heads 12] [--dim 64] [--time 1024] [--threads N]
"""
import argparse, json, statistics, time
import torch
from torch.nn.functional import scaled_dot_product_attention

parser = argparse.ArgumentParser()
for name, value in dict(batch=1, heads=12, dim=64, time=1024, threads=0).items():
    parser.add_argument(f"--{name}", type=int, default=value)
args = parser.parse_args()
if args.threads:
    torch.set_num_threads(args.threads)
shape = (args.batch, args.time, args.heads, args.dim)
q, k, v = [torch.randn(shape).transpose(1, 2).requires_grad_() for _ in range(3)]
g = torch.randn(args.batch, args.heads, args.time, args.dim)


def forward():
    with torch.no_grad():
        scaled_dot_product_attention(q, k, v, is_causal=True)


def both():
    torch.autograd.grad(scaled_dot_product_attention(q, k, v, is_causal=True), (q, k, v), g)


def median(f):
    seconds = []
    for _ in range(31):
        begin = time.perf_counter()
        f()
        seconds.append(time.perf_counter() - begin)
    return 1e3 * statistics.median(seconds)


print(json.dumps({"forward_ms": median(forward), "both_ms": median(both), "threads": torch.get_num_threads()}))
