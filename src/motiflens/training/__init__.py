"""Training: protocols, many initialisations at once, and ensembles that are saved in a folder."""

from motiflens.basics.lazy import lazy_modules

__all__ = [
    "allocator",
    "augmentation",
    "ensemble",
    "folder",
    "loop_engine",
    "losses",
    "member",
    "news",
    "plain_engine",
    "predictions",
    "protocol",
    "schedule",
    "shelf",
    "side_by_side",
    "stack",
    "stacked_engine",
    "suitability",
    "summary",
]

__getattr__, __dir__ = lazy_modules(__name__, __all__)
