"""What a dataset holds, and what in it commonly ruins such sets, before a network is trained on it."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.inputs import is_binary
from motiflens.basics.metrics import auroc
from motiflens.basics.sequence import UNKNOWN, gc_content
from motiflens.basics.tables import Table, Tabular
from motiflens.data.dataset import SequenceDataset
from motiflens.data.import_report import import_lines
from motiflens.data.leaks import negatives_at_positives, places, repeats
from motiflens.data.near_duplicates import near_duplicates
from motiflens.data.splits import SPLITS

GC_AUROC = 0.1  # this far above 1/2, GC content gives labels away
GC_CORRELATION = 0.2
FEW_POSITIVES = {"train": 500, "valid": 30, "test": 50}
RARE, USUAL = 0.7, 0.85  # of a dinucleotide, observed over expected
FEW_SHARE = 0.02  # of positives
UNKNOWN_SHARE = 0.01  # difference between positives and negatives


@dataclass(frozen=True)
class LabelSummary:
    """One label: of a binary one the two classes, of a real value its distribution. What does not apply is None."""

    name: str
    kind: str  # binary, real or constant
    positives: Mapping[str, int] | None  # by split
    negatives: Mapping[str, int] | None
    mean: float
    standard_deviation: float
    minimum: float
    maximum: float
    gc_positives: float | None  # mean GC content
    gc_negatives: float | None
    gc_auroc: float | None  # of high or low GC content, whichever is better, as the only predictor; all splits
    gc_correlation: float | None  # Pearson, of a real value with GC content
    unknown_positives: float | None  # share of unknown bases
    unknown_negatives: float | None
    odd_value: float | None = None  # of a label that is 0 or 1 but for one value, such as -1
    n_odd: int = 0


@dataclass(frozen=True, repr=False)
class DataSummary(Tabular):
    """A dataset in numbers, with warnings in words."""

    n_sequences: int
    length: int
    n_by_split: Mapping[str, int]
    labels: tuple[LabelSummary, ...]
    gc: float  # mean GC content
    unknown: float  # share of unknown bases
    cpg: float  # CpG observed over expected
    gpc: float  # GpC observed over expected
    n_repeated: int  # sequences that are there already, or whose reverse complement is
    n_across_splits: int  # sequences of valid and test that stand in an earlier split too
    n_near_across_splits: int  # sequences of valid and test that share half their k-mers with one of an earlier split
    n_contradicting: int  # sequences that are there with other labels too
    n_overlapping_across_splits: int | None  # genomic windows of valid and test that overlap one of an earlier split
    n_negatives_at_positives: int  # windows without a positive label that overlap half of one with
    shared_chromosomes: tuple[str, ...] | None  # in both train and test; None where names say no places
    metadata: Mapping[str, Any]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """All of it in JSON types."""
        return asdict(self)

    def text(self) -> str:
        """All of it for people."""
        return "\n".join(_lines(self))

    def _table(self) -> Table:
        counts = ", ".join(f"{split} {n:,}" for split, n in self.n_by_split.items())
        title = (
            f"{self.n_sequences:,} sequences of {self.length} bp ({counts}); GC content {self.gc:.1%}, "
            f"unknown bases {self.unknown:.2%}, repeated sequences {self.n_repeated:,}"
        )
        names = ("name", "kind", "positives", "mean", "gc_positives", "gc_negatives", "gc_auroc", "gc_correlation")
        totals = [None if label.positives is None else sum(label.positives.values()) for label in self.labels]
        columns = {name: [getattr(label, name) for label in self.labels] for name in names} | {"positives": totals}
        return Table(title, columns, self.warnings)


def summary(dataset: SequenceDataset) -> DataSummary:
    """Count, compare and warn.

    Sequences count as the same if they are equal or reverse complements of each other.

    Parameters
    ----------
    dataset : SequenceDataset

    Returns
    -------
    summary : DataSummary

    Raises
    ------
    ValueError
        If there is no sequence.
    """
    if not len(dataset):
        raise InputError("expected at least one sequence, got none")
    gc = gc_content(dataset.codes)
    unknown = (dataset.codes == UNKNOWN).mean(axis=1)
    found: dict[str, Any] = {
        "n_sequences": len(dataset),
        "length": dataset.length,
        "n_by_split": {split: int((dataset.split_codes == i).sum()) for i, split in enumerate(SPLITS)},
        "labels": tuple(
            _label(name, y.astype(np.float64), dataset.split_codes, gc, unknown)
            for name, y in zip(dataset.label_names, dataset.y.T, strict=True)
        ),
        "gc": _mean(gc),
        "unknown": float(unknown.mean()),
        "cpg": _observed_over_expected(dataset.codes, 1, 2),
        "gpc": _observed_over_expected(dataset.codes, 2, 1),
        **repeats(dataset)._asdict(),
        "n_near_across_splits": int(near_duplicates(dataset.codes, dataset.split_codes).sum()),
        **places(dataset)._asdict(),
        "n_negatives_at_positives": negatives_at_positives(dataset),
        "metadata": dict(dataset.metadata),
    }
    draft = DataSummary(**found, warnings=())
    return DataSummary(**found, warnings=tuple(_warnings(draft, simulated=dataset.truth is not None)))


def _label(name: str, y: np.ndarray, split_codes: np.ndarray, gc: np.ndarray, unknown: np.ndarray) -> LabelSummary:
    binary = is_binary(y)
    constant = bool((y == y[0]).all())
    positive, negative, known = y == 1, y == 0, np.isfinite(gc)
    both = binary and not constant
    odd = np.unique(y[~np.isin(y, (0.0, 1.0))])
    has_odd = len(odd) == 1 and bool((y == 1).any()) and float(odd[0]).is_integer()
    comparable = bool((positive & known).any() and (negative & known).any())
    area = float(auroc(y[known], gc[known])) if binary and comparable else None
    varied = not binary and not constant and known.sum() > 1 and np.ptp(gc[known]) > 0 and np.ptp(y[known]) > 0
    return LabelSummary(
        name=name,
        kind="constant" if constant else "binary" if binary else "real",
        positives=_by_split(positive, split_codes) if binary else None,
        negatives=_by_split(negative, split_codes) if binary else None,
        mean=float(y.mean()),
        standard_deviation=float(y.std()),
        minimum=float(y.min()),
        maximum=float(y.max()),
        gc_positives=_mean(gc[positive]) if both else None,
        gc_negatives=_mean(gc[negative]) if both else None,
        gc_auroc=None if area is None else max(area, 1 - area),
        gc_correlation=float(np.corrcoef(y[known], gc[known])[0, 1]) if varied else None,
        unknown_positives=float(unknown[positive].mean()) if both else None,
        unknown_negatives=float(unknown[negative].mean()) if both else None,
        odd_value=float(odd[0]) if has_odd else None,
        n_odd=int((y == odd[0]).sum()) if has_odd else 0,
    )


def _observed_over_expected(codes: np.ndarray, first: int, second: int) -> float:
    """Number of a dinucleotide over what its bases would give by chance; NaN where one of them is absent."""
    n, n_first, n_second = (int((codes < UNKNOWN).sum()), int((codes == first).sum()), int((codes == second).sum()))
    found = int(((codes[:, :-1] == first) & (codes[:, 1:] == second)).sum())
    expected = n_first * n_second / n * (1 - 1 / codes.shape[1]) if n else 0.0
    return found / expected if expected else float("nan")


def _by_split(rows: np.ndarray, split_codes: np.ndarray) -> dict[str, int]:
    return {split: int((rows & (split_codes == i)).sum()) for i, split in enumerate(SPLITS)}


def _mean(values: np.ndarray) -> float:
    """Mean of what is known; NaN where nothing is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def _warnings(data: DataSummary, *, simulated: bool) -> Iterator[str]:
    for split, n in data.n_by_split.items():
        if n == 0:
            yield f"No sequence in {split}: {_NEED_OF_SPLIT[split]}."
    for label in data.labels:
        yield from _label_warnings(label)
    if data.gpc < RARE and data.cpg > USUAL:
        yield (
            f"GpC is rare (observed/expected {data.gpc:.2f}) and CpG is not ({data.cpg:.2f}). In vertebrates it "
            "is the other way round, so C and G may be swapped: if the file has its bases in the order A, G, C, T, "
            "import it with `motiflens data hdf5 FILE --bases AGCT`."
        )
    if data.n_across_splits:
        yield (
            f"{data.n_across_splits:,} sequences of valid and test are also in an earlier split (or their reverse "
            "complements are): test scores will be too good. Remove duplicates, or split by chromosome."
        )
    if data.n_near_across_splits > data.n_across_splits:
        yield (
            f"{data.n_near_across_splits:,} sequences of valid and test have a near twin in an earlier split (half of "
            "their 16-mers or more in common), such as a variant of the same locus: test scores will be too good. Keep "
            "them together (--group COLUMN), or split by chromosome (--valid, --test)."
        )
    if data.n_contradicting:
        yield f"{data.n_contradicting:,} sequences are there more than once, with different labels."
    if data.n_overlapping_across_splits:
        yield (
            f"{data.n_overlapping_across_splits:,} windows of valid and test overlap a window of an earlier split in "
            "the genome: test scores will be too good. Split by chromosome."
        )
    if data.n_negatives_at_positives:
        yield (
            f"{data.n_negatives_at_positives:,} negatives overlap a positive by half their length or more: they teach "
            "that a site is none. Take them out of the file of negatives."
        )
    if data.shared_chromosomes:
        yield (
            "Training and test sequences lie on the same chromosomes "
            f"({', '.join(data.shared_chromosomes[:4])}{', ...' if len(data.shared_chromosomes) > 4 else ''}): "
            "neighbours and repeats may be in both. Splitting by chromosome is safer."
        )
    if data.shared_chromosomes is None and not simulated:
        yield (
            "Names do not say where sequences lie (chr1:1000-1500), so whether training and test sequences come from "
            "the same places cannot be checked."
        )
    for negatives in data.metadata.get("negatives", []):
        if negatives.get("n_missing"):
            yield f"{negatives['n_missing']:,} GC-matched negatives were not found: some bins have fewer than wanted."


