"""Tables and the page of the interactions benchmark, from stored records alone."""

import math
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from motiflens.basics.errors import InputError
from motiflens.basics.files import write_tsv
from motiflens.basics.store import Record
from motiflens.basics.tables import by_fields
from motiflens.interpret.interactions import INTERACTION_METHODS
from motiflens.report.figures import NARROW, figure_for_screens, figure_style
from motiflens.report.html import write_page
from motiflens.study.benchmark import (
    FIRST_FIGURE_SEED,
    NOMINAL,
    FactorEffect,
    FirstLayerCounts,
    MethodSummary,
    calibrate,
    count_by_first_layer,
    factor_effects,
    figure_records,
    over_draws,
    score_tables,
    sign_summaries,
    summarise,
    trainings_of,
)

_TITLE = "Motif interactions: what attention is worth"
_ATTENTION = "attention"  # the published way of reading it


@by_fields
class InteractionOutputs(NamedTuple):
    """Files written for a benchmark."""

    report: Path
    tables: list[Path]


def write_interaction_outputs(
    records: Iterable[Record], folder: str | Path, *, command: str | None = None
) -> InteractionOutputs:
    """Write interactions.html and tables/interactions-*.tsv into a folder.

    Tables: conditions (one row per condition and method), methods (over conditions), factors (what each design factor
    changes, with intervals), filters (whether pairs show in networks whose filters look like both motifs), draws
    (conditions run on several draws of the data), calibration (on data without interactions), signs (recall and false
    calls of effects above and below 0).

    Parameters
    ----------
    records : iterable of record
        Of the benchmark. Draws of data that settings were chosen by, and networks that failed, are left out.
    folder : path
    command : str, optional
        Command line that runs the benchmark again, to be shown.

    Raises
    ------
    ValueError
        If no record is left to report.
    """
    given = list(records)
    used = figure_records(given)
    if not used:
        raise InputError(
            f"expected records of trained networks on data seeds of {FIRST_FIGURE_SEED} or more, got "
            f"{len(given)} others: lower seeds are used to choose the settings of methods"
        )
    scores = score_tables(used)
    methods, factors, draws = summarise(scores), factor_effects(scores), over_draws(scores)
    filters, calibration, signs = count_by_first_layer(used), calibrate(used), sign_summaries(used)
    tables: dict[str, Sequence[tuple[Any, ...]]] = {
        "conditions": scores, "methods": methods, "factors": factors, "filters": filters, "draws": draws,
        "calibration": calibration, "signs": signs,
    }  # fmt: skip
    folder = Path(folder)
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    paths = [write_tsv(rows, folder / "tables" / f"interactions-{name}.tsv") for name, rows in tables.items() if rows]
    page = write_page(
        folder / "interactions.html",
        "interactions.html.j2",
        title=_TITLE,
        findings=benchmark_sentences(factors, methods, filters),
        methods=methods,
        factors=factors,
        filters=filters,
        draws=draws,
        calibration=calibration,
        signs=signs,
        scores=scores,
        figure=figure_for_screens(partial(recovery_figure, methods), "recovery") if methods else None,
        n_left_out=len(given) - len(used),
        n_networks=sum(len(record["networks"]) for record in used),
        n_conditions=len(used),
        hours=sum(record["timings"]["fit_s"] for record in used) / 3600,
        versions=", ".join(f"{name} {version}" for name, version in used[0]["versions"].items()),
        settings=", ".join(f"{name} {value}" for name, value in used[0]["config"]["interactions"].items()),
        command=command,
    )
    return InteractionOutputs(page, paths)


_QUESTIONS = {
    "activation": "Does an exponential first layer make attention maps readable?",
    "positional encoding": "Does a positional encoding matter?",
    "entropy penalty": "Does a penalty on the entropy of attention help?",
    "training": "Does other training help?",
}


def benchmark_sentences(
    factors: Sequence[FactorEffect], methods: Sequence[MethodSummary], filters: Sequence[FirstLayerCounts] = ()
) -> list[str]:
    """The questions of the benchmark answered in sentences, and which method recovers most.

    On level 2 if it is there, and for each way of training by which conditions differ in a factor of the design.
    """
    level = 2 if any(row.level == 2 for row in methods) else min((row.level for row in methods), default=0)
    present = [row for row in methods if row.level == level and row.has_attention]
    own = [row for row in factors if row.level == level and row.networks == "attention"]
    trainings = trainings_of(row for row in own if row.training != "both") or trainings_of(present)
    sentences = []
    for training in trainings:
        alike = [row for row in present if row.training == training]
        best = _best(alike)
        place = f"Level {level}, {training}"
        sentences += _answers([row for row in own if row.training == training], alike, place)
        caution = INTERACTION_METHODS[best.method].caution
        sentences.append(
            f"Which method recovers most? {place}: {best.method}, with a recall of {best.recall:.2f} at an observed "
            f"FDR of {best.fdr:.2f} (q ≤ {NOMINAL}, {best.n_conditions} condition{_s(best.n_conditions)})."
            + (f" But {caution}." if caution else "")
        )
    for other in dict.fromkeys(row.other for row in own if row.training == "both"):
        trained_so = [row for row in own if row.training == "both" and row.other == other]
        sentences += _answers(trained_so, [row for row in present if row.training == other], f"Level {level}")
    clauses = [
        clause
        for method in dict.fromkeys((_best(present).method, _ATTENTION) if present else ())
        if (clause := _shown([row for row in filters if (row.level, row.method) == (level, method)]))
    ]
    if clauses:
        sentences.append(
            f"Do networks show the pairs whose motifs the first layer has learned? Level {level}, networks with "
            f"attention, pairs of each network by itself: {'; '.join(clauses)} (p ≤ 0.05)."
        )
    return sentences


