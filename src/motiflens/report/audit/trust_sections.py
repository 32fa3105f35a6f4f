"""Sections of an audit's page on whether attributions can be trusted where the truth is not known."""

import math
from typing import Any

import numpy as np

from motiflens.audits.evidence import Evidence
from motiflens.audits.words import display_name, method_label
from motiflens.basics.stats import Interval
from motiflens.interpret.spike_in import TRUSTED
from motiflens.report.audit.kept_figures import spike_in_picture, stability_picture


def spike_in_section(evidence: Evidence) -> dict[str, Any] | None:
    """Attributions at motifs put into negatives; None where that was not done."""
    judged = {name: found for name, found in evidence.spike_ins.items() if found.judged.any()}
    if not evidence.spike_ins:
        return None
    first = next(iter(evidence.spike_ins.values()))
    silent = [display_name(name) for name in evidence.spike_ins if name not in judged]
    is_binary = evidence.prevalence is not None
    low = "negative test sequences" if is_binary else "the quarter of the test sequences with the lowest values"
    high = "positives" if is_binary else "sequences with large values"
    paragraphs = [
        f"Known motifs are put into {low}. On half of these it is measured which motifs raise the "
        f"output; on the other half ({len(first.measured_on)} sequences) the attribution maps are scored at the sites "
        f"of those motifs against the rest of the sequence. A motif that {high} have in certain places, such as the "
        "middle, is put there, one in a sequence; any other anywhere, three in a sequence. Small marks are single "
        "networks, large ones their mean with its 95 % interval over sequences. The verdict asks for an AUROC of "
        f"{TRUSTED:g}. The signal-to-noise ratio is the mean score at the sites over that of the 20 highest "
        "positions elsewhere.",
        *(f"{name} responds to none of the motifs: its maps cannot be judged." for name in silent),
    ]
    rows = []
    motifs = []
    for name, found in judged.items():
        for method in found.methods:
            cells = [_interval_text(found.interval(method, score)) for score in ("auroc", "aupr", "snr")]
            rows.append([display_name(name), method_label(method), *cells])
        for i, motif in enumerate(found.motifs):
            n_used = int(found.responses.used[:, i].sum())
            if n_used:
                change = f"{found.responses.change[:, i].mean():+.2f}"
                where = f"as {high} have it" if found.at_places[i] else "anywhere"
                n = f"{n_used} of {len(found.sites)}"
                motifs.append([display_name(name), motif.name, motif.id, where, change, n])
    columns = ["Networks", "Method", "AUROC", "AUPR", "Signal-to-noise"]
    change = f"Change of the {'logit' if is_binary else 'value'}"
    used = ["Networks", "Motif", "Id", "Where", change, "Networks that respond"]
    return {
        "id": "spike-in",
        "short": "Spike-in",
        "title": "Spike-in: do attributions find motifs where they are known to be?",
        "paragraphs": paragraphs,
        "figure": spike_in_picture(evidence),
        "alt": "AUROC and signal-to-noise of attribution maps at implanted motifs, the numbers of the table below",
        "tables": [
            {"title": "Scores at implanted motifs", "n_text": 2, "columns": columns, "rows": rows},
            {"title": "Motifs put in", "n_text": 4, "columns": used, "rows": motifs},
        ]
        if rows
        else [],
    }


def stability_section(evidence: Evidence) -> dict[str, Any] | None:
    """Agreement of networks and of methods; None where it was not measured."""
    if not evidence.stability:
        return None
    rows, shared = [], []
    for name, found in evidence.stability.items():
        for i, method in enumerate(found.methods):
            others = np.delete(found.method_matrix[i], i)
            cells = [_interval_text(found.between_members(method, ranks=ranks)) for ranks in (False, True)]
            rows.append(
                [display_name(name), method_label(method), *cells, f"{others.mean():.3f}" if len(others) else "–"]
            )
        if found.filters is not None:
            low, high = found.filters.chance_interval
            chance = f"{found.filters.expected:.0%} ({low:.0%} to {high:.0%})"
            shared.append([display_name(name), f"{found.filters.observed:.0%}", chance])
    columns = ["Networks", "Method", "Correlation between networks", "Rank correlation", "With the other method"]
    filters = ["Networks", "Filters with their like in another network", "By chance"]
    tables = [{"title": "Agreement of maps", "n_text": 2, "columns": columns, "rows": rows}]
    if shared:
        tables.append({"title": "Agreement of filters", "n_text": 1, "columns": filters, "rows": shared})
    n = len(next(iter(evidence.stability.values())).rows)
    explained = "positive test sequences" if evidence.prevalence is not None else "test sequences with large values"
    return {
        "id": "stability",
        "short": "Stability",
        "title": "Stability: do networks and methods agree?",
        "paragraphs": [
            "Correlation, over positions, of the maps that two networks of one configuration give of a sequence; "
            f"means over pairs and {n} {explained}, 95 % intervals over sequences. The rank correlation weighs "
            "the many positions that hardly matter as much as the few that do. The last column is the rank correlation "
            "of two methods on one network. Maps that agree may still be wrong; of maps that disagree at most one is "
            "right."
        ],
        "figure": stability_picture(evidence),
        "alt": "Correlation of attribution maps between networks, the numbers of the table below",
        "tables": tables,
    }


def _interval_text(interval: Interval) -> str:
    if math.isnan(interval.estimate):
        return "–"
    if math.isnan(interval.low):
        return f"{interval.estimate:.3f}"
    return f"{interval.estimate:.3f} ({interval.low:.3f} to {interval.high:.3f})"
