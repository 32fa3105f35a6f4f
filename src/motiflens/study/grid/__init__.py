"""The paper's grid: tasks, architectures, activations and initialisations, run, resumed and stored."""

from motiflens.study.grid.grid import (
    PAPER_PRESET,
    QUICK_PRESET,
    STUDY_PRESETS,
    StudyConfig,
    check_shard,
    get_preset,
    match_architectures,
    plan_trials,
    shard,
)
from motiflens.study.grid.jobs import run_trial_job
from motiflens.study.grid.run import StudyResult, read_records, run_study, unfinished_trials
from motiflens.study.grid.time_left import TimeLeft
from motiflens.study.grid.trial import Trial, simulate_task

__all__ = [
    "PAPER_PRESET",
    "STUDY_PRESETS",
    "QUICK_PRESET",
    "StudyConfig",
    "StudyResult",
    "TimeLeft",
    "Trial",
    "check_shard",
    "get_preset",
    "match_architectures",
    "plan_trials",
    "read_records",
    "run_study",
    "run_trial_job",
    "shard",
    "simulate_task",
    "unfinished_trials",
]
