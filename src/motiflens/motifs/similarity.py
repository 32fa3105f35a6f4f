"""Similarity of two matrices, over all shifts and both strands."""

from typing import NamedTuple

import numpy as np

from motiflens.basics.errors import InputError


class Similarity(NamedTuple):
    """The best alignment of two matrices."""

    value: float  # 1 for the same matrix, 0 for unrelated ones
    offset: int  # column of the first matrix at which the second begins
    strand: int  # +1, or -1 if the second matches as its reverse complement


def similarity(first: np.ndarray, second: np.ndarray, *, both_strands: bool = True) -> Similarity:
    """Largest correlation of two matrices over all shifts and both strands.

    After 1/4 is subtracted from every entry, the sum of products over the overlapping columns is divided by the norms
    of both complete matrices. So overhanging columns count as mismatches, and two matrices are similar only if their
    informative columns overlap.

    Parameters
    ----------
    first, second : np.ndarray, shape=(4, width)
        Base probabilities; widths may differ.
    both_strands : bool
        If False, only the given strand of the second matrix.

    Returns
    -------
    similarity : Similarity
        Its value is 0 if a matrix is uniform. It is the same for (second, first), up to offset and strand.

    Raises
    ------
    ValueError
        If a matrix has not four rows or no column.
    """
    a, b = (np.asarray(pwm, dtype=np.float64) - 0.25 for pwm in (first, second))
    for pwm in (a, b):
        if pwm.ndim != 2 or pwm.shape[0] != 4 or pwm.shape[1] == 0:
            raise InputError(f"expected matrices of shape (4, width), got {pwm.shape}")
    norm = np.sqrt((a * a).sum() * (b * b).sum())
    if norm < 1e-9:
        return Similarity(0.0, 0, 1)
    width = b.shape[1]
    padded = np.pad(a, ((0, 0), (width - 1, width - 1)))  # every shift with an overlap is a window
    windows = np.lib.stride_tricks.sliding_window_view(padded, width, axis=1)  # 4, n_shifts, width
    products = np.stack(
        [np.tensordot(windows, strand, ((0, 2), (0, 1))) for strand in (b, b[::-1, ::-1])[: 1 + both_strands]]
    )
    strand, shift = np.unravel_index(products.argmax(), products.shape)  # ties: strand +1, the smallest offset
    return Similarity(float(products.max() / norm), int(shift) - width + 1, -1 if strand else 1)
