"""Splits into train, valid and test: by a column, by chromosome, by groups that stay together, or at random."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from motiflens.basics.errors import ArgumentError, InputError
from motiflens.data.io.assemble import draw_split
from motiflens.data.io.intervals import contigs_of_names
from motiflens.data.splits import SPLITS, absent_chromosomes, chromosome_split, close_names, group_split

_SPLIT_NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("valid", "val", "validation", "dev"), "valid"),
    "test": "test",
}


def split_by_column(
    values: Sequence[str], lines: Sequence[str], column: str, valid: Sequence[str], test: Sequence[str]
) -> tuple[np.ndarray, dict[str, Any]]:
    """Split by a column with train, valid or test, or by folds.

    Parameters
    ----------
    values : sequence of str, shape=(N,)
    lines : sequence of str
        Line of each value, for messages.
    column : str
    valid, test : sequence of str
        Values of the validation and test split, such as numbers of folds; all others are for training.

    Returns
    -------
    split : np.ndarray of str, shape=(N,)
        Of "train", "valid" and "test".
    how : dict
        How it was made, for metadata.

    Raises
    ------
    ValueError
        If a value is not a split, or a named fold does not occur.
    """
    how: dict[str, Any] = {"method": "column", "column": column}
    if valid or test:
        for wanted in (*valid, *test):
            if wanted not in values:
                raise InputError(f"column {column!r} has no {wanted!r}: {close_names(wanted, sorted(set(values)))}")
        codes = chromosome_split(list(values), valid, test)
        return np.array(SPLITS)[codes], {**how, "valid": list(valid), "test": list(test)}
    for value, line in zip(values, lines, strict=True):
        if value.lower() not in _SPLIT_NAMES:
            raise ArgumentError(
                f"{line}: expected train, valid or test, got {value!r}",
                "name the values of folds by {valid} and {test}",
            )
    return np.array([_SPLIT_NAMES[value.lower()] for value in values]), how


def split_by_names(
    names: Sequence[str] | None,
    contigs: Sequence[str] | None,
    n: int,
    *,
    valid: Sequence[str],
    test: Sequence[str],
    groups: Sequence[str] | None = None,
    group: str = "",
    fractions: Sequence[float],
    seed: int,
) -> tuple[np.ndarray, dict[str, Any]]:
    """Split by chromosome if chromosomes are given, else by groups if there are any, else at random.

    Parameters
    ----------
    names : sequence of str, shape=(N,), optional
        Names such as ``chr1:1000-1500`` or ``chr1-1000-1500_mutant``.
    contigs : sequence of str, shape=(N,), optional
        Chromosome of each sequence, used instead of the names.
    n : int
        Number of sequences.
    valid, test : sequence of str
        Chromosomes.
    groups : sequence of str, shape=(N,), optional
        Sequences of one group stay together.
    group : str
        Description of the groups, for the metadata.
    fractions, seed
        As for `splits.random_split`.

    Returns
    -------
    split : np.ndarray of str, shape=(N,)
        Of "train", "valid" and "test".
    how : dict
        How it was made, for metadata.

    Raises
    ------
    ValueError
        If chromosomes are given, but the chromosome of a sequence is not known.
    """
    if valid or test:
        found = list(contigs) if contigs is not None else contigs_of_names(names or [""] * n)
        unknown = [row for row, contig in enumerate(found) if contig is None]
        if unknown:
            name = (names or [""] * n)[unknown[0]]
            raise ArgumentError(
                f"expected names that say on which chromosome sequences lie, such as chr1:1000-1500, got {name[:40]!r} "
                f"and others, {len(unknown)} of {n}",
                "leave {valid} and {test} out to split at random, or give a table with a column of chromosomes",
            )
        known = [str(one) for one in found]
        how: dict[str, Any] = {"method": "chromosomes", "valid": list(valid), "test": list(test)}
        split = np.array(SPLITS)[chromosome_split(known, valid, test)]
        return split, how | absent_chromosomes(known, (*valid, *test))
    if groups is not None:
        split = np.array(SPLITS)[group_split(groups, fractions, seed)]
        return split, {"method": "random", "fractions": [float(f) for f in fractions], "seed": seed, "group": group}
    return draw_split(n, fractions, seed)
