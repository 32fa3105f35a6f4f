"""How well networks and attribution methods agree: on maps, and on the motifs of filters."""

from motiflens.interpret.stability.filter_agreement import FilterAgreement, filter_agreement
from motiflens.interpret.stability.stability import Stability, map_correlations, stability

__all__ = [
    "FilterAgreement",
    "Stability",
    "filter_agreement",
    "map_correlations",
    "stability",
]
