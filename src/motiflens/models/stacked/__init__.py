"""Several networks of one architecture, computed together."""

from motiflens.models.stacked.active_windows import (
    bases_where_active,
    has_compiled_first_layer,
    strongest_activations,
)
from motiflens.models.stacked.logits import StackedNetwork
from motiflens.models.stacked.masks import MaskLayout, MaskSource
from motiflens.models.stacked.shared_first_layer import Patches, PooledConvolution
from motiflens.models.stacked.side_by_side import activate, pooled_activations, stacked_filters, stacked_logits

__all__ = [
    "MaskLayout",
    "MaskSource",
    "Patches",
    "PooledConvolution",
    "StackedNetwork",
    "activate",
    "bases_where_active",
    "has_compiled_first_layer",
    "pooled_activations",
    "stacked_filters",
    "stacked_logits",
    "strongest_activations",
]
