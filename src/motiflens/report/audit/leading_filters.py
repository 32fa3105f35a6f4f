"""The filters that matter most over all networks of a candidate, each with the database motif that it matches."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup

from motiflens.audits.candidate import Candidate
from motiflens.audits.evidence import Evidence
from motiflens.audits.families import N_ALSO, cost_of, families_that_matter, filters_that_matter, ranked_filters
from motiflens.audits.network import Audit
from motiflens.audits.verdicts import FEW_WINDOWS
from motiflens.audits.words import display_name, measure_label
from motiflens.basics.plots import Matched, aligned_matrices, logo_svg
from motiflens.basics.tables import by_fields
from motiflens.basics.words import join_words, signed
from motiflens.interpret.filters import SIMILAR
from motiflens.motifs.sets import Motif, trim_pwm
from motiflens.motifs.similarity import similarity

N_SHOWN = 3
_MOST_KINDS = 12  # that filters are sorted into: rarer ones cannot come among the first
_COLUMNS = 18  # least number in a card, so that short motifs are not stretched


@by_fields
class Leader(NamedTuple):
    """A kind of filter that a candidate's networks share, and the filter that stands for it."""

    network: int  # place of its network among those audited
    filter: int
    loss: float  # of the test score without a filter of the kind, at most; NaN without ablation
    n_networks: int  # that have a filter of the kind
    n_alike: int  # filters of the kind, in all networks


def leading_filters(candidate: Candidate, target: int, n: int = N_SHOWN) -> list[Leader]:
    """Kinds of filters by what the networks lose without them, the most costly first.

    They are the families on which the verdict on filters rests, in its order, and where these are few, further filters
    of them, each by itself. Where it finds none that matters, or
    filters were not ablated, they are those that cost most, or tell most, by themselves.
    """
    rows = ranked_filters(candidate, target)
    families = families_that_matter(rows)
    if not families:
        return _by_loss(candidate, target)[:n]
    place = {number: e for e, number in enumerate(candidate.numbers)}
    leaders = [
        Leader(place[own["shown"][0]], own["shown"][1], own["cost"], len(own["networks"]), own["n_alike"])
        for own in families[:n]
    ]
    shown = [own["shown"] for own in families]
    more = [row for row in filters_that_matter(rows) if [row["network"], row["filter"]] not in shown]
    others = [Leader(place[row["network"]], row["filter"], cost_of(row), 1, 1) for row in more]
    return (leaders + others)[:n]


def _by_loss(candidate: Candidate, target: int) -> list[Leader]:
    """Kinds of filters whose matrices are alike on either strand, without those that cost nothing."""
    losses = [_losses(found, target) for found in candidate.audits]
    order = sorted(
        ((e, i) for e, of in enumerate(losses) for i in np.flatnonzero(of > 0).tolist()),
        key=lambda place: -losses[place[0]][place[1]],
    )
    kinds: list[list[tuple[int, int]]] = []
    matrices: list[np.ndarray] = []
    for e, i in order:
        pwm = trim_pwm(candidate.audits[e].filters.pwms[i])
        kind = next((k for k, own in enumerate(matrices) if similarity(own, pwm).value >= SIMILAR), None)
        if kind is not None:
            kinds[kind].append((e, i))
        elif len(kinds) < _MOST_KINDS:
            kinds.append([(e, i)])
            matrices.append(pwm)
    ablated = candidate.audits[0].importance is not None
    return [
        Leader(*own[0], float(losses[own[0][0]][own[0][1]]) if ablated else np.nan, len({e for e, _ in own}), len(own))
        for own in kinds
    ]


def _losses(found: Audit, target: int) -> np.ndarray:
    """What each filter is worth, shape=(F,): lost score; its effect on outputs where that has no score; else bits."""
    if found.importance is None:
        return np.where(found.filters.dead, 0.0, found.quality.information)
    drop = found.importance.performance_drop[:, target]
    return np.where(found.filters.dead, 0.0, np.where(np.isnan(drop), found.importance.size[:, target] * 1e-9, drop))


def matched_motifs(evidence: Evidence) -> dict[str, Motif]:
    """Motifs of the database that any filter matches best, by id."""
    best = {
        row.best.target_id
        for candidate in evidence.candidates
        for found in candidate.audits
        for row in found.matches.rows
        if row.best is not None
    }
    return {motif.id: motif for motif in evidence.options.motifs if motif.id in best}


