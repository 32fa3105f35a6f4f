"""Results as a few lines of text, as a small table in a notebook, and as a data frame.

A result gives its rows as a `Table`. From this, `as_text` makes at most 20 lines and 2,000 characters, however many
rows there are; `as_html` makes a table for notebooks; `as_dataframe` holds all rows. A class gets all three by
inheriting from `Tabular`. A named tuple, which cannot inherit, gets them from a decorator: `with_rows` if it has a text
of its own, else `by_fields`.
"""

import dataclasses
import math
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from motiflens.basics.errors import MissingPackageError
from motiflens.basics.plots import consensus, information_logo, logo_svg, logo_svg_defs

if TYPE_CHECKING:
    import pandas

_WIDTH, _TITLE = 98, 190  # characters of a line of text, and of the title
_TEXT_ROWS, _TEXT_NOTES = 12, 4  # title, header, rows, what is left out and notes: at most 19 lines
_LINES = 18  # of paragraphs below a title
_CELL = 40  # characters of a cell of text
_HTML_ROWS, _HTML_NOTES = 30, 8
_ELLIPSIS = "…"
_Class = TypeVar("_Class")


class Logo(NamedTuple):
    """A cell with a motif: shown as a logo in a notebook, as the consensus elsewhere."""

    pwm: np.ndarray  # (4, width)

    def __str__(self) -> str:
        return consensus(information_logo(self.pwm))

    def html(self) -> str:
        """An SVG logo, whose letter shapes the page must hold once."""
        return logo_svg(self.pwm, height=30, column_width=7, defs=False)


class Table(NamedTuple):
    """The rows and columns that a result shows.

    All columns have the same length. A cell is a number, a text, a `Logo`, or None if it is empty.
    """

    title: str  # a line
    columns: Mapping[str, Sequence[Any] | np.ndarray]
    notes: Sequence[str] = ()  # cautions, and what is missing

    def __repr__(self) -> str:
        return as_text(self)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(next(iter(self.columns.values()), ()))