_NEED_OF_SPLIT = {
    "train": "nothing to train on",
    "valid": "training cannot be stopped at the right time",
    "test": "nothing can be said about sequences that the network has not seen",
}


def _label_warnings(label: LabelSummary) -> Iterator[str]:
    name = repr(label.name)
    if label.kind == "constant":
        advice = " Add negatives: GC-matched windows of the genome, or shuffles." if label.mean == 1 else ""
        yield f"Label {name} is {label.mean:g} for all sequences: there is nothing to learn.{advice}"
        return
    if label.kind == "real" and label.odd_value is not None:
        yield (
            f"Label {name} is 0 or 1 but for {label.odd_value:g} in {label.n_odd:,} sequences, so that it counts as a "
            f"real value. If {label.odd_value:g} means that the label is missing, import with --missing-value "
            f"{label.odd_value:g}; if it stands for negatives, write 0."
        )
    if label.gc_correlation is not None and abs(label.gc_correlation) > GC_CORRELATION:
        yield (
            f"Values of {name} correlate with GC content (r = {label.gc_correlation:.2f}): compare any score with what "
            "GC content alone reaches."
        )
    if label.positives is None or label.negatives is None:
        return
    for split, few in FEW_POSITIVES.items():
        n = label.positives[split]
        if n + label.negatives[split] and n < few:
            yield f"Label {name} has {n} positives in {split}: below {few}, scores and motifs are uncertain."
        if n and not label.negatives[split]:
            yield f"Label {name} has no negatives in {split}."
    if label.mean < FEW_SHARE:
        yield f"Only {label.mean:.1%} of the sequences are positive for {name}: judge by AUPR, not by AUROC."
    if label.gc_auroc is not None and label.gc_auroc > 0.5 + GC_AUROC:
        yield (
            f"GC content alone tells {name} with AUROC {label.gc_auroc:.2f} (positives {label.gc_positives:.0%}, "
            f"negatives {label.gc_negatives:.0%} GC): a network may learn no more. Use GC-matched negatives, or "
            "compare with this number."
        )
    difference = (label.unknown_positives or 0) - (label.unknown_negatives or 0)
    if abs(difference) > UNKNOWN_SHARE:
        more, fewer = ("Positives", "negatives") if difference > 0 else ("Negatives", "positives")
        yield (
            f"{more} of {name} have more unknown bases (N, or padding of shorter sequences) than {fewer} "
            f"({label.unknown_positives:.1%} of positives, {label.unknown_negatives:.1%} of negatives): this gives the "
            "label away."
        )


