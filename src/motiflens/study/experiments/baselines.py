"""What a prediction without any network reaches: GC content, and a regression on words of three bases."""

from itertools import product
from typing import Any

import numpy as np

from motiflens.basics.sequence import UNKNOWN, gc_content
from motiflens.data.dataset import SequenceDataset
from motiflens.study.experiments.effects import MeasuredEdits, ceilings, effect_agreement

_WORD = 3
_RIDGE = 1.0  # added to the diagonal, features in standard deviations: words are nearly collinear


def word_counts(codes: np.ndarray) -> np.ndarray:
    """Counts of each word of three bases, together with its reverse complement, shape=(N, 32).

    Parameters
    ----------
    codes : np.ndarray, uint8, shape=(N, L)
        Words with an unknown base are not counted.
    """
    window = np.lib.stride_tricks.sliding_window_view(codes, _WORD, axis=1).astype(np.int64)  # N, L - 2, 3
    number = (window * 4 ** np.arange(_WORD)[::-1]).sum(axis=2)
    number[(window == UNKNOWN).any(axis=2)] = 4**_WORD
    strands = _strand_of_word()
    counts = np.zeros((len(codes), strands.max() + 1), dtype=np.float64)
    for word, column in enumerate(strands):
        counts[:, column] += (number == word).sum(axis=1)
    return counts


def _strand_of_word() -> np.ndarray:
    """Column of each of the 64 words: a word and its reverse complement share one, shape=(64,)."""
    columns: dict[tuple[int, ...], int] = {}
    order = []
    for word in product(range(4), repeat=_WORD):
        canonical = min(word, tuple(3 - base for base in reversed(word)))
        order.append(columns.setdefault(canonical, len(columns)))
    return np.array(order)


def ridge(features: np.ndarray, y: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Predict y, shape=(N,), for new rows by ridge regression on features, shape=(N, F), in standard deviations."""
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    deviation[deviation == 0] = 1
    x = (features - mean) / deviation
    weights = np.linalg.solve(x.T @ x + _RIDGE * np.eye(x.shape[1]), x.T @ (y - y.mean()))
    return y.mean() + (new - mean) / deviation @ weights


def baseline_agreement(dataset: SequenceDataset, edits: MeasuredEdits) -> dict[str, Any]:
    """`agreement` of both regressions, fitted on the training sequences, and the ceilings of the edits."""
    train = dataset.train
    y = train.y[:, 0].astype(np.float64)
    gc = ridge(gc_content(train.codes)[:, None], y, gc_content(edits.codes)[:, None])
    words = ridge(word_counts(train.codes), y, word_counts(edits.codes))
    return {"gc": effect_agreement(gc, edits), "words": effect_agreement(words, edits), "ceilings": ceilings(edits)}
