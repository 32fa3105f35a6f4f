"""Small figures for the claims and the comparison with the published tables, drawn from what was measured."""

import math
from collections.abc import Iterable, Mapping, Sequence
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from motiflens.basics.words import look
from motiflens.report.figures import NARROW, figure_style
from motiflens.study.findings import BLOCKS, SOURCES, STAGES, ClaimEvidence, Finding, PublishedComparison
from motiflens.study.records import PAPER_ACTIVATIONS, TASK_METRICS, find_metric, metric_value, stage1
from motiflens.study.results import TaskResults
from motiflens.study.selection import architecture_order

#: Colours of the sources of variance: a blue family for the design, orange for the module, grey for chance.
SOURCE_COLORS = dict(zip(SOURCES[:6], ("#0072B2", "#56B4E9", "#00446B", "#D55E00", "#F0A35E", "#BDBDBD"), strict=True))

_INK = "#222222"
_NARROW_TITLE = 18  # characters of a line above a panel of half a narrow screen
_PLOTTED = ("filter_tpr", "filter_fpr", "interpretability_auroc", "interpretability_aupr", "interpretability_snr")


def difference_figure(findings: Iterable[Finding], *, narrow: bool = False) -> Figure | None:
    """Exponential minus ReLU of each architecture with its interval, pooled per stage 1 in bold; None without any."""
    rows = [row for finding in findings for row in finding.evidence if row.measure == "difference"]
    rows = [row for row in rows if not math.isnan(row.estimate)]
    panels = [name for name in _PLOTTED if any(row.metric == name for row in rows)]
    if not panels:
        return None
    lines = sorted(
        {(_stage(row), row.group, row.role) for row in rows},
        key=lambda line: (STAGES.index(line[0]), line[2] == "decides", architecture_order(line[1])),
    )
    with figure_style():
        panels_of = _below if narrow else _beside
        figure, axes = panels_of(len(panels), (1.5 + 1.9 * len(panels), 0.6 + 0.19 * len(lines)), sharey=True)
        for name, ax in zip(panels, axes, strict=True):
            found = {(row.group, row.role): row for row in rows if row.metric == name}
            for y, (_, group, role) in enumerate(lines):
                if (group, role) in found:
                    _draw_interval(ax, -y, found[group, role])
            ax.axvline(0, color="#999999", lw=0.7, zorder=0)
            ax.set_title(_label(name), loc="left", fontweight="bold")
            ax.set_xlabel("exponential − ReLU")
            ax.grid(axis="x", color="#E4E4E4", linewidth=0.6)
            ax.set_axisbelow(True)
        labels = [f"{group}, all" if role == "decides" else group for _, group, role in lines]
        for ax in axes if narrow else axes[:1]:
            ax.set_yticks([-y for y in range(len(lines))], labels)
            for tick, (*_, role) in zip(ax.get_yticklabels(), lines, strict=True):
                tick.set_fontweight("bold" if role == "decides" else "normal")
    return figure


def variance_figure(findings: Iterable[Finding], *, narrow: bool = False) -> Figure | None:
    """What the variance of each metric is due to, as stacked bars; None where there are no shares yet."""
    rows = [row for finding in findings for row in finding.evidence if row.measure == "shares"]
    shares = {(row.metric, row.group): row.estimate for row in rows if not math.isnan(row.estimate)}
    bars = [
        (block, metric)
        for block in BLOCKS
        for metric in dict.fromkeys(metric for metric, _ in shares)
        if (metric, f"{SOURCES[0]}{block.suffix}") in shares
    ]
    if not bars:
        return None
    with figure_style():
        height = 0.75 + 0.3 * len(bars)
        figure = Figure(figsize=(NARROW, height + 0.4) if narrow else (7.2, height), layout="constrained")
        ax = figure.subplots()
        names = "{}\n{}" if narrow else "{}{}"
        for y, (block, metric) in enumerate(bars):
            left = 0.0
            for source, color in SOURCE_COLORS.items():
                width = max(shares[metric, f"{source}{block.suffix}"], 0.0)  # slightly negative where nothing is
                ax.barh(-y, width, left=left, height=0.66, color=color)
                if width > (0.15 if narrow else 0.06):
                    dark = source in (SOURCES[0], SOURCES[2], SOURCES[3])
                    ax.text(
                        left + width / 2, -y, f"{width:.0%}", ha="center", va="center",
                        color="white" if dark else _INK, fontsize=7,
                    )  # fmt: skip
                left += width
        ax.set_yticks(
            [-y for y in range(len(bars))], [names.format(_label(metric), block.suffix) for block, metric in bars]
        )
        ax.set_xlim(0, 1.01)
        ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
        ax.tick_params(left=False)
        handles = [Patch(color=color, label=source.replace(" x ", " × ")) for source, color in SOURCE_COLORS.items()]
        columns = 2 if narrow else 6
        figure.legend(
            handles=handles, loc="outside upper center", ncols=columns, frameon=False, fontsize=7, columnspacing=1
        )
    return figure


