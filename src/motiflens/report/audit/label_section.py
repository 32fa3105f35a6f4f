"""Labels one by one: those that are looked at closely, and the table of all."""

import csv
import io
import math
from typing import Any

from motiflens.audits.evidence import Evidence
from motiflens.audits.labels import N_LOWEST
from motiflens.audits.words import display_name, measure_label
from motiflens.report.audit.leading_filters import leading_filters


def label_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """Where there are several labels, each with its scores and the filter of the best network that matters most."""
    first = evidence.candidates[0]
    place = {label: t for t, label in enumerate(evidence.label_names)}
    rows = []
    for label, table in evidence.by_label.items():
        scores = {name: next(iter(measures.values())).interval for name, measures in table.items()}
        leaders = leading_filters(first, place[label], 1)
        hit = first.audits[leaders[0].network].matches.rows[leaders[0].filter].best if leaders else None
        rows.append(
            {
                "label": label,
                "scores": list(scores.values()),
                "motif": "–" if not leaders else f"filter {leaders[0].filter}" if hit is None else hit.target_name,
                "loss": leaders[0].loss if leaders else math.nan,
            }
        )
    return rows


def shown_labels(evidence: Evidence) -> str:
    """Which labels are shown, in a sentence; empty where all are."""
    n = len(evidence.label_names)
    if not has_more_labels(evidence):
        return ""
    name = evidence.candidates[0].name
    measure = measure_label(next(iter(evidence.performance[name])))
    label = evidence.label_names[evidence.target]
    return (
        f"Shown are {len(evidence.by_label)} of {n:,} labels: {label}, which is explained, and those with the "
        f"{N_LOWEST + 1} highest and the {N_LOWEST} lowest values of {measure} by {display_name(name)}. Being "
        "chosen by their scores, the highest look better and the lowest worse than they would in new data."
    )


def has_more_labels(evidence: Evidence) -> bool:
    """Whether there are labels that are not shown one by one."""
    return len(evidence.label_names) > max(len(evidence.by_label), 1)


def all_label_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """Every label with its positive test sequences (None for real values) and scores, where not all are shown."""
    if not has_more_labels(evidence):
        return []
    return [
        {
            "label": label,
            "positives": None if data.positives is None else data.positives["test"],
            "scores": [float(scores[t]) for scores in evidence.label_scores.values()],
            "shown": label in evidence.by_label,
        }
        for t, (label, data) in enumerate(zip(evidence.label_names, evidence.data.labels, strict=True))
    ]


def labels_table(evidence: Evidence) -> str:
    """The same as tab-separated text; empty cells are undefined."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    measure = next(iter(evidence.performance[evidence.candidates[0].name]))
    writer.writerow(["label", "test_positives", *(f"{name}:{measure}" for name in evidence.label_scores), "shown"])
    for row in all_label_rows(evidence):
        scores = ["" if math.isnan(value) else f"{value:.6g}" for value in row["scores"]]
        writer.writerow([row["label"], row["positives"], *scores, int(row["shown"])])
    return text.getvalue()
