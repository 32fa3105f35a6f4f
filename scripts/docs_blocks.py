"""The fenced blocks of Markdown pages, and what comments say of them.

Every block of `python` or `sh` is run, in the order of the page, in one folder per page; Python blocks share their
names. Comments, which no reader sees, say more:

    <!-- files: peaks model -->          before the first block: made by docs_files.py, into the page's folder
    <!-- with: -n 8000 => -n 300 -->     before a block: run with a smaller size than it shows; several lines may follow
    <!-- show: filters.svg -->           after a block: a picture that it made
    <!-- page: audit/audit.html -->      after a block: a page that it made
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
_FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_WITH = re.compile(r"<!-- with: ((?:(?!-->).)*) -->\s*\Z", re.DOTALL)
_SHOWN = re.compile(r"\A((?:\s*<!-- (?:show|page): .*? -->)+)")


class Block(NamedTuple):
    """A fenced block that can be run.

    Attributes
    ----------
    language : str
        "python" or "sh".
    code : str
        As it is run, with the smaller sizes.
    shown : str
        As the reader sees it.
    line : int
        Where it begins in the page, from 1.
    end : int
        Position in the page's text behind its last fence, and behind comments on what it made.
    files : tuple of (str, str)
        ("show" or "page", path) of what it made.
    """

    language: str
    code: str
    shown: str
    line: int
    end: int
    files: tuple[tuple[str, str], ...]


def pages() -> list[Path]:
    """README and all pages of the docs."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks_of(text: str) -> Iterator[Block]:
    """All Python and shell blocks of a page.

    Raises
    ------
    ValueError
        If a smaller size is named for something that the block does not hold.
    """
    for fence in _FENCE.finditer(text):
        language, shown = fence.groups()
        if language not in ("python", "sh"):
            continue
        line, code = text.count("\n", 0, fence.start()) + 1, shown
        if found := _WITH.search(text, 0, fence.start()):
            for pair in found[1].splitlines():
                old, arrow, new = pair.strip().partition(" => ")
                if not arrow or old not in code:
                    raise ValueError(f"line {line}: no {old!r} in the block that is to be run with {new!r}")
                code = code.replace(old, new)
        behind = _SHOWN.match(text[fence.end() :])
        files = re.findall(r"<!-- (show|page): (.*?) -->", behind[1]) if behind else []
        yield Block(language, code, shown, line, fence.end() + (behind.end() if behind else 0), tuple(files))


def files_of(text: str) -> list[str]:
    """Names of the files that a page begins with."""
    found = re.search(r"<!-- files: (.*?) -->", text)
    return found[1].split() if found else []


def not_run() -> dict[tuple[str, str], str]:
    """Reasons why blocks are not run, by page and the block's first line."""
    listed = tomllib.loads((ROOT / "scripts" / "docs_not_run.toml").read_text(encoding="utf-8"))
    return {(one["page"], one["first_line"]): one["reason"] for one in listed["block"]}


def is_run(page: Path, block: Block) -> bool:
    """Whether a block is run when the docs are built."""
    return (page.relative_to(ROOT).as_posix(), block.shown.splitlines()[0]) not in not_run()
