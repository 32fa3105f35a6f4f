"""The published tables of the information-content repository: activities, and pairs of wild type and mutant."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.data.io import read_rows

FLOOR = 0.01  # of expression, relative to the promoter alone: added before the logarithm, as some have none at all


class PublishedActivity(NamedTuple):
    """Published activity of one sequence."""

    activity: float  # log2 of expression over the promoter's
    replicate_sd: float  # of the same, by the delta method
    n_replicates: int
    library: str


class SitePair(NamedTuple):
    """Wild type and mutant of one element, as published."""

    label: str  # of the element, with its group
    effect: float  # mutant minus wild type, log2
    q_value: float  # NaN where none was given


def read_activities(path: Path) -> dict[str, PublishedActivity]:
    """Read ``rhoActivityJoinedAnnotated.txt``: activity by name; rows without expression are left out.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such table, or it lacks a column.
    """
    columns, rows = read_rows(path)
    label, expression, sd, replicates, library = (
        _column(path, columns, name) for name in ("label", "expression", "expression_std", "expression_reps", "library")
    )
    found = {}
    for _, row in rows:
        value = _number(row[expression])
        if math.isnan(value):
            continue
        error = _number(row[sd]) / ((value + FLOOR) * math.log(2))
        n = _number(row[replicates])
        found[row[label]] = PublishedActivity(
            math.log2(value + FLOOR), error, 0 if math.isnan(n) else int(n), f"{_number(row[library]):g}"
        )
    return found


def read_site_pairs(path: Path) -> list[SitePair]:
    """Read ``wildtypeMutantPolylinkerActivityAnnotated.txt``: pairs of which both sequences were measured.

    The table has wild type relative to mutant. Here the mutant is the edited sequence, so the sign of effects is
    reversed.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such table, or it lacks a column.
    """
    columns, rows = read_rows(path)
    names = ("label", "variant_MUT", "expression_WT", "expression_MUT", "wt_vs_mut_qvalue")
    label, variant, wild_type, mutant, q = (_column(path, columns, name) for name in names)
    pairs = []
    for _, row in rows:
        before, after = _number(row[wild_type]), _number(row[mutant])
        if row[variant] == "MUT-allCrxSites" and not math.isnan(before) and not math.isnan(after):
            effect = math.log2(after + FLOOR) - math.log2(before + FLOOR)
            pairs.append(SitePair(row[label], effect, _number(row[q])))
    return pairs


def correlation_with(
    published: Mapping[str, PublishedActivity], names: tuple[str, ...], values: np.ndarray
) -> tuple[int, float]:
    """Number of these sequences that are published, too, and Pearson's r of both activities (NaN below three).

    `values` are activities, shape=(N,), of the sequences of these names.
    """
    shared = [i for i, name in enumerate(names) if name in published]
    if len(shared) < 3:
        return len(shared), math.nan
    other = [published[names[i]].activity for i in shared]
    return len(shared), float(np.corrcoef(values[shared], other)[0, 1])


def _column(path: Path, columns: list[str], name: str) -> int:
    if name not in columns:
        raise InputError(f"{path}: expected a column {name!r}, got {', '.join(columns[:8])}, ...")
    return columns.index(name)


def _number(text: str) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan
