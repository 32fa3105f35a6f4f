"""FASTA files as records, and as data sets with labels."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from motiflens.basics.arguments import checks_arguments
from motiflens.basics.errors import ArgumentError, InputError
from motiflens.basics.file_kinds import kind_of_bytes
from motiflens.basics.files import in_one_piece, open_bytes, whole_lines
from motiflens.basics.sequence import INVALID, decode, translate_letters
from motiflens.basics.tables import by_fields
from motiflens.data.dataset import SequenceDataset
from motiflens.data.io.assemble import check_classes, fit_length, settle_labels
from motiflens.data.io.choose_split import split_by_names
from motiflens.data.io.fasta_labels import FoundLabels, labels_of_headers, labels_of_table

_LINE = 60  # letters per line written


@by_fields
class FastaRecord(NamedTuple):
    """One sequence of a FASTA file."""

    header: str  # without ">"
    codes: np.ndarray  # uint8, (length,); 4 for N and the other IUPAC letters

    @property
    def name(self) -> str:
        """The header up to the first white space."""
        return self.header.split(maxsplit=1)[0] if self.header.strip() else ""


def fasta_records(path: str | Path, *, allow_empty: bool = False) -> Iterator[FastaRecord]:
    """Yield the sequences of a FASTA file, plain or gzip, one at a time.

    Lower case and Windows line ends are accepted. N and the other IUPAC letters become the unknown code 4.

    Parameters
    ----------
    path : path
    allow_empty : bool
        Also yield sequences without letters, which occur in assemblies.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is empty, is not FASTA, is damaged, or has a sequence that is empty or not DNA; the message says
        which.
    """
    path = Path(path)
    header: str | None = None
    parts: list[np.ndarray] = []
    with open_bytes(path) as file:
        for chunk in whole_lines(file):
            continued, *records = (b"\n" + chunk).split(b"\n>")
            if header is None and continued.strip():
                raise InputError(f"{path}: expected FASTA, which begins with '>', got {_beginning(continued)}")
            parts.append(_codes(continued, path, header))
            for record in records:
                if header is not None:
                    yield _record(header, parts, path, allow_empty)
                first_line, _, letters = record.partition(b"\n")
                header = first_line.decode("utf-8", "replace").strip()
                parts = [_codes(letters, path, header)]
    if header is None:
        raise InputError(f"{path} is empty: expected FASTA")
    yield _record(header, parts, path, allow_empty)


def write_fasta(names: Iterable[str], codes: Iterable[np.ndarray], path: str | Path) -> None:
    """Write sequences to a FASTA file, completely or not at all.

    Parameters
    ----------
    names : iterable of str
        Headers.
    codes : iterable of uint8 array, each shape=(length,)
        Codes (N, L), or sequences of different lengths.
    path : path

    Raises
    ------
    ValueError
        If the numbers of names and sequences differ, or a name has a line break.
    """
    with in_one_piece(path) as unfinished, unfinished.open("w", encoding="utf-8", newline="\n") as file:
        for name, row in zip(names, codes, strict=True):
            if "\n" in name or "\r" in name:
                raise InputError(f"expected names of one line, got {name!r}")
            letters = decode(row)[0]
            file.write(f">{name}\n")
            file.writelines(letters[start : start + _LINE] + "\n" for start in range(0, len(letters), _LINE))


@checks_arguments
def read_fasta(
    path: str | Path,
    *,
    negatives: str | Path | None = None,
    labels: str | Path | None = None,
    label_columns: Sequence[str] | None = None,
    label_pattern: str | None = None,
    valid: Sequence[str] = (),
    test: Sequence[str] = (),
    length: int | None = None,
    fractions: Sequence[float] = (0.7, 0.1, 0.2),
    seed: int = 0,
    missing_value: float | None = None,
    drop_missing: bool = False,
) -> SequenceDataset:
    """Read a data set from FASTA, plain or gzip, with labels from one of three sources.

    Labels come from a second file of negatives, from a table, or from the headers. Without any of these, all sequences
    are positives (label 1), and `negatives.add_shuffled` can add negatives. The split is random, or by chromosome. The
    metadata say how many bases were unknown and how many sequences were cropped or padded.

    Parameters
    ----------
    path : path
        Positives (label 1) if `negatives` are given, else all sequences.
    negatives : path, optional
        FASTA of sequences with label 0.
    labels : path, optional
        TSV or CSV with a header line, names of sequences in the first column, and numbers in the others.
    label_columns : sequence of str, optional
        Columns of that table to use; by default all but the first.
    label_pattern : str, optional
        Regular expression that matches the header, with a group for each label; the names of groups name the labels.
        ``r"label=(?P<bound>[01])"`` reads ``>peak7 label=1``, ``r"^\\S+ (\\S+)"`` the second field.
    valid, test : sequence of str
        Chromosomes of the validation and test split, if names have them (``chr1:1000-1500``); all others are for
        training.
    length : int, optional
        Crop or pad (with unknown bases) all sequences to this length, evenly on both sides. By default all must have
        the same length.
    fractions : three floats
        Shares of train, valid and test.
    seed : int
        Seed of the split.
    missing_value : float, optional
        Number that stands for a missing label, such as -1. Empty fields, NA and nan always do.
    drop_missing : bool
        Leave out sequences that lack a label.

    Returns
    -------
    dataset : SequenceDataset
        In the order of the files; names are the headers' first words.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ValueError
        If a file cannot be read, lengths differ, a label is missing or not a number, or labels are the same for all
        sequences.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import motiflens as ml
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "bound.fa").write_text(">a\\nACGTACGT\\n>b\\nGGGTACGA\\n")
    >>> _ = (folder / "other.fa").write_text(">c\\nTTTTACGT\\n>d\\nGGATTCGA\\n")
    >>> data = ml.read_fasta(folder / "bound.fa", negatives=folder / "other.fa")
    >>> data.codes.shape, data.y.ravel().tolist()
    ((4, 8), [1.0, 1.0, 0.0, 0.0])
    """
    if sum(source is not None for source in (negatives, labels, label_pattern)) > 1:
        raise ArgumentError("expected labels from one place", "give one of {negatives}, {labels} and {label_pattern}")
    if label_columns is not None and labels is None:
        raise ArgumentError("columns of labels are those of a table", "give {labels}, or leave {label_columns} out")
    records = list(fasta_records(path))
    files = [Path(path).name]
    found = FoundLabels(["positive"], np.ones((len(records), 1)), {})
    if negatives is not None:
        more = list(fasta_records(negatives))
        found = found._replace(y=np.repeat([[1.0], [0.0]], [len(records), len(more)], axis=0))
        records = records + more
        files.append(Path(negatives).name)
    elif labels is not None:
        _check_names(records, Path(path))
        names = [record.name for record in records]
        found = labels_of_table(names, Path(labels), missing_value, chosen=label_columns, drop=drop_missing)
        files.append(Path(labels).name)
    elif label_pattern is not None:
        found = labels_of_headers([record.header for record in records], label_pattern, missing_value)
    label_names = found.label_names
    kept, how_labels = settle_labels(found.y, label_names, files[-1], drop=drop_missing)
    if found.n_unused:
        dropped = how_labels.setdefault("dropped", {}).setdefault(files[-1], {})
        dropped["no_sequence"] = found.n_unused
    how_labels |= {"read_as": found.read_as} if found.read_as else {}
    records, y = [records[i] for i in kept], found.y[kept]
    if labels is not None or label_pattern is not None:
        check_classes(y, label_names, files[-1])
    codes, counts = fit_length([record.codes for record in records], length, " and ".join(files))
    names = [record.name for record in records]
    places = [record.header for record in records]
    split, how = split_by_names(places, None, len(codes), valid=valid, test=test, fractions=fractions, seed=seed)
    source: dict[str, Any] = {"reader": "read_fasta", "files": files, "split": how, **counts, **how_labels}
    return SequenceDataset.from_arrays(
        codes, y, label_names=label_names, split=split, metadata={"source": source}, names=names
    )


def _check_names(records: Sequence[FastaRecord], path: Path) -> None:
    """Check that sequences have names of their own, where labels are found by them."""
    first: dict[str, np.ndarray] = {}
    for record in records:
        if not np.array_equal(first.setdefault(record.name, record.codes), record.codes):
            raise InputError(
                f"{path}: expected a name of its own for each sequence, as labels are found by names, "
                f"got different sequences called {record.name!r}"
            )


def _beginning(chunk: bytes) -> str:
    """How a file that is no FASTA begins, in words."""
    if kind := kind_of_bytes(chunk[:16]):
        return kind
    start = chunk.strip()[:20]
    words = " (FASTQ: convert it, as by seqtk seq -A)" if re.match(rb"@[^\n]*\n[A-Za-z]", chunk.strip()) else ""
    return repr(start.decode("ascii", "backslashreplace")) + words


def _codes(letters: bytes, path: Path, header: str | None) -> np.ndarray:
    codes = translate_letters(letters)
    if INVALID in codes:
        letter = letters.translate(None, b" \t\r\n")[codes.index(INVALID)]
        raise InputError(
            f"{path}, sequence {header!r}: expected nucleotide letters (ACGT, N or IUPAC), "
            f"got {chr(letter)!r}: is it DNA, and not compressed in another way?"
        )
    return np.frombuffer(codes, dtype=np.uint8)


def _record(header: str, parts: Sequence[np.ndarray], path: Path, allow_empty: bool) -> FastaRecord:
    codes = parts[0] if len(parts) == 1 else np.concatenate(parts)
    if not len(codes) and not allow_empty:
        raise InputError(f"{path}, sequence {header!r}: expected letters below the header, got none")
    return FastaRecord(header, codes)
