"""Can its attribution maps be trusted? Whether they find motifs at known positions."""

from typing import TYPE_CHECKING, Any

import numpy as np

from motiflens.audits.verdicts.composition import BEYOND_COMPOSITION
from motiflens.audits.verdicts.verdict import CANNOT_BE_SAID, IN_PART, NO, YES, Facts, Question, Ruling
from motiflens.audits.words import method_label
from motiflens.basics.stats import Interval, number
from motiflens.basics.words import join_words
from motiflens.interpret.spike_in import TRUSTED

if TYPE_CHECKING:
    from motiflens.audits.candidate import Candidate
    from motiflens.audits.evidence import Evidence

_RULE = (
    f"By the AUROC of the maps at positions known to be motif, those put into sequences or the simulation’s own: "
    f"yes if every method reaches {TRUSTED:g}, no if none does, in part between. Motifs are put where positives have "
    "them. Where the networks predict no more than composition does, at best in part, and no if no motif moves them."
)

_RULE_OF_VALUES = _RULE.replace("where positives have them", "where sequences with large values have them")


def _facts(candidate: "Candidate", evidence: "Evidence") -> dict[str, Any]:
    spiked, stable = evidence.spike_ins.get(candidate.name), evidence.stability.get(candidate.name)
    known = [found.saliency.interpretability.means() for found in candidate.audits if found.saliency is not None]
    facts: dict[str, Any] = {
        "known_auroc": [means["auroc"] for means in known] if len(known) == len(candidate.audits) else [],
        "methods_agree": None,
        "tried": [],
        "used": [],
        "at_places": [],
        "auroc": {},
    }
    if stable is not None and len(stable.methods) > 1:
        facts["methods_agree"] = number(float(stable.method_matrix[0, 1]))
    if spiked is not None:
        names = [motif.name or motif.id for motif in spiked.motifs]
        used = np.any(spiked.responses.used, axis=0)
        facts["tried"] = names
        facts["used"] = [name for name, responds in zip(names, used.tolist(), strict=True) if responds]
        facts["at_places"] = [name for name, so in zip(names, spiked.at_places.tolist(), strict=True) if so]
        if spiked.judged.any():
            facts["auroc"] = {method: list(spiked.interval(method)) for method in spiked.methods}
    return facts


def _judge(facts: Facts) -> Ruling:
    found = facts["maps"]
    numbers: dict[str, Any] = {
        "motifs tried": found["tried"],
        "motifs that the network responds to": found["used"],
        "motifs put where positives, or sequences with large values, have them": found.get("at_places", []),
        "rank correlation of methods": found["methods_agree"],
    }
    if found["known_auroc"]:
        known: list[float] = found["known_auroc"]
        numbers["AUROC at the sites of the simulation"] = known
        level = YES if min(known) >= TRUSTED else NO if max(known) < TRUSTED else IN_PART
        return Ruling(level, f"AUROC {np.mean(known):.2f} at the sites of the simulation", numbers)
    is_composition = BEYOND_COMPOSITION.judge(facts).level == NO
    if not found["auroc"]:
        return _nothing_learned(numbers) if is_composition else _nothing_found(found["tried"], numbers)
    areas = {method: Interval(*bounds) for method, bounds in found["auroc"].items()}
    numbers |= {f"AUROC, {method_label(method)}": own.estimate for method, own in areas.items()}
    trusted = [own.estimate >= TRUSTED for own in areas.values()]
    level = YES if all(trusted) else IN_PART if any(trusted) else NO
    scores = ", ".join(f"{own.estimate:.2f} by {method_label(method)}" for method, own in areas.items())
    answer = f"AUROC {scores} at implanted {join_words(found['used'][:3])}"
    if level == YES and is_composition:
        help = "Networks that predict better show motifs more surely: see above, at composition."
        return Ruling(IN_PART, f"{answer}, though it predicts no more than composition", numbers, help)
    best = method_label(max(areas, key=lambda method: areas[method].estimate))
    help = {
        YES: "",
        IN_PART: f"Use {best}, or average maps over several networks.",
        NO: "Networks that predict better show motifs more surely; or average maps over several networks.",
    }[level]
    return Ruling(level, answer, numbers, help)


def _nothing_learned(numbers: dict[str, Any]) -> Ruling:
    answer = "It predicts no more than composition and responds to no motif, so its maps show none"
    return Ruling(NO, answer, numbers, "Train longer, or on more sequences.")


def _nothing_found(tried: list[str], numbers: dict[str, Any]) -> Ruling:
    if not tried:
        words = "No motif to put into sequences was found"
    else:
        listed = ", ".join(tried[:3]) + (", …" if len(tried) > 3 else "")
        words = f"It responds to none of the {len(tried)} motifs that were tried ({listed})"
        if len(tried) == 1:
            words = f"It does not respond to {listed}, the one motif that was tried"
    return Ruling(
        CANNOT_BE_SAID, words, numbers, "Name motifs that it should know: --motifs with a MEME file or names."
    )


MAPS_TRUSTED = Question("maps", "Can its attribution maps be trusted?", _RULE, NO, _facts, _judge, _RULE_OF_VALUES)
