"""Modules of a wing that are imported when they are first used, so that importing a wing costs nothing."""

from collections.abc import Callable, Sequence
from importlib import import_module
from types import ModuleType


def lazy_modules(package: str, names: Sequence[str]) -> tuple[Callable[[str], ModuleType], Callable[[], list[str]]]:
    """Functions `__getattr__` and `__dir__` of a package whose modules of these names are imported on first use."""

    def get(name: str) -> ModuleType:
        if name in names:
            return import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return get, lambda: sorted(names)
