"""What would make a network better, from what was measured in the study and on the data set at hand."""

from motiflens.study.advice.advise import QUESTIONS, advise, rule_of
from motiflens.study.advice.members import HALF_WIDTHS, members_needed
from motiflens.study.advice.of_audit import advice, advice_rows
from motiflens.study.advice.rule import ADVICE_LEVELS, RULE, Advice, Here, Spread, spread_of

__all__ = [
    "Advice",
    "HALF_WIDTHS",
    "Here",
    "ADVICE_LEVELS",
    "QUESTIONS",
    "RULE",
    "Spread",
    "advice",
    "advice_rows",
    "advise",
    "members_needed",
    "rule_of",
    "spread_of",
]
