"""Integrated gradients: the gradient averaged along the straight line from a baseline to the sequence."""

import numpy as np
import torch
from torch import nn

from motiflens.basics.errors import InputError
from motiflens.basics.metrics import Array
from motiflens.interpret.attribution.baselines import baselines_of
from motiflens.interpret.attribution.completeness import warn_of_gap
from motiflens.interpret.attribution.contributions import Complete, contributions, values_only
from motiflens.interpret.attribution.gradient import (
    check_positive,
    checked,
    differentiating,
    gradients_per_pass,
)
from motiflens.interpret.attribution.path_gradient import mean_gradient, sharing
from motiflens.models.devices import dtype_of


def complete_integrated_gradients(
    model: nn.Module,
    X: Array,
    *,
    target: int = 0,
    batch_size: int = 256,
    device: str | torch.device | None = None,
    correct_gradient: bool = False,
    baselines: str | Array = "uniform",
    n_shuffles: int = 10,
    n_steps: int = 50,
    quadrature: str = "gauss-legendre",
    hypothetical: bool = False,
    seed: int = 0,
) -> Complete:
    """Integrated gradients (Sundararajan, Taly, Yan 2017): contributions that add up to the change of output.

    Let m be the gradient averaged along the straight line from baseline b to the sequence. A position contributes ``sum
    over bases of (X - b) * m``. This value is put at the base of the sequence, so that ``(values * X).sum(1)`` are
    position scores, as for the other methods. Several baselines are averaged (expected gradients).

    Parameters and errors are those of :func:`saliency`, and the following.

    Parameters
    ----------
    batch_size : int
        Points in one pass; does not change the result.
    correct_gradient : bool
        Subtract from m its mean over the bases (Majdandzic et al. 2023). This changes contributions only where columns
        of the baseline do not sum to 1. They then no longer add up to the change of the output.
    baselines : str, np.ndarray or torch.Tensor
        "zeros"; "uniform", a quarter of each base; "dinucleotide_shuffle", n_shuffles of each sequence; or values of
        shape (N, 4, L) or (N, n_baselines, 4, L). If a base is unknown, it is also unknown in the baselines.
    n_shuffles : int
        Shuffles of each sequence.
    n_steps : int
        Points along the line.
    quadrature : str
        "gauss-legendre" or "trapezoid" (which includes both ends).
    hypothetical : bool
        Return for all four bases what each would contribute in the place of the present one, as TF-MoDISco needs it.
    seed : int
        Seed of the shuffles.

    Returns
    -------
    values : torch.Tensor, shape=(N, 4, L)
        On the CPU, with the model's dtype.

    Raises
    ------
    ValueError
        As :func:`saliency`, and if an option is unknown or out of range, or baselines do not fit X.

    Warns
    -----
    CompletenessWarning
        If the sum of contributions differs from the change of the output by more than 5 %, because `n_steps` is too
        small. `explain` returns the gaps.
    """
    X = checked(X, batch_size).cpu()
    batch_size = gradients_per_pass(batch_size, X)
    check_positive(n_shuffles=n_shuffles)
    points, weights = quadrature_points(n_steps, quadrature)
    references = baselines_of(X, baselines, n_shuffles, seed)  # N, R, 4, L
    with differentiating(model, device, X) as where, sharing(model):
        result = contributions(
            model,
            X,
            references,
            lambda x, baseline: mean_gradient(model, x, baseline, points, weights, target, batch_size),
            target=target,
            n_pairs=max(1, batch_size // n_steps),
            device=where,
            dtype=dtype_of(model),
            correct_gradient=correct_gradient,
            hypothetical=hypothetical,
        )
    warn_of_gap(result.gap, "integrated_gradients", f"raise n_steps (now {n_steps})")
    return result


integrated_gradients = values_only(complete_integrated_gradients)


def quadrature_points(n_steps: int, quadrature: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Points in [0, 1] and weights that sum to 1, float64, shape=(n_steps,) each.

    Raises
    ------
    ValueError
        If quadrature is unknown, or n_steps too small for it.
    """
    least = {"gauss-legendre": 1, "trapezoid": 2}
    if quadrature not in least:
        raise InputError(f"quadrature must be one of {', '.join(least)}, got {quadrature!r}")
    if n_steps < least[quadrature]:
        raise InputError(f"n_steps must be at least {least[quadrature]} for {quadrature}, got {n_steps}")
    if quadrature == "trapezoid":
        weights = np.full(n_steps, 1 / (n_steps - 1))
        weights[[0, -1]] /= 2
        return torch.linspace(0, 1, n_steps, dtype=torch.float64), torch.from_numpy(weights)
    points, weights = np.polynomial.legendre.leggauss(n_steps)
    return torch.from_numpy((points + 1) / 2), torch.from_numpy(weights / 2)
