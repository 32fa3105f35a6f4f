"""Simulators of regulatory sequences with ground truth: which motif lies where."""

from motiflens.simulate._billboard import Background, billboard, split_background
from motiflens.simulate._multi_motif import multi_motif
from motiflens.simulate._presets import (
    TASK1_MOTIF_COUNTS,
    TASK1_MOTIFS,
    TASK2_CORE,
    TASK2_MOTIF_COUNTS,
    TASK2_MOTIF_COUNTS_PAPER,
    task2_background,
)

__all__ = [
    "TASK1_MOTIFS",
    "TASK1_MOTIF_COUNTS",
    "TASK2_CORE",
    "TASK2_MOTIF_COUNTS",
    "TASK2_MOTIF_COUNTS_PAPER",
    "Background",
    "billboard",
    "multi_motif",
    "split_background",
    "task2_background",
]
