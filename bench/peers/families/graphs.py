"""gat: Velickovic et al. 2018 on a graph of Cora's size.

The sparse features are multiplied by embedding_bag, whose bags are nodes; attention goes over edges alone, with
index_select and index_add, a segment's exponentials divided by their sum after the largest of all scores is
taken off, as the well-known implementations do."""
import torch
from torch import nn
from torch.nn import functional as F

from .setting import Work

NODES, FEATURES, CLASSES, VALUES, EDGES = 2708, 1433, 7, 49216, 13264


class Layer(nn.Module):
    def __init__(self, features, heads, width, last):
        super().__init__()
        self.heads, self.width, self.last = heads, width, last
        self.linear_proj = nn.Linear(features, heads * width, bias=False)
        self.scoring_fn_target = nn.Parameter(torch.randn(1, heads, width) * 0.3)
        self.scoring_fn_source = nn.Parameter(torch.randn(1, heads, width) * 0.3)
        self.bias = nn.Parameter(torch.zeros(width if last else heads * width))

    def forward(self, p, target, source, drop):
        p = F.dropout(p, drop).view(-1, self.heads, self.width)
        to, back = (p * self.scoring_fn_target).sum(-1), (p * self.scoring_fn_source).sum(-1)
        e = F.leaky_relu(to.index_select(0, target) + back.index_select(0, source), 0.2)
        e = (e - e.detach().max()).exp()
        total = torch.zeros(len(p), self.heads).index_add(0, target, e)
        alpha = F.dropout(e / total.index_select(0, target), drop)
        y = torch.zeros_like(p).index_add(0, target, p.index_select(0, source) * alpha[:, :, None])
        return y.mean(1) + self.bias if self.last else F.elu(y.flatten(1) + self.bias)


class Gat(nn.Module):
    def __init__(self):
        super().__init__()
        self.gat_net = nn.ModuleList([Layer(FEATURES, 8, 8, False), Layer(64, 1, CLASSES, True)])

    def lie_by_feature(self):
        """The first projection as embedding_bag reads it, [features, width]."""
        weight = self.gat_net[0].linear_proj.weight
        weight.data = weight.data.t().contiguous()

    def forward(self, x, edges, drop):
        column, offsets, value = x
        first, second = self.gat_net
        p = F.embedding_bag(column, first.linear_proj.weight, offsets, mode="sum",
                            per_sample_weights=F.dropout(value, drop))
        h = first(p, *edges, drop)
        return second(second.linear_proj(F.dropout(h, drop)), *edges, drop)


def random_graph():
    """Target and source of each edge, a loop for each node among them, sorted by target."""
    source = torch.cat([torch.arange(NODES), torch.randint(NODES, (EDGES - NODES,))])
    target = torch.cat([torch.arange(NODES), torch.randint(NODES, (EDGES - NODES,))]).sort()
    return target.values, source[target.indices]


def gat(s):
    net = s.module(Gat)
    if s.tensors is None:
        target, source = random_graph()
        row, column = torch.randint(NODES, (VALUES,)).sort().values, torch.randint(FEATURES, (VALUES,))
        value, labels, chosen = torch.rand(VALUES), torch.randint(CLASSES, (NODES,)), torch.arange(140)
    else:
        target, source, row, column, labels, chosen = (
            s.take("input." + name).long()
            for name in ("edge_target", "edge_source", "feature_row", "feature_column", "labels", "train_nodes"))
        value = s.take("input.feature_value").flatten()
    offsets = torch.searchsorted(row, torch.arange(NODES))
    net.lie_by_feature()
    wanted = labels[chosen]
    adam = torch.optim.Adam(net.parameters(), lr=5e-3, weight_decay=5e-4, fused=True)

    def loss(drop):
        logits = net((column, offsets, value), (target, source), drop)
        return F.cross_entropy(logits.index_select(0, chosen), wanted)

    return Work(s.training(lambda: loss(0.6), adam), check=s.training(lambda: loss(0.0), adam, compiled=False))
