"""Writes tests/fixtures/made_scores.safetensors: Frechet distances and neighbour scores of small clouds of features.

Run from the root of the repository: python tests/oracle/made_scores.py (needs numpy, scipy and safetensors).

For each CASE: CASE.real and CASE.made (f32 rows), CASE.frechet (f64; SciPy's square root of the product of the
covariances, or, where there are fewer rows than features, by the covariances' factors), CASE.kernel (f64: the kernel
distance of as many rows of each as the fewer have, all in one subset), and CASE.k with CASE.scores: precision, recall,
density, coverage by their definitions."""
import numpy as np
from safetensors.numpy import save_file
from scipy.linalg import sqrtm

random, out = np.random.default_rng(11), {}


def frechet(a, b):
    ca, cb = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    shift = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(ca) + np.trace(cb)
    if len(a) > a.shape[1] and len(b) > b.shape[1]:
        return shift - 2 * np.trace(sqrtm(ca @ cb)).real
    # tr (A B)^1/2 is the sum of the singular values of the product of factors, A = X^T X, B = Y^T Y
    x, y = ((v - v.mean(0)) / np.sqrt(len(v) - 1) for v in (a, b))
    return shift - 2 * np.linalg.svd(x @ y.T, compute_uv=False).sum()


def distances(x, y):
    return np.sqrt(((x[:, None] - y[None]) ** 2).sum(2))


def scores(real, made, k):
    radius_real = np.sort(distances(real, real), 1)[:, k]
    radius_made = np.sort(distances(made, made), 1)[:, k]
    d = distances(real, made)
    return [(d <= radius_real[:, None]).any(0).mean(), (d <= radius_made[None]).any(1).mean(),
            (d <= radius_real[:, None]).sum(0).mean() / k, (d.min(1) <= radius_real).mean()]


def kernel_distance(x, y):
    m = min(len(x), len(y))
    x, y = x[:m], y[:m]
    kernel = lambda a, b: (a @ b.T / a.shape[1] + 1) ** 3
    alone = lambda k: (k.sum() - np.trace(k)) / (m * (m - 1))
    return alone(kernel(x, x)) + alone(kernel(y, y)) - 2 * kernel(x, y).mean()


def case(name, real, made, k):
    real, made = real.astype(np.float32), made.astype(np.float32)
    out[name + ".real"], out[name + ".made"] = real, made
    a, b = real.astype(np.float64), made.astype(np.float64)
    out[name + ".frechet"] = np.array([frechet(a, b)])
    out[name + ".kernel"] = np.array([kernel_distance(a, b)])
    out[name + ".k"] = np.array([k], np.int32)
    out[name + ".scores"] = np.array(scores(a, b, k))


if __name__ == "__main__":
    mixed = random.normal(size=(5, 5))
    case("near", random.normal(size=(40, 5)) @ mixed, random.normal(size=(37, 5)) @ mixed + 0.3, 3)
    case("far", random.normal(size=(25, 3)), 4 + 2 * random.normal(size=(30, 3)), 5)
    case("narrow", random.normal(size=(60, 4)), 0.3 * random.normal(size=(20, 4)), 4)
    case("few", random.normal(size=(6, 9)), random.normal(size=(8, 9)) + 0.2, 2)
    case("uneven", random.normal(size=(60, 12)), random.normal(size=(9, 12)) + 1, 3)
    save_file(out, "tests/fixtures/made_scores.safetensors")
