"""Hybrid networks for regulatory DNA that can be read.

The modules, in the order in which they build on each other:

- `sequence`, `metrics`: DNA as codes and one-hot tensors; AUROC, AUPR, information content
- `motifs`, `tomtom`: motif sets and files; matching motifs to a database
- `dataset`, `truth`, `io`, `simulate`: sequences with labels, splits and ground truth, from files or simulators
- `models`, `predict`: the hybrid networks; batched predictions, activation maps, attention weights
- `protocol`, `schedule`, `ensemble`, `ensemble_folder`: how networks are trained; many initialisations at once
- `filters`, `attribute`, `scoring`, `audit`: what the first layer learned, saliency maps, and both against the truth
- `study`, `trial`, `store`, `runners`: the whole grid, run and resumed, one record per network
- `records`, `effects`, `tables`, `figures`, `galleries`, `logo`, `report`: what is made from stored records

Modules are imported when first used: `motiflens.tomtom.tomtom(...)` works after `import motiflens`.
"""

from importlib import import_module
from types import ModuleType

__version__ = "0.1.0"

_MODULES = (
    "attribute", "audit", "dataset", "effects", "ensemble", "ensemble_folder", "figures", "filters", "galleries", "io",
    "logo", "metrics", "models", "motifs", "predict", "protocol", "records", "report", "runners", "schedule", "scoring",
    "sequence", "simulate", "store", "study", "tables", "tomtom", "trial", "truth",
)  # fmt: skip
__all__ = ["__version__", *_MODULES]


def __getattr__(name: str) -> ModuleType:
    if name in _MODULES:
        return import_module(f"motiflens.{name}")
    raise AttributeError(f"module 'motiflens' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
