"""From one network to a candidate, its evidence and verdicts."""

from motiflens.basics.lazy import lazy_modules

__all__ = [
    "candidate",
    "comparison",
    "differences",
    "evidence",
    "examples",
    "families",
    "labels",
    "model_check",
    "network",
    "notes",
    "options",
    "reading",
    "saliency",
    "stored",
    "tables",
    "taxa",
    "train_and_audit",
    "verdicts",
    "words",
]

__getattr__, __dir__ = lazy_modules(__name__, __all__)
