"""Attribution scores of a sequence as inline SVG: its letters as tall as their scores, and an overview in bars."""

from html import escape

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.plots.logo import LETTERS

_COLUMN = 10  # width of a letter and
_HEIGHT = 100  # height of the picture, in user units: whole numbers are then fine enough


def score_logo_svg(codes: np.ndarray, scores: np.ndarray, *, label: str, scale: float | None = None) -> str:
    """Letters of a sequence, up for positive and down for negative scores.

    The page must hold :func:`motiflens.basics.plots.logo_svg_defs` once.

    Parameters
    ----------
    codes : np.ndarray, uint8, shape=(L,)
        An unknown base leaves its place empty.
    scores : np.ndarray, shape=(L,)
    label : str
        For readers who do not see the picture.
    scale : float, optional
        Score that is as tall as the picture's half above zero; by default the largest absolute one.

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
    letters = [
        f'<use href="#ml{LETTERS[codes[i]]}" transform="matrix(1 0 0 {heights[i]} {i * _COLUMN} {zero - heights[i]})"/>'
        for i in np.flatnonzero((heights != 0) & (codes < len(LETTERS)))
    ]
    width = len(codes) * _COLUMN
    return _svg("score-logo", label, width, f'<path class="axis" d="M0 {zero}H{width}"/>{"".join(letters)}')


def score_bars_svg(scores: np.ndarray, *, label: str, marked: tuple[int, int] | None = None) -> str:
    """A bar per position of a whole sequence, with a stretch of it, from the first position to before the last, marked.

    Parameters, errors and zero line are those of :func:`score_logo_svg`.
    """
    scores = _checked(scores, len(scores))
    scale = float(np.abs(scores).max(initial=0)) or 1.0
    zero = round(_up(scores) * _HEIGHT)
    heights = np.rint(scores / scale * _up(scores) * _HEIGHT).astype(int)
    bars = "".join(f"M{i} {zero}v{-heights[i]}" for i in np.flatnonzero(heights))
    window = ""
    if marked is not None:
        window = f'<rect class="window" x="{marked[0]}" y="0" width="{marked[1] - marked[0]}" height="{_HEIGHT}"/>'
    return _svg(
        "score-bars", label, len(scores), f'{window}<path class="bars" transform="translate(.5 0)" d="{bars}"/>'
    )


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
