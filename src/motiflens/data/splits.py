"""Which sequences train, validate and test: at random, or by chromosome."""

import difflib
from collections.abc import Iterable, Sequence

import numpy as np

from motiflens.basics.errors import InputError

SPLITS = ("train", "valid", "test")


def random_split(
    n: int, fractions: Sequence[float] = (0.7, 0.1, 0.2), seed: int | np.random.Generator = 0
) -> np.ndarray:
    """Assign n sequences to train, valid and test at random, in these shares.

    Sizes are the differences of the rounded cumulative shares, so that they add up to n.

    Returns
    -------
    split_codes : np.ndarray, uint8, shape=(n,)
        Index into ``SPLITS``.

    Raises
    ------
    ValueError
        If fractions are not three shares of 0 or more that sum to 1.
    """
    shares = np.asarray(fractions, dtype=np.float64)
    if shares.shape != (3,) or not (shares >= 0).all() or abs(shares.sum() - 1) > 1e-6:
        raise InputError(f"expected three shares of train, valid, test that sum to 1, got {tuple(fractions)}")
    bounds = np.round(np.cumsum(shares) * n).astype(int)
    codes = np.searchsorted(bounds, np.arange(n), side="right").astype(np.uint8)
    return np.random.default_rng(seed).permutation(codes)


def chromosome_split(contigs: Sequence[str] | np.ndarray, valid: Sequence[str], test: Sequence[str]) -> np.ndarray:
    """Assign sequences to valid and test by their chromosomes, all others to train.

    Parameters
    ----------
    contigs : sequence of str, shape=(N,)
        Chromosome of each sequence.
    valid, test : sequence of str
        Names of chromosomes.

    Returns
    -------
    split_codes : np.ndarray, uint8, shape=(N,)
        Index into ``SPLITS``.

    Raises
    ------
    ValueError
        If a chromosome is in both splits, or no sequence lies on it (lists close names).
    """
    if both := set(valid) & set(test):
        raise InputError(f"expected different chromosomes for valid and test, got {', '.join(sorted(both))} in both")
    present = set(contigs)
    for contig in (*valid, *test):
        if contig not in present:
            raise InputError(f"no sequence lies on {contig!r}: {close_names(contig, present)}")
    index = {**dict.fromkeys(valid, SPLITS.index("valid")), **dict.fromkeys(test, SPLITS.index("test"))}
    return np.array([index.get(contig, 0) for contig in contigs], dtype=np.uint8)


def close_names(name: str, known: Iterable[str]) -> str:
    """Say which of the known names were probably meant; with and without "chr" is taken for close."""
    names = [str(one) for one in known]
    other = name.removeprefix("chr") if name.startswith("chr") else f"chr{name}"
    close = [other] if other in names else difflib.get_close_matches(name, names, n=3)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"there are {', '.join(sorted(names)[:5])}{', ...' if len(names) > 5 else ''}" if names else "there is none"
