"""Tables (TSV or CSV) of sequences with labels or measured values."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from motiflens.basics.arguments import checks_arguments
from motiflens.basics.errors import ArgumentError, InputError
from motiflens.basics.sequence import INVALID, translate_letters
from motiflens.data.dataset import SequenceDataset
from motiflens.data.io.assemble import check_classes, fit_length, settle_labels
from motiflens.data.io.choose_split import split_by_column, split_by_names
from motiflens.data.io.delimited import read_rows
from motiflens.data.io.label_text import to_labels
from motiflens.data.splits import close_names

_CHROMOSOMES = ("chrom", "chr", "chromosome", "seqnames", "seqname", "contig", "#chrom")
#: Numbers that are seldom meant as labels: who has such a column says which are.
_ASKED_ABOUT = re.compile(
    r"((cv|k|test)[ _.-]?)?folds?|split|set|partition|batch|seed|unnamed(: ?\d+)?|level_\d+|index|idx|rownames?|row|"
    r"((row|seq|sequence|oligo|peak|fold)[ _.-]?)?(id|no|nr|number)|((chrom|tx)[ _.-]?)?(start|end|stop)|"
    r"pos|position|summit|width|len|length|strand|gc([ _.-]?content)?"
)
_DNA = re.compile(r"[ACGTUNacgtun]{8,}")


class _Table(NamedTuple):
    """Rows of one or several files with the same columns."""

    columns: list[str]
    rows: list[list[str]]
    lines: list[str]  # where each row stands
    of_file: np.ndarray  # index of the file of each row

    def column(self, name: str) -> list[str]:
        """The fields of a column."""
        place = self.columns.index(name)
        return [row[place] for row in self.rows]

    def where(self, name: str) -> Callable[[int], str]:
        """Say where the field of a row stands."""
        return lambda row: f"{self.lines[row]}, column {name!r}"

    def optional(self, name: str | None) -> list[str] | None:
        """The fields of a column, None if there is no such column."""
        return self.column(name) if name is not None and name in self.columns else None

    def take(self, rows: np.ndarray) -> "_Table":
        """Some of the rows."""
        return _Table(self.columns, [self.rows[i] for i in rows], [self.lines[i] for i in rows], self.of_file[rows])


@checks_arguments
def read_table(
    path: str | Path,
    *,
    valid_file: str | Path | None = None,
    test_file: str | Path | None = None,
    sequence: str = "sequence",
    labels: Sequence[str] | None = None,
    split: str = "split",
    name: str = "name",
    chromosome: str | None = None,
    group: str | None = None,
    valid: Sequence[str] = (),
    test: Sequence[str] = (),
    length: int | None = None,
    fractions: Sequence[float] = (0.7, 0.1, 0.2),
    seed: int = 0,
    missing_value: float | None = None,
    drop_missing: bool = False,
) -> SequenceDataset:
    """Read a data set from a TSV or CSV file, plain or gzip, whose first line names the columns.

    Parameters
    ----------
    path : path
    valid_file, test_file : path, optional
        Tables of validation and test sequences with the same columns; those of `path` are then for training.
    sequence : str
        Column of the sequences. If there is no column ``sequence``, the only column with DNA is used.
    labels : sequence of str, optional
        Columns of labels or real values; True and False are 1 and 0. By default all columns other than the sequence,
        the split, the name, the chromosome or the group.
    split : str
        Column with train, valid (or val, validation, dev) or test, or with folds, of which `valid` and `test` name
        some. If there is none, the split is by chromosomes, by groups or random.
    name : str
        Column of the sequences' names; may be missing.
    chromosome : str, optional
        Column of chromosomes. By default one called chrom, chr, seqnames or the like, or the chromosome in names
        (``chr1:1000-1500``, ``chr1-1000-1500_mutant``).
    group : str, optional
        Column of groups, such as the locus of a wild type and its mutants. A group stays in one split.
    valid, test : sequence of str
        Chromosomes, or folds of the column `split`, of the validation and test split; all others are for training.
    length : int, optional
        As for `read_fasta`.
    fractions, seed
        Shares of train, valid and test, and the seed of a random split.
    missing_value : float, optional
        Number that stands for a missing label, such as -1. Empty fields, NA and nan always do.
    drop_missing : bool
        Leave out sequences that lack a label.

    Returns
    -------
    dataset : SequenceDataset

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If a column is missing (lists similar names) or cannot be a label, a value is not a finite number, a sequence is
        not DNA, lengths or splits do not fit, or labels are the same for all sequences.

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
    files = [Path(path), *(Path(one) for one in (valid_file, test_file) if one is not None)]
    table = _read(files)
    sequence = _sequence_column(table, sequence, path)
    named = [one for one, default in ((split, "split"), (name, "name")) if one != default]
    for wanted in (*(labels or ()), *(one for one in (chromosome, group, *named) if one)):
        if wanted not in table.columns:
            raise InputError(f"{path}: no column {wanted!r}: {close_names(wanted, table.columns)}")
    if twice := [label for label in labels or () if list(labels or ()).count(label) > 1]:
        raise ArgumentError(f"expected different labels, got {twice[0]!r} twice", "mend {labels}")
    chromosome = chromosome or next((c for c in table.columns if c.lower() in _CHROMOSOMES), None)
    chosen = list(labels) if labels else _labels(table, (sequence, split, name, chromosome, group), path)
    y, read_as = _values(table, chosen, missing_value, named=bool(labels))
    kept, missing = settle_labels(y, chosen, files[0].name, drop=drop_missing)
    table, y = table.take(kept), y[kept]
    check_classes(y, chosen, files[0].name)
    pairs = zip(table.lines, table.column(sequence), strict=True)
    codes, counts = fit_length([_codes(line, text) for line, text in pairs], length, str(path))
    # A column that was named as a label says nothing else.
    columns = {role: None if column in chosen else column for role, column in (("split", split), ("name", name))}
    columns |= {"chromosome": None if chromosome in chosen else chromosome, "group": group}
    rules: dict[str, Any] = {"valid": valid, "test": test, "fractions": fractions, "seed": seed}
    if len(files) > 1:
        parts = ["train", *(s for s, one in (("valid", valid_file), ("test", test_file)) if one is not None)]
        splits, how = np.array(parts)[table.of_file], {"method": "files"}
    else:
        splits, how = _split(table, columns, **rules)
    where = {"reader": "read_table", "files": [file.name for file in files], "split": how, **counts, **missing}
    where |= {"read_as": read_as} if read_as else {}
    where |= {"sequences": sequence} if sequence != "sequence" else {}
    counting = [] if labels else [label for label in chosen if _counts_rows(table.column(label))]
    where |= {"counting": counting} if counting else {}
    names = table.optional(columns["name"])
    return SequenceDataset.from_arrays(
        codes, y, label_names=chosen, split=splits, metadata={"source": where}, names=names
    )


