"""Tables (TSV or CSV) of sequences with labels or measured values."""

import csv
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.files import text_lines
from motiflens.basics.sequence import INVALID, translate_letters
from motiflens.data.dataset import SequenceDataset
from motiflens.data.io.assemble import check_classes, draw_split, fit_length, to_number
from motiflens.data.splits import close_names

_SPLIT_NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("valid", "val", "validation", "dev"), "valid"),
    "test": "test",
}


def read_rows(path: str | Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Read a table with a header line: tab-separated if the header has a tab, else comma-separated.

    Returns
    -------
    columns : list of str
    rows : list of (int, list of str)
        Number of the line, and as many fields as there are columns, stripped.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is empty, no text, or a row has another number of fields.
    """
    path = Path(path)
    lines = text_lines(path)
    first = next(lines, None)
    if first is None:
        raise InputError(f"{path} is empty: expected a header line")
    numbers: list[int] = []
    reader = csv.reader(_counted(chain([first], lines), numbers), delimiter="\t" if "\t" in first[1] else ",")
    try:
        table = [(numbers[-1], [field.strip() for field in row]) for row in reader]
    except csv.Error as error:
        raise InputError(f"{path}, line {numbers[-1]}: {error}") from error
    if len(table) < len(numbers):  # the first row that ends on another line than it should
        broken = next((i for i, (number, _) in enumerate(table) if number != numbers[i]), len(table) - 1)
        raise InputError(f"{path}, line {numbers[broken]}: a field begins with a quote that does not end on its line")
    (_, columns), rows = table[0], table[1:]
    if len(set(columns)) < len(columns) or "" in columns:
        raise InputError(f"{path}: expected different column names in the first line, got {', '.join(columns)[:80]!r}")
    for number, row in rows:
        if len(row) != len(columns):
            raise InputError(f"{path}, line {number}: expected {len(columns)} fields, got {len(row)}")
    if not rows:
        raise InputError(f"{path} has a header line, but no row")
    return columns, rows


def read_table(
    path: str | Path,
    *,
    sequence: str = "sequence",
    labels: Sequence[str] | None = None,
    split: str = "split",
    name: str = "name",
    length: int | None = None,
    fractions: Sequence[float] = (0.7, 0.1, 0.2),
    seed: int = 0,
) -> SequenceDataset:
    """Read a dataset from a TSV or CSV file, plain or gzip, whose first line names the columns.

    Parameters
    ----------
    path : path
    sequence : str
        Column of the sequences.
    labels : sequence of str, optional
        Columns of labels or real values. By default all that are not the sequence, the split or the name.
    split : str
        Column that says train, valid (or val, validation, dev) or test. If there is none, the split is random.
    name : str
        Column of the sequences' names; need not be there.
    length : int, optional
        As for `read_fasta`.
    fractions, seed
        Shares of train, valid and test, and the seed of a random split.

    Returns
    -------
    dataset : SequenceDataset

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If a column is missing (lists close names), a value is no finite number, a sequence no DNA, lengths or splits
        do not fit, or labels are the same for all sequences.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import motiflens as ml
    >>> path = Path(tempfile.mkdtemp()) / "mpra.tsv"
    >>> _ = path.write_text("sequence\\tactivity\\nACGTACGT\\t1.5\\nGGGTACGA\\t-0.5\\n")
    >>> data = ml.read_table(path, labels=["activity"])
    >>> data.label_names, data.y.ravel().tolist()
    (('activity',), [1.5, -0.5])
    """
    path = Path(path)
    columns, rows = read_rows(path)
    for wanted in (sequence, *(labels or ())):
        if wanted not in columns:
            raise InputError(f"{path}: no column {wanted!r}: {close_names(wanted, columns)}")
    chosen = list(labels) if labels else [column for column in columns if column not in (sequence, split, name)]
    if not chosen:
        raise InputError(f"{path}: expected a column of labels beside {', '.join(columns)}, got none")
    place = {column: columns.index(column) for column in columns}
    y = np.array([[_value(path, number, row[place[c]], c) for c in chosen] for number, row in rows])
    check_classes(y, chosen, path.name)
    sequences = [_codes(path, number, row[place[sequence]]) for number, row in rows]
    codes, counts = fit_length(sequences, length, str(path))
    if split in place and split not in chosen:
        splits = np.array([_split_name(path, number, row[place[split]]) for number, row in rows])
        how: dict[str, Any] = {"method": "column", "column": split}
    else:
        splits, how = draw_split(len(rows), fractions, seed)
    return SequenceDataset.from_arrays(
        codes,
        y,
        label_names=chosen,
        split=splits,
        metadata={"source": {"reader": "read_table", "files": [path.name], "split": how, **counts}},
        names=[row[place[name]] for _, row in rows] if name in place and name not in chosen else None,
    )


def _counted(lines: Iterator[tuple[int, str]], numbers: list[int]) -> Iterator[str]:
    for number, line in lines:
        numbers.append(number)
        yield line


def _value(path: Path, number: int, text: str, column: str) -> float:
    return to_number(text, f"{path}, line {number}, column {column!r}")


def _codes(path: Path, number: int, text: str) -> np.ndarray:
    codes = translate_letters(text.encode("ascii", "replace"))
    if not codes or INVALID in codes:
        raise InputError(f"{path}, line {number}: expected a DNA sequence, got {text[:30]!r}")
    return np.frombuffer(codes, dtype=np.uint8)


def _split_name(path: Path, number: int, text: str) -> str:
    if text.lower() not in _SPLIT_NAMES:
        raise InputError(f"{path}, line {number}: expected train, valid or test, got {text!r}")
    return _SPLIT_NAMES[text.lower()]
