"""Which filters matter, and what are they? The filters whose loss costs the most, and the motifs that they read.

Filters of all networks are put into families: those whose matrices are alike. A family is what is judged, for a motif
is often shared by several filters, none of which costs much alone.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from motiflens.audits.verdicts.verdict import CANNOT_BE_SAID, IN_PART, NO, YES, Facts, Question, Ruling
from motiflens.basics.plots import consensus, information_logo
from motiflens.basics.words import join_words
from motiflens.interpret.filters import LOW_INFORMATION
from motiflens.motifs.sets import trim_pwm
from motiflens.motifs.similarity import similarity

if TYPE_CHECKING:
    from motiflens.audits.candidate import Candidate
    from motiflens.audits.evidence import Evidence
    from motiflens.audits.network import Audit

ALIKE = 0.8  # similarity of two matrices of one family
N_RANKED = 20  # filters of each network that are compared, the most important
MATTERS = 0.1  # of what the most important filter of the network costs
LEAST_COST = 0.002  # of the score
DECOYS = 0.1  # share of decoy databases in which a filter may match
FEW_WINDOWS = 20  # below, a matrix is marked as uncertain

_RULE = (
    f"A filter matters if its loss costs {MATTERS:.0%} of what the costliest filter of its network does and "
    f"{LEAST_COST:g} of the score. Yes if the costliest one belongs to a family of like filters that matches a motif "
    f"of the database, which at most {DECOYS:.0%} of decoy databases do, or that two filters or networks share and "
    f"no database has (it may be a new motif). In part if only others that matter do. Matrices hold "
    f"{LOW_INFORMATION:g} bits or more; those of fewer than {FEW_WINDOWS} windows are marked."
)


def _facts(candidate: "Candidate", evidence: "Evidence") -> dict[str, Any]:
    audits, target = candidate.audits, evidence.target
    rows = [
        row for number, found in zip(candidate.numbers, audits, strict=True) for row in _rows(found, number, target)
    ]
    pwms = {
        (number, i): trim_pwm(found.filters.pwms[i])
        for number, found in zip(candidate.numbers, audits, strict=True)
        for i in np.flatnonzero(~found.filters.dead).tolist()
    }
    ranked = sorted(rows, key=lambda row: -_cost(row))
    leaders: list[tuple[int, int]] = []
    taken = dict.fromkeys(candidate.numbers, 0)
    for row in ranked:
        place = row["network"], row["filter"]
        row["family"] = None
        if taken[row["network"]] >= N_RANKED or place not in pwms or row["information"] < LOW_INFORMATION:
            continue
        taken[row["network"]] += 1
        alike = (f for f, leader in enumerate(leaders) if similarity(pwms[place], pwms[leader]).value >= ALIKE)
        row["family"] = next(alike, None)
        if row["family"] is None:
            row["family"] = len(leaders)
            leaders.append(place)
    importance = audits[0].importance
    return {
        "n_networks": len(audits),
        "measure": None if importance is None else importance.measure,
        "q": audits[0].matches.q,
        "n_decoys": 0 if audits[0].chance is None else len(audits[0].chance.decoy_shares),
        "filters": rows,
    }


def _rows(found: "Audit", number: int, target: int) -> list[dict[str, Any]]:
    importance, chance = found.importance, found.chance
    rows = []
    for i, match in enumerate(found.matches.rows):
        best = match.best
        rows.append(
            {
                "network": number,
                "filter": i,
                "cost": None if importance is None else float(importance.performance_drop[i, target]),
                "on_positives": None if importance is None else float(importance.on_positives[i, target]),
                "on_negatives": None if importance is None else float(importance.on_negatives[i, target]),
                "size": None if importance is None else float(importance.size[i, target]),
                "n_windows": int(found.filters.counts[i]),
                "information": float(found.quality.information[i]),
                "consensus": consensus(information_logo(trim_pwm(found.filters.pwms[i]))),
                "match": None if best is None else best.target_name or best.target_id,
                "id": None if best is None else best.target_id,
                "q": None if best is None else best.q_value,
                "decoys": None if chance is None else float(chance.per_filter[i]),
            }
        )
    return rows


def _cost(row: Mapping[str, Any]) -> float:
    cost = row["cost"]
    return 0.0 if cost is None or np.isnan(cost) else float(cost)


def _judge(facts: Facts) -> Ruling:
    found = facts["filters"]
    rows = found["filters"]
    if found["measure"] is None:
        return Ruling(CANNOT_BE_SAID, "Filters were not ablated", {}, "Audit with --n-ablation above 0.")
    matter = _that_matter(rows)
    families = _families(matter, rows)
    numbers: dict[str, Any] = {"filters that matter": len(matter), "families": families}
    if not matter:
        return Ruling(NO, "No filter matters by itself", numbers, "Train longer, or on more sequences.")
    named = [family for family in families if family["kind"] != "nothing"]
    if not named:
        cost = max(map(_cost, matter))
        answer = f"{len(matter)} filters matter (up to {cost:.3f} {found['measure']}), none of them reads a clear motif"
        return Ruling(NO, answer, numbers, "Train longer, on more sequences, or compare with another database.")
    level = YES if families[0]["kind"] != "nothing" else IN_PART
    return Ruling(level, join_words([_in_words(one, found["n_networks"]) for one in named[:3]]), numbers)


def _that_matter(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Filters whose loss costs enough, the costliest first."""
    most: dict[int, float] = {}
    for row in rows:
        most[row["network"]] = max(most.get(row["network"], 0.0), _cost(row))
    chosen = [row for row in rows if _cost(row) >= max(LEAST_COST, MATTERS * most[row["network"]])]
    return sorted(chosen, key=lambda row: -_cost(row))


def _families(matter: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Families with a filter that matters, the costliest first: a known motif, perhaps a new one, or nothing."""
    found = []
    for number in dict.fromkeys(row["family"] for row in matter):
        own = [row for row in matter if row["family"] == number]
        if number is None:
            continue
        all_alike = [row for row in rows if row["family"] == number]
        matched = [row for row in own if row["match"] is not None and (row["decoys"] or 0) <= DECOYS]
        best = min(matched, key=lambda row: row["q"]) if matched else own[0]
        kind = "known" if matched else "new" if len(all_alike) > 1 else "nothing"
        found.append(
            {
                "kind": kind,
                "motif": best["match"] if matched else own[0]["consensus"],
                "id": best["id"] if matched else None,
                "q": best["q"] if matched else None,
                "decoys": best["decoys"],
                "cost": _cost(own[0]),
                "filters": [[row["network"], row["filter"]] for row in own],
                "networks": len({row["network"] for row in all_alike}),
                "few windows": all(row["n_windows"] < FEW_WINDOWS for row in own),
            }
        )
    return found


def _in_words(family: Mapping[str, Any], n_networks: int) -> str:
    where = f" in {family['networks']} of {n_networks} networks" if n_networks > 1 else ""
    what = (
        family["motif"] if family["kind"] == "known" else f"{family['motif']}, which no motif of the database matches,"
    )
    few = f" (fewer than {FEW_WINDOWS} windows)" if family["few windows"] else ""
    return f"{what}{where}{few}"


FILTERS_THAT_MATTER = Question("filters", "Which filters matter, and what are they?", _RULE, YES, _facts, _judge)