def correlation_figure(
    task: TaskResults, metric: str = "interpretability_auroc", *, narrow: bool = False
) -> Figure | None:
    """Filter TPR against a score of every network of a task, one panel per stage 1; None without any."""
    groups = task.configurations()
    axes_of = [find_metric(task.number, name) for name in ("filter_tpr", metric)]
    points = {
        (stage, activation): np.array(
            [
                [metric_value(record, column) for column in axes_of]
                for (name, a), members in groups.items()
                if (stage1(name), a) == (stage, activation)
                for record in members.trained
            ]
        ).reshape(-1, 2)
        for stage in STAGES
        for activation in PAPER_ACTIVATIONS
    }
    stages = [stage for stage in STAGES if any(len(points[stage, a]) for a in PAPER_ACTIVATIONS)]
    if not stages:
        return None
    with figure_style():
        panels_of = _below if narrow else _beside
        figure, axes = panels_of(len(stages), (0.8 + 2.4 * len(stages), 2.6), sharex=True, sharey=True)
        for stage, ax in zip(stages, axes, strict=True):
            for activation in PAPER_ACTIVATIONS:
                _, color, marker = look(activation)
                x, y = points[stage, activation].T
                ax.plot(x, y, marker, ms=3, color=color, mec="white", mew=0.3, alpha=0.8)
            ax.set_title(stage, loc="left", fontweight="bold")
            ax.set_xlabel(axes_of[0].label)
        axes[0].set_ylabel(axes_of[1].label)
        figure.legend(handles=_activation_handles(), loc="outside upper center", ncols=2, frameon=False)
    return figure


def published_figure(
    comparisons: Iterable[PublishedComparison], *, select: str = "valid", narrow: bool = False
) -> Figure | None:
    """Our mean against the published one, a panel per metric, a mark per configuration; None without any."""
    rows = [row for row in comparisons if row.selection == select]
    panels = [*dict.fromkeys((row.task, row.metric) for row in rows)]
    if not panels:
        return None
    n_columns = min(2 if narrow else 4, len(panels))
    side = NARROW / 2 if narrow else 2.35
    n_rows = -(-len(panels) // n_columns)
    with figure_style():
        figure = Figure(figsize=(side * n_columns, 0.3 + (side + 0.1 * narrow) * n_rows), layout="constrained")
        grid = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
        for ax in grid[len(panels) :]:
            ax.set_axis_off()
        for (task, name), ax in zip(panels, grid, strict=False):
            _draw_against_published(ax, [row for row in rows if (row.task, row.metric) == (task, name)])
            title = fill(_label(name), _NARROW_TITLE) if narrow else _label(name)
            ax.set_title(title, loc="left", fontweight="bold", fontsize=8)
        handles = [
            *_activation_handles(),
            Line2D([], [], color="#444444", marker="o", mfc="white", ms=4, lw=0, label="differs (q ≤ 0.05)"),
        ]
        figure.legend(handles=handles, loc="outside upper center", ncols=2 if narrow else 3, frameon=False)
    return figure


def _beside(n: int, size: tuple[float, float], **shared: Any) -> tuple[Figure, Sequence[Axes]]:
    """Panels beside each other, in a figure of a size in inches."""
    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.subplots(1, n, squeeze=False, **shared)[0]


def _below(n: int, size: tuple[float, float], **shared: Any) -> tuple[Figure, Sequence[Axes]]:
    """Panels one below the other on a narrow screen, each of the height that they would have beside each other."""
    figure = Figure(figsize=(NARROW, n * (size[1] + 0.1)), layout="constrained")
    return figure, figure.subplots(n, 1, squeeze=False, **shared)[:, 0]


def _draw_against_published(ax: Axes, rows: Sequence[PublishedComparison]) -> None:
    for row in rows:
        _, color, marker = look(row.activation)
        face = "white" if row.differs else color
        ax.plot(row.published_mean, row.mean, marker, ms=3.6, mec=color, mfc=face, mew=0.9, alpha=0.85)
    ends = [value for row in rows for value in (row.mean, row.published_mean)]
    room = 0.06 * ((max(ends) - min(ends)) or 1.0)
    limits = (min(ends) - room, max(ends) + room)
    ax.plot(limits, limits, color="#999999", lw=0.7, zorder=0)
    ax.set(xlim=limits, ylim=limits, aspect="equal", xlabel="published", ylabel="here")


def _draw_interval(ax: Axes, y: float, row: ClaimEvidence) -> None:
    pooled = row.role == "decides"
    color = "#000000" if pooled else "#5B6168"
    if not math.isnan(row.low):
        ax.plot([row.low, row.high], [y, y], color=color, lw=2.2 if pooled else 1.1, solid_capstyle="butt")
    ax.plot(row.estimate, y, "D" if pooled else "o", ms=4.5 if pooled else 3, color=color)


def _stage(row: ClaimEvidence) -> str:
    return stage1(row.group)


def _activation_handles() -> list[Line2D]:
    looks = [look(activation) for activation in PAPER_ACTIVATIONS]
    return [Line2D([], [], color=color, marker=marker, ms=4, lw=0, label=label) for label, color, marker in looks]


def _label(metric: str) -> str:
    names: Mapping[str, str] = {m.name: m.label for metrics in TASK_METRICS.values() for m in metrics}
    return names[metric]
