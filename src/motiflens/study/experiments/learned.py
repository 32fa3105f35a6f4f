"""Which of the published motifs the filters of a network have learned."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import nn

from motiflens.interpret.filters import filter_matches, filter_pwms
from motiflens.motifs.motif import Motif
from motiflens.motifs.sets import load_motifs

PUBLISHED_MOTIFS = (
    "JASPAR2020"  # beside the published motifs, so that a match to one of these is not a match for want of others
)


def learned_factors(network: nn.Module, codes: np.ndarray, motifs: Sequence[Motif]) -> dict[str, Any]:
    """Filters that match the published motifs at q <= 0.1, with JASPAR beside them.

    Parameters
    ----------
    network : nn.Module
    codes : np.ndarray, uint8, shape=(N, L)
        Sequences whose windows make the filters' matrices.
    motifs : sequence of Motif
        The published ones.

    Returns
    -------
    found : dict
        "tpr", share of filters with a match among them; "no_hit", "n_dead", and "factors", filters by motif.
    """
    own = [Motif(f"published-{motif.id}", motif.name, motif.pwm, motif.n_sites) for motif in motifs]
    truth = {factor_name(motif.id): (f"published-{motif.id}",) for motif in motifs}
    pwms = filter_pwms(network, codes)
    found = filter_matches(pwms.pwms, [*own, *load_motifs(PUBLISHED_MOTIFS)], truth=truth)
    factors = Counter(row.factor for row in found.rows if row.factor is not None)
    return {
        "tpr": found.tpr,
        "no_hit": found.no_hit_share,
        "n_dead": found.n_dead,
        "n_filters": len(found.rows),
        "factors": {name: factors.get(name, 0) for name in truth},
    }


def factor_name(motif_id: str) -> str:
    """CRX of CRX_Corbo, MEF2D of MEF2D_MOUSE.H11MO.0.A."""
    return motif_id.split("_")[0]
