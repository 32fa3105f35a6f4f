"""How numbers and names are written on the page of an audit."""

import numpy as np

from motiflens.basics.intervals import CORRELATIONS, NOT_NEGATIVE, SHARES, UNBOUNDED, Bounds
from motiflens.basics.words import look

METHOD_LABELS = {
    "saliency": "Gradient",
    "gradient_times_input": "Saliency (gradient × input)",
    "smooth_grad": "SmoothGrad",
    "integrated_gradients": "Integrated gradients",
    "deep_lift_shap": "DeepLIFT/SHAP",
    "saturation_mutagenesis": "Saturation mutagenesis",
}


def display_name(name: str) -> str:
    """Displayed name of a candidate, with activations by their full names."""
    return look(name)[0]


def measure_label(measure: str) -> str:
    """As it is written on the page."""
    return {"auroc": "AUROC", "aupr": "AUPR", "pearson": "correlation"}[measure]


def method_label(method: str) -> str:
    """As it is written on the page."""
    return METHOD_LABELS.get(method, method)


def bounds_of(measure: str) -> Bounds:
    """Range of a measure, by its name on the page; measures that are not listed range from 0 to 1."""
    if measure.endswith("(bits)"):
        return NOT_NEGATIVE
    if "signal-to-noise" in measure:  # of maps whose scores in a motif may be below 0
        return UNBOUNDED
    if measure.startswith(("Agreement of maps", "Matched beyond chance")) or "correlation" in measure:
        return CORRELATIONS
    return SHARES


def percent(shares: np.ndarray) -> str:
    """Mean of shares, shape=(E,), with their range, such as "28% (25% to 33%)"."""
    low, high = f"{shares.min():.0%}", f"{shares.max():.0%}"
    return f"{shares.mean():.0%}" + ("" if low == high else f" ({low} to {high})")


def value_range(values: np.ndarray) -> str:
    """Smallest to largest of values of any shape."""
    low, high = f"{values.min():.3f}", f"{values.max():.3f}"
    return low if low == high else f"{low} to {high}"


def mean_and_range(values: np.ndarray) -> str:
    """Mean of values, shape=(E,), with the range of several."""
    return f"{values.mean():.2f}" + ("" if len(values) == 1 else f" ({values.min():.2f} to {values.max():.2f})")
