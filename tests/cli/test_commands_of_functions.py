"""Commands made of functions: every type, flags, bounds, lists, callbacks, and the help."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import click
import pytest
from click.testing import CliRunner

from motiflens.cli.commands import Argument, Commands, Option


class Colour(StrEnum):
    red = "red"
    dark_blue = "dark-blue"


def double(value):
    return None if value is None else 2 * value


@pytest.fixture
def seen():
    return []


@pytest.fixture
def app(seen):
    app = Commands("Some commands.")

    @app.register("one")
    def one(
        ctx: click.Context,
        path: Annotated[Path, Argument(help="A file.")],
        more: Annotated[list[str] | None, Argument(help="Words.")] = None,
        out: Annotated[Path | None, Option("--out", "-o", help="Where to.")] = None,
        n_members: Annotated[int, Option("--members", min=1, max=9, callback=double, help="How many.")] = 5,
        share: Annotated[float, Option(help="A share.", panel="Numbers")] = 0.5,
        colour: Annotated[Colour, Option(help="A colour.")] = Colour.red,
        motif: Annotated[list[str] | None, Option(help="May come again.")] = None,
        strict: Annotated[bool, Option(help="Two flags.")] = False,
        as_json: Annotated[bool, Option("--json", help="One flag.")] = False,
    ) -> None:
        """Do one thing.

        And say more of it.
        """
        assert ctx.info_name == "one"
        seen.append((path, more, out, n_members, share, colour, motif, strict, as_json))

    @app.register("two")
    def two(files: Annotated[list[Path], Argument(help="Files.", exists=True)]) -> None:
        """Do another."""
        seen.append(files)

    return app


def call(app, *arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


def test_defaults_reach_the_function(app, seen):
    assert call(app, "one", "a.txt").exit_code == 0
    assert seen == [(Path("a.txt"), None, None, 10, 0.5, Colour.red, None, False, False)]


def test_what_is_given_reaches_the_function(app, seen):
    options = ["-o", "b", "--members", 3, "--share", 0.25, "--colour", "dark-blue", "--motif", "x", "--motif", "y"]
    result = call(app, "one", "a.txt", "w1", "w2", *options, "--strict", "--json")
    assert result.exit_code == 0, result.output
    expected = (Path("a.txt"), ["w1", "w2"], Path("b"), 6, 0.25, Colour.dark_blue, ["x", "y"], True, True)
    assert seen == [expected]
    assert type(seen[0][5]) is Colour


def test_flags_of_two_names_can_be_taken_back(app, seen):
    assert call(app, "one", "a", "--strict", "--no-strict").exit_code == 0
    assert seen[0][7] is False


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["one"], "Missing argument 'PATH'"),
        (["one", "a", "--members", "10"], "10 is not in the range 1<=x<=9"),
        (["one", "a", "--members", "x"], "'x' is not a valid integer"),
        (["one", "a", "--share", "x"], "'x' is not a valid float"),
        (["one", "a", "--colour", "green"], "'green' is not one of 'red', 'dark-blue'"),
        (["two"], "Missing argument"),
        (["two", "nowhere"], "'nowhere' does not exist"),
        (["three"], "No such command 'three'"),
    ],
)
def test_what_is_wrong_is_told(app, seen, arguments, message):
    result = call(app, *arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert seen == []


def test_the_help_has_every_parameter_once_and_headings_in_order(app):
    text = call(app, "one", "-h").output
    assert "Do one thing.\n\n  And say more of it." in text
    places = [text.index(one) for one in ("Arguments:", "A file.", "Options:", "How many.", "Numbers:", "A share.")]
    assert places == sorted(places)
    assert all(text.count(one) == 1 for one in ("A file.", "Words.", "Where to.", "Two flags.", "One flag."))
    assert "--strict / --no-strict" in text
    assert "[default: 5; 1<=x<=9]" in " ".join(text.split())


def test_without_a_command_the_help_comes(app):
    result = call(app)
    assert result.exit_code == 2
    assert "Do one thing." in result.output
    assert "Do another." in result.output


def test_the_function_stays_a_function():
    app = Commands("Some.")

    @app.register("one")
    def one(n: Annotated[int, Option(help="A number.")] = 3) -> None:
        """Do one thing."""
        raise ValueError(n)

    with pytest.raises(ValueError, match="4"):
        one(4)


def test_a_parameter_without_a_note_is_an_error():
    with pytest.raises(TypeError, match="expected n to be annotated with an Argument or an Option"):

        @Commands("Some.").register("one")
        def one(n: int) -> None:
            """Do one thing."""
