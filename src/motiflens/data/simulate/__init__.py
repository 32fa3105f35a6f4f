"""Simulators of regulatory sequences, in which the position of every motif is known."""

from motiflens.data.simulate.additive import additive_labels
from motiflens.data.simulate.billboard import Background, billboard, split_background
from motiflens.data.simulate.erased import erase_sites
from motiflens.data.simulate.grammar_motifs import same_width
from motiflens.data.simulate.multi_motif import multi_motif
from motiflens.data.simulate.presets import (
    GRAMMAR_MOTIFS,
    SMALL_GRAMMAR,
    TASK1_MOTIF_COUNTS,
    TASK1_MOTIFS,
    TASK2_CORE,
    TASK2_MOTIF_COUNTS,
    TASK2_MOTIF_COUNTS_PAPER,
    task2_background,
)
from motiflens.data.simulate.signed import PAIR_LOGITS, signed_labels
from motiflens.data.simulate.spaced_grammar import LABELS, oracle_labels, spaced_grammar

__all__ = [
    "Background",
    "GRAMMAR_MOTIFS",
    "LABELS",
    "PAIR_LOGITS",
    "SMALL_GRAMMAR",
    "TASK1_MOTIFS",
    "TASK1_MOTIF_COUNTS",
    "TASK2_CORE",
    "TASK2_MOTIF_COUNTS",
    "TASK2_MOTIF_COUNTS_PAPER",
    "additive_labels",
    "billboard",
    "erase_sites",
    "multi_motif",
    "oracle_labels",
    "same_width",
    "signed_labels",
    "spaced_grammar",
    "split_background",
    "task2_background",
]