class Tabular:
    """Base class of results: from the rows in `_table` come text, HTML and a data frame."""

    def _table(self) -> Table:
        raise NotImplementedError(f"{type(self).__name__} does not say its rows")

    def __repr__(self) -> str:
        return as_text(self._table())

    def _repr_html_(self) -> str:
        return as_html(self._table())

    def to_dataframe(self) -> "pandas.DataFrame":
        """All rows as a data frame.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return as_dataframe(self._table())


def with_rows(cls: type[_Class]) -> type[_Class]:
    """Give a class `_repr_html_` and `to_dataframe`, from its `_table` if it has one, else from its fields.

    If all fields are arrays of one shape, they become columns, with a row for every element. Otherwise each field
    becomes a row that describes its content.
    """
    table_of = getattr(cls, "_table", _table_of_fields)
    for name, made in (("_repr_html_", as_html), ("to_dataframe", as_dataframe)):
        setattr(cls, name, _method(name, made, table_of))
    return cls


def by_fields(cls: type[_Class]) -> type[_Class]:
    """As `with_rows`; the text is one line with the names of the fields and the shapes of arrays."""

    def text(self: Any) -> str:
        return as_fields(self, _fields_of(self))

    cls.__repr__ = text  # type: ignore[method-assign]
    return with_rows(cls)


def _method(name: str, made: Callable[[Table], Any], table_of: Callable[[Any], Table]) -> Callable[[Any], Any]:
    def method(self: Any) -> Any:
        return made(table_of(self))

    method.__name__, method.__doc__ = name, made.__doc__
    return method


def _fields_of(value: Any) -> dict[str, Any]:
    """Fields of a named tuple or a dataclass, by name."""
    if hasattr(value, "_asdict"):
        return dict(value._asdict())
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def _table_of_fields(value: Any) -> Table:
    fields = _fields_of(value)
    arrays = {name: field for name, field in fields.items() if isinstance(field, np.ndarray) and field.ndim}
    shapes = {array.shape for array in arrays.values()}
    if len(shapes) == 1:
        (shape,) = shapes
        places = {f"axis_{i}": axis.ravel() for i, axis in enumerate(np.indices(shape))} if len(shape) > 1 else {}
        notes = [f"{name}: {_described(field)}" for name, field in fields.items() if name not in arrays]
        columns = {**places, **{name: array.ravel() for name, array in arrays.items()}}
        return Table(f"{type(value).__name__} {shape}", columns, notes)
    return Table(
        type(value).__name__, {"field": list(fields), "holds": [_described(field) for field in fields.values()]}
    )


def columns_of(rows: Iterable[Mapping[str, Any]], names: Sequence[str] = ()) -> dict[str, list[Any]]:
    """Turn rows that are dictionaries into columns; `names` gives the order, and the names of a table without rows."""
    held = list(rows)
    keys = dict.fromkeys([*names, *(name for row in held for name in row)])
    return {name: [row.get(name) for row in held] for name in keys}


def as_text(table: Table) -> str:
    """The title, the first rows and the notes, in at most 20 lines and 2,000 characters.

    Columns for which there is no room are left out, and the last line says so.
    """
    n = table.n_rows
    cells = {name: [_text_of(name), *map(_text_of, column[:_TEXT_ROWS])] for name, column in table.columns.items() if n}
    widths = {name: max(map(len, column)) for name, column in cells.items()}
    kept: list[str] = []
    for name in cells:
        if sum(widths[one] + 2 for one in [*kept, name]) > _WIDTH:
            break
        kept.append(name)
    right = {name for name in kept if all(_is_number(value) for value in table.columns[name][:_TEXT_ROWS])}
    lines = [
        "".join(
            "  " + (column[i].rjust if name in right else column[i].ljust)(widths[name])
            for name in kept
            for column in [cells[name]]
        ).rstrip()
        for i in range(min(n, _TEXT_ROWS) + 1 if n else 0)
    ]
    left_out = [f"{n - _TEXT_ROWS:,} more rows"] * (n > _TEXT_ROWS)
    if len(kept) < len(cells):
        left_out.append(f"{len(cells) - len(kept)} more columns")
    if left_out:
        lines.append(f"  {_ELLIPSIS} {' and '.join(left_out)}: to_dataframe() has them all")
    notes = [f"  {note}" for note in _shortened(table.notes, _TEXT_NOTES)]
    return "\n".join([_clip(_one_line(table.title), _TITLE), *(_clip(line, _WIDTH) for line in [*lines, *notes])])


def paragraphs(title: str, texts: Sequence[str]) -> str:
    """A title and a paragraph for each text, in at most 20 lines and 2,000 characters; long ones are cut.

    Meant for a few short paragraphs: the more there are, the fewer lines each gets.
    """
    if len(texts) > _LINES:
        texts = [*texts[: _LINES - 1], f"{_ELLIPSIS} and {len(texts) - _LINES + 1} more"]
    n_lines = max(1, _LINES // max(len(texts), 1))
    lines = []
    for text in texts:
        wrapped = textwrap.wrap(_one_line(text), _WIDTH, initial_indent="  ", subsequent_indent="    ") or [""]
        if len(wrapped) > n_lines:
            wrapped = [*wrapped[: n_lines - 1], _clip(wrapped[n_lines - 1] + f" {_ELLIPSIS}", _WIDTH)]
        lines += wrapped
    return "\n".join([_clip(_one_line(title), _TITLE), *lines])


def as_html(table: Table) -> str:
    """A small HTML table with at most 30 rows; all text is escaped, motifs are logos."""
    parts = [f'<div class="motiflens"><p><b>{escape(_one_line(table.title))}</b></p>']
    shown = {name: column[:_HTML_ROWS] for name, column in table.columns.items()}
    if any(isinstance(value, Logo) for column in shown.values() for value in column):
        parts.append(logo_svg_defs())
    if table.n_rows:
        header = "".join(f"<th>{escape(str(name))}</th>" for name in shown)
        rows = (
            "<tr>" + "".join(f"<td>{_html_of(value)}</td>" for value in row) + "</tr>"
            for row in zip(*shown.values(), strict=True)
        )
        parts.append(f"<table><thead><tr>{header}</tr></thead><tbody>{''.join(rows)}</tbody></table>")
    if table.n_rows > _HTML_ROWS:
        parts.append(f"<p>{_ELLIPSIS} {table.n_rows - _HTML_ROWS:,} more rows: to_dataframe() has them all</p>")
    parts += [f"<p>{escape(note)}</p>" for note in _shortened(table.notes, _HTML_NOTES)]
    return "".join([*parts, "</div>"])


def as_dataframe(table: Table) -> "pandas.DataFrame":
    """All rows as a data frame; motifs become their consensus.

    Raises
    ------
    ImportError
        If pandas is not installed.
    """
    try:
        import pandas
    except ImportError as error:
        raise MissingPackageError("to_dataframe needs pandas: pip install 'motiflens[pandas]'") from error
    return pandas.DataFrame({name: _plain(column) for name, column in table.columns.items()})


def as_fields(value: Any, fields: Mapping[str, Any]) -> str:
    """A named tuple of arrays on one line, such as "Effects(total: float64 (28, 4, 20))", without the values."""
    parts = ", ".join(f"{name}: {_described(field)}" for name, field in fields.items())
    return _clip(f"{type(value).__name__}({parts})", 20 * _WIDTH)


def _described(value: Any) -> str:
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"{len(value)} of {type(value[0]).__name__}" if len(value) else "none"
    return _text_of(value)


def _plain(column: Sequence[Any] | np.ndarray) -> Sequence[Any] | np.ndarray:
    if isinstance(column, np.ndarray):
        return column
    return [str(value) if isinstance(value, Logo) else value for value in column]


def _text_of(value: Any) -> str:
    """A cell of text."""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if value is None or (isinstance(value, float | np.floating) and math.isnan(value)):
        return "–"
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    if isinstance(value, float | np.floating):
        return f"{value:.4g}"
    return _clip(_one_line(str(value)), _CELL)


def _html_of(value: Any) -> str:
    if isinstance(value, Logo):
        return value.html()
    return escape(str(value)) if isinstance(value, str) else escape(_text_of(value))


def _is_number(value: Any) -> bool:
    return value is None or isinstance(value, int | float | np.integer | np.floating)


def _shortened(notes: Sequence[str], n: int) -> list[str]:
    """The first notes, the last of them saying how many there are beyond."""
    shown = [_one_line(str(note)) for note in notes[:n]]
    return shown if len(notes) <= n else [*shown[:-1], f"{_ELLIPSIS} and {len(notes) - n + 1} more notes"]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _clip(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + _ELLIPSIS
