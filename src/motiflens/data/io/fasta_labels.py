"""Labels of FASTA records: from a table that has their names, or from their headers."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from motiflens.basics.errors import ArgumentError, InputError
from motiflens.data.io.delimited import read_rows
from motiflens.data.io.label_text import in_column, to_labels
from motiflens.data.splits import close_names


class FoundLabels(NamedTuple):
    """Labels of sequences, and how they were found."""

    label_names: list[str]
    y: np.ndarray  # float64, (n, n_labels); NaN where missing
    read_as: dict[str, str]  # how a label was read, where that is worth telling
    n_unused: int = 0  # rows of the table whose sequence is not there


def labels_of_table(names: Sequence[str], path: Path, missing: float | None) -> FoundLabels:
    """Labels of sequences by their names, which the first column of a table has.

    Raises
    ------
    ValueError
        If there is no column of labels, a name is there twice or not at all, or a label is none.
    """
    columns, rows = read_rows(path)
    if len(columns) < 2:
        raise InputError(f"{path}: expected a column of names and at least one of labels, got only {columns[0]!r}")
    if columns[0] in set(names):
        raise InputError(
            f"{path}: expected a header line, got the labels of {columns[0]!r}: add a line such as name,label"
        )
    row_of: dict[str, int] = {}
    for i, (number, row) in enumerate(rows):
        if row_of.setdefault(row[0], i) != i:
            raise InputError(f"{path}, line {number}: {row[0]!r} has labels already")
    if absent := [name for name in names if name not in row_of]:
        raise InputError(
            f"{path}: expected labels of {len(names)} sequences, {len(absent)} have none, "
            f"the first of them {absent[0]!r}: {close_names(absent[0], row_of)}"
        )
    order = [row_of[name] for name in names]
    read_as: dict[str, str] = {}
    found = []
    for place, column in enumerate(columns[1:], 1):
        texts = [rows[i][1][place] for i in order]
        values, how = to_labels(texts, in_column(path, [rows[i][0] for i in order], repr(column)), missing)
        found.append(values)
        read_as |= {column: how} if how else {}
    return FoundLabels(columns[1:], np.column_stack(found), read_as, len(rows) - len(set(names)))


def labels_of_headers(headers: Sequence[str], pattern: str, missing: float | None) -> FoundLabels:
    """Labels from the groups of a regular expression that is found in headers.

    Raises
    ------
    ValueError
        If the pattern is none, has no group or does not match a header, or a label is none.
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
