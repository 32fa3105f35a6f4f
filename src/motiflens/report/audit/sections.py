"""What the page of an audit shows, as plain values for its template: one function per section."""

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from motiflens.audits.candidate import Candidate
from motiflens.audits.differences import comparison_sentences, differences, matched_share
from motiflens.audits.evidence import Evidence
from motiflens.audits.network import Audit
from motiflens.audits.verdicts import CANNOT_BE_SAID, FEW_WINDOWS, IN_PART, NO, YES, Accuracy, Verdict, verdicts
from motiflens.audits.words import display_name, measure_label
from motiflens.basics.words import join_words
from motiflens.motifs.sets import Motif
from motiflens.report.audit.leading_filters import beside_match, common_width, letters

_KINDS = {"binary": "0 or 1", "real": "real values", "constant": "the same in all", "missing": "missing in all"}
_LOOKS = {YES: "yes", IN_PART: "part", NO: "no", CANNOT_BE_SAID: "open"}


def verdict_groups(evidence: Evidence) -> list[dict[str, Any]]:
    """Verdicts by question."""
    groups = []
    for (question, rule), own in groupby(verdicts(evidence), key=lambda verdict: (verdict.question, verdict.rule)):
        answers = list(own)
        groups.append(
            {
                "question": question,
                "rule": rule,
                "answers": _shared([_answer(verdict) for verdict in answers]),
                "accuracy": _accuracy(answers[0].accuracy),
            }
        )
    return groups


