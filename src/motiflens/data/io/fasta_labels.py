"""Labels of FASTA records: from a table with their names, or from their headers."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from motiflens.basics.errors import ArgumentError, InputError
from motiflens.basics.tables import by_fields
from motiflens.data.io.delimited import read_rows
from motiflens.data.io.label_text import in_column, to_labels
from motiflens.data.splits import close_names


@by_fields
class FoundLabels(NamedTuple):
    """Labels of sequences, and how they were found."""

    label_names: list[str]
    y: np.ndarray  # float64, (n, n_labels); NaN where missing
    read_as: dict[str, str]  # how a label was read, where that is worth telling
    n_unused: int = 0  # rows of the table whose sequence is not there


def labels_of_table(
    names: Sequence[str],
    path: Path,
    missing: float | None,
    *,
    chosen: Sequence[str] | None = None,
    drop: bool = False,
) -> FoundLabels:
    """Labels of sequences from a table with their names in the first column.

    Parameters
    ----------
    names : sequence of str
    path : Path
    missing : float or None
        A number that stands for a missing label.
    chosen : sequence of str, optional
        Columns of labels; by default all but the first.
    drop : bool
        Whether sequences without labels will be left out. A sequence that is not in the table lacks all labels.

    Raises
    ------
    ValueError
        If there is no column of labels, or not the chosen one; a name occurs twice or is missing; or a label is not
        valid.
    """
    columns, rows = read_rows(path)
    if len(columns) < 2:
        raise InputError(f"{path}: expected a column of names and at least one of labels, got only {columns[0]!r}")
    if columns[0] in set(names):
        raise InputError(
            f"{path}: expected a header line, got the labels of {columns[0]!r}: add a line such as name,label"
        )
    places = _places_of(chosen, columns, path)
    row_of: dict[str, int] = {}
    for i, (number, row) in enumerate(rows):
        if row_of.setdefault(row[0], i) != i:
            raise InputError(f"{path}, line {number}: {row[0]!r} has labels already")
    known = np.array([name in row_of for name in names])
    if not known.all() and not (drop and known.any()):
        first = names[int(known.argmin())]
        raise ArgumentError(
            f"{path}: expected labels of {len(names)} sequences, {(~known).sum()} have none, "
            f"the first of them {first!r} ({close_names(first, row_of)})",
            "correct the names, or leave these sequences out by {drop_missing}",
            drop_missing=("drop_missing=True", "--drop-missing"),
        )
    order = [row_of[name] for name in names if name in row_of]
    y = np.full((len(names), len(places)), np.nan)
    read_as: dict[str, str] = {}
    for k, place in enumerate(places):
        texts = [rows[i][1][place] for i in order]
        try:
            where = in_column(path, [rows[i][0] for i in order], repr(columns[place]))
            y[known, k], how = to_labels(texts, where, missing)
        except InputError as error:
            problem, _, advice = str(error).rpartition(": ")
            raise ArgumentError(problem, f"{advice}, or name the columns of labels by {{label_columns}}") from error
        read_as |= {columns[place]: how} if how else {}
    used = {name for name in names if name in row_of}
    return FoundLabels([columns[place] for place in places], y, read_as, len(rows) - len(used))


def _places_of(chosen: Sequence[str] | None, columns: Sequence[str], path: Path) -> list[int]:
    """Places of the columns of labels."""
    if chosen is None:
        return list(range(1, len(columns)))
    for name in chosen:
        if name not in columns[1:]:
            raise InputError(f"{path}: no column {name!r} of labels: {close_names(name, columns[1:])}")
    return [columns.index(name) for name in chosen]


def labels_of_headers(headers: Sequence[str], pattern: str, missing: float | None) -> FoundLabels:
    """Labels from the groups of a regular expression that matches headers.

    Raises
    ------
    ValueError
        If the pattern is not valid, has no group or does not match a header; or a label is not valid.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ArgumentError(f"{pattern!r} is not a regular expression ({error})", "mend {label_pattern}") from error
    if not compiled.groups:
        raise ArgumentError(f"expected a group, got {pattern!r}", "give {label_pattern} such as 'label=([01])'")
    rows = []
    for header in headers:
        found = compiled.search(header)
        if found is None:
            raise ArgumentError(f"{pattern!r} does not match the header {header!r}", "mend {label_pattern}")
        rows.append([text or "" for text in found.groups()])
    names = _group_names(compiled.groups, compiled.groupindex)
    columns = [to_labels(texts, lambda i: f"header {headers[i]!r}", missing) for texts in zip(*rows, strict=True)]
    read_as = {name: how for name, (_, how) in zip(names, columns, strict=True) if how}
    return FoundLabels(names, np.column_stack([values for values, _ in columns]), read_as)


def _group_names(n_groups: int, named: Mapping[str, int]) -> list[str]:
    names = {index: name for name, index in named.items()}
    if n_groups == 1 and not names:
        return ["label"]
    return [names.get(index, f"label_{index - 1}") for index in range(1, n_groups + 1)]
