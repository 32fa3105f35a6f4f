"""Networks on one-hot DNA: those of this package, published ones, and any other PyTorch model; knows no data sets."""

from motiflens.basics.lazy import lazy_modules

__all__ = [
    "any_model",
    "checks",
    "devices",
    "ensemble",
    "foreign",
    "hybrid",
    "kernels",
    "outputs",
    "passes",
    "predict",
    "published",
    "saved",
    "shown",
    "stacked",
    "trained_on",
]

__getattr__, __dir__ = lazy_modules(__name__, __all__)
