"""The paper's grid: tasks, architectures, activations and initialisations, run, resumed and stored."""

from motiflens.study.grid.grid import (
    PAPER_PRESET,
    QUICK_PRESET,
    STUDY_PRESETS,
    StudyConfig,
    get_preset,
    match_architectures,
    plan,
    shard,
)
from motiflens.study.grid.jobs import Job, Progress, work
from motiflens.study.grid.run import StudyResult, missing, read_records, run_study
from motiflens.study.grid.time_left import TimeLeft
from motiflens.study.grid.trial import Trial, simulate_task

__all__ = [
    "Job",
    "PAPER_PRESET",
    "STUDY_PRESETS",
    "Progress",
    "QUICK_PRESET",
    "StudyConfig",
    "StudyResult",
    "TimeLeft",
    "Trial",
    "get_preset",
    "match_architectures",
    "missing",
    "plan",
    "read_records",
    "run_study",
    "shard",
    "simulate_task",
    "work",
]
