"""How numbers, p-values and activations are written on pages and in messages."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from motiflens.basics.stats import Interval


def format_number(value: float) -> str:
    """Three decimals, or a dash for NaN."""
    # adding 0.0 turns a rounded -0.0 into 0.0
    return "–" if math.isnan(value) else f"{round(value, 3) + 0.0:.3f}".replace("-", "−")


def signed(value: float, decimals: int = 3) -> str:
    """As `format_number`, with its sign."""
    # adding 0.0 turns a rounded -0.0 into 0.0
    return "–" if math.isnan(value) else f"{round(value, decimals) + 0.0:+.{decimals}f}".replace("-", "−")


def with_interval(interval: "Interval", *, signed: bool = False, decimals: int = 3) -> str:
    """An estimate with its confidence interval, if there is one: "0.490 (95% CI 0.440 to 0.550)"."""
    style = f"{'+' if signed else ''}.{decimals}f"
    # adding 0.0 turns a rounded -0.0 into 0.0
    estimate, low, high = (f"{round(value, decimals) + 0.0:{style}}".replace("-", "−") for value in interval)
    return estimate if math.isnan(interval.low) else f"{estimate} (95% CI {low} to {high})"


def with_sd(mean: float, sd: float) -> str:
    """A mean with its SD; without one for a single value."""
    return format_number(mean) if math.isnan(sd) else f"{format_number(mean)} ± {format_number(sd)}"


#: Colour-blind-safe and told apart by shape in black and white: label, colour, marker.
LOOKS = {"relu": ("ReLU", "#0072B2", "o"), "exponential": ("Exponential", "#D55E00", "D")}


def look(activation: str) -> tuple[str, str, str]:
    """Label, colour and marker of an activation."""
    return LOOKS.get(activation, (activation, "#444444", "s"))


def join_words(parts: Sequence[str]) -> str:
    """A list in words: "a, b and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def format_p(value: float) -> str:
    """A p-value as text: two decimals, or one significant digit below 0.1; a dash for NaN."""
    if math.isnan(value):
        return "–"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.1g}"
