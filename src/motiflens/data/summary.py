"""A summary of a data set, with warnings of common faults, before a network is trained on it."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.sequence import UNKNOWN, gc_content
from motiflens.basics.tables import Table, Tabular
from motiflens.data.dataset import SequenceDataset
from motiflens.data.import_report import import_lines, source_of
from motiflens.data.label_summary import (
    FEW_LABELS,
    LabelSummary,
    dense_ranks,
    label_summary,
    label_warnings,
    mean_of_known,
)
from motiflens.data.leaks import (
    contradicted_by_label,
    contradictions,
    negatives_at_positives,
    places,
    repeats,
)
from motiflens.data.near_duplicates import near_twins
from motiflens.data.splits import SPLITS

RARE, USUAL = 0.7, 0.85  # of a dinucleotide, observed over expected
_FEW_BASES = 2000  # below, dinucleotides are too few to tell their order
_SHOWN = 20  # labels in the text; the table has all


@dataclass(frozen=True, repr=False)
class DataSummary(Tabular):
    """A data set in numbers, with warnings as text."""

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
    contradictions: Mapping[str, int]  # by place, also of near twins: `leaks.Contradictions`
    n_overlapping_across_splits: int | None  # genomic windows of valid and test that overlap one of an earlier split
    n_negatives_at_positives: int  # windows without a positive label that overlap half of one with
    shared_chromosomes: tuple[str, ...] | None  # in both train and test; None where names say no places
    metadata: Mapping[str, Any]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The summary as JSON types."""
        return asdict(self)

    def text(self) -> str:
        """The summary as text."""
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
    """Summarise a data set and warn of common faults.

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
    gc_ranks = dense_ranks(gc)
    unknown = (dataset.codes == UNKNOWN).mean(axis=1)
    twins = near_twins(dataset.codes, dataset.split_codes)
    few = dataset.n_outputs <= FEW_LABELS
    contradicted = contradicted_by_label(dataset, twins) if few else [None] * dataset.n_outputs
    found: dict[str, Any] = {
        "n_sequences": len(dataset),
        "length": dataset.length,
        "n_by_split": {split: int((dataset.split_codes == i).sum()) for i, split in enumerate(SPLITS)},
        "labels": tuple(
            replace(
                label_summary(name, y.astype(np.float64), dataset.split_codes, gc, unknown, gc_ranks), n_contradicting=n
            )
            for name, y, n in zip(dataset.label_names, dataset.y.T, contradicted, strict=True)
        ),
        "gc": mean_of_known(gc),
        "unknown": float(unknown.mean()),
        "cpg": _observed_over_expected(dataset.codes, 1, 2),
        "gpc": _observed_over_expected(dataset.codes, 2, 1),
        **repeats(dataset)._asdict(),
        "n_near_across_splits": int(twins.across(dataset.split_codes).sum()),
        "contradictions": contradictions(dataset, twins)._asdict(),
        **places(dataset)._asdict(),
        "n_negatives_at_positives": negatives_at_positives(dataset),
        "metadata": dict(dataset.metadata),
    }
    draft = DataSummary(**found, warnings=())
    return DataSummary(**found, warnings=tuple(_warnings(draft, simulated=dataset.truth is not None)))


def _observed_over_expected(codes: np.ndarray, first: int, second: int) -> float:
    """Number of a dinucleotide over what its bases would give by chance; NaN where one of them is absent."""
    n, n_first, n_second = (int((codes < UNKNOWN).sum()), int((codes == first).sum()), int((codes == second).sum()))
    found = int(((codes[:, :-1] == first) & (codes[:, 1:] == second)).sum())
    expected = n_first * n_second / n * (1 - 1 / codes.shape[1]) if n else 0.0
    return found / expected if expected else float("nan")


def _warnings(data: DataSummary, *, simulated: bool) -> Iterator[str]:
    for split, n in data.n_by_split.items():
        if n == 0:
            yield f"No sequence in {split}: {_NEED_OF_SPLIT[split]}."
    yield from _warnings_of_labels(data.labels)
    yield from _mixed_warnings(data.labels)
    reader = source_of(data.metadata).get("reader")
    n_bases = data.n_sequences * data.length
    if data.gpc < RARE and data.cpg > USUAL and reader in (None, "read_hdf5") and n_bases >= _FEW_BASES:
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
            "their 16-mers or more in common), such as a variant of the same locus: test scores will be too good. "
            f"{_CURES.get(reader, _CURES[None])}"
        )
    yield from _contradiction_warnings(data)
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


def _warnings_of_labels(labels: tuple[LabelSummary, ...]) -> Iterator[str]:
    """All warnings of few labels; of many, those of the first that have any, and how many labels more."""
    found = [own for own in (list(label_warnings(label)) for label in labels) if own]
    shown = found if len(labels) <= FEW_LABELS else found[:_SHOWN]
    for own in shown:
        yield from own
    if len(found) > len(shown):
        yield (
            f"{len(found) - len(shown):,} more of the {len(labels):,} labels have warnings such as these: "
            "`motiflens data summary FILE --json` has the numbers of each."
        )


def _mixed_warnings(labels: tuple[LabelSummary, ...]) -> Iterator[str]:
    classes, values = ([one.name for one in labels if one.kind == kind] for kind in ("binary", "real"))
    if classes and values:
        some, others = (f"{', '.join(names[:4])}{', ...' if len(names) > 4 else ''}" for names in (classes, values))
        yield (
            f"Some labels are classes ({some}) and some are real values ({others}): a network learns all of them as "
            "real values. Import the classes into a file of their own to train a classifier."
        )


def _contradiction_warnings(data: DataSummary) -> Iterator[str]:
    found = data.contradictions
    if data.n_contradicting:
        yield (
            f"{data.n_contradicting:,} sequences are there more than once with different labels: {found['within']:,} "
            f"within a split, {found['across']:,} of valid and test against an earlier split. No network can learn "
            "both: average or remove them."
        )
    if found["near_within"] > found["within"] or found["near_across"] > found["across"]:
        yield (
            f"{found['near_within']:,} sequences have a near twin with another label within their split, "
            f"{found['near_across']:,} of valid and test in an earlier split: variants of a site, or wrong labels."
        )


_CURES = {
    "read_table": "Keep them together (--group COLUMN), or split by chromosome (--valid, --test).",
    "read_fasta": "Split by chromosome (--valid, --test), or give each locus to one split in a table (--group).",
    "read_bed": "Split by chromosome (--valid, --test).",
    None: "Give each locus to one split.",
}
_NEED_OF_SPLIT = {
    "train": "nothing to train on",
    "valid": "training cannot be stopped at the right time",
    "test": "nothing can be said about sequences that the network has not seen",
}


def _lines(data: DataSummary) -> Iterator[str]:
    counts = ", ".join(f"{split} {n:,}" for split, n in data.n_by_split.items())
    yield f"{data.n_sequences:,} sequences of {data.length} bp ({counts})"
    yield f"GC content {data.gc:.1%}, unknown bases {data.unknown:.2%}, repeated sequences {data.n_repeated:,}"
    yield f"near duplicates across splits {data.n_near_across_splits:,}"
    found = data.contradictions
    yield (
        f"contradicting labels of the same or nearly the same sequence: within splits {found['near_within']:,}, across "
        f"splits {found['near_across']:,}"
    )
    for label in data.labels[:_SHOWN]:
        yield _label_line(label)
    if len(data.labels) > _SHOWN:
        yield f"... and {len(data.labels) - _SHOWN:,} more labels: --json has all"
    yield from import_lines(source_of(data.metadata))
    yield from (f"warning: {warning}" for warning in data.warnings)


def _label_line(label: LabelSummary) -> str:
    if label.kind == "missing":
        return f"{label.name}: missing in all sequences"
    if label.positives is not None and label.negatives is not None:
        classes = ", ".join(f"{split} {n:,} / {label.negatives[split]:,}" for split, n in label.positives.items())
        line = f"{label.name}: positives / negatives {classes}"
    else:
        spread = f"{label.standard_deviation:.4g}, {label.minimum:.4g} to {label.maximum:.4g}"
        line = f"{label.name}: real values, {label.mean:.4g} ± {spread}"
    if label.n_missing:
        line += f"; missing {label.n_missing:,}"
    if label.gc_auroc is not None:
        line += f"; GC {label.gc_positives:.1%} / {label.gc_negatives:.1%}, its AUROC {label.gc_auroc:.3f}"
    if label.gc_correlation is not None:
        line += f"; correlation with GC {label.gc_correlation:.2f}"
    return line
