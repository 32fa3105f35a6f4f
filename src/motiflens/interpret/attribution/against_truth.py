"""How well attribution scores find the motifs that a simulator placed: AUROC, AUPR and signal-to-noise.

The definitions are those of Ghotra et al. (2021) for saliency maps. They apply to any score with one value per
position.
"""

from typing import NamedTuple

import numpy as np
import torch

from motiflens.basics import metrics
from motiflens.basics.errors import InputError
from motiflens.basics.metrics import Array, as_tensor, information_content
from motiflens.basics.tables import with_rows

_SAME_INFORMATION = 1e-6  # bits; but for rounding of a float32 truth, background columns are equal


@with_rows
class Interpretability(NamedTuple):
    """Scores of N sequences, float64 arrays of shape=(N,); see :func:`interpretability`."""

    auroc: np.ndarray
    aupr: np.ndarray
    signal: np.ndarray
    noise: np.ndarray
    snr: np.ndarray

    def __repr__(self) -> str:
        means = ", ".join(f"{name} {value:.3f}" for name, value in self.means().items())
        undefined = f", {self.n_undefined:,} of them undefined" if self.n_undefined else ""
        return f"Interpretability({len(self.auroc):,} sequences{undefined}; means: {means})"

    @property
    def n_undefined(self) -> int:
        """Number of sequences without motif positions or without background positions, whose scores are NaN."""
        return int(np.isnan(self.auroc).sum())

    def means(self) -> dict[str, float]:
        """Mean of each score over the sequences where it is defined (NaN if there are none)."""
        return {name: _mean_of_defined(values) for name, values in self._asdict().items()}


def interpretability(
    scores: Array, ground_truth: Array, *, info_threshold: float = 0.1, top_k: int = 20
) -> Interpretability:
    """Compare per-position scores with the ground truth of each sequence (Ghotra et al. 2021, Methods).

    The information of a ground-truth column is ``I = 2 + sum_b p log2 p``. Positions with ``I > info_threshold`` count
    as motif. Positions where I equals the minimum of the sequence count as background. All others, which are weak
    columns inside motifs, are left out. A sequence needs positions of both kinds; otherwise all its values are NaN.

    Parameters
    ----------
    scores : np.ndarray or torch.Tensor, shape=(N, L)
        Signed attributions, such as ``(saliency * X).sum(1)``.
    ground_truth : np.ndarray or torch.Tensor, shape=(N, 4, L)
        Base probabilities that the sequences were sampled from.
    info_threshold : float
        Information in bits above which a position counts as motif.
    top_k : int
        Number of background scores that make up the noise.

    Returns
    -------
    interpretability : Interpretability
        Arrays of shape=(N,): areas under the ROC and precision-recall curves of motif against background, the
        mean score over motif (signal), the mean of the top_k largest positive scores over background
        (noise), and their ratio (snr). With fewer than top_k positive background scores noise is NaN and snr
        is 0, as in the published scores. The code released with the paper then also sets signal and noise to 0. Here
        signal is kept and noise is NaN, because a noise of 0 would mean a map without noise. Only snr is reported.

    Raises
    ------
    ValueError
        If shapes do not fit, a score is not finite, a column does not sum to 1 or an option is out of range.
    """
    score = as_tensor(scores).detach().to("cpu", torch.float64).numpy()  # N, L
    _check_input(score, tuple(ground_truth.shape), info_threshold, top_k)
    motif, background = _motif_and_background(ground_truth, info_threshold)
    scorable = motif.any(axis=1) & background.any(axis=1)  # N

    counted = motif | background
    n_motif = motif.sum(axis=1)
    signal = np.where(motif, score, 0).sum(axis=1) / np.maximum(n_motif, 1)
    noise = _top_positive_mean(np.where(background, score, 0), top_k)
    snr = np.divide(signal, noise, out=np.zeros_like(signal), where=noise > 0)
    return Interpretability(
        auroc=metrics.auroc(motif, score, counted),
        aupr=metrics.aupr(motif, score, counted),
        signal=np.where(scorable, signal, np.nan),
        noise=np.where(scorable, noise, np.nan),
        snr=np.where(scorable, snr, np.nan),
    )


def _motif_and_background(ground_truth: Array, info_threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Masks of shape=(N, L)."""
    information = information_content(ground_truth)  # N, L
    motif = information > info_threshold
    lowest = information.min(axis=1, keepdims=True, initial=np.inf)
    return motif, (information <= lowest + _SAME_INFORMATION) & ~motif


def _top_positive_mean(scores: np.ndarray, k: int) -> np.ndarray:
    """Mean of the k largest scores of each row, shape=(N,); NaN where fewer than k are positive."""
    if scores.shape[1] < k:
        return np.full(len(scores), np.nan)
    largest = np.partition(scores, scores.shape[1] - k, axis=1)[:, -k:]  # N, k
    return np.where((largest > 0).all(axis=1), largest.mean(axis=1), np.nan)


def _mean_of_defined(values: np.ndarray) -> float:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else float("nan")


def _check_input(scores: np.ndarray, truth_shape: tuple[int, ...], info_threshold: float, top_k: int) -> None:
    if scores.ndim != 2:
        hint = "; sum the attributions over the bases first" if scores.ndim == 3 else ""
        raise InputError(f"expected scores of shape (N, L), got {scores.shape}{hint}")
    expected = (scores.shape[0], 4, scores.shape[1])
    if truth_shape != expected:
        raise InputError(f"expected ground_truth of shape {expected} for these scores, got {truth_shape}")
    if not np.isfinite(scores).all():
        row = int(np.flatnonzero(~np.isfinite(scores).all(axis=1))[0])
        raise InputError(f"scores must be finite, got NaN or infinite values in sequence {row}")
    if not 0 <= info_threshold < 2:
        raise InputError(f"info_threshold must be in [0, 2) bits, got {info_threshold}")
    if top_k < 1:
        raise InputError(f"top_k must be at least 1, got {top_k}")
