"""Hybrid networks: a stem (stage 1), a trunk (stage 2) and a head (stage 3), composed by one configuration."""

from motiflens.models.attention import attention_entropy
from motiflens.models.config import HybridConfig
from motiflens.models.hybrid import HybridNetwork
from motiflens.models.layers import Exponential
from motiflens.models.registry import (
    ARCHITECTURES,
    EXTRA_ARCHITECTURES,
    adapted_config,
    build_model,
    list_models,
    model_config,
)

__all__ = [
    "ARCHITECTURES",
    "EXTRA_ARCHITECTURES",
    "Exponential",
    "HybridConfig",
    "HybridNetwork",
    "adapted_config",
    "attention_entropy",
    "build_model",
    "list_models",
    "model_config",
]
