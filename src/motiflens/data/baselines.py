"""Baselines without a network: how well GC content, and a linear model on k-mers, predict the labels.

If a network predicts no better than these, nothing shows that it uses motifs.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.sequence import UNKNOWN, gc_content
from motiflens.basics.stats import mean_of_defined
from motiflens.basics.tables import by_fields
from motiflens.data.dataset import SequenceDataset
from motiflens.data.label_summary import FEW_LABELS
from motiflens.data.splits import SPLITS

PENALTIES = tuple(10.0**power for power in range(-6, 2))
_MAX_K = 5  # 1,024 features: more would make Newton's method slow
_MAX_STEPS = 100
_TOLERANCE = 1e-10


@by_fields
class KmerModel(NamedTuple):
    """Linear models on k-mer frequencies, one for each label.

    Attributes
    ----------
    scores : np.ndarray, float64, shape=(N, T)
        Logits, or predictions of real-valued labels, for all sequences of the data set in their order.
    weights : np.ndarray, float64, shape=(4**k, T)
        Weights of the standardised frequencies; k-mers are in alphabetical order.
    bias : np.ndarray, float64, shape=(T,)
    penalties : np.ndarray, float64, shape=(T,)
        The L2 penalty chosen for each label.
    """

    scores: np.ndarray
    weights: np.ndarray
    bias: np.ndarray
    penalties: np.ndarray


def gc_scores(dataset: SequenceDataset) -> np.ndarray:
    """GC content as a predictor of each label, shape=(N, T), with its sign from the training sequences.

    A sequence without a known base gets the average GC content.

    Raises
    ------
    ValueError
        If there are no training sequences.
    """
    train = _rows_of(dataset, "train", "to learn from")
    gc = gc_content(dataset.codes)
    mean = np.nanmean(gc[train]) if np.isfinite(gc[train]).any() else 0.5
    centred = np.where(np.isfinite(gc), gc, mean) - mean  # N
    y = dataset.y[train].astype(np.float64)
    covariance = centred[train] @ np.nan_to_num(y - mean_of_defined(y, axis=0))  # T; missing labels do not count
    return centred[:, None] * np.where(covariance < 0, -1, 1)


def kmer_model(dataset: SequenceDataset, k: int = 3, *, penalties: Sequence[float] = PENALTIES) -> KmerModel:
    """Fit a logistic regression on k-mer frequencies (a ridge regression, if labels are real-valued).

    For each label, it minimises the mean loss over the training sequences (cross-entropy, or half the squared error)
    plus penalty / 2 times the sum of squared weights. Frequencies are standardised by the training sequences. A k-mer
    and its reverse complement are separate features. The penalty is the one with the smallest loss on the validation
    sequences, or the largest one if no validation sequence has the label. Missing labels do not count.

    With more than 50 labels, logistic regression is approximated by one step of Newton's method, which starts with zero
    weights and the log odds of the label as bias. So all labels and penalties share one decomposition of the features.
    The weights have the direction of a discriminant analysis; those of strong effects are too small. A ridge regression
    is exact in either case.

    Parameters
    ----------
    dataset : SequenceDataset
        With training and, unless one penalty is given, validation sequences.
    k : int
        1 to 5.
    penalties : sequence of float
        Candidate penalties, each above 0.

    Returns
    -------
    model : KmerModel

    Raises
    ------
    ValueError
        If k or a penalty is out of range, or there are no training or validation sequences.
    """
    if not penalties or min(penalties) <= 0:
        raise InputError(f"expected penalties above 0, got {list(penalties)}")
    train = _rows_of(dataset, "train", "to learn from")
    features = kmer_frequencies(dataset.codes, k)  # N, 4**k
    spread = features[train].std(axis=0)
    features = (features - features[train].mean(axis=0)) / np.where(spread > 0, spread, 1)
    binary = dataset.is_binary
    valid = train if len(penalties) == 1 else _rows_of(dataset, "valid", "to choose the penalty on (or give one)")
    fit = _each_label if dataset.n_outputs <= FEW_LABELS else _all_labels
    chosen, slopes, bias = fit(features, dataset.y.astype(np.float64), train, valid, penalties, binary=binary)
    return KmerModel(features @ slopes + bias, slopes, bias, chosen)


def kmer_frequencies(codes: np.ndarray, k: int) -> np.ndarray:
    """Share of each k-mer among all windows of a sequence without unknown bases, float64, shape=(N, 4**k).

    k-mers are in alphabetical order. A sequence without such a window has zeros.

    Raises
    ------
    ValueError
        If k is not in 1 to 5, or longer than the sequences.
    """
    n, length = codes.shape
    if not 1 <= k <= min(_MAX_K, length):
        raise InputError(f"k must be in 1 to {min(_MAX_K, length)} for sequences of {length} bp, got {k}")
    words = np.zeros((n, length - k + 1), dtype=np.int64)
    known = np.ones(words.shape, dtype=bool)
    for offset in range(k):
        letters = codes[:, offset : length - k + 1 + offset]
        words = 4 * words + letters
        known &= letters != UNKNOWN
    rows = np.broadcast_to(np.arange(n)[:, None], words.shape)
    counts = np.bincount((rows * 4**k + words)[known], minlength=n * 4**k).reshape(n, 4**k)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


def _each_label(
    features: np.ndarray,
    y: np.ndarray,
    train: np.ndarray,
    valid: np.ndarray,
    penalties: Sequence[float],
    *,
    binary: bool,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Penalties (T,), slopes (P, T) and biases (T,) of labels (N, T), each with all penalties by itself."""
    chosen, weights = [], []
    for label in y.T:
        known, judged = train[~np.isnan(label[train])], valid[~np.isnan(label[valid])]
        fits = [_fit(features[known], label[known], penalty, binary=binary) for penalty in penalties]
        best = int(np.argmax(penalties))
        if len(judged):
            losses = [_loss(features[judged] @ w[:-1] + w[-1], label[judged], binary=binary) for w in fits]
            best = int(np.argmin(losses))
        chosen.append(penalties[best])
        weights.append(fits[best])
    stacked = np.stack(weights, axis=1)
    return np.array(chosen), stacked[:-1], stacked[-1]


