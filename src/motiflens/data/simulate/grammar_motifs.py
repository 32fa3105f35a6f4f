"""Motifs for a grammar: of one width, and not matched to each other by TomTom."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from motiflens.basics.errors import ArgumentError, InputError
from motiflens.data.simulate.presets import GRAMMAR_MOTIFS
from motiflens.motifs.embed import MOTIF_SET, resolve_motifs
from motiflens.motifs.sets import Motif, load_motifs
from motiflens.motifs.tomtom import tomtom


def same_width(motifs: Sequence[Motif | str]) -> list[Motif]:
    """Pad motifs with columns of equal probabilities, on both sides in turn, to the width of the widest.

    Parameters
    ----------
    motifs : sequence of Motif or str
        Motifs, or ids in JASPAR 2016 CORE vertebrates.

    Raises
    ------
    ValueError
        If there is no motif, or an id is unknown.
    """
    given = resolve_motifs(motifs)
    missing = [max(motif.width for motif in given) - motif.width for motif in given]
    return [
        Motif(
            motif.id, motif.name, np.pad(motif.pwm, ((0, 0), (n // 2, n - n // 2)), constant_values=0.25), motif.n_sites
        )
        for motif, n in zip(given, missing, strict=True)
    ]


def choose_motifs(motifs: Sequence[Motif | str] | None, n_motifs: int | None, allow_similar: bool) -> list[Motif]:
    """Check and return the given motifs, or the first of GRAMMAR_MOTIFS.

    Raises
    ------
    ValueError
        If both motifs and n_motifs are given, there are too few or too many, or two are similar.
    """
    if motifs is None:
        n_motifs = len(GRAMMAR_MOTIFS) if n_motifs is None else n_motifs
        if not 4 <= n_motifs <= len(GRAMMAR_MOTIFS):
            raise InputError(f"n_motifs must be 4 to {len(GRAMMAR_MOTIFS)}, got {n_motifs}; for others give motifs")
        return resolve_motifs(GRAMMAR_MOTIFS[:n_motifs])
    if n_motifs is not None:
        raise InputError(f"give motifs or n_motifs, not both: got {len(motifs)} motifs and n_motifs {n_motifs}")
    chosen = resolve_motifs(motifs)
    if len(chosen) < 4:
        raise InputError(f"expected at least 4 motifs, to make two pairs, got {len(chosen)}")
    if not allow_similar:
        _check_dissimilar(chosen)
    return chosen


def _check_dissimilar(motifs: Sequence[Motif], q: float = 0.1) -> None:
    """Check that no two motifs match; JASPAR is among the targets, as few of them make a poor null."""
    q_value = tomtom(motifs, [*motifs, *load_motifs(MOTIF_SET)]).q_value[:, : len(motifs)]
    alike = [(i, j) for i, j in combinations(range(len(motifs)), 2) if min(q_value[i, j], q_value[j, i]) <= q]
    if alike:
        named = ", ".join(f"{motifs[i].name} and {motifs[j].name}" for i, j in alike[:5])
        raise ArgumentError(
            f"expected motifs that TomTom tells apart, got {len(alike)} pairs with q <= {q} ({named})",
            "leave one of each out{similar}",
            similar=(", or pass allow_similar=True", " of --motifs"),
        )
