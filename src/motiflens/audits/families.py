"""Families of filters with similar matrices, over all networks of a candidate.

Several filters often share a motif, and then none of them is important alone. So families are assessed, not filters.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from motiflens.basics.once import once_for_each
from motiflens.basics.plots import consensus, information_logo
from motiflens.interpret.filters import LOW_INFORMATION
from motiflens.motifs.motif import Motif
from motiflens.motifs.sets import trim_pwm
from motiflens.motifs.similarity import similarity

if TYPE_CHECKING:
    from motiflens.audits.candidate import Candidate
    from motiflens.audits.network import Audit

ALIKE = 0.8  # similarity of two matrices of one family
N_RANKED = 20  # filters of each network that are put into families, the most important
MATTERS = 0.1  # of what the most important filter of the network costs
LEAST_COST = 0.002  # of the score
SEPARATES = 0.5  # logits between positives and negatives, by which a filter matters where others make up for its loss
DECOYS = 0.25  # share of decoy databases in which a filter may match
ORDER = 0.55  # AUROC by which a filter tells sequences from their shuffles
BITS = 2.0  # by which its matrix exceeds that on shuffled sequences
N_ALSO = 3  # further motifs that a filter matches, to be named beside its best
N_TRIED = 8  # families whose motifs are put into sequences

FilterRow = dict[str, Any]


@once_for_each
def ranked_filters(candidate: "Candidate", target: int) -> list[FilterRow]:
    """A row of plain values for each filter of every network, the most important first, with the number of its family.

    Dead filters, filters of low information, and all but the first `N_RANKED` filters of a network belong to no family.
    """
    pairs = list(zip(candidate.numbers, candidate.audits, strict=True))
    rows = [row for number, found in pairs for row in _rows(found, number, target)]
    rows.sort(key=lambda row: -cost_of(row))
    matrices = {
        (number, i): trim_pwm(found.filters.pwms[i]) for number, found in pairs for i in range(len(found.filters.pwms))
    }
    leaders: list[tuple[int, int]] = []
    taken = dict.fromkeys(candidate.numbers, 0)
    for row in rows:
        place = row["network"], row["filter"]
        row["family"] = None
        if not row["n_windows"] or row["information"] < LOW_INFORMATION or taken[row["network"]] >= N_RANKED:
            continue
        taken[row["network"]] += 1
        alike = (f for f, leader in enumerate(leaders) if similarity(matrices[place], matrices[leader]).value >= ALIKE)
        row["family"] = next(alike, None)
        if row["family"] is None:
            row["family"] = len(leaders)
            leaders.append(place)
    return rows


def _rows(found: "Audit", number: int, target: int) -> list[FilterRow]:
    importance, chance, order = found.importance, found.chance, found.order
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
                "shuffled_information": None if order is None else float(order.information[i]),
                "order": None if order is None else float(order.auroc[i]),
                "consensus": consensus(information_logo(trim_pwm(found.filters.pwms[i]))),
                "match": None if best is None else best.target_name or best.target_id,
                "also": _others([hit.target_name or hit.target_id for hit in found.matches.hits[i]]),
                "id": None if best is None else best.target_id,
                "q": None if best is None else best.q_value,
                "decoys": None if chance is None else float(chance.per_filter[i]),
            }
        )
    return rows


def _others(names: Sequence[str]) -> list[str]:
    """Further motifs that a filter matches, the surest first: a database has many that are alike."""
    return list(dict.fromkeys(name for name in names[1:] if name != names[0]))[:N_ALSO]


def cost_of(row: Mapping[str, Any]) -> float:
    """Importance of a filter: the loss of score without it; 0 if not known."""
    cost = row["cost"]
    return 0.0 if cost is None or np.isnan(cost) else float(cost)


def reads_order(row: Mapping[str, Any]) -> tuple[bool, bool]:
    """Whether a filter separates sequences from shuffles, and whether its matrix has more information there."""
    order, bits = row["order"], row["shuffled_information"]
    return order is None or order >= ORDER, bits is None or row["information"] - bits >= BITS


def separation_of(row: Mapping[str, Any]) -> float:
    """By how many logits a filter separates positives from negatives; 0 if labels are not classes."""
    on, off = row["on_positives"], row["on_negatives"]
    return 0.0 if on is None or off is None or np.isnan(on) or np.isnan(off) else float(on - off)


def filters_that_matter(rows: Sequence[FilterRow]) -> list[FilterRow]:
    """Filters that are important enough, or separate the classes well enough, the most important first.

    Separation is used in addition because no single filter is important if several share a motif, or if the score is
    near its maximum.
    """
    chosen = []
    for network in dict.fromkeys(row["network"] for row in rows):
        own = [row for row in rows if row["network"] == network]
        for value, least in ((cost_of, LEAST_COST), (separation_of, SEPARATES)):
            limit = max(least, MATTERS * max(map(value, own)))
            chosen += [row for row in own if value(row) >= limit and row not in chosen]
    return sorted(chosen, key=lambda row: -cost_of(row))


def families_that_matter(rows: Sequence[FilterRow]) -> list[dict[str, Any]]:
    """Families with a filter that matters, the most important first.

    `kind` is "known" if one of these filters matches a motif of the database and few decoys, "new" if several filters
    or networks share a matrix without a match, else "nothing". A filter counts only if it responds to the order of
    bases, that is, if it separates sequences from their shuffles; for a new motif, its matrix must also have more
    information than on shuffles. `shown` is the filter that represents the family: that of the best match, else the
    most important one.
    """
    found: dict[Any, dict[str, Any]] = {}
    matter = filters_that_matter(rows)
    for number in dict.fromkeys(row["family"] for row in matter if row["family"] is not None):
        own = [row for row in matter if row["family"] == number]
        alike = [row for row in rows if row["family"] == number]
        hit = [row for row in own if row["match"] is not None]
        matched = [row for row in hit if (row["decoys"] or 0) <= DECOYS and reads_order(row)[0]]
        is_new = not hit and len(alike) > 1 and all(reads_order(own[0]))
        best = min(matched, key=lambda row: row["q"]) if matched else own[0]
        family = {
            "family": number,
            "kind": "known" if matched else "new" if is_new else "nothing",
            "motif": best["match"] if matched else own[0]["consensus"],
            "also": best.get("also", []) if matched else [],
            "consensus": best["consensus"].strip("."),
            "id": best["id"] if matched else None,
            "q": best["q"] if matched else None,
            "decoys": best["decoys"],
            "cost": cost_of(own[0]),
            "order": own[0]["order"],
            "information": own[0]["information"],
            "shuffled_information": own[0]["shuffled_information"],
            "filters": [[row["network"], row["filter"]] for row in own],
            "shown": [best["network"], best["filter"]],
            "n_alike": len(alike),
            "networks": sorted({row["network"] for row in alike}),
            "n_windows": max(row["n_windows"] for row in own),
        }
        same = found.setdefault(family["motif"] if matched else number, family)
        if same is not family:  # another part or strand of a motif that is named already
            same["filters"] += family["filters"]
            same["n_alike"] += family["n_alike"]
            same["networks"] = sorted({*same["networks"], *family["networks"]})
            same["n_windows"] = max(same["n_windows"], family["n_windows"])
    return list(found.values())


def motifs_that_matter(candidate: "Candidate", target: int, database: Sequence[Motif], max_width: int) -> list[Motif]:
    """Motifs to implant: matches of the families that matter, and matrices of those that may be new motifs.

    If no family is a motif, the matrices of their first filters are tried, and then the matches of any filter, without
    duplicates, the smallest p-value first. They are not used together with motifs, because most columns of such a
    matrix are noise: even maps that find what the filter recognises would miss most of its positions.

    Parameters
    ----------
    candidate : Candidate
    target : int
    database : sequence of Motif
        The database that filters were compared with.
    max_width : int
        Wider motifs are left out.
    """
    by_id = {motif.id: motif for motif in reversed(database)}
    audits = dict(zip(candidate.numbers, candidate.audits, strict=True))
    found = []
    families = families_that_matter(ranked_filters(candidate, target))
    named = [family for family in families if family["kind"] != "nothing"]
    for family in named or families:
        if family["kind"] == "known" and family["id"] in by_id:
            found.append(by_id[family["id"]])
            continue
        number, i = family["filters"][0]
        own = audits[number].filters
        name = f"filter {i}" if len(audits) == 1 else f"filter {i} of network {number}"
        found.append(Motif(name.replace(" ", "_"), name, trim_pwm(own.pwms[i]), max(int(own.counts[i]), 1)))
    if not named:
        best = [row.best for one in candidate.audits for row in one.matches.rows if row.best is not None]
        hits = [hit for hit in best if hit.target_id in by_id]
        for hit in sorted(hits, key=lambda hit: (hit.p_value, hit.target_id)):
            motif = by_id[hit.target_id]
            if all(similarity(motif.pwm, other.pwm).value < ALIKE for other in found):
                found.append(motif)
    return [motif for motif in found if motif.width <= max_width][:N_TRIED]
