"""Motifs that networks may respond to: those that first-layer filters match."""

from collections.abc import Sequence

import numpy as np
from torch import nn

from motiflens.basics.errors import InputError
from motiflens.interpret.filters.matches import filter_matches
from motiflens.interpret.filters.of_network import filter_pwms
from motiflens.interpret.filters.quality import SIMILAR
from motiflens.models.any_model import AdaptedModel
from motiflens.motifs.sets import DEFAULT_SET, Motif, load_motifs
from motiflens.motifs.similarity import similarity
from motiflens.motifs.tomtom import Hit


def candidate_motifs(
    models: Sequence[nn.Module],
    codes: np.ndarray,
    *,
    database: str | Sequence[Motif] = DEFAULT_SET,
    q: float = 0.1,
    max_width: int | None = None,
    batch_size: int = 500,
) -> list[Motif]:
    """Best match of every filter of every network, without duplicates, the smallest p-value first.

    A match that is similar (`filters.SIMILAR`) to one with a smaller p-value, such as another version of it, is left
    out.

    Parameters
    ----------
    models : sequence of nn.Module
        Any models that :func:`motiflens.models.any_model.adapt` can read.
    codes : np.ndarray, uint8, shape=(N, L)
        Sequences of all classes, from which filters' matrices are made.
    database : str or sequence of Motif
        As for :func:`motiflens.interpret.filters.filter_matches`; of several motifs with the same id, the first counts.
    q : float
        Largest q-value of a match.
    max_width : int, optional
        Wider motifs are left out.
    batch_size : int

    Returns
    -------
    motifs : list of Motif
        Empty if no filter matches.

    Raises
    ------
    ValueError
        If a model cannot be adapted, and as `filter_matches` does.
    """
    given = load_motifs(database) if isinstance(database, str) else database
    first: dict[str, Motif] = {}
    for motif in given:
        first.setdefault(motif.id, motif)
    targets = list(first.values())
    by_id = {motif.id: motif for motif in targets if max_width is None or motif.width <= max_width}
    best: list[Hit] = []
    for model in models:
        if isinstance(model, AdaptedModel) and not model.first_layers:
            raise InputError("no filters could be read, so that none says which motifs to try: name motifs")
        matches = filter_matches(filter_pwms(model, codes, batch_size=batch_size).pwms, targets, q=q)
        best += [hits[0] for own in matches.hits if (hits := [hit for hit in own if hit.target_id in by_id])]
    kept: list[Motif] = []
    for hit in sorted(best, key=lambda hit: (hit.p_value, hit.target_id)):
        motif = by_id[hit.target_id]
        if all(similarity(motif.pwm, other.pwm).value < SIMILAR for other in kept):
            kept.append(motif)
    return kept
