"""What the records of a study say: effects, variance shares, claims, and the published tables beside."""

from motiflens.study.findings.claims import (
    ClaimEvidence,
    Finding,
    assess_claims,
    failures,
    judge,
    overall,
)
from motiflens.study.findings.effects import Effect, activation_effects, effect_sentences
from motiflens.study.findings.filter_numbers import FilterNumber, filter_numbers
from motiflens.study.findings.measured_effects import coverage, measured_effects, read_measured_effects
from motiflens.study.findings.measures import TOGETHER
from motiflens.study.findings.published import (
    Agreement,
    PublishedComparison,
    agreement_with_published,
    compare_with_published,
)
from motiflens.study.findings.second_stages import (
    SecondStageEffect,
    second_stage,
    second_stage_effects,
    sign_sentences,
)
from motiflens.study.findings.statements import STATEMENTS, TITLES, Statement
from motiflens.study.findings.summary import SummaryRow, summary_table
from motiflens.study.findings.variance import BLOCKS, SOURCES, STAGES, BalancedBlock, DrawShare, data_draw_shares

__all__ = [
    "Agreement",
    "BLOCKS",
    "BalancedBlock",
    "SecondStageEffect",
    "TOGETHER",
    "second_stage",
    "second_stage_effects",
    "sign_sentences",
    "PublishedComparison",
    "DrawShare",
    "Effect",
    "ClaimEvidence",
    "FilterNumber",
    "Finding",
    "STATEMENTS",
    "Statement",
    "SOURCES",
    "STAGES",
    "SummaryRow",
    "TITLES",
    "activation_effects",
    "agreement_with_published",
    "assess_claims",
    "compare_with_published",
    "coverage",
    "data_draw_shares",
    "failures",
    "filter_numbers",
    "effect_sentences",
    "judge",
    "measured_effects",
    "read_measured_effects",
    "overall",
    "summary_table",
]
