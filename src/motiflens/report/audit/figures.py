"""Figures of an audit's page: scores beside baselines, training curves, filters matched beside chance."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from motiflens.audits.candidate import Candidate
from motiflens.audits.differences import matched_share
from motiflens.audits.evidence import Evidence
from motiflens.audits.words import display_name, measure_label
from motiflens.basics.stats import Interval
from motiflens.basics.words import look
from motiflens.interpret.spike_in import TRUSTED
from motiflens.report.figures import figure_style, figure_svg

_GREY = "#6f6f6f"
_SHORT = {"gradient_times_input": "saliency", "integrated_gradients": "integrated gr."}
_OTHER_COLOURS = ("#009E73", "#CC79A7", "#56B4E9", "#8C6D1F")


def colours(names: Sequence[str]) -> dict[str, str]:
    """A colour for each candidate; those of the study for activations."""
    others = iter(_OTHER_COLOURS * len(names))
    return {name: look(name)[1] if look(name)[0] != name else next(others) for name in names}


def performance_figure(evidence: Evidence) -> Figure:
    """Test scores: small marks are single networks, large ones the mean with its 95 % interval; baselines in grey."""
    names = [*evidence.performance]
    measures = [*evidence.performance[names[0]]]
    colour_of = colours([candidate.name for candidate in evidence.candidates])
    with figure_style():
        figure = Figure(figsize=(6.4, 0.75 + 0.34 * len(names)), layout="constrained")
        for ax, measure in zip(figure.subplots(1, len(measures), sharey=True, squeeze=False)[0], measures, strict=True):
            for row, name in enumerate(reversed(names)):
                found = evidence.performance[name][measure]
                _draw_row(ax, row, found.interval, found.members, colour_of.get(name, _GREY))
            if measure == "aupr" and evidence.prevalence is not None:
                ax.axvline(evidence.prevalence, color=_GREY, linestyle=":", linewidth=0.8)
            if measure == "auroc":
                ax.axvline(0.5, color=_GREY, linestyle=":", linewidth=0.8)
            ax.set_title(f"Test {measure_label(measure)}", loc="left", fontweight="bold")
            _finish_rows(ax, [display_name(name) for name in reversed(names)])
    return figure


def spike_in_figure(evidence: Evidence) -> Figure | None:
    """AUROC and signal-to-noise at implanted motifs, by candidate and method; None where nothing could be judged."""
    judged = {name: found for name, found in evidence.spike_ins.items() if found.judged.any()}
    rows = [(name, method) for name, found in judged.items() for method in found.methods][::-1]
    if not rows:
        return None
    colour_of = colours([candidate.name for candidate in evidence.candidates])
    with figure_style():
        figure = Figure(figsize=(6.8, 0.75 + 0.34 * len(rows)), layout="constrained")
        for ax, score in zip(figure.subplots(1, 2, sharey=True), ("auroc", "snr"), strict=True):
            for row, (name, method) in enumerate(rows):
                found = judged[name]
                _draw_row(ax, row, found.interval(method, score), found.member_means(method, score), colour_of[name])
            ax.set_title({"auroc": "AUROC", "snr": "Signal-to-noise"}[score], loc="left", fontweight="bold")
            _finish_rows(ax, [f"{display_name(name)}, {_SHORT.get(method, method)}" for name, method in rows])
            if score == "auroc":
                for value in (0.5, TRUSTED):
                    ax.axvline(value, color=_GREY, linestyle=":", linewidth=0.8)
    return figure


def stability_figure(evidence: Evidence) -> Figure | None:
    """Correlation of maps between networks, by candidate and method; None without two networks of one candidate."""
    rows = [
        (name, method)
        for name, found in evidence.stability.items()
        if len(found.between_methods) > 1
        for method in found.methods
    ][::-1]
    if not rows:
        return None
    colour_of = colours([candidate.name for candidate in evidence.candidates])
    with figure_style():
        figure = Figure(figsize=(6.8, 0.75 + 0.34 * len(rows)), layout="constrained")
        ax = figure.subplots()
        for row, (name, method) in enumerate(rows):
            found = evidence.stability[name]
            of_pairs = found.pearson[found.methods.index(method)]
            pairs = np.array([np.nanmean(of_pairs[i, j]) for i, j in combinations(range(len(of_pairs)), 2)])
            _draw_row(ax, row, found.between_members(method), pairs, colour_of[name])
        ax.set_title("Correlation of the maps of two networks; small marks: pairs", loc="left", fontweight="bold")
        _finish_rows(ax, [f"{display_name(name)}, {_SHORT.get(method, method)}" for name, method in rows])
    return figure


def _draw_row(ax: Axes, row: int, interval: Interval, members: np.ndarray, colour: str) -> None:
    """Mean with its interval, and above it the single values."""
    ax.plot([interval.low, interval.high], [row, row], color=colour, linewidth=2, solid_capstyle="round")
    ax.plot(interval.estimate, row, "D", color=colour, markersize=6)
    if len(members) > 1:
        ax.plot(
            members, np.full(len(members), row + 0.26), "o", color=colour, markersize=3, alpha=0.7, markeredgewidth=0
        )


def _finish_rows(ax: Axes, names: Sequence[str]) -> None:
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(-0.6, len(names) - 0.4)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x", color="#e6e6e6", linewidth=0.6)
    ax.set_axisbelow(True)


def training_figure(candidates: Sequence[Candidate], metric: str) -> Figure | None:
    """Loss on training (thin) and validation sequences, and the validation metric, epoch by epoch; None without any."""
    shown = [candidate for candidate in candidates if any(member.history["valid_loss"] for member in candidate.members)]
    if not shown:
        return None
    colour_of = colours([candidate.name for candidate in candidates])
    with figure_style():
        figure = Figure(figsize=(6.4, 0.4 + 1.7 * len(shown)), layout="constrained")
        axes = figure.subplots(len(shown), 2, sharex=True, sharey="col", squeeze=False)
        for (loss, score), candidate in zip(axes, shown, strict=True):
            colour = colour_of[candidate.name]
            for member in candidate.members:
                epochs = np.arange(1, len(member.history["valid_loss"]) + 1)
                loss.plot(epochs, member.history["train_loss"], color=_GREY, linewidth=0.5, alpha=0.8)
                loss.plot(epochs, member.history["valid_loss"], color=colour, linewidth=0.9, alpha=0.8)
                score.plot(epochs, member.history["valid_metric"], color=colour, linewidth=0.9, alpha=0.8)
                if 1 <= member.best_epoch <= len(epochs):
                    best = member.history["valid_metric"][member.best_epoch - 1]
                    score.plot(member.best_epoch, best, "o", color=colour, markersize=3.5)
            loss.set_ylabel(display_name(candidate.name), fontweight="bold")
        axes[0][0].set_title("Loss: validation in colour, training in grey", loc="left", fontweight="bold")
        axes[0][1].set_title(f"Validation {metric}; dots: weights kept", loc="left", fontweight="bold")
        for ax in axes[-1]:
            ax.set_xlabel("epoch")
    return figure


def matches_figure(evidence: Evidence) -> Figure | None:
    """Share of filters that match the database, beside shares that match decoys of it; None without decoys."""
    shown = [c for c in evidence.candidates if all(found.chance is not None for found in c.audits)]
    if not shown:
        return None
    colour_of = colours([candidate.name for candidate in evidence.candidates])
    rows = [(candidate, i) for candidate in shown for i in range(len(candidate.audits))][::-1]
    with figure_style():
        figure = Figure(figsize=(6.4, 0.7 + 0.17 * len(rows)), layout="constrained")
        ax = figure.subplots()
        for row, (candidate, i) in enumerate(rows):
            found = candidate.audits[i]
            if found.chance is None:
                continue
            shares = found.chance.decoy_shares
            ax.plot(shares, np.full(len(shares), row), "|", color=_GREY, markersize=6, alpha=0.6)
            ax.plot(matched_share(found), row, "D", color=colour_of[candidate.name], markersize=5)
        _finish_rows(ax, [f"{display_name(c.name)} {c.numbers[i]}" for c, i in rows])
        ax.set_xlim(-0.02, 1.02)
        ax.set_xlabel("share of filters with a match")
        ax.set_title("Known motifs (colour) and shuffled motifs (grey)", loc="left", fontweight="bold")
    return figure


def inline(figure: Figure | None, prefix: str) -> Markup | None:
    """A figure as an element of the page."""
    return None if figure is None else Markup(figure_svg(figure, prefix))
