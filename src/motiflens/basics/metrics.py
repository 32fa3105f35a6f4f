"""AUROC, AUPR, correlation, squared error and information content of arrays.

Both areas are exact: every distinct score is a threshold, and tied scores share one. All measures but information
content run over the last axis. Leading axes are independent rows, so one call scores a whole ensemble, or each sequence
by itself. To micro-average over labels, flatten first: ``auroc(y.ravel(), scores.ravel())``.
"""

import contextlib
from typing import NamedTuple, TypeVar

import numpy as np
import torch

from motiflens.basics.errors import InputError

Array = np.ndarray | torch.Tensor
ArrayT = TypeVar("ArrayT", np.ndarray, torch.Tensor)


class _Steps(NamedTuple):
    """Cumulative counts at each threshold, and at the threshold before it, each of shape=(..., n).

    Inside a group of tied scores only the last position holds a threshold; the others repeat the values
    before it, so that their step is zero.
    """

    true: torch.Tensor
    false: torch.Tensor
    true_before: torch.Tensor
    false_before: torch.Tensor


def auroc(labels: Array, scores: ArrayT, mask: Array | None = None) -> ArrayT:
    """Area under the ROC curve over the last axis: the share of (positive, negative) pairs that are ranked correctly.

    A tied pair counts one half, so this is the Mann-Whitney statistic of mid-ranks over the number of pairs.

    Parameters
    ----------
    labels : np.ndarray or torch.Tensor, shape=(..., n)
        Zeros and ones, of any type. Leading axes that are missing are broadcast.
    scores : np.ndarray or torch.Tensor, shape=(..., n)
        Higher means more likely positive.
    mask : np.ndarray or torch.Tensor, shape=(..., n), optional
        True (or 1) where a position counts. Labels and scores elsewhere are ignored.

    Returns
    -------
    area : np.ndarray or torch.Tensor, float64, shape=(...)
        An array if `scores` is one, else a tensor on the same device; NaN for a row that lacks one of the classes.

    Raises
    ------
    ValueError
        If shapes do not match, labels are not 0 and 1, or a score that counts is NaN or infinite.
    """
    steps = _threshold_steps(labels, scores, mask)
    doubled = ((steps.false - steps.false_before) * (steps.true + steps.true_before)).sum(-1)
    positives, negatives = steps.true[..., -1], steps.false[..., -1]
    return _like(scores, _nan_without_classes(doubled / (2 * positives * negatives), positives, negatives))


def aupr(labels: Array, scores: ArrayT, mask: Array | None = None) -> ArrayT:
    """Area under the precision-recall curve over the last axis, by the trapezoidal rule.

    The curve has a point for each distinct score and begins at recall 0 and precision 1, as in scikit-learn's
    ``precision_recall_curve``. The area is ``auc(recall, precision)``, not average precision.

    Parameters
    ----------
    labels, scores, mask
        As for :func:`auroc`.

    Returns
    -------
    area : np.ndarray or torch.Tensor, float64, shape=(...)
        An array or a tensor, as `scores`; NaN for a row that lacks one of the classes.

    Raises
    ------
    ValueError
        As for :func:`auroc`.
    """
    steps = _threshold_steps(labels, scores, mask)
    precision = _precision(steps.true, steps.false)
    precision_before = _precision(steps.true_before, steps.false_before)
    doubled = ((steps.true - steps.true_before) * (precision + precision_before)).sum(-1)
    positives, negatives = steps.true[..., -1], steps.false[..., -1]
    return _like(scores, _nan_without_classes(doubled / (2 * positives), positives, negatives))


def pearson(targets: Array, predictions: ArrayT, mask: Array | None = None) -> ArrayT:
    """Pearson's correlation over the last axis.

    Parameters
    ----------
    targets : np.ndarray or torch.Tensor, shape=(..., n)
        Leading axes that are missing are broadcast.
    predictions : np.ndarray or torch.Tensor, shape=(..., n)
    mask : np.ndarray or torch.Tensor, shape=(..., n), optional
        True (or 1) where a position counts.

    Returns
    -------
    correlation : np.ndarray or torch.Tensor, float64, shape=(...)
        An array or a tensor, as `predictions`. NaN if all targets are equal or none counts; 0 if all predictions, but
        not all targets, are equal.

    Raises
    ------
    ValueError
        If shapes do not match, or a value that counts is NaN or infinite.
    """
    target, prediction, counts = _checked_values(targets, predictions, mask)
    y, x = _centred(target, counts), _centred(prediction, counts)
    norm = (x.square().sum(-1) * y.square().sum(-1)).sqrt()
    # Centred constants may be rounding errors instead of zeros.
    silent = _constant(prediction, counts) | (norm == 0)
    r = torch.where(silent, 0, (x * y).sum(-1) / torch.where(silent, 1, norm)).clamp(-1, 1)
    return _like(predictions, torch.where(_constant(target, counts), torch.nan, r))


