"""Which filters matter, and what are they? The most important filters, and the motifs that they have learned."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from motiflens.audits.families import (
    BITS,
    DECOYS,
    LEAST_COST,
    MATTERS,
    ORDER,
    SEPARATES,
    cost_of,
    families_that_matter,
    filters_that_matter,
    ranked_filters,
)
from motiflens.audits.verdicts.composition import predicts_nothing
from motiflens.audits.verdicts.verdict import CANNOT_BE_SAID, IN_PART, NO, YES, Facts, Question, Ruling
from motiflens.audits.words import measure_label
from motiflens.basics.words import join_words
from motiflens.interpret.filters import LOW_INFORMATION

if TYPE_CHECKING:
    from motiflens.audits.candidate import Candidate
    from motiflens.audits.evidence import Evidence

FEW_WINDOWS = 20  # below, a matrix is marked as uncertain

_COST = (
    f"A filter matters if its loss costs {MATTERS:.0%} of what the costliest filter of its network does and "
    f"{LEAST_COST:g} of the "
)
_MOTIF = (
    "Yes if the costliest one belongs to a family of like filters that matches a motif "
    f"of the database, which at most {DECOYS:.0%} of decoy databases do, or that two filters or networks share and "
    "no motif of the database matches (it may be a new motif). In part if only others that matter do. These filters "
    f"tell sequences from their shuffles (AUROC {ORDER:g} or more) and have matrices of {LOW_INFORMATION:g} bits or "
    f"more, that of a new motif {BITS:g} more than on shuffles. Those of fewer than {FEW_WINDOWS} windows are marked. "
    "No where the network predicts as by chance."
)
_RULE = (
    f"{_COST}score, or if it separates the classes by {SEPARATES:g} logits and {MATTERS:.0%} of what the best does. "
    f"{_MOTIF}"
)
_RULE_OF_VALUES = f"{_COST}correlation. {_MOTIF}"


def _facts(candidate: "Candidate", evidence: "Evidence") -> dict[str, Any]:
    first = candidate.audits[0]
    return {
        "n_networks": len(candidate.audits),
        "measure": None if first.importance is None else first.importance.measure,
        "q": first.matches.q,
        "n_decoys": 0 if first.chance is None else len(first.chance.decoy_shares),
        "filters": ranked_filters(candidate, evidence.target),
    }


def _judge(facts: Facts) -> Ruling:
    found = facts["filters"]
    rows = found["filters"]
    if not rows:
        return Ruling(CANNOT_BE_SAID, "Its filters could not be read", {}, "The notes of the audit say why.")
    if found["measure"] is None:
        return Ruling(CANNOT_BE_SAID, "Filters were not ablated", {}, "Audit with --n-ablation above 0.")
    matter = filters_that_matter(rows)
    families = families_that_matter(rows)
    numbers: dict[str, Any] = {"filters that matter": len(matter), "families": families}
    if predicts_nothing(facts):
        return Ruling(
            NO, "It predicts as by chance, so that no filter matters", numbers, "Train longer, or check labels."
        )
    if not matter:
        return Ruling(NO, "No filter matters by itself", numbers, "Train longer, or on more sequences.")
    named = [family for family in families if family["kind"] != "nothing"]
    if not named:
        cost = max(map(cost_of, matter))
        many = f"{len(matter)} filters matter" if len(matter) > 1 else "1 filter matters"
        answer = f"{many} (by up to {cost:.3f} {measure_label(found['measure'])}), but none reads a clear motif"
        return Ruling(NO, answer, numbers, "Train longer, on more sequences, or compare with another database.")
    level = YES if families[0]["kind"] != "nothing" else IN_PART
    return Ruling(level, _first_upper(join_words([_in_words(one, found["n_networks"]) for one in named[:3]])), numbers)


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _in_words(family: Mapping[str, Any], n_networks: int) -> str:
    where = f" in {len(family['networks'])} of {n_networks} networks" if n_networks > 1 else ""
    few = f", fewer than {FEW_WINDOWS} windows" if family["n_windows"] < FEW_WINDOWS else ""
    if family["kind"] == "known":
        also = f"also like {join_words(family['also'])}; " if family.get("also") else ""
        return f"{family['motif']} ({also}{family['consensus']}{few}){where}"
    return f"a motif that the database lacks ({family['consensus']}{few}){where}"


_QUESTION = "Which filters matter, and what are they?"
FILTERS_THAT_MATTER = Question("filters", _QUESTION, _RULE, YES, _facts, _judge, _RULE_OF_VALUES)
