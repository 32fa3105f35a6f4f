"""Exponential against ReLU, a mark per second stage: the paper's Figures 2 and 3."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from motiflens.report.figures import NARROW, figure_style
from motiflens.study.findings import second_stage
from motiflens.study.published_tables import published_results
from motiflens.study.records import PAPER_ACTIVATIONS, Metric, find_metric, metric_value, stage1
from motiflens.study.results import TaskResults
from motiflens.study.selection import Key, Members

#: Metrics of the two comparison figures: the paper's Figure 2 (task 1) and Figure 3 (task 2).
PANELS = {
    1: ("classification_aupr", "filter_tpr", "filter_fpr"),
    2: ("classification_auroc", "interpretability_auroc", "interpretability_aupr", "interpretability_snr"),
}

#: Colour and mark of each second stage, told apart also without colour.
STAGE_LOOKS = {
    "none": ("#000000", "o"),
    "Att": ("#E69F00", "s"),
    "LSTM": ("#56B4E9", "^"),
    "LSTM-Att": ("#009E73", "D"),
    "LSTM-Trans1": ("#CC79A7", "v"),
    "LSTM-Trans2": ("#D55E00", "P"),
    "LSTM-Trans4": ("#0072B2", "X"),
}
_OTHER = ("#444444", "h")
_PUBLISHED = "#8C8C8C"


class Point(NamedTuple):
    """Mean and population SD with ReLU (x) and with the exponential activation (y); SD is NaN of one network."""

    x: float
    y: float
    x_sd: float
    y_sd: float


def comparison_figure(task: TaskResults, *, select: str = "valid", narrow: bool = False) -> Figure:
    """Exponential against ReLU: one row per stage 1, one panel per metric (the paper's Figures 2 and 3).

    A full mark is an architecture: mean over the selected networks with ReLU and with the exponential activation, with
    SDs where there are two networks or more. The open mark beside it, joined by a line, is the published point with
    its SDs. Above the diagonal the exponential activation is better (for FPR, worse). A number with a cross says how
    many networks of the architecture failed.

    Parameters
    ----------
    task : TaskResults
        Task 1 gives Figure 2, task 2 gives Figure 3. Architectures without networks of both activations have no point.
    select : {"valid", "published", "all"}
        As `TaskResults.configurations`, which also raises the errors.
    narrow : bool
        For a screen of about 400 pixels: two panels beside each other.

    Returns
    -------
    figure : matplotlib.figure.Figure
        With one line that says so if no architecture has networks of both activations.
    """
    groups = task.configurations(select)
    metrics = [find_metric(task.number, name) for name in PANELS[task.number]]
    by_stage: dict[str, list[str]] = {}
    for architecture in dict.fromkeys(name for name, _ in groups):
        if all((architecture, activation) in groups for activation in PAPER_ACTIVATIONS):
            by_stage.setdefault(stage1(architecture), []).append(architecture)
    with figure_style():
        figure = _canvas(len(metrics), max(1, len(by_stage)), narrow)
        if not by_stage:
            words = f"No architecture of task {task.number} has networks of both activations"
            figure.set_layout_engine("none")  # there is nothing to lay out
            figure.text(0.5, 0.5, words, ha="center", va="center")
            return figure
        grid = _panels(figure, len(metrics), len(by_stage), narrow)
        for (stage, architectures), axes in zip(by_stage.items(), grid, strict=True):
            for metric, ax in zip(metrics, axes, strict=True):
                for architecture in architectures:
                    _draw_architecture(ax, groups, architecture, metric, task.number)
            axes[0].set_ylabel(f"{stage}\nexponential", fontweight="bold")
        for metric, axes in zip(metrics, grid.T, strict=True):
            for ax in axes if narrow else axes[:1]:
                ax.set_title(metric.label, loc="left", fontweight="bold")
            axes[-1].set_xlabel("ReLU")
            _square(axes)
        present = dict.fromkeys(second_stage(name) for names in by_stage.values() for name in names)
        figure.legend(
            handles=_legend_handles([*present]),
            loc="outside upper center",
            ncols=2 if narrow else min(5, 3 + len(present)),
            frameon=False,
        )
    return figure


def _canvas(n_metrics: int, n_stages: int, narrow: bool) -> Figure:
    if narrow:
        return Figure(figsize=(NARROW, 1.4 + 1.9 * n_stages * -(-n_metrics // 2)), layout="constrained")
    return Figure(figsize=(0.6 + 2.3 * n_metrics, 0.7 + 2.2 * n_stages), layout="constrained")


def _panels(figure: Figure, n_metrics: int, n_stages: int, narrow: bool) -> np.ndarray:
    """Axes, shape=(n_stages, n_metrics): a row a stage, or on a narrow screen several rows of two."""
    if not narrow:
        wide: np.ndarray = figure.subplots(n_stages, n_metrics, sharex="col", sharey="col", squeeze=False)
        return wide
    rows: np.ndarray = figure.subplots(n_stages * -(-n_metrics // 2), 2, squeeze=False).reshape(n_stages, -1)
    for ax in rows[:, n_metrics:].ravel():
        ax.set_axis_off()
    return rows[:, :n_metrics]


def point_of(groups: Mapping[Key, Members], architecture: str, metric: Metric) -> Point | None:
    """Means and SDs of an architecture; None where an activation has no network with the metric."""
    means, sds = [], []
    for activation in PAPER_ACTIVATIONS:
        values = np.array([metric_value(record, metric) for record in groups[architecture, activation].selected])
        values = values[~np.isnan(values)]
        if not values.size:
            return None
        means.append(float(values.mean()))
        sds.append(float(values.std()) if values.size > 1 else np.nan)
    return Point(*means, *sds)


def published_point(task: int, architecture: str, metric: Metric) -> Point | None:
    """The published means and SDs of an architecture; None where the paper has none."""
    rows = [published_results(task).get((architecture, activation), {}) for activation in PAPER_ACTIVATIONS]
    columns = [f"{metric.published}_{part}" for part in ("mean", "sd")]
    if any(column not in row for row in rows for column in columns):
        return None
    return Point(*(row[column] for column in columns for row in rows))


def _draw_architecture(ax: Axes, groups: Mapping[Key, Members], architecture: str, metric: Metric, task: int) -> None:
    color, marker = STAGE_LOOKS.get(second_stage(architecture), _OTHER)
    here, published = point_of(groups, architecture, metric), published_point(task, architecture, metric)
    if here is None:
        return
    if published is not None:
        ax.plot([here.x, published.x], [here.y, published.y], color=color, lw=0.5, alpha=0.6, zorder=1)
        _draw_point(ax, published, marker, edge=color, face="white", bars=_PUBLISHED, zorder=2)
    _draw_point(ax, here, marker, edge="white", face=color, bars=color, zorder=3)
    n_failed = sum(groups[architecture, activation].n_failed for activation in PAPER_ACTIVATIONS)
    if n_failed:
        ax.annotate(f"{n_failed}×", (here.x, here.y), (3, 3), textcoords="offset points", fontsize=6, color=color)


def _draw_point(ax: Axes, point: Point, marker: str, *, edge: str, face: str, bars: str, zorder: int) -> None:
    ax.errorbar(
        point.x,
        point.y,
        xerr=None if np.isnan(point.x_sd) else point.x_sd,
        yerr=None if np.isnan(point.y_sd) else point.y_sd,
        fmt=marker,
        ms=5,
        mec=edge,
        mfc=face,
        mew=0.7,
        ecolor=bars,
        elinewidth=0.8,
        zorder=zorder,
    )


def _square(axes: Sequence[Axes]) -> None:
    """The same limits on both axes of a column's panels, and the diagonal."""
    ends = [end for ax in axes for end in (*ax.get_xlim(), *ax.get_ylim())]
    limits = (min(ends), max(ends))
    for ax in axes:
        ax.plot(limits, limits, color="#999999", lw=0.7, ls="--", zorder=0)
        ax.set(xlim=limits, ylim=limits, box_aspect=1)
        ax.grid(color="#E4E4E4", linewidth=0.6)
        ax.set_axisbelow(True)


def _legend_handles(present: Sequence[str]) -> list[Line2D]:
    handles = [
        Line2D([], [], color=color, marker=marker, ms=5, lw=0, mec="white", label=f"stage 2: {name}")
        for name in present
        for color, marker in [STAGE_LOOKS.get(name, _OTHER)]
    ]
    handles.append(Line2D([], [], color=_PUBLISHED, marker="o", mfc="white", ms=5, lw=0.8, label="published, ± SD"))
    return [*handles, Line2D([], [], color="#444444", marker="$1×$", ms=7, lw=0, label="failed networks")]
