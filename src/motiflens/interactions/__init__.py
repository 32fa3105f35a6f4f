"""Which motifs work together, read from trained networks.

`interactions` measures all pairs of a set of motifs by one of `METHODS` and gives one table, whatever the method.
"""

from motiflens.interactions._analysis import METHODS, interactions
from motiflens.interactions._table import Interaction, InteractionTable

__all__ = ["METHODS", "Interaction", "InteractionTable", "interactions"]
