"""q-values of matches to a database of motifs: one row for each filter or query, with its best match."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from motiflens.basics.errors import InputError
from motiflens.basics.plots.canvas import COLOURS, GREY, axes_for, plain_frame, titled
from motiflens.basics.plots.intervals import finish_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SMALLEST = 1e-300  # q-values that are 0 stand there


class MatchedRow(NamedTuple):
    """One filter or query: its name, its best match and the q-value; None if it has no match."""

    label: str
    match: str = ""
    q_value: float | None = None
    colour: str = COLOURS[0]


def plot_hits(rows: Sequence[MatchedRow], *, q: float, title: str = "", ax: "Axes | None" = None) -> "Axes":
    """Draw the q-value of each best match, the first row at the top; the dotted line is the threshold.

    Parameters
    ----------
    rows : sequence of MatchedRow
    q : float
        Largest q-value of a match.
    title : str
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a figure of its own.

    Returns
    -------
    ax : matplotlib.axes.Axes
        -log10 of the q-value on the x axis; the first row lies at `len(rows) - 1` on the y axis, the last at 0.

    Raises
    ------
    ValueError
        If there is no row.
    """
    if not rows:
        raise InputError("expected at least one match to draw, got none")
    ax = axes_for(ax, width=5.6, height=0.75 + 0.26 * len(rows))
    for y, row in enumerate(reversed(rows)):
        if row.q_value is None:
            ax.plot(0, y, "x", color=GREY, markersize=4)
            continue
        value = -math.log10(max(row.q_value, _SMALLEST))
        ax.plot([0, value], [y, y], color=row.colour, linewidth=1, alpha=0.6)
        ax.plot(value, y, "o", color=row.colour, markersize=5)
        ax.annotate(row.match, (value, y), xytext=(6, 0), textcoords="offset points", va="center", fontsize="small")
    ax.axvline(-math.log10(max(q, _SMALLEST)), color=GREY, linestyle=":", linewidth=0.8)
    finish_rows(ax, [row.label for row in reversed(rows)])
    found = [-math.log10(max(row.q_value, _SMALLEST)) for row in rows if row.q_value is not None]
    ax.set_xlim(0, 1.3 * max([*found, 1.0]))  # names stand to the right of the dots
    ax.set_xlabel("-log10 of the q-value of the best match")
    plain_frame(ax, "left", "bottom")
    titled(ax, title)
    return ax
