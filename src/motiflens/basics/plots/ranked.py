"""Values of many sequences from the highest to the lowest, with their spread over networks."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.plots.canvas import COLOURS, axes_for, plain_frame, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_ranked(
    values: Mapping[str, tuple[np.ndarray, np.ndarray | None]],
    *,
    unit: str,
    title: str = "",
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw values from the highest to the lowest, a curve for each label; bands are one standard deviation either way.

    Parameters
    ----------
    values : mapping of str to (np.ndarray, np.ndarray or None)
        By label: a value for each sequence, shape=(N,), and its standard deviation over networks.
    unit : str
        Unit of the values.
    title : str
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a figure of its own.

    Returns
    -------
    ax : matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If there is no label, or no sequence.
    """
    if not values or not all(len(mean) for mean, _ in values.values()):
        raise InputError("expected at least one label and one sequence to draw, got none")
    ax = axes_for(ax, width=5.0, height=2.8)
    for k, (label, (mean, sd)) in enumerate(values.items()):
        order, colour = np.argsort(-mean, kind="stable"), COLOURS[k % len(COLOURS)]
        ranks = np.arange(1, len(mean) + 1)
        if sd is not None:
            low, high = (mean - sd)[order], (mean + sd)[order]
            ax.fill_between(ranks, low, high, color=colour, alpha=0.2, linewidth=0)
        ax.plot(ranks, mean[order], color=colour, linewidth=1.2, marker="o" if len(mean) < 3 else None, label=label)
    ax.set_xlabel("sequences, each label from the highest to the lowest")
    ax.set_ylabel(unit)
    plain_frame(ax, "left", "bottom")
    if len(values) > 1:
        ax.legend(frameon=False, fontsize="small")
    titled(ax, title)
    return ax
