"""Values for JSON: rounded, and without NaN."""

import math
from typing import Any

_DIGITS = 5  # significant, of the numbers in a record


def rounded(value: Any, digits: int = _DIGITS) -> Any:
    """Round floats to a few significant digits."""
    if isinstance(value, dict):
        return {name: rounded(item, digits) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item, digits) for item in value]
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value


def without_nan(value: Any) -> Any:
    """Replace NaN and infinite numbers by None, at any depth, because JSON has neither."""
    if isinstance(value, dict):
        return {name: without_nan(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
