"""Sequence logos of a motif's matrix, of scores of a sequence, and of an attribution."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from motiflens.basics.arguments import checks_arguments, in_short
from motiflens.basics.errors import InputError
from motiflens.basics.plots.canvas import COLOURS, axes_for, plain_frame, titled
from motiflens.basics.plots.logo import draw_logo, information_logo

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOGO_KINDS = ("auto", "information", "scores")
_SUM_TOLERANCE = 1e-3  # of a column of probabilities
_LANE = 0.13  # height of a row of labels, as a share of the axes
_SMALLEST = 2e-3  # letters below this share of the tallest column are not seen


class Span(NamedTuple):
    """A named stretch of a sequence, from `start` to before `stop`, such as a motif's hit."""

    start: int
    stop: int
    label: str = ""
    strand: int = 1  # -1: the reverse strand, shown by an arrow to the left; 0: neither, shown without an arrow


@checks_arguments
def plot_logo(
    what: Any,
    row: int | None = None,
    *,
    start: int = 0,
    stop: int | None = None,
    hits: Iterable[Span | tuple[Any, ...]] = (),
    kind: str = "auto",
    title: str = "",
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw a sequence logo of a matrix, of scores or of one sequence of an attribution.

    Parameters
    ----------
    what : array of shape=(4, L), a motif, or a result of `explain`
        Base probabilities become an information logo in bits (Schneider and Stephens 1990). Any other values become the
        heights of letters; negative ones hang upside down below zero. Of a motif, its `pwm` is drawn. Of attributions,
        the scores of the bases in the sequence are drawn.
    row : int, optional
        Index of the sequence in the attributions; needed for attributions only.
    start, stop : int
        Part to draw, from position `start` to before `stop`, counted from 0; by default the whole sequence.
    hits : iterable of Span, or of (start, stop, label) or (start, stop, label, strand)
        Stretches to mark and to name, in positions of the whole sequence; those outside of the part are left out.
    kind : {"auto", "information", "scores"}
        What the values are. "auto" takes columns that are not negative and sum to 1 as probabilities.
    title : str
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a figure of its own.

    Returns
    -------
    ax : matplotlib.axes.Axes
        Position p lies between p and p + 1 on its x axis.

    Raises
    ------
    ValueError
        If values are not (4, L) or not finite; if `row` is missing, out of range, or given without attributions; if
        there is no position between `start` and `stop`; or if the kind is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> ax = plot_logo(np.eye(4), hits=[(1, 3, "CG")], title="ACGT for certain")
    >>> ax.get_ylabel()
    'bits'
    """
    from matplotlib.ticker import MaxNLocator

    values = _values_of(what, row)
    if kind not in LOGO_KINDS:
        raise InputError(f"kind must be one of {', '.join(LOGO_KINDS)}, got {kind!r}")
    is_information = kind == "information" or (kind == "auto" and _are_probabilities(values))
    heights = information_logo(values) if is_information else values
    length = heights.shape[1]
    first, last = _bounds(start, stop, length)
    shown = heights[:, first:last]
    spans = [span for span in (Span(*hit) for hit in hits) if span.stop > first and span.start < last]
    ax = axes_for(ax, width=min(14.0, 1.2 + 0.14 * (last - first)), height=1.6 + 0.25 * bool(spans))
    draw_logo(ax, shown, start=first, min_height=_SMALLEST * float(np.abs(shown).sum(axis=0).max()))
    plain_frame(ax, "left", "bottom")
    if is_information:
        ax.set_ylim(0, 2)
        ax.set_yticks([0, 1, 2])
    else:
        ax.axhline(0, color="#444444", linewidth=0.6)
    ax.set_ylabel("bits" if is_information else "score")
    ax.set_xlabel("position")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    n_lanes = _mark(ax, spans, first, last)
    titled(ax, title, above=1.04 + _LANE * n_lanes if n_lanes else None)
    return ax


def _values_of(what: Any, row: int | None) -> np.ndarray:
    """Matrix or scores, shape=(4, L)."""
    if hasattr(what, "letter_heights"):
        if row is None:
            raise InputError("expected the row of a sequence beside attributions: plot_logo(attributions, 0)")
        return np.asarray(what.letter_heights(row), dtype=np.float64)
    if row is not None:
        raise InputError(f"row is for attributions, but {type(what).__name__} is one picture: leave it out")
    values = getattr(what, "pwm", what)
    values = values.detach().cpu() if hasattr(values, "detach") else values
    try:
        values = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"expected a motif, a matrix or scores (4, L), or attributions, got {in_short(what)}"
        ) from error
    if values.ndim != 2 or values.shape[0] != 4 or values.shape[1] == 0:
        hint = ": transpose it" if values.ndim == 2 and values.shape[1] == 4 else ""
        raise InputError(
            f"expected a matrix or scores of shape (4, L), rows in the order ACGT, a motif, or attributions and a row, "
            f"got shape {values.shape}{hint}"
        )
    return values


def _are_probabilities(values: np.ndarray) -> bool:
    return bool((values >= 0).all() and (np.abs(values.sum(axis=0) - 1) <= _SUM_TOLERANCE).all())


def _bounds(start: int, stop: int | None, length: int) -> tuple[int, int]:
    last = length if stop is None else min(stop, length)
    if not 0 <= start < last:
        raise InputError(f"expected 0 <= start < stop within {length} positions, got start={start} and stop={stop}")
    return start, last


def _mark(ax: "Axes", spans: list[Span], first: int, last: int) -> int:
    """Shade stretches and name them above, those that would overlap in lanes of their own; the number of lanes."""
    ends: list[float] = []  # where the last label of each lane ends
    colour_of = {label: COLOURS[i % len(COLOURS)] for i, label in enumerate(dict.fromkeys(s.label for s in spans))}
    per_letter = max((last - first) / 90, 0.7)  # width of a letter of text, in positions, on a figure of this size
    for span in sorted(spans):
        start, stop = max(span.start, first), min(span.stop, last)
        text = {1: f"{span.label} →", -1: f"← {span.label}"}.get(span.strand, span.label) if span.label else ""
        end = max(stop, start + per_letter * len(text))
        lane = next((i for i, taken in enumerate(ends) if taken <= start), len(ends))
        ends[lane : lane + 1] = [end]
        colour = colour_of[span.label]
        ax.axvspan(start, stop, color=colour, alpha=0.12, linewidth=0, zorder=0)
        height = 1.04 + _LANE * lane
        transform = ax.get_xaxis_transform()
        ax.plot([start, stop], [height, height], color=colour, linewidth=2, transform=transform, clip_on=False)
        ax.text(
            start, height + 0.02, text, color=colour, fontsize=7, transform=transform, clip_on=False, va="bottom"
        )  # fmt: skip
    return len(ends)
