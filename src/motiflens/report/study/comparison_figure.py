"""ReLU against exponential, per architecture and metric: the paper's Figures 2 and 3."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from motiflens.basics.words import LOOKS, look
from motiflens.report.figures import figure_style
from motiflens.study.published_tables import published_results
from motiflens.study.records import Metric, find_metric, metric_value, stage1
from motiflens.study.results import TaskResults
from motiflens.study.selection import Members

#: Metrics of the two comparison figures: the paper's Figure 2 (task 1) and Figure 3 (task 2).
PANELS = {
    1: ("classification_aupr", "filter_tpr", "filter_fpr"),
    2: ("classification_auroc", "interpretability_auroc", "interpretability_aupr", "interpretability_snr"),
}


def comparison_figure(task: TaskResults, *, select: str = "valid") -> Figure:
    """ReLU against exponential: one row per stage 1, one panel per metric (the paper's Figures 2 and 3).

    Small marks are single networks, filled if selected; the large mark is the mean of the selected ones with
    its population SD; a black bar is the published mean; crosses are failed networks (on the axis: diverged).

    Parameters
    ----------
    task : TaskResults
        Task 1 gives Figure 2, task 2 gives Figure 3.
    select : {"valid", "published", "all"}
        As `TaskResults.configurations`, which also raises the errors.

    Returns
    -------
    figure : matplotlib.figure.Figure
        With one row that says so if there are no records of the task.
    """
    groups = task.configurations(select)
    metrics = [find_metric(task.number, name) for name in PANELS[task.number]]
    by_stage: dict[str, list[str]] = {}
    for architecture in dict.fromkeys(name for name, _ in groups):
        by_stage.setdefault(stage1(architecture), []).append(architecture)
    widest = max(map(len, by_stage.values()), default=1)
    size = (0.6 + (1.5 + 0.25 * widest) * len(metrics), 0.6 + 2.0 * max(1, len(by_stage)))
    with figure_style():
        figure = Figure(figsize=size, layout="constrained")
        if not by_stage:
            figure.text(0.5, 0.5, f"No records of task {task.number}", ha="center", va="center")
            return figure
        grid = figure.subplots(len(by_stage), len(metrics), sharey="col", squeeze=False)
        for (stage, architectures), axes in zip(by_stage.items(), grid, strict=True):
            for metric, ax in zip(metrics, axes, strict=True):
                _draw_panel(ax, groups, architectures, metric, task.number)
                ax.set_xlim(-0.55, widest - 0.45)
            axes[0].set_ylabel(stage, fontsize=11, fontweight="bold", rotation=0, ha="right", va="center")
        for metric, ax in zip(metrics, grid[0], strict=True):
            ax.set_title(metric.label, loc="left", fontweight="bold")
            if metric.block == "filters" or metric.field == "snr":
                low, high = ax.get_ylim()
                ax.set_ylim(bottom=min(low, -0.03 * high))  # from 0, with room for marks on the line
        for ax in grid[-1]:
            ax.set_xlabel("stage 2")
        n_columns = 5 if size[0] > 7 else 3
        figure.legend(handles=_legend_handles(), loc="outside upper center", ncols=n_columns, frameon=False)
    return figure


def _draw_panel(
    ax: Axes,
    groups: Mapping[tuple[str, str], Members],
    architectures: Sequence[str],
    metric: Metric,
    task: int,
) -> None:
    """Members, mean with SD and published mean of each architecture and activation."""
    for x, architecture in enumerate(architectures):
        present = [a for name, a in groups if name == architecture]
        for activation in present:
            shift = {"relu": -0.2, "exponential": 0.2}.get(activation, 0.0)
            published = published_results(task).get((architecture, activation), {})
            _draw_members(ax, x + shift, groups[architecture, activation], metric, look(activation))
            value = published.get(f"{metric.published}_mean")
            if value is not None:
                ax.plot([x + shift - 0.17, x + shift + 0.17], [value, value], color="black", lw=1.4, zorder=4)
    labels = [_variant(architecture) for architecture in architectures]
    ax.set_xticks(range(len(labels)), labels, rotation=30, ha="right", rotation_mode="anchor")
    ax.grid(axis="y", color="#E4E4E4", linewidth=0.6)
    ax.set_axisbelow(True)


def _draw_members(ax: Axes, x: float, members: Members, metric: Metric, looks: tuple[str, str, str]) -> None:
    """Single networks left of `x`, the mean of the selected ones with its SD right of it."""
    _, color, marker = looks
    spread = x - 0.05 + 0.1 * (2 * (np.arange(len(members.trials)) + 0.5) / max(1, len(members.trials)) - 1)
    place = {record["key"]: at for record, at in zip(members.trials, spread, strict=True)}
    failed = {record["key"] for record in members.low}
    selected = [r for r in members.selected if r["key"] not in failed]
    chosen = {record["key"] for record in selected}
    others = [r for r in members.trained if r["key"] not in chosen | failed]
    for group, face, shape in (
        (selected, color, marker),
        (others, "white", marker),
        (members.low, color, "x"),
    ):
        values = [metric_value(record, metric) for record in group]
        at = [place[record["key"]] for record in group]
        ax.plot(at, values, shape, ms=4 if shape == "x" else 2.8, mec=color, mfc=face, mew=0.7, alpha=0.8)
    if members.diverged:
        at = [place[record["key"]] for record in members.diverged]
        on_axis = ax.get_xaxis_transform()
        ax.plot(at, [0.02] * len(at), "x", ms=4, color=color, transform=on_axis, clip_on=False)
    counted = np.array([metric_value(record, metric) for record in members.selected])
    counted = counted[~np.isnan(counted)]
    if counted.size:
        ax.errorbar(
            x + 0.11,
            counted.mean(),
            counted.std(),
            fmt=marker,
            ms=5,
            color=color,
            mec="white",
            mew=0.6,
            elinewidth=1.2,
            zorder=3,
        )


def _variant(architecture: str) -> str:
    """Stage 2 of an architecture, for the x axis below its stage 1."""
    return architecture.partition("-")[2] or "none"


def _legend_handles() -> list[Line2D]:
    handles = [
        Line2D([], [], color=color, marker=marker, ms=5.5, lw=1.2, label=f"{label}, mean ± SD")
        for label, color, marker in LOOKS.values()
    ]
    handles.append(Line2D([], [], color="#444444", marker="o", ms=3, mfc="white", lw=0, label="network"))
    handles.append(Line2D([], [], color="#444444", marker="x", ms=4, lw=0, label="failed network"))
    return [*handles, Line2D([], [], color="black", lw=1.4, label="published mean")]
