"""One label of a data set in numbers, and warnings of common faults."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from motiflens.basics.inputs import is_binary
from motiflens.basics.tables import by_fields
from motiflens.data.splits import SPLITS

FEW_LABELS = 50  # up to so many, each is looked at by itself; of more, only some are
GC_AUROC = 0.1  # this far above 1/2, GC content gives labels away
GC_CORRELATION = 0.2
FEW_POSITIVES = {"train": 500, "valid": 30, "test": 50}
FEW_SHARE = 0.02  # of positives
UNKNOWN_SHARE = 0.01  # difference between positives and negatives
_ODD_ROWS = 5  # that are named
_MOMENTS = ("mean", "standard_deviation", "minimum", "maximum")


@by_fields
@dataclass(frozen=True)
class LabelSummary:
    """Summary of one label: the two classes if it is binary, else its distribution; other fields are None.

    Sequences without the label count only in `n_missing`.
    """

    name: str
    kind: str  # binary, real or constant; missing where no sequence has it
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
    odd_rows: tuple[int, ...] = ()  # the first of them, from 0
    has_zero: bool = False
    n_missing: int = 0
    n_by_split: Mapping[str, int] | None = None  # sequences that have the label
    n_contradicting: int | None = None  # that the same sequence, or a near twin, contradicts; None where not counted


def label_summary(
    name: str,
    y: np.ndarray,
    split_codes: np.ndarray,
    gc: np.ndarray,
    unknown: np.ndarray,
    gc_ranks: np.ndarray | None = None,
) -> LabelSummary:
    """Describe one label.

    Parameters
    ----------
    name : str
    y : np.ndarray, float64, shape=(N,)
        NaN if it is missing.
    split_codes : np.ndarray, uint8, shape=(N,)
    gc, unknown : np.ndarray, float64, shape=(N,)
        GC content, NaN if not known, and share of unknown bases.
    gc_ranks : np.ndarray, int64, shape=(N,), optional
        :func:`dense_ranks` of `gc`, computed once for all labels.
    """
    if gc_ranks is None:
        gc_ranks = dense_ranks(gc)
    there = ~np.isnan(y)
    if not there.all():
        n_missing = int((~there).sum())
        if n_missing == len(y):
            nothing: dict[str, Any] = dict.fromkeys(LabelSummary.__dataclass_fields__) | dict.fromkeys(_MOMENTS, np.nan)
            nothing |= {"n_odd": 0, "odd_rows": (), "has_zero": False, "n_missing": n_missing}
            return LabelSummary(**nothing | {"name": name, "kind": "missing"})
        rows = np.flatnonzero(there)
        found = label_summary(name, y[rows], split_codes[rows], gc[rows], unknown[rows], gc_ranks[rows])
        odd_rows = tuple(int(rows[row]) for row in found.odd_rows)
        return replace(found, n_missing=n_missing, odd_rows=odd_rows)
    binary = is_binary(y)
    constant = bool((y == y[0]).all())
    positive, negative, known = y == 1, y == 0, np.isfinite(gc)
    both = binary and not constant
    odd = np.unique(y[~np.isin(y, (0.0, 1.0))])
    has_odd = len(odd) == 1 and bool((y == 1).any()) and float(odd[0]).is_integer()
    comparable = bool((positive & known).any() and (negative & known).any())
    area = _area_of_ranks(gc_ranks[positive & known], gc_ranks[negative & known]) if binary and comparable else None
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
        gc_positives=mean_of_known(gc[positive]) if both else None,
        gc_negatives=mean_of_known(gc[negative]) if both else None,
        gc_auroc=None if area is None else max(area, 1 - area),
        gc_correlation=float(np.corrcoef(y[known], gc[known])[0, 1]) if varied else None,
        unknown_positives=float(unknown[positive].mean()) if both else None,
        unknown_negatives=float(unknown[negative].mean()) if both else None,
        odd_value=float(odd[0]) if has_odd else None,
        n_odd=int((y == odd[0]).sum()) if has_odd else 0,
        has_zero=bool((y == 0).any()),
        n_by_split=_by_split(np.ones(len(y), dtype=bool), split_codes),
        odd_rows=tuple(np.flatnonzero(y == odd[0])[:_ODD_ROWS].tolist()) if has_odd else (),
    )


def dense_ranks(values: np.ndarray) -> np.ndarray:
    """Rank of each value among the distinct ones, from 0, shape=(N,); NaN comes last."""
    return np.unique(values, return_inverse=True)[1].ravel()


def _area_of_ranks(positives: np.ndarray, negatives: np.ndarray) -> float:
    """AUROC of dense ranks, by counting at each rank: no sorting; ties count one half."""
    n = int(max(positives.max(), negatives.max())) + 1
    of_positives, of_negatives = np.bincount(positives, minlength=n), np.bincount(negatives, minlength=n)
    below = np.cumsum(of_negatives) - of_negatives
    return float((of_positives * (below + of_negatives / 2)).sum() / (len(positives) * len(negatives)))


def _by_split(rows: np.ndarray, split_codes: np.ndarray) -> dict[str, int]:
    return {split: int((rows & (split_codes == i)).sum()) for i, split in enumerate(SPLITS)}


def mean_of_known(values: np.ndarray) -> float:
    """Mean of values, of any shape, that are not NaN; NaN if there are none."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def label_warnings(label: LabelSummary) -> Iterator[str]:
    """Warnings of common faults of a label, as text."""
    name = repr(label.name)
    if label.kind == "missing":
        yield f"Label {name} is missing in all sequences: there is nothing to learn."
        return
    if label.kind == "constant":
        having = " that have it" if label.n_missing else ""
        advice = " Add negatives: GC-matched windows of the genome, or shuffles." if label.mean == 1 else ""
        yield f"Label {name} is {label.mean:g} for all sequences{having}: there is nothing to learn.{advice}"
        return
    if label.kind == "real" and label.odd_value is not None:
        more = ", ..." if label.n_odd > len(label.odd_rows) else ""
        rows = f"row{'s' if label.n_odd > 1 else ''} {', '.join(str(row + 1) for row in label.odd_rows)}{more}"
        classes = "0 or 1" if label.has_zero else "1"
        yield (
            f"Label {name} is {classes} but for {label.odd_value:g} in {label.n_odd:,} sequences ({rows}; the first "
            f"sequence is row 1), so that it counts as a real value. If {label.odd_value:g} means that the label is "
            f"missing, import with --missing-value {label.odd_value:g}; if it stands for negatives, write 0."
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
