"""Gradients of one output at a sequence, and averaged along a straight line to it.

In a HybridNetwork the first layer, which costs most, is computed once for the whole line. A convolution is linear, and
so is BatchNorm in evaluation mode, so along a line of inputs each response changes linearly, too. Because activations
rise with the response, the largest response in a pool gives the largest activation. So only the pooled responses are
run through the rest of the network, at each point of the line. Gradients with respect to the responses are summed, and
propagated through the convolution once.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from motiflens.interpret.attribution.gradient import frozen, input_gradient, target_column
from motiflens.models.hybrid import HybridNetwork, with_kernels
from motiflens.models.kernels import gradient_along, has_kernels, pooled_along


@contextlib.contextmanager
def sharing(model: nn.Module) -> Iterator[None]:
    """Have a model compute as the functions below want it: by kernels, without gradients of weights."""
    if type(model) is HybridNetwork and has_kernels(model.stem.first.conv.weight):
        with with_kernels(model), frozen(model):
            yield
    else:
        yield


def gradient_at(model: nn.Module, x: torch.Tensor, target: int) -> torch.Tensor:
    """Gradient of one output with respect to x, shape=(n, 4, L), on the device of x."""
    if _shares_first_layer(model, x):
        one = x.new_ones(1)
        return _shared(model, x, None, one, one, target, len(x))
    return input_gradient(model, x, target)


def mean_gradient(
    model: nn.Module,
    x: torch.Tensor,
    baseline: torch.Tensor,
    points: torch.Tensor,
    weights: torch.Tensor,
    target: int,
    batch_size: int,
) -> torch.Tensor:
    """Gradient of one output, averaged along the line from baseline to x, shapes=(n, 4, L).

    Parameters
    ----------
    model : nn.Module
        In evaluation mode, on the device of x.
    x, baseline : torch.Tensor, shape=(n, 4, L)
    points, weights : torch.Tensor, shape=(S,)
        Positions on the line, from 0 to 1, and their weights.
    target : int
    batch_size : int
        Sequences in one pass.
    """
    points, weights = points.to(x.device, x.dtype), weights.to(x.device, x.dtype)
    if _shares_first_layer(model, x):
        return _shared(model, x, baseline, points, weights, target, batch_size)
    total = torch.zeros_like(x)
    step = max(1, batch_size // len(x))
    for a, weight in zip(points.split(step), weights.split(step), strict=True):
        between = baseline + a[:, None, None, None] * (x - baseline)  # steps, n, 4, L
        gradient = input_gradient(model, between.flatten(0, 1), target).view_as(between)
        total += (weight[:, None, None, None] * gradient).sum(0)
    return total


def _shares_first_layer(model: nn.Module, x: torch.Tensor) -> bool:
    """Whether the first layer can be computed once for a way: a subclass of our network may do something else."""
    return type(model) is HybridNetwork and has_kernels(x)


def _shared(
    model: Any,
    x: torch.Tensor,
    baseline: torch.Tensor | None,
    points: torch.Tensor,
    weights: torch.Tensor,
    target: int,
    batch_size: int,
) -> torch.Tensor:
    """`mean_gradient` of a HybridNetwork; without a baseline the way comes from zeros."""
    block: Any = model.stem.first
    pool, padding, length = int(block.pool.kernel_size), block.conv.padding, x.shape[2]
    with torch.no_grad():
        scale, shift = block.norm.scale_and_shift()  # F each
        filters = block.conv.weight * scale[:, None, None]
        way = x if baseline is None else x - baseline
        change = F.conv1d(way, filters, padding=padding).transpose(1, 2).contiguous()  # n, L, F
        if baseline is None:
            start = shift.expand(change.shape).contiguous()
        else:
            start = F.conv1d(baseline, filters, shift, padding=padding).transpose(1, 2).contiguous()
    total = torch.zeros_like(change)
    step = max(1, batch_size // len(x))
    for a, weight in zip(points.split(step), weights.split(step), strict=True):
        responses, where = pooled_along(start, change, a, pool)  # steps, n, T, F
        responses.requires_grad_()
        maps = block.activation(responses.flatten(0, 1)).transpose(1, 2)  # steps * n, F, T
        column = target_column(model.from_first_pool(maps), len(maps), target)
        (gradient,) = torch.autograd.grad(column.sum(), responses)
        total += gradient_along(where, gradient, weight, length, pool)
    with torch.no_grad():
        return F.conv_transpose1d(total.transpose(1, 2), filters, padding=padding)
