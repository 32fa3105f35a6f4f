"""Commands from functions: annotations say what arguments and options are, docstrings what commands do.

A command is a plain function. Its help is its docstring, and each parameter is annotated with its type and with an
`Argument` or an `Option`:

    def train(
        data: Annotated[Path, Argument(help="Data set.")],
        n_members: Annotated[int, Option("--members", help="Networks to train.")] = 5,
    ) -> None: ...

Types are text, numbers, bool, Path, a StrEnum, a list of one of these (may be given several times), or one of these or
None. A bool whose names are not given is a pair of flags, --name and --no-name. `click` parses the command line and
writes the help.
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, TypeVar, get_args, get_origin

import click

_Function = TypeVar("_Function", bound=Callable[..., None])
#: Of every command: both names of help, and lines that a wide terminal can hold.
SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


@dataclass(frozen=True)
class Argument:
    """What stands in a place of its own: a file, a name.

    Attributes
    ----------
    help : str
    exists : bool
        Of a path: whether it must exist.
    """

    help: str
    exists: bool = False
    callback: Callable[[Any], Any] | None = None
    min: float | None = None
    max: float | None = None


class Option:
    """What is named by dashes.

    Parameters
    ----------
    *names : str
        Such as "--out", "-o"; by default the parameter's name.
    help : str
    callback : callable, optional
        Takes the value, and returns it or another, or raises an error.
    min, max : number, optional
        Bounds of a number.
    exists : bool
        Of a path: whether it must exist.
    panel : str
        Heading of the help under which the option stands.
    """

    def __init__(
        self,
        *names: str,
        help: str,
        callback: Callable[[Any], Any] | None = None,
        min: float | None = None,
        max: float | None = None,
        exists: bool = False,
        panel: str = "Options",
    ) -> None:
        self.names, self.help, self.callback, self.min, self.max = names, help, callback, min, max
        self.exists, self.panel = exists, panel


class Commands(click.Group):
    """Commands under one name; without a command they show their help.

    Parameters
    ----------
    help : str
    start : callable, optional
        Called before any command, with what stands in front of its name.
    """

    def __init__(self, help: str, start: Callable[..., None] | None = None) -> None:
        callback, params = (None, []) if start is None else _read(start)
        super().__init__(
            help=help,
            callback=callback,
            params=params,
            no_args_is_help=True,
            invoke_without_command=start is not None,
            context_settings=SETTINGS,
        )

    def register(self, name: str) -> Callable[[_Function], _Function]:
        """Make a command of a function, which stays as it is."""

        def take(function: _Function) -> _Function:
            callback, params = _read(function)
            help = inspect.getdoc(function)
            self.add_command(_Command(name, callback=callback, params=params, help=help, context_settings=SETTINGS))
            return function

        return take

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the first sentence of each command's help in full."""
        rows = [(name, one.get_short_help_str(limit=1_000)) for name, one in sorted(self.commands.items())]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


class _Command(click.Command):
    """A command whose help has arguments first, then options under their headings."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help of all parameters."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for one in self.get_params(ctx):
            record = one.get_help_record(ctx)
            if record is not None:
                panels.setdefault(getattr(one, "panel", "Options"), []).append(record)
        # sorted by two answers: arguments first, then options without a heading of their own
        for heading in sorted(panels, key=lambda name: (name != "Arguments", name != "Options")):
            with formatter.section(heading):
                formatter.write_dl(panels[heading])

    def format_arguments(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write nothing: newer versions of click ask for this, and `format_options` has written all."""


class _Argument(click.Argument):
    """An argument that has a help text."""

    panel = "Arguments"

    def __init__(self, names: Sequence[str], help: str, **more: Any) -> None:
        super().__init__(names, **more)
        self.help = self.text = help

    def get_help_record(self, ctx: click.Context) -> tuple[str, str]:
        """Name and help text."""
        return self.make_metavar(ctx), self.text


class _Option(click.Option):
    """An option under a heading of the help; `base` is the type of a value of its function."""

    panel = "Options"
    base: type = str


def _read(function: Callable[..., None]) -> tuple[Callable[..., Any], list[click.Parameter]]:
    """What click is to call, and the parameters that it is to parse."""
    params: list[click.Parameter] = []
    callback: Callable[..., Any] = function
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.annotation is click.Context:
            callback = click.pass_context(function)
        else:
            params.append(_parameter(name, parameter))
    return callback, params


def _parameter(name: str, parameter: inspect.Parameter) -> click.Parameter:
    if get_origin(parameter.annotation) is not Annotated:
        raise TypeError(f"expected {name} to be annotated with an Argument or an Option, got {parameter.annotation}")
    kind, about = get_args(parameter.annotation)
    given = [one for one in get_args(kind) if one is not NoneType] if NoneType in get_args(kind) else [kind]
    several = get_origin(given[0]) is list
    base = get_args(given[0])[0] if several else given[0]
    required = parameter.default is inspect.Parameter.empty
    more: dict[str, Any] = {"type": _type_of(base, about), "callback": _callback(base, about, several, parameter)}
    if not required and not (several and isinstance(about, Argument)):  # click fills such arguments by itself
        more["default"] = parameter.default
    if isinstance(about, Argument):
        return _Argument([name], about.help, required=required, nargs=-1 if several else 1, **more)
    names = about.names or ["--" + name.replace("_", "-")]
    if base is bool:
        more = {**more, "type": None, "is_flag": True}
        names = names if about.names else [f"{names[0]}/--no-{names[0].removeprefix('--')}"]
    option = _Option([name, *names], help=about.help, required=required, multiple=several, show_default=True, **more)
    option.panel, option.base = about.panel, base
    return option


def _type_of(base: Any, about: Argument | Option) -> click.ParamType:
    """How click reads a value."""
    if base is Path:
        return click.Path(exists=about.exists, path_type=Path)
    if issubclass(base, StrEnum):
        return click.Choice([one.value for one in base])
    if base is int and (about.min is not None or about.max is not None):
        least, most = (None if bound is None else int(bound) for bound in (about.min, about.max))
        return click.IntRange(least, most)
    if base is float and (about.min is not None or about.max is not None):
        return click.FloatRange(about.min, about.max)
    return click.types.convert_type(base)


def _callback(base: Any, about: Argument | Option, several: bool, parameter: inspect.Parameter) -> Any:
    """What becomes of a value that click has read."""

    def convert(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
        if several:
            value = list(value or ()) or (None if param.required else parameter.default)
        elif value is not None and issubclass(base, StrEnum):
            value = base(value)
        return value if about.callback is None else about.callback(value)

    return convert
