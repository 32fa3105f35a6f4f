"""Arguments of the verbs are checked against their annotations, so that a wrong type is reported before it does harm.

NumPy is not imported: the command line, too, begins with this file.
"""

import dataclasses
import sys
import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache, lru_cache, wraps
from inspect import signature
from numbers import Integral, Real
from pathlib import Path, PurePath
from typing import Any, Literal, ParamSpec, TypeVar, Union

from motiflens.basics.errors import InputError

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")
_LISTS = (list, Sequence, Collection, Iterable)
_WORDS: dict[Any, str] = {
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    str: "text",
    Path: "a path",
    types.NoneType: "None",
}
_LONGEST = 60  # characters of a value in a message


def checks_arguments(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Decorator: a function raises an `InputError` that names an argument whose type is not the annotated one.

    Numbers, text, paths, lists of these, mappings, functions and plain classes are checked. The function itself checks
    what an annotation cannot express, such as what counts as sequences.
    """
    hints_of, parameters = lru_cache(maxsize=1)(lambda: _hints(function)), signature(function)

    @wraps(function)
    def call(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
        try:
            bound = parameters.bind(*args, **kwargs)
        except TypeError:  # a name that does not exist, or one too many: Python says so best
            return function(*args, **kwargs)
        hints = hints_of()
        for name, value in bound.arguments.items():
            if name in hints:
                if _fits(value, hints[name]) is False:
                    raise InputError(_told(name, hints[name], value))
                bound.arguments[name] = _plain_list(value, hints[name])
            if name.endswith("seed") and isinstance(value, int) and value < 0:
                raise InputError(f"{name} must be at least 0, got {value}")
        return function(*bound.args, **bound.kwargs)

    return call


def _plain_list(value: Any, hint: Any) -> Any:
    """A one-dimensional array, where a list is asked for and no array, as a list: an empty one is then false."""
    kinds = {typing.get_origin(one) or one for one in (hint, *typing.get_args(hint))}
    arrays_fit = any(getattr(kind, "__name__", "") == "ndarray" for kind in kinds)
    wanted = type(value).__name__ == "ndarray" and value.ndim == 1 and Sequence in kinds and not arrays_fit
    return value.tolist() if wanted else value


def check_fields(options: Any) -> None:
    """Check the fields of a dataclass against their annotations, as :func:`checks_arguments` does with arguments.

    Raises
    ------
    InputError
        If one does not fit; names it.
    """
    names = [field.name for field in dataclasses.fields(options)]
    hints = _hints_of_class(options.__class__)
    for name, hint in ((name, hints[name]) for name in names):
        if _fits(value := getattr(options, name), hint) is False:
            raise InputError(_told(name, hint, value))


@cache
def _hints_of_class(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def in_short(value: Any) -> str:
    """A value as text for a message: the value itself if it is short, else its type and shape."""
    kind = type(value).__name__
    if hasattr(value, "shape"):
        return f"{kind} of shape {tuple(value.shape)}"
    text = repr(value)
    if len(text) > _LONGEST or "\n" in text:
        return kind
    return text if value is None or isinstance(value, str | Real) else f"{kind} {text}"


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """Annotations of all arguments but *args and **kwargs; those that name what is not imported are left out."""
    found = {}
    for name, parameter in signature(function).parameters.items():
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            one = types.SimpleNamespace(__annotations__={name: parameter.annotation})
            try:
                found[name] = typing.get_type_hints(one, vars(sys.modules[function.__module__]))[name]
            except NameError:
                continue
    return found


def _fits(value: Any, hint: Any) -> bool | None:
    """Whether a value is what a hint says; None where that cannot be told."""
    origin = typing.get_origin(hint) or hint
    if origin in (Union, types.UnionType):
        found = set()
        for one in typing.get_args(hint):
            found.add(_fits(value, one))
            if True in found:  # what is one of them need not stand being looked at as another
                return True
        return None if None in found else False
    if origin is Literal:
        return isinstance(value, str)  # which ones there are, the function says best
    if origin is Sequence and isinstance(value, set | frozenset):
        return False
    if origin in _LISTS:
        return _fits_list(value, typing.get_args(hint))
    if origin is Callable:
        return callable(value)
    if origin is Mapping:
        return _fits_mapping(value, typing.get_args(hint))
    return _fits_plain(value, origin)


def _fits_plain(value: Any, kind: Any) -> bool | None:
    is_bool = isinstance(value, bool) or type(value).__name__ in ("bool", "bool_")  # NumPy's is no number, either
    if kind is bool:
        return is_bool
    if kind is int:
        return isinstance(value, Integral) and not is_bool
    if kind is float:
        return isinstance(value, Real) and not is_bool
    if kind is str:
        return isinstance(value, str) and "\0" not in value
    if kind is Path:
        return isinstance(value, PurePath)
    if kind is Any or not isinstance(kind, type) or kind is object or getattr(kind, "_is_protocol", False):
        return None
    return isinstance(value, kind)


def _fits_list(value: Any, items: tuple[Any, ...]) -> bool | None:
    """Text is no list: iterating over it gives letters."""
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable) or getattr(value, "ndim", 1) != 1:
        return False
    if not isinstance(value, Collection) or not items:
        return None
    found = {_fits(one, items[0]) for one in value}
    return False if False in found else None if None in found else True


def _fits_mapping(value: Any, items: tuple[Any, ...]) -> bool | None:
    if not isinstance(value, Mapping):
        return False
    if not items:
        return True
    found = {_fits(one, hint) for pair in value.items() for one, hint in zip(pair, items, strict=True)}
    return False if False in found else None if None in found else True


def _told(name: str, hint: Any, value: Any) -> str:
    words = _words(hint)
    expected = f"expected {name} in {words}" if words.startswith("a list") else f"{name} must be {words}"
    makers = getattr(hint, "MADE_BY", None)
    return f"{expected}, got {in_short(value)}" + (f": {makers}" if makers else "")


def _words(hint: Any) -> str:
    """What a hint asks for, in words."""
    origin, items = typing.get_origin(hint) or hint, typing.get_args(hint)
    if origin in (Union, types.UnionType):
        parts = list(dict.fromkeys(map(_words, items)))
        return f"{', '.join(parts[:-1])} or {parts[-1]}" if len(parts) > 1 else parts[0]
    if origin is Literal:
        return f"one of {', '.join(map(str, items))}"
    if origin in _LISTS:
        return "a list, each of it " + _words(items[0]) if items else "a list"
    if origin is Callable:
        return "a function"
    if origin is Mapping:
        return f"a dictionary of {_words(items[0])} to {_words(items[1])}" if items else "a dictionary"
    return _WORDS.get(origin) or f"a {getattr(origin, '__name__', origin)}"
