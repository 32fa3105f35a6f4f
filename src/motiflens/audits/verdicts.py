"""What an audit comes to, in plain words: each verdict with the numbers behind it and the rule that made it."""

import math
from collections import Counter
from typing import NamedTuple

import numpy as np

from motiflens.audits.candidate import Candidate
from motiflens.audits.differences import matched_share, wasted_share
from motiflens.audits.evidence import GC_BASELINE, KMER_BASELINE, Evidence
from motiflens.audits.network import Audit
from motiflens.audits.words import mean_and_range, measure_label, method_label, percent, value_range
from motiflens.basics.tables import Table, Tabular, paragraphs
from motiflens.basics.words import with_interval
from motiflens.interpret.filters import LOW_INFORMATION
from motiflens.interpret.spike_in import TRUSTED

# Thresholds, all of them shown beside the verdicts.
MANY_MATCHED = 0.5  # of the filters
FEW_BY_CHANCE = 0.5  # of the matched share, that decoys may reach
CHANCE_P = 0.05
WASTED, MOSTLY_WASTED = 0.25, 0.75  # of the filters: dead, of low information or redundant
SAME_MAPS, OTHER_MAPS = 0.7, 0.5  # correlation: half and a quarter of the variance shared
LEVELS = {"good": "Yes", "caution": "In part", "bad": "No", "unknown": "Cannot be said", "fact": "Found"}


class Verdict(NamedTuple):
    """One answer about one candidate."""

    question: str
    rule: str
    candidate: str
    level: str  # a key of LEVELS
    answer: str


class Verdicts(Tabular, list[Verdict]):
    """Verdicts of an audit, question by question, to be looked at."""

    def _table(self) -> Table:
        columns = {
            "candidate": [verdict.candidate for verdict in self],
            "question": [verdict.question for verdict in self],
            "verdict": [LEVELS[verdict.level] for verdict in self],
            "answer": [verdict.answer for verdict in self],
            "rule": [verdict.rule for verdict in self],
        }
        names = dict.fromkeys(columns["candidate"])
        if len(names) < 2:
            del columns["candidate"]
        return Table(f"Verdicts on {', '.join(names) or 'nothing'}", columns)

    def __repr__(self) -> str:
        title = self._table().title
        several = title.count(",") > 0
        answers = [
            f"{f'{verdict.candidate}: ' if several else ''}{verdict.question} {LEVELS[verdict.level]}. {verdict.answer}"
            for verdict in self
        ]
        return paragraphs(title, answers)


def verdicts(evidence: Evidence) -> Verdicts:
    """Every question about every candidate, question by question."""
    asked = [_predicts, _learns_motifs, _main_motif, _spends_filters, _explains, _repeats]
    return Verdicts(answer(candidate, evidence) for answer in asked for candidate in evidence.candidates)


def _predicts(candidate: Candidate, evidence: Evidence) -> Verdict:
    measure = _main_measure(evidence)
    label = measure_label(measure)
    own = evidence.performance[candidate.name][measure]
    others = [name for name in (GC_BASELINE, KMER_BASELINE) if name in evidence.performance]
    spread = "" if len(own.members) == 1 else f", single networks {value_range(own.members)}"
    answer = f"Test {label} {with_interval(own.interval)}{spread}."
    level = "unknown"
    if others:
        best = max(others, key=lambda name: evidence.performance[name][measure].members[0])
        gain = own.minus(evidence.performance[best][measure])
        level = "good" if gain.low > 0 else "bad" if gain.high < 0 else "unknown"
        reached = ", ".join(f"{name} {evidence.performance[name][measure].members[0]:.3f}" for name in others)
        answer += f" Without a network: {reached}. Gain over {best}: {with_interval(gain, signed=True)}."
    return Verdict(
        "Does it predict more than composition does?",
        "Yes if the 95 % interval of the gain over the better baseline lies above 0, no if it lies below; it cannot be "
        "said where it holds 0.",
        candidate.name,
        level,
        answer,
    )


