"""From multipliers to contributions, for all methods with baselines."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec

import torch
from torch import nn

from motiflens.basics.tables import by_fields
from motiflens.interpret.attribution.completeness import completeness_gap
from motiflens.interpret.attribution.gradient import centred, check_finite, target_column
from motiflens.models.hybrid import with_kernels
from motiflens.models.passes import sequences_per_pass

P = ParamSpec("P")
_FORWARD = 128  # sequences in a pass without gradient


@by_fields
@dataclass(frozen=True)
class Complete:
    """Attributions of a method that should add up to the change of the output, and the completeness gap."""

    values: torch.Tensor  # N, 4, L
    gap: torch.Tensor  # N, relative


def values_only(complete: Callable[P, Complete]) -> Callable[P, torch.Tensor]:
    """Decorator: a function that returns `Complete` becomes one that returns the values alone, (N, 4, L)."""

    @functools.wraps(complete)
    def method(*args: P.args, **kwargs: P.kwargs) -> torch.Tensor:
        return complete(*args, **kwargs).values

    method.__name__ = method.__qualname__ = complete.__name__.removeprefix("complete_")
    return method


def contributions(
    model: nn.Module,
    X: torch.Tensor,
    baselines: torch.Tensor,
    multiplier: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    *,
    target: int,
    n_pairs: int,
    device: torch.device,
    dtype: torch.dtype,
    correct_gradient: bool,
    hypothetical: bool,
) -> Complete:
    """Contributions relative to baselines, averaged over them, with the completeness gap before gradient correction.

    With multiplier m and baseline b, base a at a position would contribute ``m[a] - sum over bases of b * m``. The base
    of the sequence contributes ``sum over bases of (X - b) * m``.

    Parameters
    ----------
    model : nn.Module
        In evaluation mode on the device.
    X : torch.Tensor, shape=(N, 4, L)
    baselines : torch.Tensor, shape=(N, n_baselines, 4, L)
    multiplier : callable
        Returns m, shape=(n, 4, L), for sequences and baselines of that shape.
    n_pairs : int
        Pairs of sequence and baseline in one pass.
    """
    n_baselines = baselines.shape[1]
    values = torch.zeros(X.shape, dtype=dtype)
    explained, size = torch.zeros(2, len(X), dtype=dtype)
    for start in range(0, len(X) * n_baselines, n_pairs):
        pairs = torch.arange(start, min(start + n_pairs, len(X) * n_baselines))
        n, r = pairs // n_baselines, pairs % n_baselines
        x = X[n].to(device, dtype)
        b = baselines[n, r].to(device, dtype) * x.sum(1, keepdim=True)  # nothing where the base is unknown
        m = multiplier(x, b)
        parts = ((x - b) * m).sum(1)  # n, L
        explained.index_add_(0, n, parts.sum(1).cpu())
        size.index_add_(0, n, parts.abs().sum(1).cpu())
        m = centred(m) if correct_gradient else m
        values.index_add_(0, n, (m - (b * m).sum(1, keepdim=True)).cpu())
    values /= n_baselines

    def outputs(n: int, inputs: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
        """One output for each of n inputs, by itself: passes need no gradient and may be large."""
        found = torch.empty(n, dtype=dtype)
        n_at_once = sequences_per_pass(_FORWARD, X.shape[2])
        with torch.no_grad(), with_kernels(model):
            for start in range(0, n, n_at_once):
                rows = torch.arange(start, min(start + n_at_once, n))
                x = inputs(rows).to(device, dtype)
                x = x if len(x) > 1 else x.repeat(2, 1, 1)  # code that squeezes would take one sequence for none
                found[rows] = target_column(model(x), len(x), target)[: len(rows)].to("cpu", dtype)
        return found

    def known(rows: torch.Tensor) -> torch.Tensor:
        return baselines.flatten(0, 1)[rows] * X[rows // n_baselines].sum(1, keepdim=True)

    of_baselines = outputs(len(X) * n_baselines, known).view(len(X), n_baselines)
    change = n_baselines * outputs(len(X), lambda rows: X[rows]) - of_baselines.sum(1)
    check_finite(change[:, None], "outputs")
    check_finite(values, "attributions")
    gap = completeness_gap(explained, change, size)
    return Complete(values if hypothetical else values * X.to(dtype), gap)
