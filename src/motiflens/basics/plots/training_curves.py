"""Training curves: loss or metric of every member by epoch, with the epoch whose weights were kept."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.plots.canvas import COLOURS, GREY, axes_for, plain_frame, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CURVES = ("metric", "loss")


def plot_training(
    members: Iterable[Any],
    *,
    what: str = "metric",
    metric: str = "metric",
    colour: str = COLOURS[0],
    title: str = "",
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw the training curves of the members of an ensemble.

    Parameters
    ----------
    members : iterable
        Each with a `history` of "train_loss", "valid_loss" and "valid_metric", a value per epoch, and the number of
        its `best_epoch`, counted from 1; 0 where there is none.
    what : {"metric", "loss"}
        The metric on validation sequences, or both losses, that of validation in colour and that of training in grey.
    metric : str
        Name of the metric.
    colour : str
    title : str
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a figure of its own.

    Returns
    -------
    ax : matplotlib.axes.Axes
        A dot marks the epoch of each member whose weights were kept.

    Raises
    ------
    ValueError
        If no member has finished an epoch, or `what` is unknown.
    """
    if what not in CURVES:
        raise InputError(f"what must be one of {', '.join(CURVES)}, got {what!r}")
    trained = [member for member in members if member.history["valid_loss"]]
    if not trained:
        raise InputError("expected at least one member that has finished an epoch, got none")
    ax = axes_for(ax, width=5.0, height=2.8)
    name = "valid_loss" if what == "loss" else "valid_metric"
    for member in trained:
        values = member.history[name]
        epochs = np.arange(1, len(values) + 1)
        if what == "loss":
            ax.plot(epochs, member.history["train_loss"], color=GREY, linewidth=0.5, alpha=0.8)
        ax.plot(epochs, values, color=colour, linewidth=0.9, alpha=0.8)
        if 1 <= member.best_epoch <= len(values):
            ax.plot(member.best_epoch, values[member.best_epoch - 1], "o", color=colour, markersize=3.5)
    plain_frame(ax, "left", "bottom")
    ax.locator_params(axis="x", integer=True)  # there is no epoch 1.5
    ax.set_xlabel("epoch")
    ax.set_ylabel("loss (training in grey)" if what == "loss" else f"validation {metric}")
    titled(ax, title)
    return ax
