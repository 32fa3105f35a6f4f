"""Pairs of a sequence and its edited copy, checked base by base against the edit in the name."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from motiflens.basics.sequence import ALPHABET
from motiflens.basics.tables import by_fields
from motiflens.data.crx.names import NamedEdit, ParsedName

CHECKS = ("as named", "no position named", "differs elsewhere", "no difference", "parent not measured")


class DesignedEdit(NamedTuple):
    """A sequence and its edited copy, both measured."""

    name: str  # of the edited sequence
    parent: str
    element: str
    kind: str
    positions: str  # that differ, from 1 on, as ranges: 12-15,20
    bases: str  # of the parent at these positions, and after ">" of the edited sequence; "" if there are over 40
    site: str  # named bases of the parent, from 1 on, as ranges; "" where the name says none
    found_by: str  # "name", or "sequence": substitutions taken back give a measured sequence of the same element


@by_fields
class CheckedEdits(NamedTuple):
    """Edits that passed the check, and the number of those that did not."""

    edits: list[DesignedEdit]
    counts: dict[str, dict[str, int]]  # by check, then by kind


def check_edits(names: Sequence[ParsedName], codes: Mapping[str, np.ndarray]) -> CheckedEdits:
    """Pair edited sequences with their parents, and keep pairs that differ exactly where the name says.

    In four of the libraries, names lack a step. So if a name has substitutions only, and its parent differs at other
    positions, too, the substitutions are reversed. If the result is another measured sequence of the element, that
    sequence is the parent.

    Parameters
    ----------
    names : sequence of ParsedName
        Of measured sequences.
    codes : mapping of name to uint8 array, each shape=(L,)
        Of the measured sequences, and no others.
    """
    by_sequence = {(one.element, codes[one.name].tobytes()): one.name for one in names}
    edits: list[DesignedEdit] = []
    counts: dict[str, dict[str, int]] = {check: {} for check in CHECKS}
    for one in names:
        if one.parent is None:
            continue
        parent, found_by = one.parent, "name"
        check = _check(one.edits, codes.get(parent), codes[one.name])
        if check in ("differs elsewhere", "parent not measured") and one.kind == "substitution":
            before = _taken_back(one.edits, codes[one.name])
            other = None if before is None else by_sequence.get((one.element, before.tobytes()))
            if other is not None and other != one.name:
                parent, found_by, check = other, "sequence", "as named"
        counts[check][one.kind] = counts[check].get(one.kind, 0) + 1
        if check in ("as named", "no position named"):
            edits.append(_edit(one, parent, found_by, codes[parent], codes[one.name]))
    return CheckedEdits(edits, counts)


def _check(edits: Sequence[NamedEdit], parent: np.ndarray | None, edited: np.ndarray) -> str:
    if parent is None or parent.shape != edited.shape:
        return "parent not measured"
    differs = parent != edited
    if not differs.any():
        return "no difference"
    if not all(edit.allowed for edit in edits):
        return "no position named"
    allowed = np.zeros(len(edited), dtype=bool)
    for edit in edits:
        for first, end in edit.allowed:
            allowed[max(first, 0) : end] = True
    exact = all(_is_exchanged(edit, parent, edited) for edit in edits)
    return "as named" if exact and not (differs & ~allowed).any() else "differs elsewhere"


def _is_exchanged(edit: NamedEdit, parent: np.ndarray, edited: np.ndarray) -> bool:
    if edit.exchanged is None:
        return True
    place, before, after = edit.exchanged
    if place >= len(edited):
        return False
    return bool(parent[place] == ALPHABET.index(before) and edited[place] == ALPHABET.index(after))


def _taken_back(edits: Sequence[NamedEdit], edited: np.ndarray) -> np.ndarray | None:
    """The sequence before these substitutions; None if the edited one does not have their bases."""
    before = edited.copy()
    for edit in edits:
        if edit.exchanged is None or edit.exchanged[0] >= len(edited):
            return None
        place, old, new = edit.exchanged
        if edited[place] != ALPHABET.index(new):
            return None
        before[place] = ALPHABET.index(old)
    return before


def _edit(one: ParsedName, parent: str, found_by: str, before: np.ndarray, after: np.ndarray) -> DesignedEdit:
    places = np.flatnonzero(before != after)
    bases = ""
    if len(places) <= 40:
        letters = ["".join(ALPHABET[base] for base in codes[places]) for codes in (before, after)]
        bases = ">".join(letters)
    named = np.zeros(len(after), dtype=bool)
    for edit in one.edits:
        for first, end in edit.site:
            named[max(first, 0) : end] = True
    return DesignedEdit(
        one.name,
        parent,
        one.element,
        one.kind,
        place_ranges(places),
        bases,
        place_ranges(np.flatnonzero(named)),
        found_by,
    )


def place_ranges(places: np.ndarray) -> str:
    """Sorted positions from 0 on, shape=(n,), as ranges from 1 on, such as 12-15,20; "" for none."""
    runs: list[list[int]] = []
    for place in places.tolist():
        if runs and place == runs[-1][1] + 1:
            runs[-1][1] = place
        else:
            runs.append([place, place])
    return ",".join(f"{first + 1}" if first == last else f"{first + 1}-{last + 1}" for first, last in runs)


def places_of(text: str) -> np.ndarray:
    """Positions from 0 on, shape=(n,), of what `place_ranges` wrote."""
    parts = [part.split("-") for part in text.split(",") if part]
    runs = [np.arange(int(part[0]) - 1, int(part[-1])) for part in parts]
    return np.concatenate(runs) if runs else np.zeros(0, dtype=np.int64)
