"""Splits into train, valid and test: at random, by group, or by chromosome."""

import re
from collections.abc import Iterable, Sequence

import numpy as np

from motiflens.basics.choices import close_matches
from motiflens.basics.errors import InputError

_MITOCHONDRION = ("chrM", "MT", "chrMT", "M", "Mito", "mitochondrion_genome")
SPLITS = ("train", "valid", "test")


def random_split(
    n: int, fractions: Sequence[float] = (0.7, 0.1, 0.2), seed: int | np.random.Generator = 0
) -> np.ndarray:
    """Assign n sequences to train, valid and test at random, in these shares.

    Sizes are differences of the rounded cumulative shares, so that their sum is n.

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


def group_split(
    groups: Sequence[str] | np.ndarray,
    fractions: Sequence[float] = (0.7, 0.1, 0.2),
    seed: int | np.random.Generator = 0,
) -> np.ndarray:
    """Assign sequences to train, valid and test at random so that those of one group stay together.

    Groups are put into random order, and each goes to the split that contains its middle sequence.

    Parameters
    ----------
    groups : sequence of str, shape=(N,)
    fractions, seed
        As for :func:`random_split`.

    Returns
    -------
    split_codes : np.ndarray, uint8, shape=(N,)
        Index into ``SPLITS``.

    Raises
    ------
    ValueError
        If fractions are not three shares of 0 or more that sum to 1.
    """
    random_split(0, fractions)  # checks the shares
    _, of_row, sizes = np.unique(np.asarray(groups, dtype=str), return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(sizes))
    middle = np.empty(len(sizes))
    middle[order] = (np.cumsum(sizes[order]) - sizes[order] / 2) / len(of_row)
    bounds = np.cumsum(fractions)[:2]
    return np.searchsorted(bounds, middle, side="right").astype(np.uint8)[of_row.reshape(-1)]


def chromosome_split(
    contigs: Sequence[str] | np.ndarray, valid: Sequence[str], test: Sequence[str], known: Iterable[str] = ()
) -> np.ndarray:
    """Assign sequences to valid and test by their chromosomes, all others to train.

    Parameters
    ----------
    contigs : sequence of str, shape=(N,)
        Chromosome of each sequence.
    valid, test : sequence of str
        Names of chromosomes. Some may have no sequence (`absent_chromosomes` returns them), but not all of a split,
        unless they are in `known`.
    known : iterable of str
        Chromosomes that exist, such as those of the genome.

    Returns
    -------
    split_codes : np.ndarray, uint8, shape=(N,)
        Index into ``SPLITS``.

    Raises
    ------
    ValueError
        If a chromosome is in both splits, or no sequence is on those of a split (lists similar names).
    """
    if both := set(valid) & set(test):
        raise InputError(f"expected different chromosomes for valid and test, got {', '.join(sorted(both))} in both")
    present, exist = set(contigs), set(known)
    for names in (valid, test):
        for contig in names:
            if contig not in present and contig not in exist and (exist or not present & set(names)):
                raise InputError(f"no sequence lies on {contig!r}: {close_names(contig, present)}")
    index = {**dict.fromkeys(valid, SPLITS.index("valid")), **dict.fromkeys(test, SPLITS.index("test"))}
    return np.array([index.get(contig, 0) for contig in contigs], dtype=np.uint8)


def absent_chromosomes(contigs: Sequence[str] | np.ndarray, names: Iterable[str]) -> dict[str, list[str]]:
    """Names without any sequence, of contigs with shape=(N,), as ``{"absent": [...]}`` for metadata, or {}."""
    present = set(contigs)
    absent = [name for name in names if name not in present]
    return {"absent": absent} if absent else {}


def close_names(name: str, known: Iterable[str]) -> str:
    """A hint at known names that were probably meant, such as those with or without "chr".

    If all names differ systematically, as Roman numerals from Arabic ones, the hint says so.
    """
    names = [str(one) for one in known]
    numeral = _other_numeral(name, set(names))
    if numeral:
        kind = "Roman" if re.search("[IVX]+$", numeral) else "Arabic"
        return f"names differ: it has {kind} numerals, such as {numeral} for {name}"
    close = [one for one in spellings(name)[1:] if one in names] or close_matches(name, names)
    close = close or [one for one in names if one.lower() == name.lower()]
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"there are {', '.join(sorted(names)[:5])}{', ...' if len(names) > 5 else ''}" if names else "there is none"


def spellings(name: str) -> list[str]:
    """A chromosome's name, and its other spellings: with or without "chr", chrM as MT."""
    found = [name, name.removeprefix("chr") if name.startswith("chr") else f"chr{name}"]
    if name in _MITOCHONDRION:
        found += [one for one in _MITOCHONDRION if one not in found]
    return found


def _other_numeral(name: str, known: set[str]) -> str | None:
    """The known name that has a Roman numeral where this has an Arabic one, or the other way round."""
    ending = re.search(r"(\d+|[IVX]+)$", name)
    if ending is None:
        return None
    roman = {number: _roman(number) for number in range(1, 40)}
    arabic = {numeral: str(number) for number, numeral in roman.items()}
    changed = roman.get(int(ending[1])) if ending[1].isdecimal() else arabic.get(ending[1])
    if changed is None:
        return None
    stem = name[: ending.start()]
    names = [f"{stem}{changed}", f"chr{stem}{changed}", f"{stem.removeprefix('chr')}{changed}"]
    # chrX may be the sex chromosome: numerals differ only where others of their kind are there, too.
    systematic = sum(f"{prefix}{numeral}" in known for prefix in ("", "chr") for numeral in ("II", "III", "IV"))
    if ending[1].isdecimal() and systematic < 2:
        return None
    if not ending[1].isdecimal() and not {"chr2", "chr3", "2", "3"} & known:
        return None
    return next((one for one in names if one in known), None)


def _roman(number: int) -> str:
    text = ""
    for value, numeral in ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")):
        text += numeral * (number // value)
        number %= value
    return text
