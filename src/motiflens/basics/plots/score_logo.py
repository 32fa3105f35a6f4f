"""Attribution scores of a sequence as inline SVG: its letters as tall as their scores, and an overview in bars."""

from html import escape

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.plots.logo import LETTERS

_COLUMN = 10  # width of a letter and
_HEIGHT = 100  # height of the picture, in user units: whole numbers are then fine enough
_MOST_BARS = 1000  # of a long sequence: as many as a screen can show


def score_logo_svg(
    codes: np.ndarray,
    scores: np.ndarray,
    *,
    label: str,
    scale: float | None = None,
    part: tuple[int, int] | None = None,
) -> str:
    """Letters of a sequence, up for positive and down for negative scores.

    The page must hold :func:`motiflens.basics.plots.logo_svg_defs` once.

    Parameters
    ----------
    codes : np.ndarray, uint8, shape=(L,)
        The place of an unknown base stays empty.
    scores : np.ndarray, shape=(L,)
    label : str
        Text for screen readers.
    scale : float, optional
        Score that reaches the upper edge of the picture; by default the largest absolute score.
    part : (int, int), optional
        Draw the letters from the first to before the second position only. Parts of one sequence have the same height
        and zero line, so that they can stand side by side.

    Returns
    -------
    svg : str

    Raises
    ------
    ValueError
        If shapes differ or a score is not finite.
    """
    scores = _checked(scores, len(codes))
    scale = (scale or float(np.abs(scores).max(initial=0))) or 1.0
    heights = np.rint(np.clip(scores / scale, -1, 1) * _up(scores) * _HEIGHT).astype(int)
    zero = round(_up(scores) * _HEIGHT)
    start, stop = part or (0, len(codes))
    letters = [
        f'<use href="#ml{LETTERS[codes[i]]}" '
        f'transform="matrix(1 0 0 {heights[i]} {(i - start) * _COLUMN} {zero - heights[i]})"/>'
        for i in np.flatnonzero((heights != 0) & (codes < len(LETTERS)))
        if start <= i < stop
    ]
    width = (stop - start) * _COLUMN
    return _svg("score-logo", label, width, f'<path class="axis" d="M0 {zero}H{width}"/>{"".join(letters)}')


def score_bars_svg(scores: np.ndarray, *, label: str, marked: tuple[int, int] | None = None) -> str:
    """A bar for each position of a sequence; positions from `marked[0]` to before `marked[1]` are marked.

    Scores have shape=(L,).

    If the sequence has more positions than a screen has pixels, each bar shows the largest absolute score of several
    neighbouring positions. Parameters, errors and zero line are those of :func:`score_logo_svg`.
    """
    length = len(scores)
    scores, step = _summed_up(_checked(scores, length))
    scale = float(np.abs(scores).max(initial=0)) or 1.0
    zero = round(_up(scores) * _HEIGHT)
    heights = np.rint(scores / scale * _up(scores) * _HEIGHT).astype(int)
    bars = "".join(f"M{i} {zero}v{-heights[i]}" for i in np.flatnonzero(heights))
    window = ""
    if marked is not None:
        first, stop = marked[0] / step, marked[1] / step
        window = f'<rect class="window" x="{first:g}" y="0" width="{stop - first:g}" height="{_HEIGHT}"/>'
    return _svg(
        "score-bars", label, len(scores), f'{window}<path class="bars" transform="translate(.5 0)" d="{bars}"/>'
    )


def _summed_up(scores: np.ndarray) -> tuple[np.ndarray, int]:
    """The score that is furthest from zero of each `step` positions, and `step`."""
    step = max(-(-len(scores) // _MOST_BARS), 1)
    rows = np.pad(scores, (0, -len(scores) % step)).reshape(-1, step)
    return np.take_along_axis(rows, np.abs(rows).argmax(axis=1)[:, None], axis=1)[:, 0], step


def zero_line(scores: np.ndarray) -> float:
    """Share of the height of :func:`score_logo_svg` that lies above its zero line, for scores of shape=(L,)."""
    return _up(np.asarray(scores, dtype=np.float64))


def _up(scores: np.ndarray) -> float:
    """Share of the picture above zero: all of it but what negative scores need."""
    largest = float(np.abs(scores).max(initial=0)) or 1.0
    below = max(0.0, -float(scores.min(initial=0))) / largest
    return 1 / (1 + below)


def _svg(kind: str, label: str, width: int, content: str) -> str:
    return (
        f'<svg class="{kind}" role="img" aria-label="{escape(label)}" viewBox="0 0 {width} {_HEIGHT}" '
        f'preserveAspectRatio="none">{content}</svg>'
    )


def _checked(scores: np.ndarray, length: int) -> np.ndarray:
    scores = np.asarray(scores, dtype=np.float64)
    if scores.shape != (length,):
        raise InputError(f"expected one score for each of {length} bases, got shape {scores.shape}")
    if not np.isfinite(scores).all():
        raise InputError("scores must be finite, got NaN or infinity")
    return scores
