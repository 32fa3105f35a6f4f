"""Labels in files: numbers in any notation, True and False, two classes by name, and missing labels."""

import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from motiflens.basics.errors import InputError

#: How tables write that there is no value, in lower case.
MISSING = ("", "na", "nan", "-nan", "n/a", "#n/a", "#na", "<na>", "null", "none", ".")

_LARGEST = float(np.finfo(np.float32).max)
_TRUTHS = {"true": 1.0, "false": 0.0}
#: Names of two classes, the one that is 1 first. Others have to be written as 1 and 0.
_CLASSES = (
    ("pos", "neg"),
    ("positive", "negative"),
    ("yes", "no"),
    ("y", "n"),
    ("t", "f"),
    ("+", "-"),
    ("high", "low"),
    ("active", "inactive"),
    ("bound", "unbound"),
    ("bound", "not bound"),
    ("open", "closed"),
    ("accessible", "inaccessible"),
    ("on", "off"),
    ("up", "down"),
    ("present", "absent"),
    ("case", "control"),
    ("peak", "background"),
    ("target", "background"),
    ("functional", "nonfunctional"),
)
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?")  # 1,234.5
_DECIMAL_COMMA = re.compile(r"[-+]?(\d{1,3}(\.\d{3})+|\d*),\d+([eE][-+]?\d+)?")  # 1.234,5 or 0,5


def to_labels(
    texts: Sequence[str], where: Callable[[int], str], missing: float | None = None
) -> tuple[np.ndarray, str]:
    """Read the labels of a column, which must be of one kind; a missing label becomes NaN.

    Parameters
    ----------
    texts : sequence of str, shape=(n,)
    where : callable
        Returns the place of a row, for messages.
    missing : float, optional
        A number that stands for a missing label, such as -1.

    Returns
    -------
    labels : np.ndarray, float64, shape=(n,)
    how : str
        How they were read, if that should be reported, such as "pos is 1, neg is 0".

    Raises
    ------
    ValueError
        If a label is not a finite number (as float32) and the column does not hold two classes; the message says where.
    """
    plain = [text.strip().replace("−", "-") for text in texts]
    known = [i for i, text in enumerate(plain) if text.lower() not in MISSING]
    values = np.full(len(texts), np.nan)
    numbers, how = _numbers([plain[i] for i in known], lambda i: where(known[i]))
    values[known] = numbers
    if missing is not None:
        values[values == missing] = np.nan
    return values, how


def in_column(path: str | Path, lines: Sequence[int], column: str) -> Callable[[int], str]:
    """Describe the place of a row's label by its line number."""
    return lambda row: f"{path}, line {lines[row]}, column {column}"


def _numbers(texts: list[str], where: Callable[[int], str]) -> tuple[np.ndarray, str]:
    """Numbers of texts, none of which is missing, and how they were read."""
    words = {text.lower() for text in texts}
    if words <= _TRUTHS.keys():
        return np.array([_TRUTHS[text.lower()] for text in texts]), ""
    for one, zero in _CLASSES:
        if words <= {one, zero}:
            return np.array([float(text.lower() == one) for text in texts]), f"{one} is 1, {zero} is 0"
    how = ""
    if words and all(word.endswith("%") for word in words):
        texts, how = [text.rstrip("% ") for text in texts], "percent as shares, 50% as 0.5"
    with_comma = [text for text in texts if "," in text]
    if with_comma:
        texts, commas = _without_commas(texts, with_comma, where)
        how = ", ".join(filter(None, (commas, how)))
    values = np.array([_number(text, i, where) for i, text in enumerate(texts)])
    return values / 100 if "%" in how else values, how


def _number(text: str, row: int, where: Callable[[int], str]) -> float:
    try:
        value = float(text)
    except ValueError:
        value = _TRUTHS.get(text.lower(), math.nan)
    if not abs(value) < _LARGEST:
        advice = ": write two classes as 1 and 0" if text.isalpha() and text.lower() != "inf" else ""
        raise InputError(f"{where(row)}: expected a finite number, got {text!r}{advice}")
    return value


def _without_commas(texts: list[str], with_comma: list[str], where: Callable[[int], str]) -> tuple[list[str], str]:
    """Texts without commas, which stand for decimal points or between thousands, and which of them they did.

    Raises
    ------
    ValueError
        If all could be both, as in 1,234.
    """
    thousands = all(map(_THOUSANDS.fullmatch, with_comma))
    decimal = all(map(_DECIMAL_COMMA.fullmatch, with_comma)) and not any(
        "." in text and "," not in text and not re.fullmatch(r"[-+]?\d{1,3}(\.\d{3})+", text) for text in texts
    )
    if thousands and decimal:
        row = next(i for i, text in enumerate(texts) if "," in text)
        raise InputError(
            f"{where(row)}: {texts[row]!r} may be {texts[row].replace(',', '')} or {texts[row].replace(',', '.')}: "
            "write numbers with a decimal point and nothing between thousands"
        )
    if thousands:
        return [text.replace(",", "") for text in texts], "commas between thousands left out"
    if decimal:
        return [text.replace(".", "").replace(",", ".") for text in texts], "decimal commas as points"
    return texts, ""
