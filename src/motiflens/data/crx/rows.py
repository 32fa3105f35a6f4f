"""Rows of the tables beside the data: sequences with their activities, edits with their effects."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from motiflens.data.crx.edits import CheckedEdits
from motiflens.data.crx.elements import ElementSplit
from motiflens.data.crx.joined import MeasuredActivity
from motiflens.data.splits import SPLITS


class EditEffect(NamedTuple):
    """An edit with its measured effect: a row of the table of edits."""

    name: str
    parent: str
    element: str
    cluster: int
    split: str
    kind: str
    positions: str
    bases: str
    site: str
    found_by: str
    libraries: str  # of the edited sequence and of its parent, "4:5"; "4" where both are of one
    effect: float  # edited minus parent, log2
    error: float  # its standard error


class SequenceRow(NamedTuple):
    """A measured sequence: a row of the table of sequences."""

    name: str
    element: str
    cluster: int
    split: str
    libraries: str
    activity: float
    replicate_sd: float
    n_barcodes: int
    error: float


def sequence_rows(
    kept: Mapping[str, list[MeasuredActivity]],
    elements: Sequence[str],
    split: ElementSplit,
    shifts: Mapping[str, float],
) -> list[SequenceRow]:
    """Rows of measured sequences: means over libraries of `kept`, in its order."""
    rows = []
    for i, (name, own) in enumerate(kept.items()):
        rows.append(
            SequenceRow(
                name, elements[i], int(split.clusters[i]), SPLITS[split.split_codes[i]],
                ",".join(one.library for one in own),
                activity=_mean_activity(own, shifts),
                replicate_sd=math.sqrt(sum(one.replicate_sd**2 for one in own) / len(own)),
                n_barcodes=sum(one.n_barcodes for one in own),
                error=math.sqrt(sum(one.error**2 for one in own)) / len(own),
            )
        )  # fmt: skip
    return rows


def edit_effects(
    checked: CheckedEdits,
    kept: Mapping[str, list[MeasuredActivity]],
    rows: Sequence[SequenceRow],
    split: ElementSplit,
    shifts: Mapping[str, float],
) -> list[EditEffect]:
    """Effects of edits between sequences that are in the data set."""
    place = {name: i for i, name in enumerate(kept)}
    table = []
    for edit in checked.edits:
        i, j = place[edit.name], place[edit.parent]
        if split.mixed[i] or split.mixed[j]:
            continue
        libraries, effect, error = _effect(kept[edit.name], kept[edit.parent], shifts)
        row = rows[i]
        table.append(
            EditEffect(
                edit.name, edit.parent, edit.element, row.cluster, row.split, edit.kind, edit.positions, edit.bases,
                edit.site, edit.found_by, libraries, effect, error,
            )
        )  # fmt: skip
    return table


def _effect(
    after: Sequence[MeasuredActivity], before: Sequence[MeasuredActivity], shifts: Mapping[str, float]
) -> tuple[str, float, float]:
    """Libraries, effect and its standard error: within libraries that measured both, else between their means."""
    parents = {one.library: one for one in before}
    both = [(one, parents[one.library]) for one in after if one.library in parents]
    if both:
        effect = sum(one.activity - other.activity for one, other in both) / len(both)
        error = math.sqrt(sum(one.error**2 + other.error**2 for one, other in both)) / len(both)
        return ",".join(one.library for one, _ in both), effect, error
    effect = _mean_activity(after, shifts) - _mean_activity(before, shifts)
    error = math.sqrt(sum(sum(one.error**2 for one in own) / len(own) ** 2 for own in (after, before)))
    return ":".join(",".join(one.library for one in own) for own in (after, before)), effect, error


def _mean_activity(own: Sequence[MeasuredActivity], shifts: Mapping[str, float]) -> float:
    return sum(one.activity - shifts[one.library] for one in own) / len(own)
