"""Writes tests/fixtures/bert/entities.json: sentences of tags, what was said of them, and the scores that seqeval 1.2.2
gives. Usage: bert_entities.py [FILE]

The sentences hold what taggers write and what no scheme allows: an I- behind O or behind another type, E- and S-, types
with a dash in them, no entity at all."""
import json
import random
import sys

from seqeval.metrics import accuracy_score
from seqeval.metrics.sequence_labeling import precision_recall_fscore_support

path = sys.argv[1] if len(sys.argv) > 1 else "tests/fixtures/bert/entities.json"
chosen = [
    ("B-PER I-PER O", "B-PER I-PER O"),
    ("B-PER I-PER O", "B-PER O O"),
    ("I-PER I-PER O I-LOC", "B-PER I-PER O B-LOC"),  # an I- that begins one
    ("B-PER B-PER", "B-PER I-PER"),
    ("B-PER I-LOC I-LOC", "B-PER B-LOC I-LOC"),  # an I- of another type begins one, too
    ("O O O", "O O O"),
    ("O O", "I-PER I-PER"),
    ("B-ORG-X I-ORG-X", "B-ORG-X I-ORG-X"),
    ("S-PER B-LOC E-LOC I-LOC", "S-PER B-LOC I-LOC E-LOC"),
    ("E-PER E-PER", "S-PER S-PER"),
]
tags = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-ORG-X", "I-ORG-X", "S-PER", "E-PER", "E-LOC"]
sentences = [(a.split(), b.split()) for a, b in chosen]
random.seed(5)
for _ in range(60):
    there = random.choices(tags, [6, 3, 4, 2, 3, 1, 2, 1, 1, 1], k=random.randint(1, 12))
    sentences.append((there, [t if random.random() < 0.7 else random.choice(tags) for t in there]))

there, said = [a for a, _ in sentences], [b for _, b in sentences]


def scores(average, labels=None):
    p, r, f, n = precision_recall_fscore_support(there, said, average=average, zero_division=0)
    return p, r, f, n


p, r, f, n = scores("micro")
types = sorted({t.split("-", 1)[1] for s in there + said for t in s if t != "O"})
of_type = list(zip(*scores(None)))
out = {
    "tags": tags,
    "sentences": [{"there": [tags.index(t) for t in a], "said": [tags.index(t) for t in b]} for a, b in sentences],
    "all": {"precision": float(p), "recall": float(r), "f1": float(f), "there": int(n)},
    "types": {t: {"precision": float(a), "recall": float(b), "f1": float(c), "there": int(d)}
              for t, (a, b, c, d) in zip(types, of_type)},
    "accuracy": float(accuracy_score(there, said)),
}
with open(path, "w") as file:
    json.dump(out, file)
