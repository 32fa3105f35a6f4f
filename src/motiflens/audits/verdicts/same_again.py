"""Would another initialisation say the same? Whether the networks of one configuration agree."""

from typing import TYPE_CHECKING, Any

from motiflens.audits.verdicts.verdict import CANNOT_BE_SAID, IN_PART, NO, YES, Facts, Question, Ruling
from motiflens.audits.words import method_label
from motiflens.basics.stats import Interval
from motiflens.basics.words import with_interval

if TYPE_CHECKING:
    from motiflens.audits.candidate import Candidate
    from motiflens.audits.evidence import Evidence

SAME_MAPS, OTHER_MAPS = 0.67, 0.5  # correlation of maps

_RULE = (
    f"By the correlation of the attribution maps of two networks, mean over pairs and test sequences: yes from "
    f"{SAME_MAPS:g}, no below {OTHER_MAPS:g} (a quarter of the variance), in part between. It takes two networks."
)


def _facts(candidate: "Candidate", evidence: "Evidence") -> dict[str, Any]:
    found = evidence.stability.get(candidate.name)
    maps = {} if found is None else {method: list(found.between_members(method)) for method in found.methods}
    ranks = {} if found is None else {one: list(found.between_members(one, ranks=True)) for one in found.methods}
    filters = None if found is None else found.filters
    return {
        "n_networks": len(candidate.audits),
        "maps": maps,
        "ranks_of_maps": ranks,
        "shared_filters": None if filters is None else filters.observed,
        "shared_by_chance": None if filters is None else list(filters.chance_interval),
    }


def _judge(facts: Facts) -> Ruling:
    found = facts["repeats"]
    numbers: dict[str, Any] = {"networks": found["n_networks"]}
    if found["n_networks"] < 2:
        help = "Train and audit several networks: n_members (--members) of 3 or more."
        return Ruling(CANNOT_BE_SAID, "It takes two networks of one configuration", numbers, help)
    if not found["maps"]:
        help = "Audit with backgrounds (--n-backgrounds, n_backgrounds); if there were some, a note says what failed."
        return Ruling(CANNOT_BE_SAID, "The maps of its networks were not compared", numbers, help)
    method, bounds = next(iter(found["maps"].items()))
    agreement = Interval(*bounds)
    numbers |= {
        "correlation of maps": agreement.estimate,
        "filters shared": found["shared_filters"],
        "filters shared by chance": found["shared_by_chance"],
    }
    answer = f"{method_label(method)} maps of two networks correlate at {with_interval(agreement)}"
    level = YES if agreement.estimate >= SAME_MAPS else IN_PART if agreement.estimate >= OTHER_MAPS else NO
    help = "" if level == YES else "Average maps over several networks, or train on more sequences."
    return Ruling(level, answer, numbers, help)


SAME_AGAIN = Question("repeats", "Would another initialisation say the same?", _RULE, NO, _facts, _judge)
