"""Agreement between networks on attribution maps and filter motifs, and between attribution methods on maps."""

from motiflens.interpret.stability.filter_agreement import FilterAgreement, filter_agreement
from motiflens.interpret.stability.stability import Stability, map_correlations, stability

__all__ = [
    "FilterAgreement",
    "Stability",
    "filter_agreement",
    "map_correlations",
    "stability",
]
