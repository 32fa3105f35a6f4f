"""The line of a user's code at which an error occurred."""

import sysconfig
import traceback
from pathlib import Path

import torch

_OTHERS = (
    *map(str, Path(torch.__file__).parents[:2]),
    sysconfig.get_path("stdlib"),
    str(Path(__file__).parents[2]),
    "<",
)


def place_of(error: Exception, *, raised_there: bool = False) -> str:
    """File and line of the user's code that an error came from, not of a library that it called.

    Parameters
    ----------
    error : Exception
    raised_there : bool
        Return nothing if a library raised the error.
    """
    frames = (
        [] if isinstance(error, SyntaxError) else list(traceback.extract_tb(error.__traceback__))
    )  # it says so itself
    own = [frame for frame in frames if not frame.filename.startswith(_OTHERS)]
    if not own or (raised_there and own[-1] is not frames[-1]):
        return ""
    return f" ({Path(own[-1].filename).name}, line {own[-1].lineno})"
