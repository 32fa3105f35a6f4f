"""Hybrid networks: a stem (stage 1), a trunk (stage 2) and a head (stage 3), described by one configuration."""

from motiflens.models.hybrid.attention import MultiHeadAttention, attention_entropy
from motiflens.models.hybrid.config import HybridConfig, SavedConfig, added_field, check_stackable
from motiflens.models.hybrid.initialise import SCHEMES, initialise
from motiflens.models.hybrid.layers import (
    ACTIVATIONS,
    BatchNorm1d,
    BiLSTM,
    ChannelsLastConv1d,
    Dropout,
    Exponential,
    Linear,
    MaxPool1d,
    Prepared,
)
from motiflens.models.hybrid.network import HybridNetwork, blank_network, evaluating, suited_threads, with_kernels
from motiflens.models.hybrid.outline import Outline, outline
from motiflens.models.hybrid.positions import POSITIONAL_ENCODINGS
from motiflens.models.hybrid.products import PRECISIONS
from motiflens.models.hybrid.registry import (
    ARCHITECTURES,
    DEFAULT_ARCHITECTURE,
    EXTRA_ARCHITECTURES,
    TASK_SIZES,
    NetworkConfig,
    adapted_config,
    build_model,
    config_from_dict,
    list_hybrids,
    list_models,
    model_config,
    network_config,
    network_of,
    sizes_of,
)
from motiflens.models.hybrid.stem import ConvBlock

__all__ = [
    "Prepared",
    "sizes_of",
    "DEFAULT_ARCHITECTURE",
    "ACTIVATIONS",
    "ARCHITECTURES",
    "BatchNorm1d",
    "BiLSTM",
    "ChannelsLastConv1d",
    "ConvBlock",
    "Dropout",
    "EXTRA_ARCHITECTURES",
    "Exponential",
    "HybridConfig",
    "HybridNetwork",
    "Linear",
    "MaxPool1d",
    "MultiHeadAttention",
    "Outline",
    "NetworkConfig",
    "POSITIONAL_ENCODINGS",
    "PRECISIONS",
    "SCHEMES",
    "SavedConfig",
    "TASK_SIZES",
    "adapted_config",
    "added_field",
    "attention_entropy",
    "blank_network",
    "build_model",
    "check_stackable",
    "config_from_dict",
    "evaluating",
    "suited_threads",
    "initialise",
    "list_hybrids",
    "list_models",
    "model_config",
    "network_config",
    "network_of",
    "outline",
    "with_kernels",
]
