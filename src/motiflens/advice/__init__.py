"""What would make a network better, from what was measured in the study and on the data set at hand."""

from motiflens.advice._advise import QUESTIONS, advise, rule_of
from motiflens.advice._members import HALF_WIDTHS, members_needed
from motiflens.advice._rule import LEVELS, RULE, Advice, Here, Spread, spread_of

__all__ = [
    "Advice",
    "HALF_WIDTHS",
    "Here",
    "LEVELS",
    "QUESTIONS",
    "RULE",
    "Spread",
    "advise",
    "members_needed",
    "rule_of",
    "spread_of",
]
