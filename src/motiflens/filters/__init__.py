"""What first-layer filters learned: `activation_pwms` makes a matrix of each, `filter_matches` looks them up."""

from motiflens.filters._alignment import FilterPwms, activation_pwms
from motiflens.filters._factors import TASK1_TRUTH, TASK2_TRUTH, FactorIds, task_truth
from motiflens.filters._filters import NOT_FALSE_ALONE, FilterMatch, FilterMatches, filter_matches, filter_motifs

__all__ = [
    "FactorIds",
    "FilterMatch",
    "FilterMatches",
    "FilterPwms",
    "NOT_FALSE_ALONE",
    "TASK1_TRUTH",
    "TASK2_TRUTH",
    "activation_pwms",
    "filter_matches",
    "filter_motifs",
    "task_truth",
]
