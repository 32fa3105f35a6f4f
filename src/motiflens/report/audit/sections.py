"""What the page of an audit shows, as plain values for its template: one function per section."""

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
from markupsafe import Markup

from motiflens.audits.candidate import Candidate
from motiflens.audits.differences import comparison_sentences, differences, matched_share
from motiflens.audits.evidence import Evidence
from motiflens.audits.examples import Example
from motiflens.audits.network import Audit
from motiflens.audits.verdicts import CANNOT_BE_SAID, IN_PART, NO, YES, Verdict, verdicts
from motiflens.audits.words import METHOD_LABELS, display_name, measure_label, method_label
from motiflens.basics.plots import logo_svg, score_bars_svg, score_logo_svg
from motiflens.motifs.sets import trim_pwm

_LOOKS = {YES: "good", IN_PART: "caution", NO: "bad", CANNOT_BE_SAID: "unknown"}
_WINDOW = 90  # bases of an example that are shown as letters


def verdict_groups(evidence: Evidence) -> list[dict[str, Any]]:
    """Verdicts by question."""
    return [
        {
            "question": question,
            "rule": rule,
            "answers": [
                {
                    "name": display_name(v.candidate),
                    "level": _LOOKS[v.level],
                    "word": v.level.capitalize(),
                    "answer": v.answer,
                    "would_help": v.would_help,
                }
                for v in own
            ],
        }
        for (question, rule), own in groupby(verdicts(evidence), key=_question)
    ]


def _question(verdict: Verdict) -> tuple[str, str]:
    return verdict.question, verdict.rule


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
        for split, n in evidence.data.n_by_split.items():
            if label.positives is not None and label.negatives is not None:
                counts[split] = f"{label.positives[split]:,} / {label.negatives[split]:,}"
            else:
                counts[split] = f"{n:,}"
        gc = None
        if label.gc_positives is not None and label.gc_negatives is not None:
            gc = f"{label.gc_positives:.1%} / {label.gc_negatives:.1%}"
        rows.append({"name": label.name, "kind": label.kind, "counts": counts, "gc": gc})
    return rows


def performance_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """One row per predictor and, where there are several labels, per label."""
    tables = {"all labels" if evidence.by_label else "": evidence.performance, **evidence.by_label}
    return [
        {
            "label": label,
            "name": display_name(name),
            "n": len(next(iter(measures.values())).members),
            "values": {measure_label(measure): found.interval for measure, found in measures.items()},
        }
        for label, table in tables.items()
        for name, measures in table.items()
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
                    "matched": matched_share(found),
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


def filter_tables(evidence: Evidence) -> list[dict[str, Any]]:
    """Filters of each candidate's best network."""
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
                "rows": _filter_rows(found, evidence.target),
            }
        )
    return tables


def _filter_rows(found: Audit, target: int) -> list[dict[str, Any]]:
    """The most important first, where importance is known; else the best match first."""
    importance, chance = found.importance, found.chance
    quality, filters = found.quality, found.filters
    flags = {"dead": filters.dead, "low information": quality.low_information, "redundant": quality.redundant}
    rows = []
    for i, match in enumerate(found.matches.rows):
        names = list(dict.fromkeys(hit.target_name for hit in found.matches.hits[i]))
        rows.append(
            {
                "filter": i,
                "logo": None if filters.dead[i] else Markup(logo_svg(trim_pwm(filters.pwms[i]), height=40, defs=False)),
                "match": None if match.best is None else match.best.target_name,
                "id": None if match.best is None else match.best.target_id,
                "also": names[1:5],
                "n_more": max(len(names) - 5, 0),
                "q": math.nan if match.best is None else match.best.q_value,
                "factor": match.factor,
                "drop": math.nan if importance is None else float(importance.performance_drop[i, target]),
                "positives": math.nan if importance is None else float(importance.on_positives[i, target]),
                "negatives": math.nan if importance is None else float(importance.on_negatives[i, target]),
                "chance": math.nan if chance is None else float(chance.per_filter[i]),
                "information": float(quality.information[i]),
                "n_windows": int(filters.counts[i]),
                "flags": [name for name, flagged in flags.items() if flagged[i]],
            }
        )
    return sorted(rows, key=lambda row: (_last_if_nan(-row["drop"]), _last_if_nan(row["q"]), row["filter"]))


def _last_if_nan(value: float) -> float:
    return math.inf if math.isnan(value) else value


def example_sections(evidence: Evidence) -> list[dict[str, Any]]:
    """Each example with the maps of every candidate by every method, cut to the stretch that they point at."""
    return [_example_section(example) for example in evidence.examples]


def _example_section(example: Example) -> dict[str, Any]:
    start = _window_start(example)
    end = min(start + _WINDOW, len(example.codes))
    maps = []
    for name, by_method in example.scores.items():
        for method, scores in by_method.items():
            words = f"{method_label(method)}, {display_name(name)}, {example.name}"
            scale = float(np.abs(scores).max(initial=0))
            maps.append(
                {
                    "method": method,
                    "label": method_label(method),
                    "name": display_name(name),
                    "peak": round((int(np.abs(scores[start:end]).argmax()) + 0.5) / (end - start), 3),
                    "bars": Markup(score_bars_svg(scores, label=f"{words}: whole sequence", marked=(start, end))),
                    "logo": Markup(
                        score_logo_svg(
                            example.codes[start:end],
                            scores[start:end],
                            label=f"{words}: positions {start + 1} to {end}",
                            scale=scale,
                        )
                    ),
                }
            )
    return {
        "name": example.name,
        "why": example.why,
        "start": start + 1,
        "end": end,
        "length": len(example.codes),
        "maps": maps,
    }


def _window_start(example: Example) -> int:
    """Where the stretch begins in which all maps together have the most."""
    shares = [
        np.abs(scores) / max(float(np.abs(scores).sum()), 1e-12)
        for by_method in example.scores.values()
        for scores in by_method.values()
    ]
    length = len(example.codes)
    if not shares or length <= _WINDOW:
        return 0
    sums = np.convolve(np.sum(shares, axis=0), np.ones(_WINDOW), mode="valid")
    return int(sums.argmax())


def methods_of(evidence: Evidence) -> list[tuple[str, str]]:
    """Methods that at least one map was made by: name and label."""
    made = {m for example in evidence.examples for by_method in example.scores.values() for m in by_method}
    return [(method, label) for method, label in METHOD_LABELS.items() if method in made]


def network_facts(candidates: Sequence[Candidate]) -> list[tuple[str, str]]:
    """What was audited, for the provenance."""
    facts = []
    for candidate in candidates:
        network = candidate.audits[0].network
        steps = " > ".join([network.first_layer, *network.steps])
        returns = network.output + ("" if network.target is None else f", output {network.target}")
        text = (
            f"{network.kind}, {network.n_parameters:,} parameters, input {network.layout}, returns {returns}; "
            f"{network.n_filters} filters of {network.width} bp ({steps})"
        )
        facts.append((display_name(candidate.name), f"{len(candidate.audits)} × {text}"))
    return facts
