"""Weights with which a pool of candidates has given frequencies, and sampling by these weights."""

import numpy as np

_MAX_STEPS = 60
_TOLERANCE = 1e-6


def balance(features: np.ndarray, target: np.ndarray) -> np.ndarray | None:
    """Weight candidates so that the weighted mean of every feature equals its target, as evenly as possible.

    The weights are those with the highest entropy, w = exp(features @ b) up to a factor. b is found by Newton's method
    on the convex dual (entropy balancing; Hainmueller 2012, Political Analysis 20:25).

    Parameters
    ----------
    features : np.ndarray, shape=(n, n_features)
        Columns may depend on each other.
    target : np.ndarray, shape=(n_features,)

    Returns
    -------
    weights : np.ndarray, shape=(n,), or None
        They sum to 1. None if no weights, or only extreme ones, reach the target.
    """
    if not len(features) or (features.max(axis=0) < target).any():
        return None
    b = np.zeros(len(target))
    value, weights = _dual(features, target, b)
    for _ in range(_MAX_STEPS):
        means = weights @ features
        gradient = means - target
        if np.abs(gradient).max() < _TOLERANCE:
            return weights
        hessian = (features * weights[:, None]).T @ features - np.outer(means, means)
        step = np.linalg.lstsq(hessian, gradient, rcond=1e-10)[0]
        scale = 1.0
        while (tried := _dual(features, target, b - scale * step))[0] > value and scale > 1e-6:
            scale /= 2
        b, (value, weights) = b - scale * step, tried
    return None


def draw_weighted(weights: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Sample n rows, shape=(n,), by weights, shape=(N,), each its expected number of times, rounded up or down.

    They come in random order.

    Systematic sampling: n equidistant points, with a random start, on the cumulative weights.
    """
    points = (rng.random() + np.arange(n)) / max(n, 1)
    return rng.permutation(np.searchsorted(np.cumsum(weights) / weights.sum(), points, side="right"))


def _dual(features: np.ndarray, target: np.ndarray, b: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the function to be minimised, log sum exp(features @ b) - b @ target, and the weights at b."""
    scores = features @ b
    top = scores.max()
    weights = np.exp(scores - top)
    return float(np.log(weights.sum()) + top - b @ target), weights / weights.sum()
