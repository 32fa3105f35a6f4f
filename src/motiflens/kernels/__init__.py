"""Kernels in C for what small networks spend their training on; without them PyTorch's operations do the same."""

from motiflens.kernels._attention import encoder_layer, self_attention
from motiflens.kernels._first_layer import patch_counts, pooled_gradient, pooled_maxima
from motiflens.kernels._library import describe_kernels, has_kernels
from motiflens.kernels._lstm import bidirectional_lstm

__all__ = [
    "bidirectional_lstm",
    "describe_kernels",
    "encoder_layer",
    "has_kernels",
    "patch_counts",
    "pooled_gradient",
    "pooled_maxima",
    "self_attention",
]
