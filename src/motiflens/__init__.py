"""Networks for regulatory DNA that can be read: train them, and measure what they have learned.

Twenty verbs do most of the work; `help(motiflens.fit)` and so on show how, with an example each:

- data: `read_fasta`, `read_bed`, `read_table`, `read_hdf5`, `write_hdf5`
- motifs: `load_motifs`, `read_motifs`, `tomtom`
- networks: `list_models`, `build_model`, `fit`, `load`, `predict`
- what they have learned: `explain`, `filter_motifs`, `spike_in`, `stability`, `interactions`, `audit`
- pictures: `plot_logo`, and `.plot()` of results

Whatever takes sequences takes a data set, codes (N, L), one-hot (N, 4, L) or DNA strings; whatever takes networks takes
one, several, an ensemble, or the folder of either; a target is the number of an output or the name of a label.

All else stands in nine wings, each of which imports only from those above it:

- `basics`: DNA as codes, scores, intervals, files, stores, workers, compiled code, small plots
- `motifs`: motif sets and formats, TomTom, similarity, decoys
- `models`: networks on one-hot DNA, ours and anybody's
- `data`: data sets with truth, from files and simulators; negatives, splits, leaks
- `interpret`: what a network has learned: filters, attributions, spike-in, stability, interactions
- `training`: protocols, many initialisations at once, an ensemble in a folder
- `audits`: one network, a candidate, evidence, verdicts
- `study`: the grid and the benchmark of interactions: records, findings, advice
- `report`: pages, figures and tables

Wings, modules and verbs are imported when first used.
"""

from motiflens.basics.lazy import lazy_modules

__version__ = "0.1.0"

WINGS = ("basics", "motifs", "models", "data", "interpret", "training", "audits", "study", "report")
#: The verbs, and where each is defined.
VERBS = {
    "read_fasta": "motiflens.data.io",
    "read_bed": "motiflens.data.io",
    "read_table": "motiflens.data.io",
    "read_hdf5": "motiflens.data.io",
    "write_hdf5": "motiflens.data.io",
    "load_motifs": "motiflens.motifs.sets",
    "read_motifs": "motiflens.motifs.files",
    "tomtom": "motiflens.motifs.tomtom",
    "build_model": "motiflens.models.hybrid",
    "list_models": "motiflens.models.hybrid",
    "load": "motiflens.models.saved",
    "fit": "motiflens.training.ensemble",
    "predict": "motiflens.models.predict",
    "explain": "motiflens.interpret.attribution",
    "filter_motifs": "motiflens.interpret.filters",
    "audit": "motiflens.report.audit",
    "interactions": "motiflens.interpret.interactions",
    "spike_in": "motiflens.interpret.spike_in",
    "stability": "motiflens.interpret.stability",
    "plot_logo": "motiflens.basics.plots",
}
__all__ = ["__version__", *WINGS, *VERBS]

__getattr__, __dir__ = lazy_modules(__name__, WINGS, VERBS)
