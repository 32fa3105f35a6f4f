"""The verdicts of an audit: every question about every candidate."""

from typing import TYPE_CHECKING

from motiflens.audits.verdicts.accuracy import read_accuracy
from motiflens.audits.verdicts.composition import BEYOND_COMPOSITION
from motiflens.audits.verdicts.data_fit import DATA_FIT
from motiflens.audits.verdicts.filters_that_matter import FILTERS_THAT_MATTER
from motiflens.audits.verdicts.maps_trusted import MAPS_TRUSTED
from motiflens.audits.verdicts.same_again import SAME_AGAIN
from motiflens.audits.verdicts.training_finished import TRAINING_FINISHED
from motiflens.audits.verdicts.verdict import Facts, Ruling, Verdict, Verdicts
from motiflens.basics.once import once_for_each

if TYPE_CHECKING:
    from motiflens.audits.candidate import Candidate
    from motiflens.audits.evidence import Evidence

#: What is asked, in the order of the page.
VERDICT_QUESTIONS = {
    one.key: one
    for one in (DATA_FIT, TRAINING_FINISHED, BEYOND_COMPOSITION, FILTERS_THAT_MATTER, MAPS_TRUSTED, SAME_AGAIN)
}


def verdict_facts(candidate: "Candidate", evidence: "Evidence") -> Facts:
    """All facts about a candidate that the rules use, as plain values, from which verdicts can be computed again."""
    return {key: question.facts(candidate, evidence) for key, question in VERDICT_QUESTIONS.items()}


def rulings(facts: Facts) -> dict[str, Ruling]:
    """The results of the rules for facts, by the key of the question."""
    return {key: question.judge(facts) for key, question in VERDICT_QUESTIONS.items()}


@once_for_each
def verdicts(evidence: "Evidence") -> Verdicts:
    """Every question about every candidate, question by question."""
    made = {one.name: rulings(verdict_facts(one, evidence)) for one in evidence.candidates}
    accuracy = read_accuracy()
    is_binary = evidence.prevalence is not None
    return Verdicts(
        Verdict(key, one.question, one.rule_for(is_binary=is_binary), name, *own[key], accuracy.get(key))
        for key, one in VERDICT_QUESTIONS.items()
        for name, own in made.items()
    )
