"""A step of tuning MiniLM-L6 on texts of many lengths, which are padded to the longest, as transformers' collator does
it. Names are those of transformers' BertForSequenceClassification."""
import torch
from torch import nn
from torch.nn import functional as F

from .setting import Work

LAYERS, HEADS, WIDTH, HIDDEN, VOCABULARY, PLACES, TEXTS, SHORTEST = 6, 12, 384, 1536, 30522, 512, 32, 8
LENGTHS = torch.arange(SHORTEST, SHORTEST + TEXTS)


class Norm(nn.LayerNorm):
    def __init__(self):
        super().__init__(WIDTH, eps=1e-12)


def holder(**parts):
    module = nn.Module()
    for name, part in parts.items():
        setattr(module, name, part)
    return module


class Embeddings(nn.Module):
    def __init__(self):
        super().__init__()
        self.word_embeddings, self.position_embeddings = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(PLACES, WIDTH)
        self.token_type_embeddings, self.LayerNorm = nn.Embedding(2, WIDTH), Norm()

    def forward(self, tokens):
        places = self.position_embeddings.weight[:tokens.shape[1]]
        return self.LayerNorm(self.word_embeddings(tokens) + places + self.token_type_embeddings.weight[0])


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        inner = {name: nn.Linear(WIDTH, WIDTH) for name in ("query", "key", "value")}
        self.attention = holder(self=holder(**inner), output=holder(dense=nn.Linear(WIDTH, WIDTH), LayerNorm=Norm()))
        self.intermediate = holder(dense=nn.Linear(WIDTH, HIDDEN))
        self.output = holder(dense=nn.Linear(HIDDEN, WIDTH), LayerNorm=Norm())

    def forward(self, x, seen):
        own, out = getattr(self.attention, "self"), self.attention.output
        q, k, v = (p(x).view(*x.shape[:2], HEADS, -1).transpose(1, 2) for p in (own.query, own.key, own.value))
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=seen).transpose(1, 2).reshape(x.shape)
        x = out.LayerNorm(x + out.dense(y))
        return self.output.LayerNorm(x + self.output.dense(F.gelu(self.intermediate.dense(x))))


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.bert = holder(embeddings=Embeddings(), encoder=holder(layer=nn.ModuleList([Layer() for _ in range(LAYERS)])))
        self.classifier = nn.Linear(WIDTH, 2)
        for p in self.parameters():
            if p.dim() == 2 and not p.is_meta:
                nn.init.normal_(p, 0, 0.02)

    def forward(self, tokens, there):
        x, seen = self.bert.embeddings(tokens), there[:, None, None, :]
        for layer in self.bert.encoder.layer:
            x = layer(x, seen)
        return self.classifier((x * there[..., None]).sum(1) / there.sum(1, keepdim=True))


def bert_tune(s):
    net = s.module(Classifier)
    flat = s.input("tokens", lambda: torch.randint(VOCABULARY, (int(LENGTHS.sum()),)))
    labels = s.input("labels", lambda: torch.randint(2, (TEXTS,)))
    tokens = nn.utils.rnn.pad_sequence(flat.split(LENGTHS.tolist()), batch_first=True)
    there = torch.arange(tokens.shape[1]) < LENGTHS[:, None]
    parameters = list(net.parameters())
    groups = [{"params": [p for p in parameters if p.dim() >= 2], "weight_decay": 0.01},
              {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0}]
    adamw = torch.optim.AdamW(groups, lr=5e-5, betas=(0.9, 0.999), fused=True)
    return Work(s.training(lambda: F.cross_entropy(net(tokens, there), labels), adamw,
                           before=lambda: nn.utils.clip_grad_norm_(parameters, 1.0, foreach=True)))
