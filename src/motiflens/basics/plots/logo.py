"""Sequence logos: stacks of A, C, G, T letters on matplotlib axes or as compact inline SVG.

Letters are outlines of one bold face, scaled to fill their box, so a logo of any length is four filled paths
and an SVG logo refers to four shared shapes.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:  # matplotlib takes half a second to import: whoever draws nothing need not wait for it
    from matplotlib.axes import Axes
    from matplotlib.path import Path

from motiflens.basics.errors import InputError

LETTERS = "ACGT"

#: Colour-blind-safe letter colours (Okabe and Ito), in the order ACGT.
LETTER_COLORS = ("#009E73", "#0072B2", "#E69F00", "#D55E00")

_GAP = 0.03  # share of a column left free on each side of a letter
_SVG_COLUMN = 10  # width of a column, and
_SVG_HEIGHT = 100  # height of the whole logo, in user units: whole numbers are then fine enough

#: The letters of `_glyph` in hundredths of a column, kept here so that a page with logos needs no matplotlib.
_SVG_OUTLINES = (
    "M68 82L32 82L26 100L3 100L36 0L64 0L97 100L74 100L68 82ZM38 63L62 63L50 23L38 63Z",
    "M97 93Q89 96 81 98Q72 100 63 100Q35 100 19 87Q3 73 3 50Q3 27 19 13Q35 0 63 0Q72 0 81 2Q89 4 97 7L97 27Q89 22 81 20"
    "Q74 18 65 18Q50 18 41 27Q32 35 32 50Q32 65 41 73Q50 82 65 82Q74 82 81 80Q89 78 97 73L97 93Z",
    "M97 91Q88 95 77 98Q67 100 56 100Q32 100 17 87Q3 73 3 50Q3 27 18 13Q32 0 58 0Q67 0 76 2Q85 4 93 7L93 27Q85 23 77 20"
    "Q69 18 61 18Q46 18 37 26Q29 35 29 50Q29 65 37 74Q45 82 60 82Q64 82 67 82Q70 81 73 80L73 61"
    "L57 61L57 45L97 45L97 91Z",
    "M3 0L97 0L97 20L63 20L63 100L37 100L37 20L3 20L3 0Z",
)


class _Letters(NamedTuple):
    """Boxes of stacked letters: which base, in which column, from `bottom` to `bottom + height`."""

    base: np.ndarray
    column: np.ndarray
    bottom: np.ndarray
    height: np.ndarray


def information_logo(pwm: np.ndarray) -> np.ndarray:
    """Letter heights of an information-content logo.

    A letter is as high as its probability times the information of its column, 2 + sum_b p_b log2 p_b bits
    (Schneider and Stephens 1990, uniform background, no small-sample correction).

    Parameters
    ----------
    pwm : np.ndarray, shape=(4, width)
        Probabilities; a column that does not sum to 1 is normalised, a column of zeros counts as uniform.

    Returns
    -------
    heights : np.ndarray, shape=(4, width)
        Bits, 0 to 2 per column.

    Raises
    ------
    ValueError
        If the shape is not (4, width), or a value is negative or not finite.
    """
    pwm = _check_heights(pwm, "pwm")
    if (pwm < 0).any():
        raise InputError(f"expected probabilities >= 0 in pwm, got {pwm.min():g}")
    total = pwm.sum(axis=0)
    probability = np.where(total > 0, pwm, 0.25) / np.where(total > 0, total, 1.0)
    log2 = np.log2(probability, where=probability > 0, out=np.zeros_like(probability))
    information = np.maximum(2.0 + (probability * log2).sum(axis=0), 0.0)  # width
    return probability * information


def draw_logo(
    ax: "Axes",
    heights: np.ndarray,
    *,
    start: float = 0.0,
    base: float = 0.0,
    min_height: float = 0.0,
    colors: tuple[str, ...] = LETTER_COLORS,
    limits: bool = True,
) -> None:
    """Draw stacked letters on axes and set the axes' limits to hold them.

    Positive letters stack upwards from `base`, the largest on top; negative letters hang upside down below it, the
    largest at the bottom. Column j spans `start + j` to `start + j + 1`.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    heights : np.ndarray, shape=(4, width)
        Signed letter heights in the order ACGT: `information_logo(pwm)`, or attributions.
    start : float
        Where the first column begins on the x axis.
    base : float
        Where letters stand on the y axis, so that several logos fit on one pair of axes.
    min_height : float
        Letters of at most this height are left out, as they would not be seen and make files large.
    colors : tuple of 4 colours
        In the order ACGT.
    limits : bool
        Whether to set the limits of the axes.

    Raises
    ------
    ValueError
        If the shape is not (4, width) or a value is not finite.
    """
    from matplotlib.collections import PathCollection

    heights = _check_heights(heights, "heights")
    letters = _stack(heights, min_height=min_height)
    letters = letters._replace(bottom=letters.bottom + base)
    for letter, color in enumerate(colors):
        of_letter = letters.base == letter
        if not of_letter.any():
            continue
        outline = _place_glyphs(letter, *(values[of_letter] for values in letters[1:]), start=start)
        ax.add_collection(
            PathCollection([outline], facecolors=color, edgecolors="none", linewidths=0),
            autolim=False,
        )
    if not limits:
        return
    low, high = base + np.minimum(heights, 0).sum(0).min(), base + np.maximum(heights, 0).sum(0).max()
    ax.set_xlim(start, start + heights.shape[1])
    if high > low:
        ax.set_ylim(low, high)


def logo_svg(
    pwm: np.ndarray, *, height: int = 44, column_width: float = 9.0, min_bits: float = 0.05, defs: bool = True
) -> str:
    """Information-content logo as an `<svg>` string for an HTML page, about 1 kB for a motif.

    Parameters
    ----------
    pwm : np.ndarray, shape=(4, width)
        Probabilities.
    height : int
        Height in CSS pixels; it stands for 2 bits.
    column_width : float
        Width of one position in CSS pixels.
    min_bits : float
        Letters lower than this are left out, as they would not be seen.
    defs : bool
        Carry the letter shapes along. A page with many logos gives False and holds `logo_svg_defs()` once.

    Returns
    -------
    svg : str
        Labelled with the consensus for readers of the page who do not see it.

    Raises
    ------
    ValueError
        If `pwm` is not a (4, width) array of finite values >= 0.
    """
    heights = information_logo(pwm)
    width = heights.shape[1]
    letters = _stack(heights, min_height=min_bits)
    parts = [
        f'<svg class="logo" role="img" aria-label="{consensus(heights)}" '
        f'width="{width * column_width:g}" height="{height}" '
        f'viewBox="0 0 {width * _SVG_COLUMN} {_SVG_HEIGHT}" preserveAspectRatio="none">'
    ]
    if defs:
        parts.append(f"<defs>{_svg_shapes()}</defs>")
    to_units = _SVG_HEIGHT / 2.0
    bottoms = np.rint(_SVG_HEIGHT - letters.bottom * to_units).astype(int)
    tops = np.rint(_SVG_HEIGHT - (letters.bottom + letters.height) * to_units).astype(int)
    for base, column, top, bottom in zip(letters.base, letters.column, tops, bottoms, strict=True):
        x = column * _SVG_COLUMN
        parts.append(f'<use href="#ml{LETTERS[base]}" transform="matrix(1 0 0 {bottom - top} {x} {top})"/>')
    parts.append("</svg>")
    return "".join(parts)


def logo_svg_defs() -> str:
    """Invisible `<svg>` with the letter shapes that `logo_svg(..., defs=False)` needs once per page."""
    return f'<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>{_svg_shapes()}</defs></svg>'


def consensus(heights: np.ndarray) -> str:
    """Most informative base per column of heights in bits, shape=(4, width); a dot below half a bit."""
    best = heights.argmax(axis=0)
    informative = heights.sum(axis=0) >= 0.5
    return "".join(LETTERS[base] if sure else "." for base, sure in zip(best, informative, strict=True))


def _check_heights(values: np.ndarray, name: str) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or values.shape[0] != 4 or values.shape[1] == 0:
        raise InputError(f"expected {name} of shape (4, width), rows in the order ACGT, got {values.shape}")
    if not np.isfinite(values).all():
        column = int(np.flatnonzero(~np.isfinite(values).all(axis=0))[0])
        raise InputError(f"expected finite values in {name}, got {values[:, column].tolist()} in column {column}")
    return values


def _stack(heights: np.ndarray, min_height: float = 0.0) -> _Letters:
    """Stack the letters of each column outwards from 0, small ones first; leave out those below `min_height`.

    `height` stays signed and `bottom` is the end of the letter that is nearer to 0.
    """
    order = np.argsort(np.abs(heights), axis=0, kind="stable")  # 4, width: letters from small to large
    sorted_heights = np.take_along_axis(heights, order, axis=0)
    positive, negative = np.maximum(sorted_heights, 0), np.minimum(sorted_heights, 0)
    ends = np.where(sorted_heights > 0, positive.cumsum(0), negative.cumsum(0))
    rank, column = np.nonzero(np.abs(sorted_heights) > min_height)
    height = sorted_heights[rank, column]
    return _Letters(order[rank, column], column, ends[rank, column] - height, height)


@lru_cache(maxsize=4)
def _glyph(base: int) -> "Path":
    """Outline of one letter, stretched to the unit square."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.path import Path
    from matplotlib.textpath import TextPath

    font = FontProperties(family="DejaVu Sans", weight="bold")  # comes with matplotlib
    outline = TextPath((0, 0), LETTERS[base], size=100, prop=font)
    box = outline.get_extents()
    vertices = (outline.vertices - box.min) / box.size
    return Path(vertices, outline.codes, readonly=True)


def _place_glyphs(base: int, column: np.ndarray, bottom: np.ndarray, height: np.ndarray, *, start: float) -> "Path":
    """One path with a copy of the glyph in every box."""
    from matplotlib.path import Path

    glyph = _glyph(base)
    corner = np.stack([start + column + _GAP, bottom], axis=1)  # n, 2
    size = np.stack([np.full(len(height), 1 - 2 * _GAP), height], axis=1)  # n, 2
    vertices = corner[:, None] + size[:, None] * glyph.vertices  # n, n_vertices, 2
    return Path(vertices.reshape(-1, 2), np.tile(np.asarray(glyph.codes), len(column)))


@lru_cache(maxsize=1)
def _svg_shapes() -> str:
    """The four letters as `<path>`, one column wide and 1 high, y downwards."""
    scale = f"scale({_SVG_COLUMN / 100:g} 0.01)"
    return "".join(
        f'<path id="ml{letter}" fill="{LETTER_COLORS[base]}" transform="{scale}" d="{_SVG_OUTLINES[base]}"/>'
        for base, letter in enumerate(LETTERS)
    )
