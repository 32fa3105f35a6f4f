"""Figures of an audit's page: scores beside baselines, training curves, filters matched beside chance."""

from collections.abc import Sequence
from itertools import combinations
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from motiflens.audits.candidate import Candidate
from motiflens.audits.differences import matched_share
from motiflens.audits.evidence import Evidence
from motiflens.audits.words import display_name, measure_label
from motiflens.basics.plots import GREY, Estimate, finish_rows, plot_intervals, plot_training
from motiflens.basics.words import look
from motiflens.interpret.spike_in import TRUSTED
from motiflens.interpret.stability import Stability
from motiflens.report.figures import NARROW, figure_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WRAPPED = 20  # letters of a label in a line, on narrow screens
_SHORT = {"gradient_times_input": "saliency", "integrated_gradients": "integrated gr."}
_OTHER_COLOURS = ("#009E73", "#CC79A7", "#56B4E9", "#8C6D1F")


def colours(names: Sequence[str]) -> dict[str, str]:
    """A colour for each candidate; those of the study for activations."""
    others = iter(_OTHER_COLOURS * len(names))
    return {name: look(name)[1] if look(name)[0] != name else next(others) for name in names}


def performance_figure(evidence: Evidence, narrow: bool = False) -> "Figure":
    """Test scores: small marks are single networks, large ones the mean with its 95 % interval; baselines in grey."""
    names = [*evidence.performance]
    measures = [*evidence.performance[names[0]]]
    colour_of = colours([candidate.name for candidate in evidence.candidates])
    lines = {"auroc": [0.5], "aupr": [] if evidence.prevalence is None else [evidence.prevalence]}
    with figure_style():
        figure, axes = _panels(len(measures), 6.4, 0.75 + 0.34 * len(names), narrow)
        for ax, measure in zip(axes, measures, strict=True):
            found = {name: evidence.performance[name][measure] for name in names}
            rows = [
                Estimate(display_name(name), own.interval, own.members, colour_of.get(name, GREY))
                for name, own in found.items()
            ]
            plot_intervals(rows, lines=lines.get(measure, []), title=f"Test {measure_label(measure)}", ax=ax)
    return figure


def _panels(n: int, width: float, height: float, narrow: bool) -> "tuple[Figure, list[Axes]]":
    """Panels beside each other, or, on a narrow screen, one below the other; sizes in inches, height of one panel."""
    from matplotlib.figure import Figure

    if narrow:
        figure = Figure(figsize=(NARROW, n * (height + 0.4)), layout="constrained")  # titles take two lines
        return figure, list(figure.subplots(n, 1, squeeze=False)[:, 0])
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, list(figure.subplots(1, n, sharey=True, squeeze=False)[0])


def spike_in_figure(evidence: Evidence, narrow: bool = False) -> "Figure | None":
    """AUROC and signal-to-noise at implanted motifs, by candidate and method; None where nothing could be judged."""
    judged = {name: found for name, found in evidence.spike_ins.items() if found.judged.any()}
    if not judged:
        return None
    colour_of = colours([candidate.name for candidate in evidence.candidates])
    labels = [(name, method) for name, found in judged.items() for method in found.methods]
    with figure_style():
        figure, axes = _panels(2, 6.8, 0.75 + (0.5 if narrow else 0.34) * len(labels), narrow)
        for ax, score in zip(axes, ("auroc", "snr"), strict=True):
            rows = [
                Estimate(
                    _row_label(name, method, narrow),
                    judged[name].interval(method, score),
                    judged[name].member_means(method, score),
                    colour_of[name],
                )
                for name, method in labels
            ]
            title, lines = {"auroc": ("AUROC", (0.5, TRUSTED)), "snr": ("Signal-to-noise", ())}[score]
            plot_intervals(rows, lines=lines, title=title, ax=ax)
    return figure


