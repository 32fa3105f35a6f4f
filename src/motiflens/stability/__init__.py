"""How well networks and attribution methods agree: on maps, and on the motifs of filters."""

from motiflens.stability._filter_agreement import FilterAgreement, filter_agreement
from motiflens.stability._stability import Stability, map_correlations, stability

__all__ = ["FilterAgreement", "Stability", "filter_agreement", "map_correlations", "stability"]