def _learns_motifs(candidate: Candidate, evidence: Evidence) -> Verdict:
    audits = candidate.audits
    matched = np.array([matched_share(found) for found in audits])
    q = audits[0].matches.q
    answer = f"{percent(matched)} of {len(audits[0].matches.rows)} filters match a known motif (q ≤ {q:g})"
    chances = [found.chance for found in audits if found.chance is not None]
    level = "unknown"
    if len(chances) == len(audits):
        expected = np.array([chance.expected for chance in chances])
        above = [chance.p_value <= CHANCE_P for chance in chances]
        level = "good" if matched.mean() >= MANY_MATCHED else "caution"
        if expected.mean() > FEW_BY_CHANCE * matched.mean():
            level = "caution"
        if sum(above) <= len(above) / 2:
            level = "bad"
        if min(len(chance.decoy_shares) for chance in chances) < 1 / CHANCE_P - 1:
            level = "unknown"  # p cannot be that small
        answer += (
            f"; shuffled motifs would be matched by {percent(expected)}. "
            f"More than by chance in {_of(sum(above), len(above))}."
        )
    else:
        answer += "; how many would by chance was not asked for."
    truth = [found.matches.tpr for found in audits if found.matches.tpr is not None]
    if truth:
        answer += f" Motifs of the truth: {percent(np.array(truth))} of the filters."
    return Verdict(
        "Did the first layer learn motifs?",
        f"No unless most networks match more than decoys do (p ≤ {CHANCE_P:g}); yes if at least {MANY_MATCHED:.0%} of "
        f"the filters match, and decoys at most {FEW_BY_CHANCE:.0%} as many. It takes 19 shuffled databases to tell.",
        candidate.name,
        level,
        answer,
    )


def _main_motif(candidate: Candidate, evidence: Evidence) -> Verdict:
    tops = [most_important(found, evidence.target) for found in candidate.audits]
    question, rule = "Which motif matters most?", "The filter whose loss costs the most, by ablation on test sequences."
    if any(top is None for top in tops):
        return Verdict(question, rule, candidate.name, "unknown", "Filters were not ablated.")
    filters = [top for top in tops if top is not None]
    names: Counter[str] = Counter()
    for found, number in zip(candidate.audits, filters, strict=True):
        names.update({hit.target_name for hit in found.matches.hits[number]})
    losses = np.array([_loss(found, i, evidence.target) for found, i in zip(candidate.audits, filters, strict=True)])
    importance = candidate.audits[0].importance
    measure = measure_label("auroc" if importance is None else importance.measure)
    cost = f"Without it {measure} falls by {value_range(losses)}."
    n = len(filters)
    if not names:
        which = "The most important filter matches no known motif" + (f" in any of {n} networks." if n > 1 else ".")
        return Verdict(question, rule, candidate.name, "unknown", f"{which} {cost}")
    best_hits = Counter(
        hits[0].target_name
        for found, i in zip(candidate.audits, filters, strict=True)
        if (hits := found.matches.hits[i])
    )
    shared, count = max(names.items(), key=lambda item: (item[1], best_hits[item[0]], item[0]))
    closest = ", ".join(f"{name} ({times}×)" if n > 1 else name for name, times in best_hits.most_common(4))
    answer = f"The most important filter matches {shared} in {_of(count, n)} (closest: {closest}). {cost}"
    return Verdict(question, rule, candidate.name, "fact", answer)


def _spends_filters(candidate: Candidate, evidence: Evidence) -> Verdict:
    counts = {
        "dead": np.array([found.filters.dead.mean() for found in candidate.audits]),
        f"below {LOW_INFORMATION:g} bits": np.array(
            [found.quality.low_information.mean() for found in candidate.audits]
        ),
        "repeating another": np.array([found.quality.redundant.mean() for found in candidate.audits]),
    }
    wasted = np.array([wasted_share(found) for found in candidate.audits])
    level = "good" if wasted.mean() <= WASTED else "caution" if wasted.mean() <= MOSTLY_WASTED else "bad"
    parts = ", ".join(f"{percent(share)} {name}" for name, share in counts.items())
    return Verdict(
        "Are the filters put to use?",
        f"Yes if at most {WASTED:.0%} are dead, of low information or repeat another on the same strand, no if more "
        f"than {MOSTLY_WASTED:.0%}.",
        candidate.name,
        level,
        f"{percent(wasted)} of the filters say nothing of their own: {parts}.",
    )


