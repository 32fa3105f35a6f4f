"""Filters above the motifs that they match: both logos in the columns that TomTom aligned."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.plots.canvas import axes_for, plain_frame, titled
from motiflens.basics.plots.logo import draw_logo, information_logo

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW = 5.2  # height of a filter and its match on the y axis, in bits
_FILTER, _MATCH = 2.6, 0.3  # where either logo stands within its row
_SEEN = 0.03  # bits; lower letters are left out


class Matched(NamedTuple):
    """A filter and, if there is one, the motif that it matches.

    `offset` is, as in TomTom, the motif's column minus the filter's column of any aligned pair, after the motif has
    been reverse-complemented where `strand` is -1.
    """

    label: str
    pwm: np.ndarray  # (4, width) of the filter
    match_label: str = ""
    match_pwm: np.ndarray | None = None  # (4, width) as the database has it
    offset: int = 0
    strand: int = 1


def aligned_matrices(one: Matched, *, width: int = 0) -> tuple[np.ndarray, np.ndarray | None]:
    """Pad filter and match with uniform columns, which a logo leaves empty, so that they are aligned.

    Parameters
    ----------
    one : Matched
    width : int
        Least number of columns. Columns are added on both sides, so that the pair stays in the middle.

    Returns
    -------
    filter, match : np.ndarray, shape=(4, width)
        The match is on the filter's strand, and None if there is none.
    """
    n_filter = one.pwm.shape[1]
    if one.match_pwm is None:
        first, last, match = 0, n_filter, None
    else:
        match = one.match_pwm if one.strand > 0 else one.match_pwm[::-1, ::-1]
        first, last = min(0, -one.offset), max(n_filter, match.shape[1] - one.offset)
    spare = max(width - (last - first), 0)
    first, last = first - spare // 2, last + spare - spare // 2

    def fill(pwm: np.ndarray, start: int) -> np.ndarray:
        sides = (start - first, last - start - pwm.shape[1])
        return np.pad(pwm, ((0, 0), sides), constant_values=1 / pwm.shape[0])

    return fill(one.pwm, 0), None if match is None else fill(match, -one.offset)


def plot_matched_filters(filters: Sequence[Matched], *, title: str = "", ax: "Axes | None" = None) -> "Axes":
    """Draw filters, each above the motif that it matches, one below the other.

    Parameters
    ----------
    filters : sequence of Matched
    title : str
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a figure of its own.

    Returns
    -------
    ax : matplotlib.axes.Axes
        Column j of each filter lies between j and j + 1 on the x axis. Every logo has 2 bits of the y axis.

    Raises
    ------
    ValueError
        If there is no filter, or a matrix is not one of probabilities.
    """
    if not filters:
        raise InputError("expected at least one filter to draw, got none")
    ax = axes_for(ax, width=5.6, height=0.5 + 0.95 * len(filters))
    low, high, ticks = 0, 0, []
    for row, one in enumerate(filters):
        bottom = _ROW * (len(filters) - 1 - row)
        low, high = min(low, -one.offset), max(high, one.pwm.shape[1])
        draw_logo(ax, information_logo(one.pwm), base=bottom + _FILTER, min_height=_SEEN, limits=False)
        ticks.append((bottom + _FILTER + 1, one.label))
        if one.match_pwm is not None:
            aligned = one.match_pwm if one.strand > 0 else one.match_pwm[::-1, ::-1]
            draw_logo(
                ax, information_logo(aligned), start=-one.offset, base=bottom + _MATCH, min_height=_SEEN, limits=False
            )
            high = max(high, aligned.shape[1] - one.offset)
        ticks.append((bottom + _MATCH + 1, one.match_label or "no match"))
        ax.axhline(bottom + _FILTER, color="#bbbbbb", linewidth=0.5)
        ax.axhline(bottom + _MATCH, color="#bbbbbb", linewidth=0.5)
    ax.set_xlim(low, high)
    ax.set_ylim(0, _ROW * len(filters))
    ax.set_yticks([place for place, _ in ticks], [label for _, label in ticks])
    ax.tick_params(axis="y", length=0)
    ax.locator_params(axis="x", integer=True)
    ax.set_xlabel("column of the filter")
    plain_frame(ax, "bottom")
    titled(ax, title)
    return ax
