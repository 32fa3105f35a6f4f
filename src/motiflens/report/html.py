"""How all pages are made: one jinja environment, and files that are written whole or not at all."""

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
    made.filters.update(number=format_number, signed=signed, p=format_p, with_sd=with_sd)
    made.globals["cell"] = table_cell
    return made


def render_page(template: str, **values: Any) -> str:
    """A page as text, from one of the templates."""
    return page_environment().get_template(template).render(**values)


def write_page(path: str | Path, template: str, **values: Any) -> Path:
    """Render a page and write it in one piece; missing folders are made."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(render_page(template, **values), path)
    return path


def table_cell(value: float, style: str) -> Markup:
    """A table cell that sorts by its value; a dash, and no value, for NaN."""
    if value != value:
        return Markup("<td>–</td>")
    return Markup('<td data-value="{}">{}</td>').format(f"{value:.6g}", style.format(value))