def _split(
    table: _Table,
    columns: Mapping[str, str | None],
    *,
    valid: Sequence[str],
    test: Sequence[str],
    fractions: Sequence[float],
    seed: int,
) -> tuple[np.ndarray, dict[str, Any]]:
    """Split by a column of splits or folds if it is there, else by names, chromosomes or groups."""
    values = table.optional(columns["split"])
    if values is not None:
        return split_by_column(values, table.lines, str(columns["split"]), valid, test)
    return split_by_names(
        table.optional(columns["name"]),
        table.optional(columns["chromosome"]),
        len(table.rows),
        valid=valid,
        test=test,
        groups=table.optional(columns["group"]),
        group=columns["group"] or "",
        fractions=fractions,
        seed=seed,
    )


def _read(files: Sequence[Path]) -> _Table:
    """All rows of files with the same columns."""
    columns: list[str] = []
    rows: list[list[str]] = []
    lines: list[str] = []
    of_file: list[int] = []
    for i, file in enumerate(files):
        own, found = read_rows(file)
        if i and own != columns:
            raise InputError(
                f"{file}: expected the columns of {files[0].name}, {', '.join(columns)}, got {', '.join(own)}"
            )
        columns = own
        rows += [row for _, row in found]
        lines += [f"{file}, line {number}" for number, _ in found]
        of_file += [i] * len(found)
    return _Table(columns, rows, lines, np.array(of_file))


def _labels(table: _Table, others: Sequence[str | None], path: str | Path) -> list[str]:
    """Columns that are labels where none was named.

    Raises
    ------
    ValueError
        If there is none, or one that may be something else.
    """
    chosen = [column for column in table.columns if column not in others]
    advice = "name the columns of labels by {labels}"
    if "" in chosen:
        raise ArgumentError(f"{path}: the first column has no name, as where pandas or R wrote an index", advice)
    if asked := [column for column in chosen if _ASKED_ABOUT.fullmatch(column.lower())]:
        raise ArgumentError(f"{path}: column {asked[0]!r} cannot be a label", advice)
    if not chosen:
        raise InputError(f"{path}: expected a column of labels beside {', '.join(table.columns)}, got none")
    return chosen


def _counts_rows(fields: Sequence[str]) -> bool:
    """Say whether fields are 0, 1, 2, ... or 1, 2, 3, ..., as an index is."""
    if len(fields) < 4 or fields[0] not in ("0", "1"):
        return False
    first = int(fields[0])
    return all(field == str(i) for i, field in enumerate(fields, first))


def _sequence_column(table: _Table, wanted: str, path: str | Path) -> str:
    """The column of sequences: as wanted, or if that is the default, the only one of DNA.

    Raises
    ------
    ValueError
        If it is not there.
    """
    if wanted in table.columns:
        return wanted
    dna = [name for name in table.columns if all(_DNA.fullmatch(field) for field in table.column(name))]
    if wanted == "sequence" and len(dna) == 1:
        return dna[0]
    raise ArgumentError(
        f"{path}: no column {wanted!r}: {close_names(wanted, table.columns)}",
        "name the column of sequences by {sequence}",
    )


def _values(
    table: _Table, labels: Sequence[str], missing: float | None, *, named: bool
) -> tuple[np.ndarray, dict[str, str]]:
    """Labels (N, n_labels), and how they were read where that is worth telling."""
    columns: list[np.ndarray] = []
    read_as: dict[str, str] = {}
    for label in labels:
        try:
            values, how = to_labels(table.column(label), table.where(label), missing)
        except InputError as error:
            if named:
                raise
            raise ArgumentError(str(error), "name the columns of labels by {labels}") from None
        columns.append(values)
        read_as |= {label: how} if how else {}
    return np.column_stack(columns), read_as


def _codes(line: str, text: str) -> np.ndarray:
    codes = translate_letters(text.encode("ascii", "replace"))
    if not codes or INVALID in codes:
        raise InputError(f"{line}: expected a DNA sequence, got {text[:30]!r}")
    return np.frombuffer(codes, dtype=np.uint8)
