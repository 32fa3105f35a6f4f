"""Verdicts of an audit: answers to six questions, each with its rule, its numbers and its measured accuracy."""

from motiflens.audits.verdicts.accuracy import ACCURACY_FILE, Accuracy, read_accuracy
from motiflens.audits.verdicts.ask import VERDICT_QUESTIONS, rulings, verdict_facts, verdicts
from motiflens.audits.verdicts.composition import BEYOND_COMPOSITION, reads_too_few
from motiflens.audits.verdicts.filters_that_matter import FEW_WINDOWS
from motiflens.audits.verdicts.training_finished import TRAINING_FINISHED
from motiflens.audits.verdicts.verdict import (
    CANNOT_BE_SAID,
    IN_PART,
    LEVELS,
    NO,
    YES,
    Facts,
    Question,
    Ruling,
    Verdict,
    Verdicts,
)

__all__ = [
    "ACCURACY_FILE",
    "Accuracy",
    "BEYOND_COMPOSITION",
    "CANNOT_BE_SAID",
    "FEW_WINDOWS",
    "Facts",
    "IN_PART",
    "LEVELS",
    "NO",
    "Question",
    "Ruling",
    "TRAINING_FINISHED",
    "VERDICT_QUESTIONS",
    "Verdict",
    "Verdicts",
    "YES",
    "read_accuracy",
    "reads_too_few",
    "rulings",
    "verdict_facts",
    "verdicts",
]
