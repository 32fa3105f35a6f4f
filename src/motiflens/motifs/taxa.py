"""Which of five taxa of JASPAR 2026 CORE has most matches for given motifs."""

from collections.abc import Sequence

from motiflens.basics.choices import check_choice
from motiflens.motifs.sets import TAXA, Motif, load_motifs
from motiflens.motifs.tomtom import tomtom

_LEAST_MORE = 3  # this many matches more, and twice as many, are worth a hint


def taxon_of(name: str) -> str | None:
    """The taxon in the name of a JASPAR set, such as "plants" of ``"JASPAR2026-plants"``; None if there is none."""
    return name.partition("-")[2] or None if name.startswith("JASPAR") else None


def matches_by_taxon(queries: Sequence[Motif], q: float = 0.1, taxa: Sequence[str] = TAXA) -> dict[str, int]:
    """Count the motifs that have a match in each taxon of JASPAR 2026.

    Parameters
    ----------
    queries : sequence of Motif
    q : float
        Largest q-value of a match, among the motifs of one taxon.
    taxa : sequence of str
        Taxa to count.

    Returns
    -------
    n_matched : dict
        By taxon.
    """
    found = {}
    for taxon in taxa:
        result = tomtom(queries, load_motifs(f"JASPAR2026-{taxon}"))
        found[taxon] = int(((result.q_value <= q).any(axis=1) & ~result.invalid).sum())
    return found


def taxon_hint(n_matched: dict[str, int], taxon: str = "vertebrates") -> str:
    """A hint at a taxon that matches clearly more motifs: twice as many, and at least three more.

    Fewer additional matches mean little, because close relatives of a factor have nearly the same motif in all taxa.

    Parameters
    ----------
    n_matched : dict
        Result of :func:`matches_by_taxon`.
    taxon : str
        The taxon that was used.

    Returns
    -------
    hint : str
        Empty if there is no such taxon.

    Raises
    ------
    ValueError
        If the taxon is not among those that were counted.
    """
    check_choice("taxon", taxon, list(n_matched))
    own = n_matched[taxon]
    best = max(n_matched, key=lambda name: n_matched[name])
    if n_matched[best] < max(2 * own, own + _LEAST_MORE):
        return ""
    return (
        f"{n_matched[best]} motifs match JASPAR2026-{best}, and {own} JASPAR2026-{taxon}: if the sequences are of "
        f"{best}, compare with JASPAR2026-{best}"
    )