def mean_squared_error(targets: Array, predictions: ArrayT, mask: Array | None = None) -> ArrayT:
    """Mean of squared differences over the last axis; shapes, result and errors as for :func:`pearson`."""
    target, prediction, counts = _checked_values(targets, predictions, mask)
    return _like(predictions, _mean((target - prediction).square(), counts).squeeze(-1))


def labelled(y: ArrayT) -> ArrayT | None:
    """Mask of labels, of any shape, that are not missing (NaN); None if no label is missing."""
    missing = y.isnan() if isinstance(y, torch.Tensor) else np.isnan(y)
    return ~missing if bool(missing.any()) else None


def information_content(pwm: Array, axis: int = -2) -> np.ndarray:
    """Information of each column in bits, ``2 + sum_b p_b log2 p_b``: 0 if uniform, 2 if the base is certain.

    Parameters
    ----------
    pwm : np.ndarray or torch.Tensor, shape=(..., 4, width)
        Base probabilities.
    axis : int
        The axis of the four bases.

    Returns
    -------
    bits : np.ndarray, float64, the shape of pwm without axis

    Raises
    ------
    ValueError
        If axis has not length 4, a probability is negative or NaN, or a column's sum is not 1 (within 1e-2).
    """
    p = as_tensor(pwm).to("cpu", torch.float64).numpy()
    if p.ndim == 0 or not -p.ndim <= axis < p.ndim or p.shape[axis] != 4:
        raise InputError(f"expected 4 bases along axis {axis}, got an array of shape {p.shape}")
    if not (p >= 0).all() or (np.abs(p.sum(axis=axis) - 1) > 1e-2).any():
        raise InputError(
            "expected base probabilities whose columns sum to 1, got negative values, NaN or another sum: "
            "normalise each column first"
        )
    bits = 2 + (p * np.log2(np.where(p > 0, p, 1))).sum(axis=axis)
    return np.maximum(bits, 0)  # a float32 column that sums to 1 + 1e-7 would fall below a uniform one


def as_tensor(values: Array) -> torch.Tensor:
    """Return a tensor, of any shape, unchanged; copy anything else into a tensor on the CPU.

    It is copied because torch refuses negative strides and warns about read-only arrays.
    """
    if isinstance(values, torch.Tensor):
        return values
    return torch.from_numpy(np.array(values, order="C"))


def _threshold_steps(labels: Array, scores: Array, mask: Array | None) -> _Steps:
    score, positive, negative = _checked(labels, scores, mask)
    order = score.argsort(dim=-1, descending=True)
    score = score.gather(-1, order)
    true = positive.gather(-1, order).cumsum(-1, dtype=torch.float64)
    false = negative.gather(-1, order).cumsum(-1, dtype=torch.float64)
    last_of_tie = torch.ones_like(score, dtype=torch.bool)
    last_of_tie[..., :-1] = score[..., :-1] != score[..., 1:]
    # Counts never fall, so the running maximum over thresholds is the count at the latest threshold.
    true = torch.where(last_of_tie, true, 0).cummax(-1).values
    false = torch.where(last_of_tie, false, 0).cummax(-1).values
    return _Steps(true, false, _shifted(true), _shifted(false))


