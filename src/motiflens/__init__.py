"""Hybrid networks for regulatory DNA that can be read.

The wings, each of which imports only from those above it:

- `basics`: DNA as codes, scores, intervals, files, stores, workers, compiled code, small plots
- `motifs`: motif sets and formats, TomTom, similarity, decoys
- `models`: networks on one-hot DNA, ours and anybody's
- `data`: data sets with truth, from files and simulators; negatives, splits, leaks
- `interpret`: what a network has learned: filters, attributions, spike-in, stability, interactions
- `training`: protocols, many initialisations at once, an ensemble in a folder
- `audits`: one network, a candidate, evidence, verdicts
- `study`: the grid and the benchmark of interactions: records, findings, advice
- `report`: pages, figures and tables

Wings and their modules are imported when first used.
"""

from motiflens.basics.lazy import lazy_modules

__version__ = "0.1.0"

WINGS = ("basics", "motifs", "models", "data", "interpret", "training", "audits", "study", "report")
__all__ = ["__version__", *WINGS]

__getattr__, __dir__ = lazy_modules(__name__, WINGS)
