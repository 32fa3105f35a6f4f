"""Kernels in C for what small networks spend their training on; without them PyTorch's operations do the same."""

from motiflens.models.kernels.attention import encoder_layer, self_attention
from motiflens.models.kernels.first_layer import patch_counts, pooled_gradient, pooled_maxima
from motiflens.models.kernels.lstm import bidirectional_lstm

__all__ = [
    "bidirectional_lstm",
    "encoder_layer",
    "patch_counts",
    "pooled_gradient",
    "pooled_maxima",
    "self_attention",
]
