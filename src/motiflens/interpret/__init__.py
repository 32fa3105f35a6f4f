"""What a network has learned: filters, attributions, spike-in, stability, interactions; never imports training."""

from motiflens.basics.lazy import lazy_modules

__all__ = [
    "attribution",
    "filters",
    "interactions",
    "spike_in",
    "stability",
]

__getattr__, __dir__ = lazy_modules(__name__, __all__)
