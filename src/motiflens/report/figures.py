"""The comparison of ReLU and exponential over all networks of a study, and how figures look and are saved.

Figures are built on `matplotlib.figure.Figure`, so no window system or pyplot state is touched.
"""

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from motiflens.basics.errors import InputError
from motiflens.basics.files import in_one_piece, write_text
from motiflens.basics.store import Record
from motiflens.basics.words import look

if TYPE_CHECKING:  # matplotlib takes a second to import: a page whose figures are kept need not wait for it
    from matplotlib.figure import Figure

_STYLE: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 8.0,
    "axes.titlesize": 9.0,
    "axes.labelsize": 8.0,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#444444",
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "xtick.labelcolor": "#111111",
    "ytick.labelcolor": "#111111",
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "svg.fonttype": "none",  # text stays text: small files, and it can be searched and edited
    "svg.hashsalt": "motiflens",  # the same figure gives the same bytes
    "pdf.fonttype": 42,
}
#: Width in inches of a figure on a narrow screen: text of 8 points is then about as large as that of the page.
NARROW = 3.7

_METADATA: Mapping[str, dict[str, Any]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}


def network_label(record: Record) -> str:
    """One line that names a network, e.g. "Task 1 · C4C6-Att · Exponential · network 3"."""
    label = look(record["activation"])[0]
    return f"Task {record['task']} · {record['architecture']} · {label} · network {record['member']}"


def save_figure(
    figure: "Figure", path_stem: str | Path, *, formats: Sequence[str] = ("svg", "pdf", "png")
) -> list[Path]:
    """Save a figure once per format, e.g. figures/figure2.svg for the stem figures/figure2.

    The same figure gives the same SVG: ids are salted and no date is written. Missing folders are made.

    Raises
    ------
    ValueError
        If a format is not svg, pdf or png.
    """
    check_formats(formats)
    stem = Path(path_stem)
    stem.parent.mkdir(parents=True, exist_ok=True)
    paths = [stem.with_name(f"{stem.name}.{name}") for name in formats]
    for name, path in zip(formats, paths, strict=True):
        if name == "svg":
            write_text(_svg_text(figure), path)
            continue
        with figure_style(), in_one_piece(path) as unfinished:
            figure.savefig(unfinished, format=name, dpi=200, metadata=_METADATA[name])
    return paths


def check_formats(formats: Sequence[str]) -> None:
    """Raise a ValueError that lists the known formats unless all are among them."""
    unknown = [name for name in formats if name not in _METADATA]
    if unknown:
        raise InputError(f"formats must be among {', '.join(_METADATA)}, got {', '.join(map(repr, unknown))}")


def figure_svg(figure: "Figure", prefix: str) -> str:
    """A figure as an `<svg>` element for an HTML page; `prefix` keeps its ids apart from other figures'."""
    svg = _svg_text(figure)
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    return re.sub(r'(url\(#|href="#)', rf"\1{prefix}-", svg)


def figure_for_screens(draw: "Callable[[bool], Figure | None]", prefix: str) -> Markup | None:
    """A figure as elements of a page: as it is, and drawn once more for narrow screens, of which one is shown.

    Parameters
    ----------
    draw : callable
        Told whether to draw for a screen of about 400 pixels: `NARROW` inches wide, panels below each other. None where
        there is nothing to draw.
    prefix : str
        Keeps ids apart from other figures'.
    """
    wide, narrow = draw(False), draw(True)
    return None if wide is None or narrow is None else both_figures(wide, narrow, prefix)


def both_figures(wide: "Figure", narrow: "Figure | None", prefix: str) -> Markup:
    """A figure drawn for wide and for narrow screens, as elements of a page; without the latter, the former alone."""
    if narrow is None:
        return Markup(figure_svg(wide, prefix))
    small, large = figure_svg(narrow, f"{prefix}-narrow"), figure_svg(wide, prefix)
    return Markup(f'<div class="small">{small}</div><div class="large">{large}</div>')


def _svg_text(figure: "Figure") -> str:
    """SVG with coordinates cut to a hundredth of a point: half the size, and no eye can tell."""
    buffer = io.StringIO()
    with figure_style():
        figure.savefig(buffer, format="svg", metadata=_METADATA["svg"])
    return re.sub(r"<[^>]*>", lambda tag: re.sub(r"(\d\.\d\d)\d+", r"\1", tag[0]), buffer.getvalue())  # no text


@contextmanager
def figure_style() -> Iterator[None]:
    """The look of all figures, for the time of a `with` block."""
    import matplotlib as mpl

    with mpl.rc_context(_STYLE):
        yield
