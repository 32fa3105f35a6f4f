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

P = ParamSpec("P")


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
    explained, size, change = torch.zeros(3, len(X), dtype=dtype)
    for start in range(0, len(X) * n_baselines, n_pairs):
        pairs = torch.arange(start, min(start + n_pairs, len(X) * n_baselines))
        n, r = pairs // n_baselines, pairs % n_baselines
        x = X[n].to(device, dtype)
        b = baselines[n, r].to(device, dtype) * x.sum(1, keepdim=True)  # nothing where the base is unknown
        m = multiplier(x, b)
        parts = ((x - b) * m).sum(1)  # n, L
        with torch.no_grad(), with_kernels(model):
            outputs = target_column(model(torch.cat([x, b])), 2 * len(x), target)
        explained.index_add_(0, n, parts.sum(1).cpu())
        size.index_add_(0, n, parts.abs().sum(1).cpu())
        change.index_add_(0, n, torch.sub(*outputs.chunk(2)).to("cpu", dtype))
        m = centred(m) if correct_gradient else m
        values.index_add_(0, n, (m - (b * m).sum(1, keepdim=True)).cpu())
    values /= n_baselines
    check_finite(change[:, None], "outputs")
    check_finite(values, "attributions")
    gap = completeness_gap(explained, change, size)
    return Complete(values if hypothetical else values * X.to(dtype), gap)