def _lines(data: DataSummary) -> Iterator[str]:
    counts = ", ".join(f"{split} {n:,}" for split, n in data.n_by_split.items())
    yield f"{data.n_sequences:,} sequences of {data.length} bp ({counts})"
    yield f"GC content {data.gc:.1%}, unknown bases {data.unknown:.2%}, repeated sequences {data.n_repeated:,}"
    yield f"near duplicates across splits {data.n_near_across_splits:,}"
    for label in data.labels:
        if label.positives is not None and label.negatives is not None:
            classes = ", ".join(f"{split} {n:,} / {label.negatives[split]:,}" for split, n in label.positives.items())
            line = f"{label.name}: positives / negatives {classes}"
        else:
            spread = f"{label.standard_deviation:.4g}, {label.minimum:.4g} to {label.maximum:.4g}"
            line = f"{label.name}: {label.mean:.4g} ± {spread}"
        if label.gc_auroc is not None:
            line += f"; GC {label.gc_positives:.1%} / {label.gc_negatives:.1%}, its AUROC {label.gc_auroc:.3f}"
        if label.gc_correlation is not None:
            line += f"; correlation with GC {label.gc_correlation:.2f}"
        yield line
    source = data.metadata.get("source", {})
    yield from import_lines(source if isinstance(source, Mapping) else {})
    yield from (f"warning: {warning}" for warning in data.warnings)
