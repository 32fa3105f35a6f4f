"""Your own sequences, or their shuffles, as background of simulated sites."""

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.sequence import UNKNOWN
from motiflens.basics.shuffle import dinucleotide_shuffle
from motiflens.data.dataset import SequenceDataset
from motiflens.motifs.truth import SiteTruth, site_columns


def put_background(
    codes: np.ndarray,
    truth: SiteTruth,
    background: SequenceDataset | np.ndarray,
    shuffle: bool,
    rng: np.random.Generator,
) -> None:
    """Replace bases outside of sites by windows of the background, in place.

    Parameters
    ----------
    codes : np.ndarray, uint8, shape=(N, L)
    truth : SiteTruth
        Of these sequences.
    background : SequenceDataset or np.ndarray of uint8 codes, shape=(n, at least L)
        Sequences are used in random order, each once before any is used twice.
    shuffle : bool
        Shuffle each window, with its dinucleotide counts unchanged.
    rng : np.random.Generator

    Raises
    ------
    ValueError
        If the background has another type or shape, or an unknown base.
    """
    source = background.codes if isinstance(background, SequenceDataset) else np.asarray(background)
    n, length = codes.shape
    if source.ndim != 2 or source.dtype != np.uint8 or not len(source) or source.shape[1] < length:
        raise InputError(
            f"expected a background of uint8 codes of shape (N, L) with L of at least {length}, "
            f"got {source.dtype} {source.shape}"
        )
    if source.max() >= UNKNOWN:
        unknown = int((source >= UNKNOWN).any(axis=1).sum())
        raise InputError(f"expected a background of known bases, got unknown ones in {unknown} sequences: drop these")
    row = np.concatenate([rng.permutation(len(source)) for _ in range(-(-n // len(source)))])[:n]
    first = rng.integers(0, source.shape[1] - length + 1, size=n)
    windows = source[row[:, None], first[:, None] + np.arange(length)]  # n, L
    if shuffle:
        windows = dinucleotide_shuffle(windows, rng)
    inside = np.zeros(codes.size, dtype=bool)
    origin = truth.sequence.astype(np.int64) * length + truth.start
    inside[site_columns(truth.motifs, truth.motif, truth.strand, origin).place] = True
    outside = ~inside.reshape(codes.shape)
    codes[outside] = windows[outside]
