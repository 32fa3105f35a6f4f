"""The benchmark of interactions: how well each method recovers motif pairs where they are known."""

from motiflens.interaction_study.conditions import PRESETS, preset_conditions
from motiflens.interaction_study.run import (
    InteractionStudy,
    Job,
    News,
    follow_up,
    is_interaction_record,
    missing,
    plan,
    run_interaction_study,
    work,
)

__all__ = [
    "InteractionStudy",
    "Job",
    "News",
    "PRESETS",
    "follow_up",
    "is_interaction_record",
    "missing",
    "plan",
    "preset_conditions",
    "run_interaction_study",
    "work",
]
