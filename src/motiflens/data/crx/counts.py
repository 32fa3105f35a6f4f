"""Activities of a reporter library from its barcode counts."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from motiflens.basics.errors import InputError, MissingFileError
from motiflens.basics.files import text_lines
from motiflens.basics.metrics import pearson
from motiflens.basics.tables import by_fields

BASAL = "BASAL"  # the promoter alone
MIN_PLASMID = 10  # counts of a barcode in the plasmid pool, below which it is left out
_HALF = 0.5  # added to both counts of a barcode: none at all has a logarithm too


@by_fields
class LibraryActivity(NamedTuple):
    """Activities of the sequences of one library: log2 of RNA per plasmid, relative to the promoter alone.

    Arrays have shape (n,), in the order of names.
    """

    library: str
    names: tuple[str, ...]
    activity: np.ndarray  # mean over replicates
    replicate_sd: np.ndarray  # over replicates, n - 1 below
    n_barcodes: np.ndarray  # int
    replicates: np.ndarray  # (R, n): activity in each replicate
    barcode_sd: float  # of one barcode's mean over replicates about its sequence's, pooled over sequences

    @property
    def replicate_r(self) -> float:
        """Mean Pearson correlation over pairs of replicates."""
        upper = np.triu_indices(len(self.replicates), 1)
        return float(np.mean([pearson(self.replicates[i], self.replicates[j]) for i, j in zip(*upper, strict=True)]))


def read_library(folder: Path) -> LibraryActivity:
    """Read the barcode counts of one library and compute activities.

    The logarithm of RNA over plasmid is averaged over the barcodes of a sequence, and the average of the promoter alone
    is subtracted. This also removes sequencing depth. The mean of logarithms is used because, in two published
    libraries, a third of the barcodes have no RNA, and it is then much more reproducible than the logarithm of the mean
    ratio.

    Parameters
    ----------
    folder : path
        ``.../Measurements/Library3``, whose ``Samples`` hold ``library3Plasmid.counts`` and ``library3Rna1.counts``,
        ..., plain or gzip: a table of barcode, label and count.

    Raises
    ------
    FileNotFoundError, ValueError
        If files are missing, do not fit together or hold no barcode of the promoter; the message says which.
    """
    plasmid, rna = _sample_files(folder)
    labels, barcodes, dna = _read_counts(plasmid)
    rows = []
    for path in rna:
        other, other_barcodes, counts = _read_counts(path)
        if other != labels or other_barcodes != barcodes:
            raise InputError(
                f"{path}: expected the barcodes and labels of {plasmid.name} in the same order, got others"
            )
        rows.append(counts)
    used = dna >= MIN_PLASMID
    ratios = np.log2((np.array(rows)[:, used] + _HALF) / (dna[used] + _HALF))  # R, n barcodes
    return _activities(folder.name.removeprefix("Library"), np.array(labels, dtype=object)[used], ratios)


def _activities(library: str, labels: np.ndarray, ratios: np.ndarray) -> LibraryActivity:
    """Average over barcodes and replicates; labels (n,), ratios (R, n)."""
    names, group = np.unique(labels, return_inverse=True)
    n = np.bincount(group)
    means = np.stack([np.bincount(group, row) for row in ratios]) / n  # R, names
    basal = np.flatnonzero(names == BASAL)
    if not len(basal):
        raise InputError(f"library {library} has no barcode of {BASAL} with {MIN_PLASMID} plasmid counts")
    activity = means - means[:, basal]
    over_replicates = ratios.mean(axis=0)
    residual = over_replicates - (np.bincount(group, over_replicates) / n)[group]
    pooled = float(np.sqrt((residual**2).sum() / max((n - 1).sum(), 1)))
    own = np.arange(len(names)) != basal[0]
    sd = activity.std(axis=0, ddof=1) if len(activity) > 1 else np.full(len(names), np.nan)
    return LibraryActivity(
        library, tuple(names[own]), activity.mean(axis=0)[own], sd[own], n[own], activity[:, own], pooled
    )


def _sample_files(folder: Path) -> tuple[Path, list[Path]]:
    found: Mapping[str, Path] = {
        path.name.removesuffix(".gz").removesuffix(".counts"): path for path in (folder / "Samples").glob("*.counts*")
    }
    plasmid = [path for name, path in found.items() if name.endswith("Plasmid")]
    rna = [found[name] for name in sorted(found) if re.search(r"Rna\d+$", name)]
    if len(plasmid) != 1 or not rna:
        raise MissingFileError(
            f"expected one *Plasmid.counts and some *Rna1.counts (plain or .gz) in {folder / 'Samples'}, "
            f"got {', '.join(sorted(found)) or 'none'}"
        )
    return plasmid[0], rna


def _read_counts(path: Path) -> tuple[list[str], list[str], np.ndarray]:
    lines = text_lines(path)
    header = next(lines, (0, ""))[1].split("\t")
    if header != ["barcode", "label", "count"]:
        raise InputError(f"{path}: expected a table of barcode, label and count, got columns {', '.join(header)!r}")
    labels, barcodes, counts = [], [], []
    for number, line in lines:
        fields = line.split("\t")
        if len(fields) != 3 or not fields[2].isdecimal():
            raise InputError(f"{path}, line {number}: expected barcode, label and a whole count, got {line[:60]!r}")
        barcodes.append(fields[0])
        labels.append(fields[1])
        counts.append(int(fields[2]))
    return labels, barcodes, np.array(counts, dtype=np.float64)