def stability_figure(evidence: Evidence, narrow: bool = False) -> "Figure | None":
    """Correlation of maps between networks, by candidate and method; None without two networks of one candidate."""
    colour_of = colours([candidate.name for candidate in evidence.candidates])
    rows = [
        Estimate(
            _row_label(name, method, narrow), found.between_members(method), _of_pairs(found, method), colour_of[name]
        )
        for name, found in evidence.stability.items()
        if len(found.between_methods) > 1
        for method in found.methods
    ]
    if not rows:
        return None
    with figure_style():
        figure, (ax,) = _panels(1, 6.8, 0.75 + (0.5 if narrow else 0.34) * len(rows), narrow)
        words = ("Correlation of the maps", "of two networks;", "small marks: pairs")
        plot_intervals(rows, title=("\n" if narrow else " ").join(words), ax=ax)
    return figure


def _row_label(name: str, method: str, narrow: bool) -> str:
    label = f"{display_name(name)}, {_SHORT.get(method, method)}"
    return fill(label, _WRAPPED) if narrow else label  # a long name would leave no room for the axis


def _of_pairs(found: Stability, method: str) -> np.ndarray:
    """Mean correlation of each two networks."""
    of_pairs = found.pearson[found.methods.index(method)]
    return np.array([np.nanmean(of_pairs[i, j]) for i, j in combinations(range(len(of_pairs)), 2)])


def training_figure(candidates: Sequence[Candidate], metric: str, narrow: bool = False) -> "Figure | None":
    """Loss on training (thin) and validation sequences, and the validation metric, epoch by epoch; None without any."""
    from matplotlib.figure import Figure

    shown = [candidate for candidate in candidates if any(member.history["valid_loss"] for member in candidate.members)]
    if not shown:
        return None
    colour_of = colours([candidate.name for candidate in candidates])
    with figure_style():
        if narrow:
            figure = Figure(figsize=(NARROW, 0.4 + 3.4 * len(shown)), layout="constrained")
            axes = figure.subplots(2 * len(shown), 1, sharex=True, squeeze=False).reshape(len(shown), 2)
        else:
            figure = Figure(figsize=(6.4, 0.4 + 1.7 * len(shown)), layout="constrained")
            axes = figure.subplots(len(shown), 2, sharex=True, sharey="col", squeeze=False)
        for pair, candidate in zip(axes, shown, strict=True):
            for ax, what in zip(pair, ("loss", "metric"), strict=True):
                plot_training(candidate.members, what=what, colour=colour_of[candidate.name], ax=ax)
                ax.set_xlabel("")
            pair[0].set_ylabel(display_name(candidate.name), fontweight="bold")
            pair[1].set_ylabel("")
        axes[0][0].set_title("Loss: validation in colour, training in grey", loc="left", fontweight="bold")
        axes[0][1].set_title(f"Validation {metric}; dots: weights kept", loc="left", fontweight="bold")
        for ax in axes[-1, 1:] if narrow else axes[-1]:
            ax.set_xlabel("epoch")
    return figure


def matches_figure(evidence: Evidence, narrow: bool = False) -> "Figure | None":
    """Share of filters that match the database, beside shares that match decoys of it; None without decoys."""
    shown = [c for c in evidence.candidates if all(found.chance is not None for found in c.audits)]
    if not shown:
        return None
    colour_of = colours([candidate.name for candidate in evidence.candidates])
    rows = [(candidate, i) for candidate in shown for i in range(len(candidate.audits))][::-1]
    with figure_style():
        figure, (ax,) = _panels(1, 6.4, 0.8 + 0.17 * len(rows), narrow)
        for row, (candidate, i) in enumerate(rows):
            found = candidate.audits[i]
            if found.chance is None:
                continue
            shares = found.chance.decoy_shares
            ax.plot(shares, np.full(len(shares), row), "|", color=GREY, markersize=6, alpha=0.6)
            ax.plot(matched_share(found), row, "D", color=colour_of[candidate.name], markersize=5)
        finish_rows(ax, [f"{display_name(c.name)} {c.numbers[i]}" for c, i in rows])
        ax.set_xlim(-0.02, 1.02)
        ax.set_xlabel("share of filters with a match")
        break_ = "\n" if narrow else " "
        ax.set_title(f"Known motifs (colour){break_}and shuffled motifs (grey)", loc="left", fontweight="bold")
    return figure
