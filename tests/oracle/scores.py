"""Writes tests/fixtures/scores.safetensors: what scikit-learn and SciPy say of predictions with ties, classes
that no row has, and classes that are never predicted.

Run from the root of the repository: python tests/oracle/scores.py (needs numpy, scipy, scikit-learn and
safetensors). Results are float64, in the order in which tests/unit/scores.c names them. Scores @k with ties
come from every order of the candidates."""
import itertools
import warnings

import numpy as np
from safetensors.numpy import save_file
from scipy.special import log_softmax, softmax
from scipy.stats import pearsonr, spearmanr
from sklearn import metrics

warnings.filterwarnings("ignore")
random = np.random.default_rng(5)
out = {}


def rounded(*shape, step=0.25, scale=1.5):
    """Float32 numbers many of which are equal."""
    return (np.round(random.normal(size=shape) * scale / step) * step).astype(np.float32)


def calibration_error(p, right, bins):
    confidence = p.max(1)
    which = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    return sum(abs(right[which == b].sum() - confidence[which == b].sum()) for b in range(bins)) / len(p)


def classes(name, logits, labels, k, bins):
    all_labels = labels
    keep = labels >= 0
    x, y = logits[keep].astype(np.float64), labels[keep]
    guess, p = x.argmax(1), softmax(x, 1)
    order = np.argsort(-x, axis=1, kind="stable")
    right = guess == y
    n = x.shape[1]
    two = n == 2 and len(set(y)) == 2
    margin = logits[keep][:, 1] - logits[keep][:, 0]
    out[f"{name}.logits"], out[f"{name}.labels"] = logits, all_labels.astype(np.int32)
    out[f"{name}.result"] = np.array([
        -log_softmax(x, 1)[np.arange(len(y)), y].mean(),
        metrics.accuracy_score(y, guess),
        np.mean([l in o[:k] for l, o in zip(y, order)]),
        metrics.balanced_accuracy_score(y, guess),
        metrics.precision_score(y, guess, average="macro", zero_division=0),
        metrics.recall_score(y, guess, average="macro", zero_division=0),
        metrics.f1_score(y, guess, average="macro", zero_division=0),
        metrics.f1_score(y, guess, average="weighted", zero_division=0),
        metrics.roc_auc_score(y, margin) if two else np.nan,
        metrics.average_precision_score(y, margin) if n == 2 else np.nan,
        calibration_error(p, right, bins),
    ])
    nan = np.nan
    each = [metrics.precision_recall_fscore_support(y, guess, labels=range(n), zero_division=nan)]
    out[f"{name}.each"] = np.array(each[0], dtype=np.float64)
    out[f"{name}.confusion"] = metrics.confusion_matrix(y, guess, labels=range(n)).astype(np.int64)
    out[f"{name}.probability"] = p[0]


def several(name, logits, targets):
    guess = logits > 0
    x, t = logits.astype(np.float64), targets.astype(np.float64)
    loss = np.maximum(x, 0) - x * t + np.log1p(np.exp(-abs(x)))
    out[f"{name}.logits"], out[f"{name}.targets"] = logits, targets.astype(np.float32)
    by = [f(targets, guess, average=a, zero_division=0) for a in ("micro", "macro")
          for f in (metrics.precision_score, metrics.recall_score, metrics.f1_score)]
    out[f"{name}.result"] = np.array([loss.mean(), *by, metrics.accuracy_score(targets, guess)])


def discounted(relevance, k):
    return sum(r / np.log2(2 + i) for i, r in enumerate(relevance[:k]))


def ranking(name, scores, relevance, k):
    sums = np.zeros(6)
    for s, r in zip(scores, relevance):
        found, orders = np.zeros(5), 0
        best = discounted(sorted(r, reverse=True), k)
        for order in itertools.permutations(range(len(s))):
            if any(s[a] < s[b] for a, b in zip(order, order[1:])):
                continue
            ordered = [r[i] for i in order]
            hits = sum(x > 0 for x in ordered[:k])
            first = next(i for i, x in enumerate(ordered) if x > 0)
            found += [hits > 0, hits / k, hits / sum(r > 0), discounted(ordered, k) / best, 1 / (1 + first)]
            orders += 1
        assert abs(found[3] / orders - metrics.ndcg_score([r], [s], k=k)) < 1e-12
        sums += [*(found / orders), metrics.average_precision_score(r > 0, s)]
    out[f"{name}.scores"], out[f"{name}.relevance"] = scores, relevance
    out[f"{name}.result"] = sums / len(scores)


def main():
    labels = random.integers(0, 7, 300)
    labels[labels == 3] = 5  # a class without a row
    logits = rounded(300, 7)
    logits[np.arange(300), labels] += 1
    logits[:, 1] -= 20  # never predicted
    labels[::17] = -1
    classes("seven", logits, labels, 2, 10)
    labels = random.integers(0, 2, 400)
    logits = rounded(400, 2)
    logits[:, 1] += labels * 0.75
    classes("two", logits, labels, 5, 15)
    classes("alone", rounded(20, 2), np.ones(20, dtype=int), 5, 15)
    logits = rounded(50, 4)
    logits[::3, 2] = -np.inf  # ruled out
    classes("masked", logits, random.integers(0, 2, 50), 5, 15)

    targets = random.random((90, 6)) < 0.3
    logits = rounded(90, 6)
    logits[targets] += 1
    targets[:, 4], logits[:, 4] = False, -1  # in no row, never predicted
    targets[:, 2] = False
    several("several", logits, targets)

    scores, relevance = rounded(25, 7, step=1), np.maximum(rounded(25, 7, step=1), 0)
    relevance[:, 3] = 1
    ranking("ranking", scores, relevance, 3)
    scores, relevance = rounded(30, 200), np.maximum(rounded(30, 200, step=1), 0)
    relevance[:, 0] = 2
    out["long.scores"], out["long.relevance"] = scores, relevance
    out["long.result"] = np.array([
        np.mean([metrics.ndcg_score([r], [s], k=20) for r, s in zip(relevance, scores)]),
        np.mean([metrics.average_precision_score(r > 0, s) for r, s in zip(relevance, scores)]),
    ])

    scores, positive = rounded(1000), random.integers(0, 2, 1000)
    out["area.scores"], out["area.labels"] = scores, positive.astype(np.int32)
    out["area.result"] = np.array([metrics.roc_auc_score(positive, scores),
                                   metrics.average_precision_score(positive, scores)])

    truth = rounded(200) + 1000
    predicted = (truth + rounded(200, step=0.5)).astype(np.float32)
    t, p = truth.astype(np.float64), predicted.astype(np.float64)
    out["numbers.predicted"], out["numbers.truth"] = predicted, truth
    out["numbers.result"] = np.array([
        metrics.mean_squared_error(t, p), np.sqrt(metrics.mean_squared_error(t, p)),
        metrics.mean_absolute_error(t, p), metrics.r2_score(t, p), pearsonr(t, p)[0], spearmanr(t, p)[0],
    ])
    save_file(out, "tests/fixtures/scores.safetensors")


if __name__ == "__main__":
    main()
