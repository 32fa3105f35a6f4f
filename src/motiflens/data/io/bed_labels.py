"""Several labels for windows: from one BED file for each label, or from a column with names of labels."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.data.io.intervals import Intervals
from motiflens.data.io.label_text import MISSING

_ENDINGS = (".gz", ".bed", ".narrowPeak", ".broadPeak", ".txt", ".tsv", ".bw", ".bigWig", ".bigwig")


def bed_files(path: str | Path | Sequence[str | Path]) -> list[Path]:
    """The BED files: one, several, or those of a folder in the order of their names.

    Raises
    ------
    ValueError
        If there is none, or two files would give the same label name.
    """
    given = [path] if isinstance(path, str | Path) else list(path)
    files: list[Path] = []
    for one in map(Path, given):
        files += sorted(f for f in one.iterdir() if f.is_file() and f.name[0] != ".") if one.is_dir() else [one]
    if not files:
        raise InputError(f"expected BED files, got none in {', '.join(map(str, given)) or 'an empty list'}")
    names = [label_of_file(file) for file in files]
    if twice := [name for name in names if names.count(name) > 1]:
        raise InputError(f"expected files of different names, which become labels, got {twice[0]!r} twice")
    return files


def label_of_file(path: Path) -> str:
    """The file's name without its endings."""
    name = path.name
    while any(name.endswith(ending) and name != ending for ending in _ENDINGS):
        name = name[: name.rindex(".")]
    return name


def merge_files(files: Sequence[Intervals], width: int) -> tuple[Intervals, np.ndarray]:
    """Merge windows of one width from several files, with one label for each file.

    From left to right on each chromosome, windows whose centres are within half a width of the first of them are merged
    into one, around the mean of their centres. It has the labels of all files with a centre within half a width of its
    own. Windows on different strands are not merged.

    Returns
    -------
    windows : Intervals
        Sorted by chromosome, in order of first occurrence, and by position.
    y : np.ndarray, float64, shape=(n, n_files)
        0 and 1.
    """
    contig = np.concatenate([one.contig for one in files])
    start = np.concatenate([one.start for one in files])
    strand = np.concatenate([one.strand for one in files])
    origin = np.repeat(np.arange(len(files)), [len(one.start) for one in files])
    merged: list[tuple[str, int, int]] = []
    labels: list[np.ndarray] = []
    groups: dict[tuple[str, int], list[int]] = {}
    for row, key in enumerate(zip(contig.tolist(), strand.tolist(), strict=True)):
        groups.setdefault(key, []).append(row)
    for (name, sign), rows in groups.items():
        on = np.array(rows)[np.argsort(start[rows], kind="stable")]
        places = start[on]
        first = 0
        while first < len(on):
            last = int(np.searchsorted(places, places[first] + width // 2, side="right"))
            centre = round(float(places[first:last].mean()))
            low, high = np.searchsorted(places, [centre - width // 2, centre + width // 2 + 1])
            merged.append((name, centre, sign))
            labels.append(np.isin(np.arange(len(files)), origin[on[low:high]]))
            first = last
    contigs, starts, signs = zip(*merged, strict=True)
    windows = Intervals(
        np.array(contigs, dtype=object),
        np.array(starts, dtype=np.int64),
        np.array(starts, dtype=np.int64) + width,
        np.array(signs, dtype=np.int8),
    )
    return windows, np.array(labels, dtype=np.float64)


def merge_names(windows: Intervals, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Merge equal windows whose labels are in a column: one name, several separated by commas, or none (``.``).

    Semicolons and bars also separate names if each of these names is alone in another row.

    Returns
    -------
    rows : np.ndarray, int64
        The first row of each window.
    y : np.ndarray, float64, shape=(n, n_labels)
        0 and 1.
    label_names : list of str
        Sorted; whole numbers by value.

    Raises
    ------
    ValueError
        If no row has a label.
    """
    named = _separated(texts, ",")
    for separator in ";|":
        alone = {names[0] for names in named if len(names) == 1}
        parts = {name: _separated([name], separator)[0] for names in named for name in names if separator in name}
        named = [
            [one for name in names for one in (parts[name] if alone.issuperset(parts.get(name, [None])) else [name])]
            for names in named
        ]
    known = {name for names in named for name in names}
    if not known:
        raise InputError("expected names of labels in the column, got none")
    label_names = sorted(known, key=int) if all(name.isdecimal() for name in known) else sorted(known)
    index = {name: i for i, name in enumerate(label_names)}
    first: dict[tuple[str, int, int], int] = {}
    of_row = [
        first.setdefault(key, len(first))
        for key in zip(windows.contig.tolist(), windows.start.tolist(), windows.strand.tolist(), strict=True)
    ]
    y = np.zeros((len(first), len(label_names)))
    for window, names in zip(of_row, named, strict=True):
        y[window, [index[name] for name in names]] = 1
    return np.unique(of_row, return_index=True)[1], y, label_names


def _separated(texts: Sequence[str], separator: str) -> list[list[str]]:
    """Names between separators in each text."""
    return [[one for part in text.split(separator) if (one := part.strip()).lower() not in MISSING] for text in texts]
