"""Writes tests/fixtures/bert/tags/, labels/ and tuned.json: a BERT of transformers that tags words and one that gives texts
labels, each with a table, and what their parameters are after two steps of SGD, at rates that fall from layer to layer.
Usage: bert_tuned.py [FOLDER]; reads FOLDER/bare/tokenizer.json, which bert.py writes."""
import json
import os
import shutil
import sys

import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertForSequenceClassification, BertForTokenClassification

folder = sys.argv[1] if len(sys.argv) > 1 else "tests/fixtures/bert"
RATE, DECAY, STEPS = 0.5, 0.5, 2
tokenizer = Tokenizer.from_file(f"{folder}/bare/tokenizer.json")
sentences = [("The cats sat on the mat".split(), "O B-A I-A O O B-B".split()), (["un"], ["B-B"]),
             ("zebra hata a b c d".split(), "B-A I-A O I-B O O".split()), ("and and the hatb".split(), "O O O B-A".split())]
texts = [("the cat", ["x", "y"]), ("on the mats", []), ("a b c d e f", ["z"]), ("hat", ["y", "z"]), ("un and un", ["x"])]


def in_order(names):
    return list(dict.fromkeys(names))


def make(kind, count):
    torch.manual_seed(11)
    model = kind(BertConfig(vocab_size=tokenizer.get_vocab_size(), hidden_size=8, num_hidden_layers=2, num_attention_heads=2,
                            intermediate_size=12, max_position_embeddings=24, num_labels=count, hidden_dropout_prob=0,
                            attention_probs_dropout_prob=0))
    with torch.no_grad():
        for p in model.parameters():
            p.add_(torch.randn_like(p) * (0.15 if p.dim() > 1 else 0.1))
    return model


def rate(name):
    layers = 2
    if ".embeddings." in name:
        return RATE * DECAY ** (layers + 1)
    if ".layer." in name:
        return RATE * DECAY ** (layers - int(name.split(".layer.")[1].split(".")[0]))
    return RATE


def padded(encodings):
    n = max(len(e.ids) for e in encodings)
    ids = torch.tensor([e.ids + [0] * (n - len(e.ids)) for e in encodings])
    mask = torch.tensor([[1] * len(e.ids) + [0] * (n - len(e.ids)) for e in encodings])
    return {"input_ids": ids, "attention_mask": mask}, n


def learn(name, model, inputs, loss_of, table, **more):
    path = f"{folder}/{name}"
    model.save_pretrained(path)
    shutil.copy(f"{folder}/bare/tokenizer.json", path)
    optimizer = torch.optim.SGD([{"params": [p], "lr": rate(n)} for n, p in model.named_parameters()])
    losses = []
    for _ in range(STEPS):
        loss = loss_of(model(**inputs).logits)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return {"table": table, "losses": losses, "parameters": {
        n: [round(v, 7) for v in p.detach().flatten()[-4:].tolist()] for n, p in model.named_parameters()}, **more}


tags = in_order(t for _, s in sentences for t in s)
encoded = [tokenizer.encode(words, is_pretokenized=True) for words, _ in sentences]
inputs, n = padded(encoded)
target = torch.full((len(sentences), n), -100)
for row, (e, (_, s)) in enumerate(zip(encoded, sentences)):
    for i, w in enumerate(e.word_ids):
        if w is not None and (i == 0 or e.word_ids[i - 1] != w):
            target[row, i] = tags.index(s[w])
result = {"rate": RATE, "decay": DECAY, "steps": STEPS}
cross_entropy = torch.nn.CrossEntropyLoss()
result["tags"] = learn("tags", make(BertForTokenClassification, len(tags)), inputs,
                       lambda z: cross_entropy(z.flatten(0, 1), target.flatten()),
                       "\n".join("".join(f"{w}\t{t}\n" for w, t in zip(*s)) for s in sentences))

labels = in_order(x for _, s in texts for x in s)
inputs, _ = padded([tokenizer.encode(text) for text, _ in texts])
target = torch.tensor([[float(x in s) for x in labels] for _, s in texts])
result["labels"] = learn("labels", make(BertForSequenceClassification, len(labels)), inputs,
                         lambda z: torch.nn.functional.binary_cross_entropy_with_logits(z, target),
                         "".join(f"{text}\t{'|'.join(s)}\n" for text, s in texts))
with open(f"{folder}/tuned.json", "w") as file:
    json.dump(result, file)
