"""Write docs/commands.md, every command with its options: python scripts/make_commands.py."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from motiflens.cli import app

TARGET = Path(__file__).parent.parent / "docs" / "commands.md"
HEAD = """# Commands

What `motiflens COMMAND --help` says, in one place. Results that are printed go to standard output, news to
standard error; errors are one line there. The exit code is 2 where what was given cannot be used, and 1 where the
work could not be done or finished. A fault of the program itself shows its traceback; `motiflens --debug COMMAND` shows
that of every error.
"""


def commands(group: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Give all commands below a group, with the words that call them."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def text_of(words: str, command: Any) -> str:
    """One command: what it does, how it is called, its options."""
    given = [one for one in command.params if one.name != "help"]
    arguments = [one for one in given if one.param_type_name == "argument"]
    options = [one for one in given if one.param_type_name == "option"]
    usage = " ".join([words, *(one.name.upper() for one in arguments), *(["[OPTIONS]"] if options else [])])
    lines = [f"## {words}", "", *paragraphs(command.help), "", "```text", usage, "```", ""]
    lines += [f"- `{one.name.upper()}`: {one.help}" for one in arguments]
    lines += ["", "| Option | Default | |", "|---|---|---|", *map(row_of, options)] if options else []
    return "\n".join(lines) + "\n"


def paragraphs(text: str) -> list[str]:
    """A help text with the lines of each paragraph joined."""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n")).splitlines()


def row_of(option: Any) -> str:
    """One option as a row of a table."""
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    has_default = option.default not in (None, False, ()) and not option.required
    default = f"`{getattr(option.default, 'value', option.default)}`" if has_default else ""
    return f"| {names} | {'required' if option.required else default} | {option.help.replace('|', chr(92) + '|')} |"


def reference() -> str:
    """The whole page."""
    listed = commands(app, ("motiflens",))
    return "\n".join([HEAD, *(text_of(words, command) for words, command in listed)])


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
