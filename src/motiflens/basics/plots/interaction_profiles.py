"""Interactions of motif pairs: the effect against the distance between the two sites."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.plots.canvas import COLOURS, GREY, axes_for, plain_frame, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Profile(NamedTuple):
    """The effect of one pair of motifs by distance."""

    label: str
    low: np.ndarray  # (D,) bases between the two sites: the smallest number of each range
    high: np.ndarray  # (D,) and the largest
    effect: np.ndarray  # (D,) mean; NaN where nothing was measured
    emphasis: bool = True  # drawn in colour with its name; otherwise thin and grey


def plot_interactions(
    profiles: Sequence[Profile], *, unit: str = "logit", title: str = "", ax: "Axes | None" = None
) -> "Axes":
    """Draw the effect of motif pairs against the distance between their sites.

    Above zero, the effect of both motifs together exceeds the sum of their single effects; below zero it falls short.

    Parameters
    ----------
    profiles : sequence of Profile
        A profile with a single distance, or of a method without distances (NaN), becomes a point.
    unit : str
        Unit of the effects.
    title : str
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a figure of its own.

    Returns
    -------
    ax : matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If there is no profile, or distances and effects differ in number.
    """
    if not profiles:
        raise InputError("expected at least one pair of motifs to draw, got none")
    for one in profiles:
        if not len(one.low) == len(one.high) == len(one.effect):
            lengths = f"{len(one.low)}, {len(one.high)} and {len(one.effect)}"
            raise InputError(f"{one.label}: expected as many effects as distances, got {lengths}")
    ax = axes_for(ax, width=5.6, height=3.2)
    ax.axhline(0, color="#444444", linewidth=0.6)
    if all(len(one.effect) == 1 or np.isnan(one.low).all() for one in profiles):
        _draw_points(ax, profiles)
    else:
        _draw_lines(ax, profiles)
    ax.set_ylabel(f"interaction effect ({unit})")
    plain_frame(ax, "left", "bottom")
    titled(ax, title)
    return ax


def _draw_lines(ax: "Axes", profiles: Sequence[Profile]) -> None:
    colours = iter(COLOURS * len(profiles))
    for one in sorted(profiles, key=lambda profile: profile.emphasis):  # what is grey lies behind
        gap = (one.low + one.high) / 2
        if one.emphasis:
            ax.plot(gap, one.effect, "o-", color=next(colours), linewidth=1.4, markersize=3, label=one.label)
        else:
            ax.plot(gap, one.effect, color=GREY, linewidth=0.6, alpha=0.5)
    if any(one.emphasis for one in profiles):
        ax.legend(frameon=False, fontsize=7)
    ax.set_xlabel("distance between the two sites (bp)")


def _draw_points(ax: "Axes", profiles: Sequence[Profile]) -> None:
    for x, one in enumerate(profiles):
        ax.plot(x, np.nanmean(one.effect) if np.isfinite(one.effect).any() else np.nan, "o",
                color=COLOURS[0] if one.emphasis else GREY, markersize=5)  # fmt: skip
    ax.set_xticks(range(len(profiles)), [one.label for one in profiles], rotation=45, ha="right", fontsize=7)
