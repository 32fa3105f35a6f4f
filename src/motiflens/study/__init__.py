"""The study: a grid of tasks, architectures, activations and initialisations, run, resumed and stored."""

from motiflens.machines import RUNNERS
from motiflens.study.grid import (
    PAPER_PRESET,
    PRESETS,
    QUICK_PRESET,
    StudyConfig,
    get_preset,
    match_architectures,
    plan,
    shard,
)
from motiflens.study.jobs import Progress
from motiflens.study.run import StudyResult, missing, read_records, run_study

__all__ = [
    "PAPER_PRESET",
    "PRESETS",
    "Progress",
    "QUICK_PRESET",
    "RUNNERS",
    "StudyConfig",
    "StudyResult",
    "get_preset",
    "match_architectures",
    "missing",
    "plan",
    "read_records",
    "run_study",
    "shard",
]
