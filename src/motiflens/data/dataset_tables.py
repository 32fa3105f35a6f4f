"""Tables of a data set: its splits and labels with missing values, and its sequences."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from motiflens.basics.inputs import is_binary
from motiflens.basics.sequence import UNKNOWN, decode, gc_content
from motiflens.basics.tables import Table
from motiflens.data.splits import SPLITS

_BASES = 20_000_000  # from which on GC content is that of every k-th sequence: a look at data must not take long


def splits_table(data: Any) -> Table:
    """Sequences, GC content and labels of each split of a `SequenceDataset`, with notes on missing labels."""
    counts = [int((data.split_codes == i).sum()) for i in range(len(SPLITS))]
    names = ", ".join(data.label_names[:4]) + (", ..." if data.n_outputs > 4 else "")
    title = (
        f"SequenceDataset({len(data):,} sequences of {data.length} bp; "
        f"{', '.join(f'{name} {n:,}' for name, n in zip(SPLITS, counts, strict=True))}; "
        f"{data.n_outputs} label{'s' * (data.n_outputs != 1)}: {names}; truth: {data.truth})"
    )
    step = 1 + data.codes.size // _BASES
    gc, split_of_gc = gc_content(data.codes[::step]), data.split_codes[::step]
    binary = [is_binary(y) for y in data.y.T]
    columns: dict[str, list[Any]] = {"": ["sequences", "GC", *data.label_names]}
    for i, (split, n) in enumerate(zip(SPLITS, counts, strict=True)):
        own = data.y[data.split_codes == i]
        labels = [_of_label(y[~np.isnan(y)], binary=classes) for y, classes in zip(own.T, binary, strict=True)]
        columns[split] = [n, _percent(gc[split_of_gc == i]), *labels]
    return Table(title, columns, tuple(_missing(data, counts)))


def _percent(gc: np.ndarray) -> str | None:
    known = gc[np.isfinite(gc)]
    return f"{known.mean():.1%}" if known.size else None


def _of_label(y: np.ndarray, *, binary: bool) -> str | None:
    if not len(y):
        return None
    return f"{int(y.sum()):,} positive" if binary else f"{y.mean():.3g} ± {y.std():.3g}"


def _missing(data: Any, counts: list[int]) -> Iterator[str]:
    empty = [name for name, n in zip(SPLITS, counts, strict=True) if not n]
    if empty:
        yield f"no sequences in {', '.join(empty)}"
    n_unknown = int((data.codes == UNKNOWN).sum())
    if n_unknown:
        yield f"unknown bases: {n_unknown / data.codes.size:.2%}"
    if n_missing := int(data.n_missing.sum()):
        yield f"labels missing: {n_missing:,} of {data.y.size:,}"
    if data.truth is None:
        yield "the true motif positions are not known"
    if data.names is None:
        yield "sequences have no names, so overlaps in the genome cannot be checked"


def sequences_table(data: Any) -> Table:
    """A row for each sequence of a `SequenceDataset`."""
    columns: dict[str, Any] = {} if data.names is None else {"name": data.names}
    columns |= {"split": data.split, "sequence": decode(data.codes)}
    columns |= dict(zip(data.label_names, data.y.T, strict=True))
    return Table("sequences", columns)
