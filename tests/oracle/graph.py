"""Writes tests/fixtures/graph.safetensors: zoo/graph's networks as PyTorch computes them, from dense matrices.

Run from the root of the repository: python tests/oracle/graph.py (needs torch and safetensors).

For each NETWORK: the graphs (NETWORK.graph_start, .target and .source of each edge, .x [nodes, features]),
.labels [nodes or graphs], or .targets [nodes, classes] of several labels, .split (1: train, 2: validation)
with several.micro_f1 of the latter; as NETWORK.net.PARAMETER the weights, .logits, .loss over the training
items, .grad.PARAMETER; of gin also .after.STATISTIC. Attention is a softmax over whole rows of the adjacency
matrix, an edge that is not there at minus infinity; graphs side by side are blocks of that matrix."""
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

torch.manual_seed(5)
OUT = {}


def draw(name, sizes, features, share, directed):
    """Random graphs without loops: adjacency [target, source], features that are mostly zero."""
    nodes = sum(sizes)
    adjacency, start = torch.zeros(nodes, nodes, dtype=torch.bool), [0]
    for size in sizes:
        block = torch.rand(size, size) < share
        block = block if directed else block | block.T
        block.fill_diagonal_(False)
        adjacency[start[-1]:start[-1] + size, start[-1]:start[-1] + size] = block
        start.append(start[-1] + size)
    x = torch.randn(nodes, features) * (torch.rand(nodes, features) < 0.3)
    x[1] = 0
    target, source = adjacency.nonzero(as_tuple=True)
    OUT[name + ".graph_start"] = torch.tensor(start, dtype=torch.int32)
    OUT[name + ".target"], OUT[name + ".source"] = target.int(), source.int()
    OUT[name + ".x"] = x.float()
    return adjacency, x.float().double(), start


class Attention(nn.Module):
    def __init__(self, features, heads, width, skip, last):
        super().__init__()
        self.heads, self.width, self.last = heads, width, last
        self.linear_proj = nn.Linear(features, heads * width, bias=False)
        self.scoring_fn_target = nn.Parameter(torch.randn(1, heads, width))
        self.scoring_fn_source = nn.Parameter(torch.randn(1, heads, width))
        self.bias = nn.Parameter(torch.randn(width if last else heads * width))
        if skip:
            self.skip_proj = nn.Linear(features, heads * width, bias=False)

    def forward(self, x, adjacency):
        p = self.linear_proj(x).view(-1, self.heads, self.width)
        e = (p * self.scoring_fn_target).sum(-1)[:, None] + (p * self.scoring_fn_source).sum(-1)[None]
        e = F.leaky_relu(e, 0.2)  # [target, source, head]
        there = adjacency | torch.eye(len(x), dtype=torch.bool)
        alpha = e.masked_fill(~there[:, :, None], -torch.inf).softmax(1)
        y = torch.einsum("ijh,jhf->ihf", alpha, p)
        if hasattr(self, "skip_proj"):
            y = y + self.skip_proj(x).view(-1, self.heads, self.width)
        y = y.mean(1) if self.last else y.flatten(1)
        y = y + self.bias
        return y if self.last else F.elu(y)


class Gat(nn.Module):
    def __init__(self, features, heads, widths, skip):
        super().__init__()
        self.gat_net = nn.ModuleList()
        for i, (h, w) in enumerate(zip(heads, widths)):
            self.gat_net.append(Attention(features, h, w, skip, i == len(heads) - 1))
            features = h * w

    def forward(self, x, adjacency):
        for layer in self.gat_net:
            x = layer(x, adjacency)
        return x


class Convolution(nn.Module):
    def __init__(self, features, width):
        super().__init__()
        self.linear_proj = nn.Linear(features, width, bias=False)
        self.bias = nn.Parameter(torch.randn(width))


class Gcn(nn.Module):
    def __init__(self, features, width, classes):
        super().__init__()
        self.gcn_net = nn.ModuleList([Convolution(features, width), Convolution(width, classes)])

    def forward(self, x, adjacency):
        a = adjacency.double() + torch.eye(len(x), dtype=torch.double)
        d = a.sum(1).rsqrt()
        a = d[:, None] * a * d[None]
        for i, layer in enumerate(self.gcn_net):
            x = a @ layer.linear_proj(x) + layer.bias
            x = x if i else x.relu()
        return x