def leading_motifs(evidence: Evidence, database: Mapping[str, Motif]) -> list[Motif]:
    """What the leading filters of all candidates read, to be looked for in sequences: matches, else the filters."""
    found: dict[str, Motif] = {}
    for candidate in evidence.candidates:
        for leader in leading_filters(candidate, evidence.target):
            audit = candidate.audits[leader.network]
            hit = audit.matches.rows[leader.filter].best
            if hit is not None and hit.target_id in database:
                found.setdefault(hit.target_id, database[hit.target_id])
            else:
                pwm = trim_pwm(audit.filters.pwms[leader.filter])
                own = f"filter {leader.filter} of {candidate.name} {candidate.numbers[leader.network]}"
                found[own] = Motif(own, f"filter {leader.filter}", pwm)
    return list(found.values())


def beside_match(found: Audit, number: int, database: Mapping[str, Motif]) -> Matched:
    """A filter and its best match, ready to be drawn in the columns that TomTom aligned."""
    pwm = trim_pwm(found.filters.pwms[number])
    hit = found.matches.rows[number].best
    if hit is None or hit.target_id not in database:
        return Matched(f"filter {number}", pwm)
    return Matched(f"filter {number}", pwm, hit.target_name, database[hit.target_id].pwm, hit.offset, hit.strand)


def letters(one: Matched, width: int, height: int = 62, column: float = 9.0) -> list[Markup]:
    """Logos of a filter and of its match, where it has one, over the same columns."""
    shown = [pwm for pwm in aligned_matrices(one, width=width) if pwm is not None]
    return [Markup(logo_svg(pwm, height=height, column_width=column, defs=False)) for pwm in shown]


def common_width(pairs: Sequence[Matched], least: int = _COLUMNS) -> int:
    """Columns that hold each of several filters with its match."""
    return max([least, *(aligned_matrices(one)[0].shape[1] for one in pairs)])


def card_groups(evidence: Evidence, database: Mapping[str, Motif]) -> list[dict[str, Any]]:
    """For each candidate, the filters that matter most as cards of the first screen."""
    groups = []
    for candidate in evidence.candidates:
        leaders = leading_filters(candidate, evidence.target)
        pairs = [beside_match(candidate.audits[one.network], one.filter, database) for one in leaders]
        width = common_width(pairs)
        cards = [_card(candidate, one, letters(pair, width)) for one, pair in zip(leaders, pairs, strict=True)]
        groups.append({"name": display_name(candidate.name), "cards": cards})
    return groups


def _card(candidate: Candidate, leader: Leader, logos: list[Markup]) -> dict[str, Any]:
    found = candidate.audits[leader.network]
    hit = found.matches.rows[leader.filter].best
    n = len(candidate.audits)
    number = candidate.numbers[leader.network]
    alike = f"of network {number}" if n > 1 else ""
    if leader.n_alike > 1:
        of = f" in {leader.n_networks} of {n} networks" if n > 1 else ""
        alike += f"{', ' if alike else ''}one of {leader.n_alike} that are alike{of}"
    few = int(found.filters.counts[leader.filter])
    return {
        "filter": leader.filter,
        "loss": "" if found.importance is None else _loss(leader, measure_label(found.importance.measure)),
        "logos": logos,
        "name": None if hit is None else hit.target_name or hit.target_id,
        "id": "" if hit is None else hit.target_id,
        "q": None if hit is None else f"{hit.q_value:.0e}",
        "also": "" if hit is None else _also(found, leader.filter),
        "alike": alike,
        "few": f"from {few} windows only" if few < FEW_WINDOWS else "",
    }


def _also(found: Audit, number: int) -> str:
    """What else a filter matches: a database has many motifs that are alike."""
    names = [hit.target_name or hit.target_id for hit in found.matches.hits[number]]
    others = list(dict.fromkeys(name for name in names[1:] if name != names[0]))[:N_ALSO]
    return f"also like {join_words(others)}" if others else ""


def _loss(leader: Leader, measure: str) -> str:
    """What the score loses without the filter, or without any one of those like it."""
    return f"{'up to ' if leader.n_alike > 1 else ''}{signed(-leader.loss)} {measure}"
