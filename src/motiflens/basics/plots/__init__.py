"""Small plots: those that results draw with `.plot()`, and of which pages are made.

Each function draws on the axes that it is given, or on a new figure, and returns the axes. Matplotlib is imported when
something is drawn.
"""

from motiflens.basics.plots.canvas import COLOURS, GREY, axes_for
from motiflens.basics.plots.hits import MatchedRow, plot_hits
from motiflens.basics.plots.interaction_profiles import Profile, plot_interactions
from motiflens.basics.plots.intervals import Estimate, finish_rows, plot_intervals
from motiflens.basics.plots.logo import (
    LETTER_COLORS,
    LETTERS,
    consensus,
    draw_logo,
    information_logo,
    logo_svg,
    logo_svg_defs,
)
from motiflens.basics.plots.matched_filters import Matched, aligned_matrices, plot_matched_filters
from motiflens.basics.plots.ranked import plot_ranked
from motiflens.basics.plots.score_logo import score_bars_svg, score_logo_svg, zero_line
from motiflens.basics.plots.sequence_logo import Span, plot_logo
from motiflens.basics.plots.training_curves import plot_training

__all__ = [
    "COLOURS",
    "Estimate",
    "GREY",
    "LETTERS",
    "LETTER_COLORS",
    "Matched",
    "MatchedRow",
    "Profile",
    "Span",
    "aligned_matrices",
    "axes_for",
    "consensus",
    "draw_logo",
    "finish_rows",
    "information_logo",
    "logo_svg",
    "logo_svg_defs",
    "plot_hits",
    "plot_interactions",
    "plot_intervals",
    "plot_logo",
    "plot_matched_filters",
    "plot_ranked",
    "plot_training",
    "score_bars_svg",
    "score_logo_svg",
    "zero_line",
]