class Mlp(nn.Module):
    def __init__(self, features, width):
        super().__init__()
        self.linears = nn.ModuleList([nn.Linear(features, width), nn.Linear(width, width)])
        self.batch_norms = nn.ModuleList([nn.BatchNorm1d(width)])

    def forward(self, x):
        return self.linears[1](self.batch_norms[0](self.linears[0](x)).relu())


class Gin(nn.Module):
    def __init__(self, features, width, layers, classes):
        super().__init__()
        inputs = [features] + [width] * layers
        self.mlps = nn.ModuleList([Mlp(i, width) for i in inputs[:-1]])
        self.batch_norms = nn.ModuleList([nn.BatchNorm1d(width) for _ in range(layers)])
        self.linears_prediction = nn.ModuleList([nn.Linear(i, classes) for i in inputs])

    def forward(self, x, adjacency, start):
        pool = torch.zeros(len(start) - 1, len(x), dtype=torch.double)
        for g in range(len(start) - 1):
            pool[g, start[g]:start[g + 1]] = 1
        logits = self.linears_prediction[0](pool @ x)
        for i, mlp in enumerate(self.mlps):
            x = self.batch_norms[i](mlp(x + adjacency.double() @ x)).relu()
            logits = logits + self.linears_prediction[i + 1](pool @ x)
        return logits


def keep(name, net, logits, loss):
    for key, value in net.state_dict().items():
        kept = value.float() if value.is_floating_point() else value
        running = "running" in key or "tracked" in key
        OUT[f"{name}.{'after' if running else 'net'}.{key}"] = kept.clone()
    loss.backward()
    OUT[name + ".logits"], OUT[name + ".loss"] = logits.detach().float(), loss.detach().float()[None]
    for key, value in net.named_parameters():
        OUT[f"{name}.grad.{key}"] = value.grad.float()


def whole(net):
    """In double precision, but of numbers that are floats."""
    net.double()
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(p.float().double())
    return net


def one_label(name, net, nodes, classes, logits):
    labels, split = torch.randint(classes, (nodes,)), torch.randint(1, 3, (nodes,))
    OUT[name + ".labels"], OUT[name + ".split"] = labels.int(), split.int()
    keep(name, net, logits, F.cross_entropy(logits[split == 1], labels[split == 1]))


def main():
    adjacency, x, _ = draw("gat", [23], 11, 0.15, directed=True)
    net = whole(Gat(11, [3, 2, 2], [4, 5, 3], skip=True))
    one_label("gat", net, 23, 3, net(x, adjacency))

    adjacency, x, _ = draw("several", [9, 14], 7, 0.25, directed=False)
    net = whole(Gat(7, [2, 3], [4, 5], skip=False))
    targets, logits = (torch.rand(23, 5) < 0.4).double(), net(x, adjacency)
    split = torch.tensor([1] * 9 + [2] * 14)
    OUT["several.targets"], OUT["several.split"] = targets.float(), split.int()
    keep("several", net, logits, F.binary_cross_entropy_with_logits(logits[:9], targets[:9]))
    said, true = logits[9:] > 0, targets[9:] > 0
    OUT["several.micro_f1"] = 2 * (said & true).sum()[None].float() / (said.sum() + true.sum())

    adjacency, x, _ = draw("gcn", [19], 8, 0.15, directed=False)
    net = whole(Gcn(8, 6, 4))
    one_label("gcn", net, 19, 4, net(x, adjacency))

    adjacency, x, start = draw("gin", [6, 1, 9, 4, 7], 5, 0.3, directed=False)
    net = whole(Gin(5, 4, 2, 2))
    logits, labels = net(x, adjacency, start), torch.tensor([0, 1, 1, 0, 1])
    OUT["gin.labels"], OUT["gin.split"] = labels.int(), torch.ones(5, dtype=torch.int32)
    keep("gin", net, logits, F.cross_entropy(logits, labels))
    save_file(OUT, "tests/fixtures/graph.safetensors")


main()
