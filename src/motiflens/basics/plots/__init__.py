"""Small plots that results draw of themselves; pages compose them."""

from motiflens.basics.plots.logo import LETTER_COLORS, LETTERS, draw_logo, information_logo, logo_svg, logo_svg_defs

__all__ = [
    "LETTERS",
    "LETTER_COLORS",
    "draw_logo",
    "information_logo",
    "logo_svg",
    "logo_svg_defs",
]