def _all_labels(
    features: np.ndarray,
    y: np.ndarray,
    train: np.ndarray,
    valid: np.ndarray,
    penalties: Sequence[float],
    *,
    binary: bool,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As `_each_label`, by one step from the rates; labels that the same sequences have are fitted together."""
    n_labels = y.shape[1]
    best = np.full(n_labels, np.inf)
    chosen, bias, slopes = (
        np.full(n_labels, max(penalties)),
        np.zeros(n_labels),
        np.zeros((features.shape[1], n_labels)),
    )
    judged = features[valid]
    patterns, group_of = np.unique(~np.isnan(y[train]), axis=1, return_inverse=True)
    for group, known in enumerate(patterns.T):
        own = np.flatnonzero(group_of.ravel() == group)
        if not known.any():
            continue
        step = _SharedStep(features[train[known]], y[np.ix_(train[known], own)], binary=binary)
        for penalty in sorted(penalties, reverse=True):  # the largest stays where no validation sequence has the label
            w, b = step.weights(penalty)
            losses = _losses(judged @ w + b, y[np.ix_(valid, own)], binary=binary)
            better = (losses < best[own]) | ((penalty == max(penalties)) & np.isnan(losses))
            best[own[better]] = np.where(np.isnan(losses[better]), -np.inf, losses[better])
            chosen[own[better]], bias[own[better]], slopes[:, own[better]] = penalty, b[better], w[:, better]
    return chosen, slopes, bias


class _SharedStep:
    """Newton's first step from the rates of labels, for any penalty; all there is to do for squared errors."""

    def __init__(self, x: np.ndarray, y: np.ndarray, *, binary: bool) -> None:
        n = len(x)
        self._centre = x.mean(axis=0)  # P
        centred = x - self._centre
        self._scales, self._axes = np.linalg.eigh(centred.T @ centred / n)  # P; P, P
        rate = y.mean(axis=0)  # T
        self._pull = self._axes.T @ (centred.T @ (y - rate)) / n  # P, T
        if binary:
            rate = np.clip(rate, 0.5 / (n + 1), 1 - 0.5 / (n + 1))  # a label of one class has finite odds too
        self._curvature = rate * (1 - rate) if binary else np.ones_like(rate)
        self._start = np.log(rate / (1 - rate)) if binary else rate

    def weights(self, penalty: float) -> tuple[np.ndarray, np.ndarray]:
        """Slopes, shape=(P, T), and biases, shape=(T,)."""
        slopes = self._axes @ (self._pull / (np.maximum(self._scales, 0)[:, None] * self._curvature + penalty))
        return slopes, self._start - self._centre @ slopes


def _fit(features: np.ndarray, y: np.ndarray, penalty: float, *, binary: bool) -> np.ndarray:
    """Weights of one label and, last, the bias, shape=(P + 1,), by Newton's method: one step for a squared error."""
    x = np.column_stack([features, np.ones(len(features))])
    penalties = np.append(np.full(features.shape[1], penalty), 0.0)

    def objective(weights: np.ndarray) -> float:
        return float(_loss(x @ weights, y, binary=binary) + (penalties * weights**2).sum() / 2)

    weights = np.zeros(x.shape[1])
    if not len(x):
        return weights
    for _ in range(_MAX_STEPS):
        predicted = _sigmoid(x @ weights) if binary else x @ weights
        gradient = x.T @ (predicted - y) / len(x) + penalties * weights
        if np.abs(gradient).max() < _TOLERANCE:
            break
        curvature = predicted * (1 - predicted) if binary else np.ones(len(x))
        hessian = (x * curvature[:, None]).T @ x / len(x) + np.diag(penalties)
        step = np.linalg.lstsq(hessian, gradient)[0]  # the bias of a label with one class has no curvature left
        before, share = objective(weights), 1.0
        while objective(weights - share * step) > before and share > _TOLERANCE:
            share /= 2
        weights = weights - share * step
    return weights


def _loss(predicted: np.ndarray, y: np.ndarray, *, binary: bool) -> float:
    """Mean cross-entropy of logits, or half the mean squared error, of one label."""
    return float(_losses(predicted, y, binary=binary))


def _losses(predicted: np.ndarray, y: np.ndarray, *, binary: bool) -> np.ndarray:
    """The same along the first axis, of labels that are there; NaN where there is none."""
    losses = np.logaddexp(0, predicted) - y * predicted if binary else (predicted - y) ** 2 / 2
    return mean_of_defined(losses, axis=0)


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return np.exp(-np.logaddexp(0, -logits))


def _rows_of(dataset: SequenceDataset, split: str, purpose: str) -> np.ndarray:
    rows = np.flatnonzero(dataset.split_codes == SPLITS.index(split))
    if not len(rows):
        raise InputError(f"expected {split} sequences {purpose}, the data have none")
    return rows
