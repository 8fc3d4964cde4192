"""gat: Velickovic et al. 2018 on a graph of Cora's size.

The forms that were the fastest of PyTorch's on a cpu: sparse products as embedding_bag, whose gradient is another
embedding_bag over the transposed pattern (its own gradient sorts, and index_add of whole rows takes twice as long);
masks of dropout from rand, which is three times as fast as F.dropout; the scores of all heads as one product. A
segment's exponentials are divided by their sum after the largest of all scores is taken off."""
import torch
from torch import nn
from torch.nn import functional as F

from .setting import Work

NODES, FEATURES, CLASSES, VALUES, EDGES = 2708, 1433, 7, 48744, 13264


class Pattern:
    """Where a sparse matrix has entries, by rows and by columns, the same for each head."""

    def __init__(self, row, column, rows, columns, heads):
        self.row, self.column, self.rows, self.columns = row, column, rows, columns
        by_row, by_column = ((i[:, None] * heads + torch.arange(heads)).flatten() for i in (row, column))
        self.by_row = self.bags(by_row, by_column, rows * heads)
        self.by_column = self.bags(by_column, by_row, columns * heads)

    @staticmethod
    def bags(bag, index, count):
        """(in which order to take the entries, their indices, where each bag begins)"""
        order = torch.argsort(bag, stable=True)
        return order, index[order].int(), torch.searchsorted(bag[order], torch.arange(count)).int()


class SparseProduct(torch.autograd.Function):
    """Of values [entries, heads] with dense [columns, heads, width], by heads: [rows, heads, width]."""

    @staticmethod
    def forward(ctx, values, dense, pattern):
        ctx.save_for_backward(values, dense)
        ctx.pattern = pattern
        return SparseProduct.apply_bags(values, dense, pattern.by_row).view(pattern.rows, *dense.shape[1:])

    @staticmethod
    def backward(ctx, gradient):
        (values, dense), pattern, of_values = ctx.saved_tensors, ctx.pattern, None
        of_dense = SparseProduct.apply_bags(values, gradient, pattern.by_column).view_as(dense)
        if ctx.needs_input_grad[0]:
            of_values = (gradient.index_select(0, pattern.row) * dense.index_select(0, pattern.column)).sum(-1)
        return of_values, of_dense, None

    @staticmethod
    def apply_bags(values, dense, bags):
        order, index, begin = bags
        flat = dense.reshape(-1, dense.shape[-1])
        return F.embedding_bag(index, flat, begin, mode="sum", per_sample_weights=values.flatten().index_select(0, order))


def dropout(x, p):
    return x * torch.rand(x.shape).lt_(1 - p).mul_(1 / (1 - p)) if p else x


class Layer(nn.Module):
    def __init__(self, features, heads, width, last):
        super().__init__()
        self.heads, self.width, self.last = heads, width, last
        self.linear_proj = nn.Linear(features, heads * width, bias=False)
        self.scoring_fn_target = nn.Parameter(torch.randn(1, heads, width) * 0.3)
        self.scoring_fn_source = nn.Parameter(torch.randn(1, heads, width) * 0.3)
        self.bias = nn.Parameter(torch.zeros(width if last else heads * width))

    def scores(self, p):
        """<a, p> of each head, [nodes, heads], for targets and for sources: products with block-diagonal matrices."""
        own = torch.eye(self.heads)[:, None]
        return [p @ (a[0, :, :, None] * own).view(-1, self.heads) for a in (self.scoring_fn_target, self.scoring_fn_source)]

    def forward(self, p, edges, drop):
        p = dropout(p, drop)
        to, back = self.scores(p)
        e = F.leaky_relu(to.index_select(0, edges.row) + back.index_select(0, edges.column), 0.2)
        e = (e - e.detach().max()).exp()
        total = torch.zeros(edges.rows, self.heads).index_add(0, edges.row, e)
        alpha = dropout(e / total.index_select(0, edges.row), drop)
        y = SparseProduct.apply(alpha, p.view(-1, self.heads, self.width), edges)
        return y.mean(1) + self.bias if self.last else F.elu(y.flatten(1) + self.bias)


class Gat(nn.Module):
    def __init__(self):
        super().__init__()
        self.gat_net = nn.ModuleList([Layer(FEATURES, 8, 8, False), Layer(64, 1, CLASSES, True)])

    def lie_by_feature(self):
        """The first projection as a sparse product reads it, [features, width]."""
        weight = self.gat_net[0].linear_proj.weight
        weight.data = weight.data.t().contiguous()

    def forward(self, values, words, edges, drop):
        first, second = self.gat_net
        p = SparseProduct.apply(dropout(values, drop), first.linear_proj.weight[:, None], words)
        h = first(p.flatten(1), edges[0], drop)
        return second(second.linear_proj(dropout(h, drop)), edges[1], drop)


def random_graph():
    """Target and source of each edge, a loop for each node among them, sorted by target."""
    source = torch.cat([torch.arange(NODES), torch.randint(NODES, (EDGES - NODES,))])
    target = torch.cat([torch.arange(NODES), torch.randint(NODES, (EDGES - NODES,))]).sort()
    return target.values, source[target.indices]


def gat(s):
    net = s.module(Gat)
    if s.file is None:
        target, source = random_graph()
        row, column = torch.randint(NODES, (VALUES,)).sort().values, torch.randint(FEATURES, (VALUES,))
        value, labels, chosen = torch.rand(VALUES), torch.randint(CLASSES, (NODES,)), torch.arange(140)
    else:
        target, source, row, column, labels, chosen = (
            s.file.take("input." + name).long()
            for name in ("edge_target", "edge_source", "feature_row", "feature_column", "labels", "train_nodes"))
        value = s.file.take("input.feature_value").flatten()
    words = Pattern(row, column, NODES, FEATURES, 1)
    edges = [Pattern(target, source, NODES, NODES, heads) for heads in (8, 1)]
    net.lie_by_feature()
    wanted = labels[chosen]
    adam = torch.optim.Adam(net.parameters(), lr=5e-3, weight_decay=5e-4, fused=True)

    def loss(drop):
        logits = net(value[:, None], words, edges, drop)
        return F.cross_entropy(logits.index_select(0, chosen), wanted)

    return Work(s.training(lambda: loss(0.6), adam), check=s.training(lambda: loss(0.0), adam, compiled=False))
