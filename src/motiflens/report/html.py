"""How all pages are made: one base template and stylesheet, and files that are written whole or not at all."""

import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from motiflens.basics.files import write_text
from motiflens.basics.words import format_number, format_p, signed, with_sd


@cache
def page_environment() -> Environment:
    """Templates of this package, with the filters `number`, `signed`, `p` and `with_sd` and the function `cell`."""
    made = Environment(loader=PackageLoader("motiflens.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    made.filters.update(number=format_number, signed=signed, p=format_p, with_sd=with_sd, title=_title)
    made.globals["cell"] = table_cell
    return made


def render_page(template: str, **values: Any) -> str:
    """A page as text, from one of the templates; cells of its tables know their columns."""
    return with_cell_labels(page_environment().get_template(template).render(**values))


def write_page(path: str | Path, template: str, **values: Any) -> Path:
    """Render a page and write it in one piece; missing folders are made."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(render_page(template, **values), path)
    return path


def _title(text: str) -> str:
    """The first letter as a capital, the others as they are: AUROC stays."""
    return text[:1].upper() + text[1:]


def table_cell(value: float, style: str) -> Markup:
    """A table cell that sorts by its value; a dash, and no value, for NaN."""
    if value != value:
        return Markup("<td>–</td>")
    return Markup('<td data-value="{}">{}</td>').format(f"{value:.6g}", style.format(value))


def with_cell_labels(page: str) -> str:
    """Give every cell the title of its column: on a narrow screen a row becomes a card, and titles stand in it."""
    return re.sub(r"<table\b.*?</table>", lambda found: _labelled(found[0]), page, flags=re.DOTALL)


def _labelled(table: str) -> str:
    head, end, body = table.partition("</thead>")
    if not end:
        return table
    titles = _column_titles(head)

    def label_row(row: re.Match[str]) -> str:
        columns = iter(titles)

        def label(cell: re.Match[str]) -> str:
            title = next(columns, "")
            return cell[0] if cell[1] == "th" else f'<td data-label="{title}"'

        return re.sub(r"<(td|th)\b", label, row[0])

    return head + end + re.sub(r"<tr\b.*?</tr>", label_row, body, flags=re.DOTALL)


def _column_titles(head: str) -> list[str]:
    """Titles of the columns; where the head has several rows, the upper title stands before the lower."""
    taken: dict[tuple[int, int], str] = {}
    for y, row in enumerate(re.findall(r"<tr\b.*?</tr>", head, flags=re.DOTALL)):
        x = 0
        for attributes, content in re.findall(r"<th\b(.*?)>(.*?)</th>", row, flags=re.DOTALL):
            while (y, x) in taken:
                x += 1
            text = re.sub(r"<.*?>|&shy;", "", content).strip().replace('"', "&quot;")
            for dy in range(_span(attributes, "rowspan")):
                taken |= {(y + dy, x + dx): text for dx in range(_span(attributes, "colspan"))}
            x += _span(attributes, "colspan")
    width = max((x for _, x in taken), default=-1) + 1
    height = max((y for y, _ in taken), default=-1) + 1
    columns = [dict.fromkeys(taken.get((y, x), "") for y in range(height)) for x in range(width)]
    return [": ".join(text for text in column if text) for column in columns]


def _span(attributes: str, name: str) -> int:
    found = re.search(rf'{name}="(\d+)"', attributes)
    return int(found[1]) if found else 1
