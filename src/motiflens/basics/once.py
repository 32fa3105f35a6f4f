"""Results that several parts of a page or a folder ask for, made once."""

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

First = TypeVar("First")
Rest = ParamSpec("Rest")
Made = TypeVar("Made")


def once_for_each(function: Callable[Concatenate[First, Rest], Made]) -> Callable[Concatenate[First, Rest], Made]:
    """Keep what a function makes of an object that does not change, for as long as that object is there.

    Parameters
    ----------
    function : callable
        Of such an object and further arguments that can be hashed. Its result must not be changed by those who get it.

    Examples
    --------
    >>> class Evidence: pass
    >>> @once_for_each
    ... def found(evidence: Evidence) -> list[int]:
    ...     print("looked")
    ...     return [1]
    >>> evidence = Evidence()
    >>> found(evidence), found(evidence)
    looked
    ([1], [1])
    """
    kept: WeakKeyDictionary[Any, dict[Any, Made]] = WeakKeyDictionary()

    @functools.wraps(function)
    def call(first: First, /, *args: Rest.args, **kwargs: Rest.kwargs) -> Made:
        own = kept.setdefault(first, {})
        key = (args, tuple(sorted(kwargs.items())))
        if key not in own:
            own[key] = function(first, *args, **kwargs)
        return own[key]

    return call
