"""The benchmark of interactions: how well each method recovers motif pairs where they are known."""

from motiflens.study.benchmark.calibration import FirstLayerCounts, calibrate, count_by_first_layer
from motiflens.study.benchmark.conditions import (
    BENCHMARK_PRESETS,
    FIRST_FIGURE_SEED,
    Condition,
    preset_conditions,
)
from motiflens.study.benchmark.factors import FactorEffect, factor_effects
from motiflens.study.benchmark.run import (
    InteractionStudy,
    follow_up,
    plan_conditions,
    run_condition_job,
    run_interaction_study,
)
from motiflens.study.benchmark.scores import (
    NOMINAL,
    MethodSummary,
    figure_records,
    over_draws,
    score_tables,
    summarise,
    trainings_of,
)
from motiflens.study.benchmark.signs import SignSummary, sign_summaries
from motiflens.study.benchmark.trial import block_rows, run_condition

__all__ = [
    "Condition",
    "FIRST_FIGURE_SEED",
    "FactorEffect",
    "FirstLayerCounts",
    "InteractionStudy",
    "MethodSummary",
    "NOMINAL",
    "SignSummary",
    "BENCHMARK_PRESETS",
    "block_rows",
    "calibrate",
    "count_by_first_layer",
    "factor_effects",
    "figure_records",
    "follow_up",
    "over_draws",
    "plan_conditions",
    "preset_conditions",
    "run_condition",
    "run_condition_job",
    "run_interaction_study",
    "score_tables",
    "sign_summaries",
    "summarise",
    "trainings_of",
]
