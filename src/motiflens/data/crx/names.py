"""The names of the reporter assays' sequences: the genomic element, its variant, and every edit.

A name is ELEMENT_GROUP_VARIANT, then steps after semicolons, each of one or more edits after commas, such as
``chr8-27700-27864_CPPE_WT;71chim2223;119iMEF2D-R,24dRORB-F``. Positions count from 1. The kinds of edits were inferred
from the names, and every edit is checked against its sequences in `edits.py`:

- ``T89A``: a base is exchanged
- ``24dRORB-F``: the site of a motif that begins there is destroyed
- ``119iMEF2D-R``, ``79pCRX-F``: a motif is written over the bases there
- ``18rRAX-GFI1``: the site of a motif is overwritten by another motif
- ``95mCRX-131``: a site is moved to another place
- ``71chim2223``: from there on the sequence is another element's
- ``spacer90-133Scramble2``: these bases are shuffled
- without positions: ``ins3``, ``del3``, ``move3``, ``shufSites3``, ``spacerScramble3``, ``swapAC``, ``moveBF``
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

#: Bases of a site of each motif: those of the matrices published with the data, and for the two motifs that are not
#: among them (ELF1, TBX20) the most bases that any of their edits changes.
MOTIF_WIDTHS = {
    "CRX": 8, "GFI1": 10, "MAZ": 11, "MEF2D": 14, "NDF1": 10, "NRL": 11, "RORB": 11, "RAX": 10, "ELF1": 13, "TBX20": 16,
}  # fmt: skip
FLANK = 3  # bases on either side of a site that are exchanged with it where it is destroyed

EDIT_KINDS = (
    "substitution",
    "deletion",
    "insertion",
    "move",
    "swap",
    "chimera",
    "scramble",
    "all CRX sites",
    "several",
)

_NAME = re.compile(r"(?P<element>chr\w+-\d+-\d+)_(?P<group>\w+?)_(?P<variant>WT|MUT-allCrxSites|MUT-shape|scrambled)")
_VERSION = re.compile(r"_v\d+$")  # another random choice for the same edit
_VARIANT_KINDS = {"MUT-allCrxSites": "all CRX sites", "MUT-shape": "several", "scrambled": "scramble"}


@dataclass(frozen=True)
class NamedEdit:
    """One edit, as the name describes it.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    allowed : tuple of (int, int)
        Half-open ranges, from 0 on, to which changes are limited; empty if the name has no position.
    site : tuple of (int, int)
        Ranges, from 0 on, of the named site or bases, without flanks and bases that are moved in between.
    exchanged : (int, str, str) or None
        Position from 0 on, base before and base after, of a substitution.
    """

    kind: str
    allowed: tuple[tuple[int, int], ...] = ()
    site: tuple[tuple[int, int], ...] = ()
    exchanged: tuple[int, str, str] | None = None


@dataclass(frozen=True)
class ParsedName:
    """The parts of a name.

    Attributes
    ----------
    name, element, group, variant : str
    parent : str or None
        The name without its last step; the wild type for a mutant without steps; None for a wild type.
    edits : tuple of NamedEdit
        Edits of the last step.
    """

    name: str
    element: str
    group: str
    variant: str
    parent: str | None
    edits: tuple[NamedEdit, ...]

    @property
    def kind(self) -> str:
        """Kind of the last step; "several" if its edits are of several kinds, "" for a wild type."""
        kinds = {edit.kind for edit in self.edits}
        return kinds.pop() if len(kinds) == 1 else ("several" if kinds else "")


def parse_name(name: str) -> ParsedName | None:
    """Parse a name; None if it does not follow this grammar, such as the names of building blocks.

    Parameters
    ----------
    name : str
    """
    first, *steps = name.split(";")
    found = _NAME.fullmatch(first)
    if found is None:
        return None
    parts = found.groupdict()
    if not steps:
        if parts["variant"] == "WT":
            return ParsedName(name, **parts, parent=None, edits=())
        wild_type = first.removesuffix(parts["variant"]) + "WT"
        return ParsedName(name, **parts, parent=wild_type, edits=(NamedEdit(_VARIANT_KINDS[parts["variant"]]),))
    edits = [_parse_edit(text) for text in _VERSION.sub("", steps[-1].removeprefix("HAND_")).split(",")]
    if any(edit is None for edit in edits):
        return None
    known = tuple(edit for edit in edits if edit is not None)
    return ParsedName(name, **parts, parent=name.rsplit(";", 1)[0], edits=known)


def _site(start: str, motif: str) -> tuple[int, int]:
    first = int(start) - 1
    return first, first + MOTIF_WIDTHS[motif]


def _substitution(found: re.Match[str]) -> NamedEdit:
    place = int(found[2]) - 1
    return NamedEdit("substitution", ((place, place + 1),), ((place, place + 1),), (place, found[1], found[3]))


def _deletion(found: re.Match[str]) -> NamedEdit:
    first, end = _site(found[1], found[2])
    return NamedEdit("deletion", ((first - FLANK, end + FLANK),), ((first, end),))


def _insertion(found: re.Match[str]) -> NamedEdit:
    site = _site(found[1], found[2])
    return NamedEdit("insertion", (site,), (site,))


def _swap(found: re.Match[str]) -> NamedEdit:
    old, new = _site(found[1], found[2]), _site(found[1], found[3])
    site = (old[0], max(old[1], new[1]))
    return NamedEdit("swap", (site,), (site,))


def _move(found: re.Match[str]) -> NamedEdit:
    """A site that moves shifts the bases between its two places."""
    old, new = _site(found[1], found[2]), _site(str(int(found[3]) + 1), found[2])  # the target counts from 0
    return NamedEdit("move", ((min(old[0], new[0]) - FLANK, max(old[1], new[1]) + FLANK),), (old, new))


def _spacer(found: re.Match[str]) -> NamedEdit:
    bases = (int(found[1]) - 1, int(found[2]))
    return NamedEdit("scramble", (bases,), (bases,))


def _chimera(found: re.Match[str]) -> NamedEdit:
    bases = (int(found[1]) - 1, 10**6)
    return NamedEdit("chimera", (bases,), (bases,))


_MOTIF = "(" + "|".join(MOTIF_WIDTHS) + ")"
_GRAMMAR: list[tuple[re.Pattern[str], Callable[[re.Match[str]], NamedEdit]]] = [
    (re.compile(r"([ACGT])(\d+)([ACGT])"), _substitution),
    (re.compile(rf"(\d+)d{_MOTIF}-[FR]"), _deletion),
    (re.compile(rf"(\d+)[ip]{_MOTIF}-[FR]"), _insertion),
    (re.compile(rf"(\d+)r{_MOTIF}-{_MOTIF}"), _swap),
    (re.compile(rf"(\d+)m{_MOTIF}-(\d+)"), _move),
    (re.compile(r"spacer(\d+)-(\d+)Scramble\d+"), _spacer),
    (re.compile(r"(\d+)chim\d+"), _chimera),
    (re.compile(r"ins\d+"), lambda found: NamedEdit("insertion")),
    (re.compile(r"del\d+"), lambda found: NamedEdit("deletion")),
    (re.compile(r"shufSites\d+|spacerScramble\d+"), lambda found: NamedEdit("scramble")),
    (re.compile(r"swap[A-Z]+"), lambda found: NamedEdit("swap")),
    (re.compile(r"move(\d+|[A-Z][A-Za-z])"), lambda found: NamedEdit("move")),
    (re.compile(r"(move[A-Z][A-Za-z]|otherRearranged)-swap[A-Z]+"), lambda found: NamedEdit("several")),
]


def _parse_edit(text: str) -> NamedEdit | None:
    for pattern, make in _GRAMMAR:
        if (found := pattern.fullmatch(text)) is not None:
            return make(found)
    return None
