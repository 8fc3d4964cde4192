"""The training step of bench/gpt.c in PyTorch, as nanoGPT writes it (eager); prints the same line.

    python bench/peers/gpt.py [--layers 4] [--heads 4] [--width 128] [--block 64] [--batch 12] [--vocab 65] [--threads N]
"""
import argparse, json, math, statistics, time
import torch
import torch.nn as nn
import torch.nn.functional as F

parser = argparse.ArgumentParser()
for name, value in dict(layers=4, heads=4, width=128, block=64, batch=12, vocab=65, threads=0, runs=100).items():
    parser.add_argument(f"--{name}", type=int, default=value)
a = parser.parse_args()
if a.threads:
    torch.set_num_threads(a.threads)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        w = a.width
        self.ln_1, self.ln_2 = nn.LayerNorm(w), nn.LayerNorm(w)
        self.c_attn, self.c_proj = nn.Linear(w, 3 * w), nn.Linear(w, w)
        self.fc, self.proj = nn.Linear(w, 4 * w), nn.Linear(4 * w, w)

    def forward(self, x):
        b, t, w = x.shape
        q, k, v = [y.view(b, t, a.heads, w // a.heads).transpose(1, 2) for y in self.c_attn(self.ln_1(x)).split(w, dim=2)]
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).contiguous().view(b, t, w)
        x = x + self.c_proj(y)
        return x + self.proj(F.gelu(self.fc(self.ln_2(x)), approximate="tanh"))


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(a.vocab, a.width), nn.Embedding(a.block, a.width)
        self.h = nn.Sequential(*[Block() for _ in range(a.layers)])
        self.ln_f = nn.LayerNorm(a.width)
        for n, p in self.named_parameters():
            if p.dim() == 2:
                nn.init.normal_(p, 0, 0.02 / math.sqrt(2 * a.layers) if n.endswith("proj.weight") else 0.02)

    def forward(self, x, y):
        z = self.ln_f(self.h(self.wte(x) + self.wpe.weight[: x.shape[1]]))
        return F.cross_entropy((z @ self.wte.weight.T).view(-1, a.vocab), y.view(-1))


model = GPT()
matrices = [p for p in model.parameters() if p.dim() >= 2]
vectors = [p for p in model.parameters() if p.dim() < 2]
opt = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}], lr=1e-3,
                        betas=(0.9, 0.99))
i = torch.arange(a.batch * a.block + 1)
data = i * i % a.vocab
x, y = data[:-1].view(a.batch, a.block), data[1:].view(a.batch, a.block)
seconds = []
for _ in range(a.runs + 5):
    begin = time.perf_counter()
    opt.zero_grad(set_to_none=True)
    loss = model(x, y)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    loss.item()
    seconds.append(time.perf_counter() - begin)
seconds = seconds[5:]
print(json.dumps({"step_ms": 1e3 * statistics.median(seconds), "least_ms": 1e3 * min(seconds), "loss": loss.item(),
                  "threads": torch.get_num_threads()}))
