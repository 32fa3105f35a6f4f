"""Kernels in C for the operations on which small networks spend most time; without them PyTorch does the same."""

from motiflens.models.kernels.attention import encoder_layer, self_attention
from motiflens.models.kernels.first_layer import active_windows, patch_counts, pooled_gradient, pooled_maxima
from motiflens.models.kernels.folded_block import changed_block, folded_block
from motiflens.models.kernels.library import describe_kernels, has_kernels
from motiflens.models.kernels.lstm import bidirectional_lstm
from motiflens.models.kernels.pooled_path import gradient_along, pooled_along

__all__ = [
    "active_windows",
    "bidirectional_lstm",
    "changed_block",
    "describe_kernels",
    "encoder_layer",
    "folded_block",
    "gradient_along",
    "has_kernels",
    "patch_counts",
    "pooled_along",
    "pooled_gradient",
    "pooled_maxima",
    "self_attention",
]