def _shared(answers: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is the same for several candidates stands once, as the data are."""
    found: list[dict[str, Any]] = []
    names: list[list[str]] = []
    for answer in answers:
        same = next((i for i, other in enumerate(found) if {**other, "name": answer["name"]} == answer), None)
        if same is None:
            found.append(answer)
            names.append([answer["name"]])
        else:
            names[same].append(answer["name"])
    return [{**answer, "name": join_words(own)} for answer, own in zip(found, names, strict=True)]


def _answer(verdict: Verdict) -> dict[str, Any]:
    return {
        "name": display_name(verdict.candidate),
        "level": _LOOKS[verdict.level],
        "word": verdict.level.capitalize(),
        "short": verdict.answer,
        "would_help": verdict.would_help,
        "numbers": [(name, _plain(value)) for name, value in verdict.numbers.items() if value not in (None, [], {})],
    }


def _plain(value: Any) -> str:
    """A value behind a verdict as text: of a list and of named values, each in turn."""
    if isinstance(value, Mapping) and {"motif", "cost", "filters", "networks"} <= value.keys():  # a family of filters
        filters, networks = len(value["filters"]), len(value["networks"])
        matter = f"{filters} filters that matter" if filters > 1 else "1 filter that matters"
        return f"{value['motif']}: costs {value['cost']:.3f}, {matter}, in {networks} network{'s' * (networks > 1)}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(one)}" for name, one in value.items() if one not in (None, [], {}))
    if isinstance(value, Sequence) and not isinstance(value, str):
        parts = [_plain(one) for one in value]
        return ("; " if any(", " in part for part in parts) else ", ").join(parts)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}".replace("-", "−") if isinstance(value, float) else str(value)


def _accuracy(found: Accuracy | None) -> str:
    """How often the verdict is right, in a sentence."""
    if found is None:
        return "How often this verdict is right was not measured yet."
    yes, no = found.sensitivity, found.specificity
    return (
        f"Measured on networks whose answer is known: right in {found.n_right_with} of {found.n_with} where it is yes "
        f"({yes.estimate:.0%}, 95% CI {yes.low:.0%} to {yes.high:.0%}) and in {found.n_right_without} of "
        f"{found.n_without} where it is no ({no.estimate:.0%}, 95% CI {no.low:.0%} to {no.high:.0%})."
    )


def comparisons(evidence: Evidence) -> list[dict[str, Any]]:
    """Every further candidate beside the first."""
    first, *others = evidence.candidates
    found = []
    for other in others:
        rows = differences(evidence, first, other)
        names = display_name(first.name), display_name(other.name)
        found.append(
            {"first": names[0], "second": names[1], "rows": rows, "sentences": [*comparison_sentences(rows, *names)]}
        )
    return found


def data_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """One row per label."""
    rows = []
    for label in evidence.data.labels:
        counts = {}
        for split in evidence.data.n_by_split:
            if label.positives is not None and label.negatives is not None:
                counts[split] = f"{label.positives[split]:,} / {label.negatives[split]:,}"
            else:
                counts[split] = f"{(label.n_by_split or evidence.data.n_by_split)[split]:,}"
        gc = None
        if label.gc_positives is not None and label.gc_negatives is not None:
            gc = f"{label.gc_positives:.1%} / {label.gc_negatives:.1%}"
        what = {"name": label.name, "kind": _KINDS[label.kind], "missing": label.n_missing}
        rows.append({**what, "counts": counts, "gc": gc})
    return rows


def performance_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """One row per predictor, over all labels together."""
    return [
        {
            "name": display_name(name),
            "n": len(next(iter(measures.values())).members),
            "values": {measure_label(measure): found.interval for measure, found in measures.items()},
        }
        for name, measures in evidence.performance.items()
    ]


def network_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """One row per network."""
    rows = []
    for candidate in evidence.candidates:
        epochs = {member.index: member for member in candidate.members}
        for i, (number, found) in enumerate(zip(candidate.numbers, candidate.audits, strict=True)):
            member = epochs.get(number)
            rows.append(
                {
                    "name": display_name(candidate.name),
                    "number": number,
                    "shown": i == candidate.best,
                    "epochs": "" if member is None else f"{member.best_epoch} of {member.n_epochs}",
                    "metrics": found.metrics,
                    "matched": matched_share(found) if found.matches.rows else None,
                    "chance": None if found.chance is None else found.chance.expected,
                    "dead": int(found.filters.dead.sum()),
                    "low": int(found.quality.low_information.sum()),
                    "redundant": int(found.quality.redundant.sum()),
                }
            )
    return rows


def failed(evidence: Evidence) -> list[str]:
    """Networks whose training failed, and why."""
    return [
        f"{display_name(candidate.name)} {member.index}: {member.reason}"
        for candidate in evidence.candidates
        for member in candidate.members
        if member.network is None
    ]


def filter_tables(evidence: Evidence, database: Mapping[str, Motif]) -> list[dict[str, Any]]:
    """Filters of each candidate's best network, beside the motifs of the database that they match."""
    tables = []
    for place, candidate in enumerate(evidence.candidates):
        found = candidate.audits[candidate.best]
        tables.append(
            {
                "id": f"filters-{place}",
                "name": display_name(candidate.name),
                "number": candidate.numbers[candidate.best],
                "several": len(candidate.audits) > 1,
                "measure": None if found.importance is None else measure_label(found.importance.measure),
                "rows": _filter_rows(found, evidence.target, database),
            }
        )
    return tables


def _filter_rows(found: Audit, target: int, database: Mapping[str, Motif]) -> list[dict[str, Any]]:
    """The most important first, where importance is known; else the best match first."""
    importance, chance = found.importance, found.chance
    quality, filters = found.quality, found.filters
    flags = {
        "dead": filters.dead,
        "low information": quality.low_information,
        "redundant": quality.redundant,
        f"fewer than {FEW_WINDOWS} windows": (filters.counts < FEW_WINDOWS) & ~filters.dead,
    }
    pairs = [beside_match(found, i, database) for i in range(len(filters.counts))]
    width = common_width(pairs)
    rows = []
    for i, match in enumerate(found.matches.rows):
        names = list(dict.fromkeys(hit.target_name for hit in found.matches.hits[i]))
        rows.append(
            {
                "filter": i,
                "logos": [] if filters.dead[i] else letters(pairs[i], width, height=34, column=5.0),
                "match": None if match.best is None else match.best.target_name,
                "id": None if match.best is None else match.best.target_id,
                "also": names[1:5],
                "n_more": max(len(names) - 5, 0),
                "q": math.nan if match.best is None else match.best.q_value,
                "factor": match.factor,
                "drop": math.nan if importance is None else float(importance.performance_drop[i, target]),
                "positives": math.nan if importance is None else float(importance.on_positives[i, target]),
                "negatives": math.nan if importance is None else float(importance.on_negatives[i, target]),
                "size": math.nan if importance is None else float(importance.size[i, target]),
                "chance": math.nan if chance is None else float(chance.per_filter[i]),
                "information": float(quality.information[i]),
                "n_windows": int(filters.counts[i]),
                "flags": [name for name, flagged in flags.items() if flagged[i]],
            }
        )
    return sorted(rows, key=lambda row: (_last_if_nan(-row["drop"]), _last_if_nan(row["q"]), row["filter"]))


def _last_if_nan(value: float) -> float:
    return math.inf if math.isnan(value) else value


def network_facts(candidates: Sequence[Candidate], *, is_binary: bool) -> list[tuple[str, str]]:
    """What was audited, for the provenance."""
    facts = []
    for candidate in candidates:
        network = candidate.audits[0].network
        steps = " > ".join([network.first_layer, *network.steps])
        returns = network.output if is_binary else "values"
        returns += "" if network.target is None else f", output {network.target}"
        text = (
            f"{network.kind}, {network.n_parameters:,} parameters, input {network.layout}, returns {returns}; "
            f"{network.n_filters} filters of {network.width} bp ({steps})"
        )
        facts.append((display_name(candidate.name), f"{len(candidate.audits)} × {text}"))
    return facts
