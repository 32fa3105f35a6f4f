"""Published networks as PyTorch modules, one file each, in their published sizes or others."""

from motiflens.models.published.base import Exponent, PublishedConfig, PublishedNetwork
from motiflens.models.published.presets import (
    PRESETS,
    blank_preset,
    build_preset,
    is_preset,
    load_preset,
    preset_config,
    preset_config_from,
    published_sizes,
)

__all__ = [
    "Exponent",
    "PRESETS",
    "PublishedConfig",
    "PublishedNetwork",
    "blank_preset",
    "build_preset",
    "is_preset",
    "load_preset",
    "preset_config",
    "preset_config_from",
    "published_sizes",
]