def _explains(candidate: Candidate, evidence: Evidence) -> Verdict:
    question = "Do its attribution maps find the motifs?"
    rule = (
        f"By AUROC of the maps at positions known to be motif: yes if it is {TRUSTED:g} or more, no if it is less, for "
        "every method (and all of its interval, or all networks). In the study’s tables saliency of ReLU networks with "
        "small pools reaches .66 to .73, of the others .76 to .87."
    )
    known = [found.saliency.interpretability.means() for found in candidate.audits if found.saliency is not None]
    if len(known) == len(candidate.audits):
        areas, ratios = (np.array([means[name] for means in known]) for name in ("auroc", "snr"))
        low, high = areas.min() >= TRUSTED, areas.max() >= TRUSTED
        level = "good" if low else "caution" if high else "bad"
        scores = f"AUROC {mean_and_range(areas)}, signal-to-noise {mean_and_range(ratios)}"
        answer = f"Saliency against the known truth: {scores}."
        return Verdict(question, rule, candidate.name, level, answer)
    spiked = evidence.spike_ins.get(candidate.name)
    if spiked is None or not spiked.judged.any():
        answer = "The truth is not known" + (
            ", and the networks respond to none of the implanted motifs."
            if spiked
            else ", and no motifs were implanted."
        )
        return Verdict(question, rule, candidate.name, "unknown", answer)
    words = {spiked.verdict(method) for method in spiked.methods}
    level = "good" if words == {"trusted"} else "bad" if words == {"not trusted"} else "caution"
    used = [motif.name for motif, n in zip(spiked.motifs, spiked.responses.used.sum(axis=0), strict=True) if n]
    parts = [
        f"{method_label(method)} {with_interval(spiked.interval(method))}, "
        f"signal-to-noise {spiked.interval(method, 'snr').estimate:.1f}"
        for method in spiked.methods
    ]
    answer = f"AUROC at sites of {', '.join(used)} put into negatives: {'; '.join(parts)}."
    return Verdict(question, rule, candidate.name, level, answer)


def _repeats(candidate: Candidate, evidence: Evidence) -> Verdict:
    question = "Would another initialisation say the same?"
    rule = (
        f"Yes if the maps of two networks correlate by {SAME_MAPS:g} or more on average (half of their variance) "
        f"and share more filter motifs than shuffled ones do; no below {OTHER_MAPS:g} (a quarter)."
    )
    found = evidence.stability.get(candidate.name)
    if found is None or len(candidate.audits) < 2:
        return Verdict(question, rule, candidate.name, "unknown", "It takes two networks of one configuration to tell.")
    method = found.methods[0]
    agreement = found.between_members(method)
    level = "good" if agreement.estimate >= SAME_MAPS else "caution" if agreement.estimate >= OTHER_MAPS else "bad"
    answer = f"{method_label(method)} maps of two networks correlate by {with_interval(agreement)}."
    filters = found.filters
    if filters is not None:
        if level == "good" and filters.observed <= filters.chance_interval[1]:
            level = "caution"
        low, high = filters.chance_interval
        answer += (
            f" Of a network’s filters {filters.observed:.0%} have their like in another network; by chance "
            f"{filters.expected:.0%} ({low:.0%} to {high:.0%})."
        )
    return Verdict(question, rule, candidate.name, level, answer)


def _main_measure(evidence: Evidence) -> str:
    """The measure that verdicts speak of: AUROC, or r for real-valued labels."""
    return next(iter(evidence.performance[evidence.candidates[0].name]))


def most_important(found: Audit, target: int) -> int | None:
    """The filter whose loss costs the label most; None without ablation."""
    if found.importance is None:
        return None
    drop = found.importance.performance_drop[:, target]
    return int(np.argmax(np.where(np.isnan(drop), found.importance.size[:, target] * 1e-9, drop)))


def _loss(found: Audit, number: int, target: int) -> float:
    return math.nan if found.importance is None else float(found.importance.performance_drop[number, target])


def _of(count: int, n: int) -> str:
    if n == 1:
        return "the network" if count else "no network"
    return f"{count} of {n} networks"
