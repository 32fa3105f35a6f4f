"""First-layer filters: `activation_pwms` makes a matrix of each, `filter_matches` finds their matches in a database."""

from motiflens.interpret.filters.alignment import FilterPwms, activation_pwms
from motiflens.interpret.filters.chance import FalseMatches, false_matches
from motiflens.interpret.filters.factors import TASK1_TRUTH, TASK2_TRUTH, FactorIds, task_truth
from motiflens.interpret.filters.filter_motifs import FilterMotifs, filter_motifs
from motiflens.interpret.filters.importance import FilterImportance, filter_importance
from motiflens.interpret.filters.matches import (
    NOT_FALSE_ALONE,
    FilterMatch,
    FilterMatches,
    check_truth,
    filter_matches,
    motifs_of_pwms,
)
from motiflens.interpret.filters.of_network import filter_pwms, matrix_width
from motiflens.interpret.filters.order import FilterOrder, filter_order
from motiflens.interpret.filters.quality import LOW_INFORMATION, SIMILAR, FilterQuality, filter_quality, filter_rows

__all__ = [
    "FactorIds",
    "FalseMatches",
    "FilterImportance",
    "FilterMatch",
    "FilterMatches",
    "FilterMotifs",
    "FilterOrder",
    "FilterPwms",
    "FilterQuality",
    "LOW_INFORMATION",
    "NOT_FALSE_ALONE",
    "SIMILAR",
    "TASK1_TRUTH",
    "TASK2_TRUTH",
    "activation_pwms",
    "check_truth",
    "false_matches",
    "filter_importance",
    "filter_matches",
    "filter_motifs",
    "filter_order",
    "filter_pwms",
    "motifs_of_pwms",
    "filter_quality",
    "filter_rows",
    "matrix_width",
    "task_truth",
]
