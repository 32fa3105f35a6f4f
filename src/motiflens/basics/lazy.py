"""Modules of a wing, and the verbs of the package, are imported when they are first used, so that importing is fast."""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def lazy_modules(
    package: str, names: Sequence[str], functions: Mapping[str, str] | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` for a package that imports its modules and functions on first use.

    Parameters
    ----------
    package : str
    names : sequence of str
        Modules of the package.
    functions : mapping of str to str, optional
        Names of functions, and the modules that hold them.
    """
    places = dict(functions or {})

    def get(name: str) -> Any:
        if name in names:
            return import_module(f"{package}.{name}")
        if name in places:
            found = getattr(import_module(places[name]), name)
            setattr(sys.modules[package], name, found)  # the next access does not come here
            return found
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return get, lambda: sorted([*names, *places])