def _shown(filters: Sequence[FirstLayerCounts]) -> str:
    """In words, over all networks with attention; "" where there is none."""
    counts = [row for row in filters if row.has_attention]
    n_learned, shown = sum(row.n_learned for row in counts), sum(row.shown_learned for row in counts)
    n_unlearned, shown_unlearned = sum(row.n_unlearned for row in counts), sum(row.shown_unlearned for row in counts)
    if not n_learned:
        return ""
    rest = f", and {shown_unlearned} of {n_unlearned} others" if n_unlearned else ""
    return f"{counts[0].method} {shown} of {n_learned} true pairs both of whose motifs have a filter{rest}"


def _answers(factors: Sequence[FactorEffect], methods: Sequence[MethodSummary], place: str) -> list[str]:
    """What each factor changes in raw attention, the best reading of attention, the networks and the best method."""
    best = _best(methods)
    readings = [row for row in methods if INTERACTION_METHODS[row.method].needs_attention]
    measures = {
        (_ATTENTION, "recall"): "recall of raw attention",
        (_ATTENTION, "aupr"): "area under precision-recall of raw attention",
    }
    if readings:
        reading = _best(readings).method
        measures.setdefault((reading, "recall"), f"recall of {reading}")
    measures[best.method, "test_auroc"] = "test AUROC of the networks"
    measures.setdefault((best.method, "recall"), f"recall of {best.method}")
    sentences = []
    for factor, question in _QUESTIONS.items():
        own = [row for row in factors if row.factor == factor]
        by_measure = [
            (name, [row for row in own if (row.method, row.measure) == key]) for key, name in measures.items()
        ]
        if clauses := [_clause(name, rows) for name, rows in by_measure if rows]:
            n = sorted({row.n_pairs for row in own})
            pairs = f"{n[0]} pair{_s(n[0])}" if len(n) == 1 else f"{n[0]} to {n[-1]} pairs"
            sentences.append(f"{question} {place}, {pairs} of conditions each: {'; '.join(clauses)}.")
    return sentences


def _best(methods: Sequence[MethodSummary]) -> MethodSummary:
    """The method with the largest recall among those whose observed FDR is not above the nominal, if any."""
    held = [row for row in methods if row.fdr <= row.nominal_fdr]
    return max(held or methods, key=lambda row: (row.recall, row.aupr))


def _clause(name: str, rows: Sequence[FactorEffect]) -> str:
    bases = [row.base_mean for row in rows]
    base = f"{min(bases):.2f}" if max(bases) - min(bases) < 0.005 else f"{min(bases):.2f} to {max(bases):.2f}"
    changes = [f"{_word(row, row.other)} {row.difference:+.2f}" for row in rows]
    judgements = [_judgement(row) for row in rows]
    if len(rows) > 1 and len(set(judgements)) == 1:  # said once for all
        changes[-1] += f" ({judgements[0]} each)"
    else:
        changes = [f"{change} ({judgement})" for change, judgement in zip(changes, judgements, strict=True)]
    return f"{name} {base} with {_word(rows[0], rows[0].base)}, {', '.join(changes)}"


def _judgement(row: FactorEffect) -> str:
    if math.isnan(row.low):
        return "a single pair" if row.n_pairs == 1 else "all pairs alike"
    if row.low <= 0 <= row.high:
        return "could be chance"
    return f"95 % interval {row.low:+.2f} to {row.high:+.2f}"


def _word(row: FactorEffect, value: str) -> str:
    return f"weight {value}" if row.factor == "entropy penalty" else value


def _s(n: int) -> str:
    return "" if n == 1 else "s"


def recovery_figure(methods: Sequence[MethodSummary], narrow: bool = False) -> Figure:
    """Area, recall and observed FDR of each method, one row per level and way of training.

    Open marks are networks without attention.
    """
    groups: dict[tuple[int, str], list[MethodSummary]] = {}
    for row in methods:
        groups.setdefault((row.level, row.training), []).append(row)
    names = list(dict.fromkeys(row.method for row in methods))[::-1]
    panels = (("aupr", "area under precision-recall"), ("recall", "recall at q ≤ 0.1"), ("fdr", "observed FDR"))
    with figure_style():
        height = (0.4 + 0.22 * len(names)) * len(groups)
        if narrow:
            figure = Figure(figsize=(NARROW, 0.7 + 3 * height), layout="constrained")
            grid = figure.subplots(3 * len(groups), 1, squeeze=False, sharey=True, sharex=True).reshape(-1, 3)
        else:
            figure = Figure(figsize=(8.5, 0.7 + height), layout="constrained")
            grid = figure.subplots(len(groups), 3, squeeze=False, sharey=True, sharex=True)
        for ((level, training), group), axes in zip(groups.items(), grid, strict=True):
            for (field, title), ax in zip(panels, axes, strict=True):
                for row in group:
                    if math.isnan(getattr(row, field)):
                        continue
                    look = {"color": "#0072B2"} if row.has_attention else {"facecolors": "none", "edgecolors": "#444"}
                    ax.scatter(getattr(row, field), names.index(row.method), s=22, clip_on=False, zorder=3, **look)
                if field == "fdr":
                    ax.axvline(NOMINAL, color="#444444", linewidth=0.6, linestyle=":")
                ax.set_title(title, loc="left")
                ax.set_xlim(-0.02, 1.02)
            axes[0].set_yticks(np.arange(len(names)), names)
            axes[0].set_ylim(-0.6, len(names) - 0.4)
            axes[0].set_ylabel(f"level {level}\n{training}")
    return figure
