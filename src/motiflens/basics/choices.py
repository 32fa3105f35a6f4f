"""Choices among named values, and how two configurations differ."""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

from motiflens.basics.arguments import in_short
from motiflens.basics.errors import InputError


def difference(old: dict[str, Any], new: dict[str, Any]) -> str:
    """First setting in which two nested configurations differ, in words; empty if they are equal."""
    for name in sorted(old.keys() | new.keys()):
        a, b = old.get(name), new.get(name)
        if a == b:
            continue
        if isinstance(a, dict) and isinstance(b, dict):
            return f"{name}.{difference(a, b)}"
        return f"{name} was {a!r}, now {b!r}"
    return ""


def check_choice(name: str, value: object, choices: Sequence[object]) -> None:
    """Raise an InputError that lists the choices, and those of similar spelling, unless the value is one of them."""
    if value not in choices:
        hint = did_you_mean(value, choices)
        raise InputError(f"{name} must be one of {', '.join(map(str, choices))}, got {value!r}{hint and '; ' + hint}")


def close_hint(name: str, known: Iterable[str]) -> str:
    """The known names of similar spelling, ignoring case, as the end of a message; empty if there are none."""
    spelt = {one.lower(): one for one in known}
    close = difflib.get_close_matches(name.lower(), list(spelt), n=5)
    return f"; close: {', '.join(spelt[one] for one in close)}" if close else ""


def close_matches(name: object, known: Iterable[object], *, n: int = 3, cutoff: float = 0.6) -> list[str]:
    """At most `n` known names of similar spelling (similarity from 0 to 1, at least `cutoff`), the closest first."""
    return difflib.get_close_matches(str(name), [str(one) for one in known], n=n, cutoff=cutoff)


def did_you_mean(name: object, known: Iterable[object], *, n: int = 3, cutoff: float = 0.6) -> str:
    """A question, such as "did you mean 'C24'?", for known names of similar spelling; "" if there are none."""
    close = close_matches(name, known, n=n, cutoff=cutoff)
    return f"did you mean {' or '.join(close)}?" if close else ""


def check_known(kind: str, name: object, known: Iterable[object], *, cutoff: float = 0.6) -> None:
    """Raise an error for an unknown name; it lists the known names of similar spelling, or all if there are none.

    Parameters
    ----------
    kind : str
        What is named, as in "attribution method".
    name : object
    known : iterable of str
    cutoff : float
        How similar a name must be to be offered, from 0 to 1.

    Raises
    ------
    InputError
        If the name is not among them.
    """
    known = list(known)
    if name not in known:
        hint = did_you_mean(name, known, cutoff=cutoff) or f"known: {', '.join(map(str, known))}"
        raise InputError(f"unknown {kind} {in_short(name)}; {hint}")


def check_top(top: int) -> None:
    """Raise an error unless `top`, the number of items to show, is at least 1."""
    if isinstance(top, bool) or not isinstance(top, int) or top < 1:
        raise InputError(f"top must be a whole number of at least 1, got {top!r}")


#: A larger number is a slip of the hand: it would fill the memory, or never end.
MOST, MOST_MEMBERS = 10_000_000, 10_000


def check_count(name: str, value: int, *, least: int = 1, most: int = MOST) -> None:
    """Raise an error unless a count is at least `least` and at most `most`."""
    if value < least:
        raise InputError(f"{name} must be at least {least}, got {value}")
    if value > most:
        raise InputError(f"{name} must be at most {most:,}, got {value}")


def check_seeds(holder: object, *names: str) -> None:
    """Raise an error unless the named attributes are seeds, that is whole numbers from 0 to 2**63 - 1."""
    for name in names:
        check_count(name, getattr(holder, name), least=0, most=2**63 - 1)


def check_members(n_members: int, name: str = "n_members") -> None:
    """Raise an error unless a number of networks to train is in 1..10,000."""
    check_count(name, n_members, most=MOST_MEMBERS)
