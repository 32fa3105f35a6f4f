"""Simulators of regulatory sequences with ground truth: which motif lies where."""

from motiflens.simulate._additive import additive_labels
from motiflens.simulate._billboard import Background, billboard, split_background
from motiflens.simulate._grammar_motifs import same_width
from motiflens.simulate._multi_motif import multi_motif
from motiflens.simulate._presets import (
    GRAMMAR_MOTIFS,
    SMALL_GRAMMAR,
    TASK1_MOTIF_COUNTS,
    TASK1_MOTIFS,
    TASK2_CORE,
    TASK2_MOTIF_COUNTS,
    TASK2_MOTIF_COUNTS_PAPER,
    task2_background,
)
from motiflens.simulate._spaced_grammar import oracle_labels, spaced_grammar

__all__ = [
    "GRAMMAR_MOTIFS",
    "SMALL_GRAMMAR",
    "TASK1_MOTIFS",
    "TASK1_MOTIF_COUNTS",
    "TASK2_CORE",
    "TASK2_MOTIF_COUNTS",
    "TASK2_MOTIF_COUNTS_PAPER",
    "Background",
    "additive_labels",
    "billboard",
    "multi_motif",
    "oracle_labels",
    "same_width",
    "spaced_grammar",
    "split_background",
    "task2_background",
]
