"""Networks on reporter assays: whether what they predict, and what is attributed, is what edits were measured to do."""

from motiflens.study.experiments.attributed import attribution_agreement, chosen_edits, lost_scores, other_places
from motiflens.study.experiments.baselines import baseline_agreement, ridge, word_counts
from motiflens.study.experiments.effects import (
    LOSSES,
    MOST_PER_ELEMENT,
    MeasuredEdits,
    ceilings,
    effect_agreement,
    limited,
)
from motiflens.study.experiments.ensembles import ENSEMBLE, ensemble_records, ensemble_scores, networks_of
from motiflens.study.experiments.learned import factor_name, learned_factors
from motiflens.study.experiments.measures import ceiling, clustered_share, clustered_spearman, significant
from motiflens.study.experiments.networks import (
    DESIGNS,
    EXPERIMENT_PROTOCOL,
    EXPERIMENTS,
    FIRST_LAYERS,
    ExperimentNetwork,
    planned_networks,
)
from motiflens.study.experiments.run import (
    ExperimentNews,
    ExperimentRun,
    is_experiment_record,
    left_to_train,
    run_experiments,
)
from motiflens.study.experiments.tables import (
    AttributionScore,
    DesignContrast,
    DesignScore,
    EnsembleScore,
    ExperimentTables,
    FactorScore,
    Guide,
    KindScore,
    experiment_tables,
    over_networks,
)
from motiflens.study.experiments.trial import (
    BASELINES_KEY,
    ExperimentData,
    packed,
    read_experiment,
    run_experiment,
    unpacked,
)

__all__ = [
    "AttributionScore",
    "DesignContrast",
    "DesignScore",
    "EnsembleScore",
    "ExperimentTables",
    "FactorScore",
    "Guide",
    "KindScore",
    "experiment_tables",
    "over_networks",
    "FIRST_LAYERS",
    "BASELINES_KEY",
    "DESIGNS",
    "ENSEMBLE",
    "EXPERIMENTS",
    "EXPERIMENT_PROTOCOL",
    "ExperimentData",
    "ExperimentNetwork",
    "ExperimentNews",
    "ExperimentRun",
    "LOSSES",
    "MOST_PER_ELEMENT",
    "MeasuredEdits",
    "effect_agreement",
    "attribution_agreement",
    "baseline_agreement",
    "ceiling",
    "ceilings",
    "chosen_edits",
    "clustered_share",
    "clustered_spearman",
    "ensemble_records",
    "ensemble_scores",
    "factor_name",
    "is_experiment_record",
    "learned_factors",
    "left_to_train",
    "limited",
    "lost_scores",
    "networks_of",
    "other_places",
    "packed",
    "planned_networks",
    "read_experiment",
    "ridge",
    "run_experiment",
    "run_experiments",
    "significant",
    "unpacked",
    "word_counts",
]
