"""The advice of an audit as a section of its page."""

from itertools import groupby
from typing import Any

from motiflens.audits.evidence import Evidence
from motiflens.audits.words import display_name
from motiflens.basics.words import join_words
from motiflens.study.advice import ADVICE_LEVELS, QUESTIONS, RULE, Advice, advice, rule_of

#: How a level looks on the page: as those of verdicts.
_LOOKS = {"change": "part", "try": "part", "keep": "yes", "weigh": "part", "depends": "open", "open": "open"}


def advice_section(evidence: Evidence) -> dict[str, Any]:
    """Advice by factor, as plain values for the template; what is the same for several candidates stands once."""
    groups = []
    for factor, own in groupby(advice(evidence), key=lambda one: one.factor):
        names: dict[Advice, list[str]] = {}
        for one in own:
            names.setdefault(one._replace(candidate="", study=(), here=()), []).append(display_name(one.candidate))
        answers = [
            {
                "name": join_words(sharing),
                "level": _LOOKS[one.level],
                "word": ADVICE_LEVELS[one.level],
                "change": _without(ADVICE_LEVELS[one.level], one.change),
                "reasons": " ".join(one.reasons),
                "command": one.command,
            }
            for one, sharing in names.items()
        ]
        rule = rule_of(factor)
        groups.append({"question": QUESTIONS[factor], "rule": "" if rule == RULE else rule, "answers": answers})
    return {"rule": RULE, "groups": groups, "several": len(evidence.candidates) > 1}


def _without(word: str, sentence: str) -> str:
    """A sentence that goes on after a word: "Keep" before "Keep 24 filters" would stand there twice."""
    return sentence.removeprefix(f"{word} ")
