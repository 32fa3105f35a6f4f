"""Which motifs interact in trained networks.

`interactions` measures all pairs of a set of motifs by one of `METHODS`. The table of results is the same for all
methods.
"""

from motiflens.interpret.interactions.design import Design, default_distances, draw_design
from motiflens.interpret.interactions.effects import Effects
from motiflens.interpret.interactions.feature_maps import feature_map_values
from motiflens.interpret.interactions.features import Features, observed_pairs
from motiflens.interpret.interactions.filter_sites import learned_motifs
from motiflens.interpret.interactions.insertion import insertion_effects
from motiflens.interpret.interactions.interactions import interactions
from motiflens.interpret.interactions.methods import INTERACTION_METHODS
from motiflens.interpret.interactions.mutants import draw_mutations
from motiflens.interpret.interactions.settings import Settings
from motiflens.interpret.interactions.sites import Sites, best_places, find_sites, two_sites
from motiflens.interpret.interactions.table import Interaction, InteractionTable

__all__ = [
    "Design",
    "Effects",
    "Features",
    "Interaction",
    "InteractionTable",
    "INTERACTION_METHODS",
    "Settings",
    "Sites",
    "best_places",
    "default_distances",
    "draw_design",
    "draw_mutations",
    "feature_map_values",
    "find_sites",
    "insertion_effects",
    "interactions",
    "learned_motifs",
    "observed_pairs",
    "two_sites",
]
