"""Signal of bigWig tracks over windows, as real-valued labels."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from motiflens.basics.choices import check_choice
from motiflens.basics.errors import ArgumentError, InputError, MissingFileError, MissingPackageError
from motiflens.data.io.bed_labels import label_of_file
from motiflens.data.io.intervals import Intervals
from motiflens.data.splits import close_names, spellings

#: How the values of a window become one number; "log_sum" is log(1 + sum), as BPNet's counts head learns it.
STATISTICS = ("mean", "max", "sum", "log_sum")
_MAGIC = {"bigWig": bytes.fromhex("26fc8f88"), "bigBed": bytes.fromhex("ebf28987")}
_BLOCK = 4096  # windows at once


class Track(NamedTuple):
    """A bigWig track, the statistic of a window, and how bases without a value count."""

    path: Path
    statistic: str
    uncovered: str


def check_signal(statistic: str, uncovered: str) -> None:
    """Check the options by which windows become numbers.

    Raises
    ------
    ValueError
        If the statistic is not in `STATISTICS`, or `uncovered` is neither "zero" nor "missing".
    """
    check_choice("signal", statistic, STATISTICS)
    check_choice("uncovered", uncovered, ("zero", "missing"))


def signal_labels(
    paths: Sequence[str | Path], windows: Intervals, lengths: Mapping[str, int], statistic: str, uncovered: str
) -> tuple[np.ndarray, list[str], dict[str, Any]]:
    """One number for each window and bigWig track.

    A base without a value (or with NaN) counts as 0, because tracks leave out zeros. With "missing", only bases with a
    value count, and the number is NaN if there are none. A window on a chromosome that the track lacks is NaN in either
    case.

    Parameters
    ----------
    paths : sequence of path
    windows : Intervals
        Intervals of one width, within the genome.
    lengths : mapping of str to int
        Lengths of the genome's chromosomes.
    statistic, uncovered : str
        As :func:`check_signal` takes them.

    Returns
    -------
    y : np.ndarray, float64, shape=(n, n_tracks)
    label_names : list of str
        Names of the files, without endings.
    how : dict
        For the metadata.

    Raises
    ------
    ValueError
        If a file is not a bigWig, two have the same name, it is of another assembly, or it has none of the windows'
        chromosomes.
    ImportError
        If pybigtools is not installed.
    """
    check_signal(statistic, uncovered)
    tracks = [Track(Path(path), statistic, uncovered) for path in paths]
    names = [label_of_file(track.path) for track in tracks]
    if twice := [name for name in names if names.count(name) > 1]:
        raise InputError(f"expected tracks of different names, which become labels, got {twice[0]!r} twice")
    columns = [_of_track(track, windows, lengths) for track in tracks]
    y = np.column_stack([values for values, _ in columns])
    lacking = {track.path.name: absent for track, (_, absent) in zip(tracks, columns, strict=True) if absent}
    how = {"files": [track.path.name for track in tracks], "statistic": statistic, "uncovered": uncovered}
    return y, names, how | ({"lacking": lacking} if lacking else {})


def _of_track(track: Track, windows: Intervals, lengths: Mapping[str, int]) -> tuple[np.ndarray, list[str]]:
    """Number of each window, and the chromosomes that the track lacks."""
    file = _opened(track.path)
    theirs = _names_in_track(track.path, file.chroms(), {name: lengths[name] for name in set(windows.contig)})
    values = np.full(len(windows.start), np.nan)
    for contig, rows in windows.rows_by_contig().items():
        if contig not in theirs:
            continue
        rows = rows[np.argsort(windows.start[rows], kind="stable")]  # the file is read from left to right
        for first in range(0, len(rows), _BLOCK):
            part = rows[first : first + _BLOCK]
            places = zip(windows.start[part].tolist(), windows.end[part].tolist(), strict=True)
            found = [file.values(theirs[contig], start, end, fillna=np.nan) for start, end in places]
            with np.errstate(over="ignore"):  # told below
                values[part] = _statistic(np.array(found), track)
            if np.isinf(values[part]).any():
                row = part[np.isinf(values[part]).argmax()]
                place = windows.take(np.array([row])).names()[0]
                raise InputError(f"{track.path}: expected finite signal, got infinity in {place}")
    return values, sorted(set(windows.contig) - set(theirs))


def _statistic(values: np.ndarray, track: Track) -> np.ndarray:
    """One number of each row of values (n, width), of which bases without one are NaN."""
    known = ~np.isnan(values)
    if track.uncovered == "zero":
        known[:] = True
        values = np.nan_to_num(values, nan=0.0)
    if track.statistic == "max":
        found = np.where(known, values, -np.inf).max(axis=1)
    else:
        found = np.where(known, values, 0).sum(axis=1)
        if track.statistic == "mean":
            found = found / np.maximum(known.sum(axis=1), 1)
    if track.statistic == "log_sum":
        if (found < 0).any():
            raise ArgumentError(
                f"{track.path}: log(1 + sum) needs signal of 0 or more, got a sum of {found.min():g}",
                "choose mean, max or sum by {signal}",
            )
        found = np.log1p(found)
    return np.where(known.any(axis=1), found, np.nan)


def _opened(path: Path) -> Any:
    if not path.is_file():
        raise MissingFileError(f"no file at {path}")
    kind = _kind(path)  # asked here, for the library prints where it cannot open a file
    if kind != "bigWig":
        got = "a bigBed: convert it to BED, and give the column of its values" if kind else "something else"
        raise InputError(f"{path}: expected a bigWig file, got {got}")
    try:
        pybigtools = import_module("pybigtools")
    except ImportError as error:
        raise MissingPackageError(f"{path}: bigWig files need pybigtools: pip install 'motiflens[bigwig]'") from error
    try:
        return pybigtools.open(str(path))
    except (ValueError, OSError, pybigtools.BBIReadError) as error:
        raise InputError(f"{path} is damaged or incomplete: {error}") from error


def _kind(path: Path) -> str:
    """bigWig or bigBed by its first bytes, in either order; empty for anything else."""
    with path.open("rb") as file:
        start = file.read(4)
    return next((kind for kind, magic in _MAGIC.items() if start in (magic, magic[::-1])), "")


def _names_in_track(path: Path, known: Mapping[str, int], wanted: Mapping[str, int]) -> dict[str, str]:
    """What the track calls each chromosome (`splits.spellings`); those that it lacks are left out.

    Raises
    ------
    ValueError
        If it has none of them, or one has another length.
    """
    found = {}
    for name, length in wanted.items():
        own = next((one for one in spellings(name) if one in known), None)
        if own is None or (own not in spellings(name)[:2] and known[own] != length):
            continue  # MT may be another sequence than chrM
        if known[own] != length:
            raise InputError(
                f"{path}: {own} has {known[own]:,} bp, and {name} of the genome {length:,}: is it the same assembly?"
            )
        found[name] = own
    if not found:
        name = next(iter(wanted))
        raise InputError(f"{path} lacks {name!r} and all others: {close_names(name, known)}")
    return found
