"""Drawing a 200 bp attribution logo: one filled path per base against one patch per letter."""

import argparse
import time
from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D
from setting import print_race, print_setting

from motiflens.basics.plots import LETTER_COLORS, LETTERS, draw_logo


def draw_letter_by_letter(heights: np.ndarray) -> None:
    """The plain way: an outline and a patch for each letter."""
    ax = Figure().add_subplot()
    font = FontProperties(family="DejaVu Sans", weight="bold")
    for base, column in zip(*np.nonzero(heights), strict=True):
        glyph = TextPath((0, 0), LETTERS[base], size=1, prop=font)
        box = glyph.get_extents()
        place = Affine2D().translate(-box.x0, -box.y0)
        place.scale(1 / box.width, heights[base, column] / box.height).translate(column, 0)
        ax.add_patch(PathPatch(place.transform_path(glyph), color=LETTER_COLORS[base], lw=0))


def draw_by_base(heights: np.ndarray) -> None:
    """The way of `motiflens.basics.plots.logo`."""
    draw_logo(Figure().add_subplot(), heights)


def seconds(draw: Callable[[np.ndarray], None], heights: np.ndarray, repeats: int) -> float:
    """Median CPU seconds of a call."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        draw(heights)
        times.append(time.process_time() - start)
    return float(np.median(times))


def main() -> None:
    """Print both times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--length", type=int, default=200, help="base pairs")
    parser.add_argument("--repeats", type=int, default=9)
    arguments = parser.parse_args()
    print_setting()
    rng = np.random.default_rng(0)
    heights = np.zeros((4, arguments.length))
    heights[rng.integers(0, 4, arguments.length), np.arange(arguments.length)] = rng.normal(size=arguments.length)
    draw_by_base(heights)  # outlines are made once per process
    ours = seconds(draw_by_base, heights, arguments.repeats)
    theirs = seconds(draw_letter_by_letter, heights, arguments.repeats)
    print(f"one path per base   {ours * 1e3:8.1f} ms  (axes included)")
    print(f"one patch per letter{theirs * 1e3:8.1f} ms")
    print(f"ratio               {theirs / ours:8.1f} x")
    print_race("a logo", ours, "one matplotlib patch per letter", theirs)


if __name__ == "__main__":
    main()
