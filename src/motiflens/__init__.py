"""Hybrid networks for regulatory DNA that can be read.

The modules, in the order in which they build on each other:

- `sequence`, `metrics`: DNA as codes and one-hot tensors; AUROC, AUPR, information content
- `motifs`, `tomtom`: motif sets and files; matching motifs to a database
- `dataset`, `truth`, `io`, `simulate`: sequences with labels, splits and ground truth, from files or simulators
- `splits`, `shuffle`, `negatives`, `data_summary`: splits; negatives where there are none; what ruins a data set
- `models`, `predict`: the hybrid networks; batched predictions, activation maps, attention weights
- `any_model`: any other PyTorch model in the same form, and where it comes from
- `protocol`, `ensemble`, `ensemble_folder`: every number of a training; many initialisations at once, in a folder
- `training`, `suitability`, `fit_summary`: one stack of networks; on which data it can be trained; what came of it
- `filters`, `attribute`, `scoring`, `audit`: what the first layer learned, saliency maps, and both against the truth
- `similarity`, `decoys`, `ablation`, `filter_audit`, `audit_files`: filters one by one; matches expected by chance
- `spike_in`: attributions judged where the truth is not known, at motifs put into one's own negatives
- `stability`: how well initialisations, and attribution methods, agree
- `interactions`: which motifs work together, by insertion, mutagenesis, attribution or attention, with q-values
- `store`, `runners`, `ray_runner`, `study`: the whole grid, run and resumed, one record per network
- `interaction_study`: how well each method of `interactions` does where the interactions are known
- `records`, `selection`, `tables`, `figures`, `galleries`, `logo`, `report`: what is made from stored records
- `stats`, `effects`, `variance`, `claims`, `published`: the paper's claims put to the test, and its tables beside
- `measured_effects`, `filter_numbers`, `advice`: what choices change in the study, and what to change

Modules are imported when first used: `motiflens.tomtom.tomtom(...)` works after `import motiflens`.
"""

from importlib import import_module
from types import ModuleType

__version__ = "0.1.0"

_MODULES = (
    "ablation", "advice", "any_model", "attribute", "audit", "audit_files", "audit_report", "baselines", "claims",
    "data_summary", "dataset", "decoys", "effects", "ensemble", "ensemble_folder", "figures", "filter_audit",
    "filter_numbers", "filters", "galleries", "interaction_study", "interactions", "io", "logo", "measured_effects",
    "metrics", "models", "motifs", "negatives", "pairs", "performance", "predict", "predictions", "protocol",
    "published", "ray_runner", "records", "report", "runners", "scoring", "selection", "sequence", "shuffle",
    "similarity", "simulate", "spike_in", "splits", "stability", "stats", "store", "study", "suitability", "tables",
    "tomtom", "training", "truth", "variance",
)  # fmt: skip
__all__ = ["__version__", *_MODULES]


def __getattr__(name: str) -> ModuleType:
    if name in _MODULES:
        return import_module(f"motiflens.{name}")
    raise AttributeError(f"module 'motiflens' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
