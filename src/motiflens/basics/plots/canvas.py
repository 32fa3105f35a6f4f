"""Axes to draw on: those of the caller, or new ones of a suitable size."""

from typing import TYPE_CHECKING

from motiflens.basics.arguments import in_short
from motiflens.basics.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GREY = "#6f6f6f"
#: Colour-blind-safe colours (Okabe and Ito) for what stands beside each other.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


def axes_for(ax: "Axes | None", *, width: float, height: float) -> "Axes":
    """Return the axes given, or new ones on a new figure that a notebook shows.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
    width, height : float
        Of a new figure, in inches.

    Raises
    ------
    InputError
        If `ax` are no axes.
    """
    if ax is not None:
        if not hasattr(ax, "add_collection"):
            raise InputError(f"ax must be axes of matplotlib, got {in_short(ax)}")
        return ax
    import matplotlib.pyplot as plt

    _, new = plt.subplots(figsize=(width, height), layout="constrained")
    return new


def plain_frame(ax: "Axes", *keep: str) -> None:
    """Remove the frame around axes except for the sides named."""
    for side in ("top", "right", "left", "bottom"):
        ax.spines[side].set_visible(side in keep)


def titled(ax: "Axes", title: str, *, above: float | None = None) -> None:
    """Write a left-aligned title, as on the pages; `above` is its place as a fraction of the height of the axes."""
    if title:
        ax.set_title(title, loc="left", fontweight="bold", y=above)