def _checked(labels: Array, scores: Array, mask: Array | None) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Scores with -inf where they do not count, and which positions are positive and negative."""
    score = as_tensor(scores).detach()
    label = as_tensor(labels).detach().to(score.device)
    if score.dim() == 0 or score.shape[-1] == 0:
        raise InputError(f"expected scores of shape (..., n) with n >= 1, got {tuple(score.shape)}")
    label = _expand(label, score, "labels")
    if mask is None:
        counts = torch.ones_like(score, dtype=torch.bool)
    else:
        counts = _expand(as_tensor(mask).detach().to(score.device) != 0, score, "mask")
    if not score.is_floating_point():
        score = score.to(torch.float64)
    positive, negative = (label == 1) & counts, (label == 0) & counts
    if bool((positive | negative).ne(counts).any()):
        value = label[counts & ~positive & ~negative][0].item()
        raise InputError(f"labels must be 0 or 1 where the mask is true, got {value}")
    if not bool((score.isfinite() | ~counts).all()):
        raise InputError("scores must be finite, got NaN or infinite values: leave them out with mask")
    return score.masked_fill(~counts, -torch.inf), positive, negative


def _checked_values(
    targets: Array, predictions: Array, mask: Array | None
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
    """Targets and predictions, 0 where they do not count, and where they do."""
    prediction = as_tensor(predictions).detach()
    if prediction.dim() == 0 or prediction.shape[-1] == 0:
        raise InputError(f"expected predictions of shape (..., n) with n >= 1, got {tuple(prediction.shape)}")
    target = _expand(as_tensor(targets).detach().to(prediction.device), prediction, "targets", "predictions")
    counts = None
    if mask is not None:
        counts = _expand(as_tensor(mask).detach().to(prediction.device) != 0, prediction, "mask", "predictions")
        target, prediction = target.masked_fill(~counts, 0), prediction.masked_fill(~counts, 0)
    if not bool(target.isfinite().all() and prediction.isfinite().all()):
        raise InputError("targets and predictions must be finite, got NaN or infinite values: leave them out with mask")
    return target.double(), prediction.double(), counts


def _mean(values: torch.Tensor, counts: torch.Tensor | None) -> torch.Tensor:
    """Mean over the last axis, which stays with length 1, of what counts; NaN where nothing does."""
    if counts is None:
        return values.mean(-1, keepdim=True)
    return torch.where(counts, values, 0).sum(-1, keepdim=True) / counts.sum(-1, keepdim=True)


def _centred(values: torch.Tensor, counts: torch.Tensor | None) -> torch.Tensor:
    """Values minus their mean, 0 where they do not count."""
    centred = values - _mean(values, counts)
    return centred if counts is None else torch.where(counts, centred, 0)


def _constant(values: torch.Tensor, counts: torch.Tensor | None) -> torch.Tensor:
    """Whether all values of a row that count are the same, or there is none."""
    if counts is None:
        return (values == values[..., :1]).all(-1)
    lowest = values.masked_fill(~counts, torch.inf).amin(-1)
    return lowest >= values.masked_fill(~counts, -torch.inf).amax(-1)


def _expand(tensor: torch.Tensor, score: torch.Tensor, name: str, what: str = "scores") -> torch.Tensor:
    if tensor.shape[-1:] == score.shape[-1:]:  # a last axis of 1 would broadcast, and be a mistake
        with contextlib.suppress(RuntimeError):
            return tensor.expand(score.shape)
    raise InputError(f"expected {name} to fit {what} of shape {tuple(score.shape)}, got shape {tuple(tensor.shape)}")


def _precision(true: torch.Tensor, false: torch.Tensor) -> torch.Tensor:
    """Share of true among the called; 1 where nothing is called yet."""
    called = true + false
    return torch.where(called > 0, true / called.clamp(min=1), 1.0)


def _shifted(counts: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.pad(counts[..., :-1], (1, 0))


def _nan_without_classes(area: torch.Tensor, positives: torch.Tensor, negatives: torch.Tensor) -> torch.Tensor:
    return torch.where((positives > 0) & (negatives > 0), area, torch.nan)


def _like(reference: ArrayT, result: torch.Tensor) -> ArrayT:
    return result if isinstance(reference, torch.Tensor) else result.numpy()[()]


def classification_metrics(logits: torch.Tensor, y: np.ndarray) -> dict[str, float]:
    """AUROC and AUPR of logits and labels, shape=(N, T) each, micro-averaged over all labels that are not missing.

    They are NaN if only one class is present.
    """
    labels, scores = np.asarray(y).ravel(), logits.double().numpy().ravel()
    mask = labelled(labels)
    return {"auroc": float(auroc(labels, scores, mask)), "aupr": float(aupr(labels, scores, mask))}


def regression_metrics(outputs: torch.Tensor, y: np.ndarray) -> dict[str, float]:
    """Pearson's correlation, mean over targets that vary, and mean squared error over all; NaN values are missing.

    Outputs and targets have shape=(N, T).
    """
    targets, predictions = np.asarray(y).T, outputs.double().numpy().T  # n_outputs, N
    mask = labelled(targets)
    correlations = torch.from_numpy(pearson(targets, predictions, mask))
    errors = torch.from_numpy(mean_squared_error(targets, predictions, mask))
    return {"pearson": float(correlations.nanmean()), "mean_squared_error": float(errors.nanmean())}
