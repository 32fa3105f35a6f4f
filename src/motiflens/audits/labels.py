"""Scores of single labels, and the choice of labels to show if there are many."""

from collections.abc import Mapping, Sequence

import numpy as np

from motiflens.basics.inputs import is_binary
from motiflens.basics.metrics import auroc, labelled, pearson
from motiflens.basics.performance import Performance, performances
from motiflens.basics.stats import mean_of_defined
from motiflens.data.label_summary import FEW_LABELS

N_LOWEST = FEW_LABELS // 2 - 1  # of many labels, those with the lowest scores that are chosen; the highest are one more
_BLOCK = 2**20  # values held at once


def scores_of_labels(y: np.ndarray, predictions: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Test score of each label, without an interval.

    Parameters
    ----------
    y : np.ndarray, shape=(n, T)
        AUROC if all labels are 0 or 1, else Pearson's r. Missing ones are NaN and do not count.
    predictions : mapping of str to np.ndarray, shape=(n, T) or (E, n, T)

    Returns
    -------
    scores : dict of np.ndarray, float64, shape=(T,)
        By name of the predictor, mean over members; NaN for a label with one class or a constant label.
    """
    n, n_labels = y.shape
    measure = auroc if is_binary(y) else pearson
    found = {}
    for name, scores in predictions.items():
        members = scores if scores.ndim == 3 else scores[None]
        width = max(1, _BLOCK // (n * len(members)))
        parts = []
        for start in range(0, n_labels, width):
            own = np.ascontiguousarray(y[:, start : start + width].T)  # t, n
            values = np.ascontiguousarray(members[..., start : start + width].swapaxes(1, 2), dtype=np.float64)
            parts.append(mean_of_defined(measure(own, values, labelled(own)), axis=0))
        found[name] = np.concatenate(parts)
    return found


def chosen_labels(scores: np.ndarray, target: int) -> list[int]:
    """Labels to show, in their order: all if there are up to 50, else 50 or 49 of them.

    These are the target label, and the 25 labels with the highest and 24 with the lowest scores.

    Parameters
    ----------
    scores : np.ndarray, shape=(T,)
        NaN for a label without a score.
    target : int
    """
    if len(scores) <= FEW_LABELS:
        return list(range(len(scores)))
    order = np.argsort(-scores, kind="stable")[: int((~np.isnan(scores)).sum())]  # NaN comes last
    return sorted({target, *order[: N_LOWEST + 1].tolist(), *order[-N_LOWEST:].tolist()})


def performance_by_label(
    y: np.ndarray,
    predictions: Mapping[str, np.ndarray],
    names: Sequence[str],
    labels: Sequence[int],
    *,
    n_resamples: int,
    seed: int,
) -> dict[str, dict[str, dict[str, Performance]]]:
    """Scores of some labels with confidence intervals, by label, predictor and measure.

    Parameters
    ----------
    y : np.ndarray, shape=(N, T)
    predictions : mapping of str to np.ndarray, shape=(N, T) or (E, N, T)
        By predictor, for one network or E networks.
    names : sequence of str, T of them
    labels : sequence of int
        Columns of y.
    n_resamples, seed
        As for :func:`motiflens.basics.performance.performances`.
    """
    return {
        names[t]: performances(
            y[:, [t]],
            {name: scores[..., [t]] for name, scores in predictions.items()},
            n_resamples=n_resamples,
            seed=seed,
        )
        for t in labels
    }
