"""Estimates with their confidence intervals, one row each, and the single values behind each estimate."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.plots.canvas import COLOURS, GREY, axes_for, plain_frame, titled
from motiflens.basics.stats import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Estimate(NamedTuple):
    """One row: an estimate with its interval, and single values, such as one for each network."""

    label: str
    interval: Interval
    values: np.ndarray | Sequence[float] = ()
    colour: str = COLOURS[0]


def plot_intervals(
    rows: Sequence[Estimate], *, lines: Sequence[float] = (), title: str = "", ax: "Axes | None" = None
) -> "Axes":
    """Draw estimates with their intervals, the first at the top, and above each the single values as small dots.

    Parameters
    ----------
    rows : sequence of Estimate
    lines : sequence of float
        Values to compare with, such as that expected by chance, drawn as dotted lines.
    title : str
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a figure of its own.

    Returns
    -------
    ax : matplotlib.axes.Axes
        The first row lies at `len(rows) - 1` on the y axis, the last at 0.

    Raises
    ------
    ValueError
        If there is no row.
    """
    if not rows:
        raise InputError("expected at least one estimate to draw, got none")
    ax = axes_for(ax, width=5.6, height=0.75 + 0.34 * len(rows))
    for y, row in enumerate(reversed(rows)):
        _draw_interval(ax, y, row)
    for value in lines:
        ax.axvline(value, color=GREY, linestyle=":", linewidth=0.8)
    finish_rows(ax, [row.label for row in reversed(rows)])
    plain_frame(ax, "left", "bottom")
    titled(ax, title)
    return ax


def _draw_interval(ax: "Axes", y: int, row: Estimate) -> None:
    """Estimate with its interval, and above it the single values."""
    interval, values = row.interval, np.asarray(row.values, dtype=np.float64)
    ax.plot([interval.low, interval.high], [y, y], color=row.colour, linewidth=2, solid_capstyle="round")
    ax.plot(interval.estimate, y, "D", color=row.colour, markersize=6)
    if len(values) > 1:
        ax.plot(
            values, np.full(len(values), y + 0.26), "o", color=row.colour, markersize=3, alpha=0.7, markeredgewidth=0
        )  # fmt: skip


def finish_rows(ax: "Axes", labels: Sequence[str]) -> None:
    """Name the rows of axes, from y = 0 upwards, and put a light grid behind them."""
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(-0.6, len(labels) - 0.4)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x", color="#e6e6e6", linewidth=0.6)
    ax.set_axisbelow(True)
