"""Which convolutions of a model read the sequence, and which bases each of their windows covers.

A convolution reads the sequence if each position of its input depends on one base only. So its input may be the one-hot
sequence, its channels in another order or repeated, or the output of an embedding or a convolution of width 1. The
bases that a window covers are found from the gradient of its value with respect to the convolution's input, not from
attributes, because a subclass may pad or trim in its own forward.
"""

from itertools import pairwise
from typing import NamedTuple

import torch
from torch.func import functional_call

from motiflens.basics.errors import ArgumentError
from motiflens.models.any_model.trace import Convolution, ConvolutionCall

_ROUNDING = 1e-4  # of the largest value; float16 and bfloat16 are given more
_FEW = 256  # positions that are looked at before all are: most convolutions read something else
_FAINT = 1e-5  # a share of a window's gradient below which a position is not in the window


class Window(NamedTuple):
    """Positions of the windows of a convolution along its input."""

    first: int  # where the first one begins; negative by the padding
    width: int
    stride: int
    n_windows: int


class Unreadable(ArgumentError):
    """Error: a convolution does not read the sequence."""


def sequence_windows(call: ConvolutionCall, X: torch.Tensor) -> Window:
    """Find the positions of the windows of a convolution along the sequence.

    Parameters
    ----------
    call : ConvolutionCall
        Of a forward pass on X, in any layout.
    X : torch.Tensor, shape=(n, 4, L)
        One-hot, with each of the four bases at least once.

    Raises
    ------
    Unreadable
        If the convolution does not read the sequence, or the positions of its windows cannot be found.
    """
    axes = _position_axes(call)
    if len(call.seen) != len(X):
        raise Unreadable(
            f"expected the convolution {call.name!r} to see {len(X)} sequences at a time, it saw {len(call.seen)}",
            "run it on each strand by itself, not on both in one batch",
        )
    n_positions = [call.seen.shape[axis] for axis in axes]
    for axis in axes:
        seen = call.seen.movedim(axis, -1).flatten(1, -2)  # n, channels, positions
        for before in range(max(seen.shape[2] - X.shape[2], -1) + 1):  # the model may have padded the sequence itself
            part = seen[:, :, before : before + X.shape[2]]
            if (
                _values_by_base(part[..., :_FEW], X[..., :_FEW]) is None
                or (by_base := _values_by_base(part, X)) is None
            ):
                continue
            _check_groups(call, by_base)
            window = probed_window(call.module, call.seen[:1], axis)
            return window._replace(first=window.first - before)
    raise Unreadable(
        f"expected the convolution {call.name!r} to see the sequences as they were given, but they were changed before "
        f"it (cropped, reversed, or read by another layer; its input has {n_positions[0]} positions of {X.shape[2]})",
        "name another convolution that reads the sequence ({first_layer}), or change them outside the model",
    )


def _position_axes(call: ConvolutionCall) -> list[int]:
    """Axes of the convolution's input that may run along the sequence; the kernel covers the other one."""
    kernel, shape = call.module.kernel_size, call.seen.shape
    if len(shape) == len(kernel) + 2:
        if len(kernel) == 1:
            axes = [2] if shape[1] >= 4 else []
        else:
            axes = [a for a in (3, 2) if _covers(call.module, kernel, shape, 5 - a) and shape[1] * shape[5 - a] >= 4]
        if axes:
            return axes
    raise Unreadable(
        f"expected a first convolution whose kernel sees all four bases, got {call.name!r} with kernel "
        f"{tuple(kernel)}{_grouped(call.module)} on an input of shape (n, {', '.join(map(str, shape[1:]))})",
        "name the convolution that reads the sequence ({first_layer})",
    )


def _grouped(module: Convolution) -> str:
    return f" in {module.groups} groups" if module.groups != 1 else ""


def _covers(module: Convolution, kernel: tuple[int, ...], shape: torch.Size, axis: int) -> bool:
    padding = 0 if isinstance(module.padding, str) else int(module.padding[axis - 2])
    padded = module.padding == "same" and kernel[axis - 2] > 1
    return kernel[axis - 2] == shape[axis] and padding == 0 and not padded


def _values_by_base(seen: torch.Tensor, X: torch.Tensor) -> torch.Tensor | None:
    """What each channel holds for each base, shape=(channels, 4), if a position's values depend on its base alone."""
    totals = torch.einsum("ncl,nbl->cb", seen.double(), X.double())
    by_base = totals / X.double().sum((0, 2)).clamp_min(1)
    expected = torch.einsum("cb,nbl->ncl", by_base, X.double())
    known = X.sum(1, keepdim=True) > 0  # at an unknown base a projection gives its bias
    difference = ((seen - expected) * known).abs().max()
    rounding = _ROUNDING if torch.finfo(seen.dtype).eps < _ROUNDING else 8 * torch.finfo(seen.dtype).eps
    return by_base if difference <= rounding * expected.abs().max() else None


def _check_groups(call: ConvolutionCall, by_base: torch.Tensor) -> None:
    """Check that each group of a convolution tells the four bases apart."""
    groups = by_base.unflatten(0, (call.module.groups, -1))  # groups, channels, 4; None of them is constant
    apart = (groups[..., :, None] - groups[..., None, :]).abs().amax(1)  # groups, 4, 4
    apart = apart + torch.eye(4, device=apart.device)  # of a base with itself
    if not bool((apart > _ROUNDING * by_base.abs().max()).all()):
        raise Unreadable(
            f"expected a first convolution whose kernel sees all four bases, got {call.name!r} with kernel "
            f"{tuple(call.module.kernel_size)}{_grouped(call.module)} on an input that does not tell them apart",
            "name the convolution that reads the sequence ({first_layer})",
        )


def probed_window(module: Convolution, seen: torch.Tensor, axis: int) -> Window:
    """Find the positions of the windows of a convolution along its input, whatever its forward does.

    Parameters
    ----------
    module : nn.Conv1d or nn.Conv2d
    seen : torch.Tensor, shape=(1, channels, L), or with one more axis for nn.Conv2d
        An input with one sequence.
    axis : int
        Axis of the input along the sequence.

    Raises
    ------
    Unreadable
        If its windows do not all have the same width and distance.
    """
    name, length = type(module).__name__, seen.shape[axis]
    span = int(module.dilation[axis - 2]) * (int(module.kernel_size[axis - 2]) - 1) + 1
    n_windows = _output(module, torch.ones_like(seen), axis).shape[0]
    step = int(module.stride[axis - 2])
    # Long enough for windows that padding does not reach, by a whole number of strides: how much is padded on the left
    # may depend on what is left over.
    added = -(-6 * (span + step) // step) * step if length < 8 * (span + step) else 0
    probe = seen.new_ones([size + added * (i == axis) for i, size in enumerate(seen.shape)])
    try:
        ends = _ends_of_middle_windows(module, probe, axis)
    except RuntimeError as error:  # a forward that takes one length only
        raise Unreadable(f"cannot find out which bases a window of {name} covers", _braced(error)) from error
    middles, starts, widths = zip(*((w, start, end - start) for w, start, end in ends), strict=True)
    strides = {b - a for a, b in pairwise(starts)} or {step}
    inside = starts[0] > 0 and starts[-1] + widths[-1] < probe.shape[axis]
    if len(set(widths)) > 1 or len(strides) > 1 or not inside:
        raise Unreadable(
            f"expected the windows of {name} to have one width and one distance, got widths {sorted(set(widths))} and "
            f"distances {sorted(strides)}",
            "it does more than a convolution, so its filters cannot be read",
        )
    (stride,) = strides
    return Window(starts[0] - middles[0] * stride, widths[0], stride, n_windows)


def _braced(error: Exception) -> str:
    return str(error).partition("\n")[0].replace("{", "{{").replace("}", "}}")


def _ends_of_middle_windows(module: Convolution, probe: torch.Tensor, axis: int) -> list[tuple[int, int, int]]:
    """Number, first position and position after the last of three windows in the middle."""
    with torch.enable_grad():
        probe = probe.detach().requires_grad_()
        output = _output(module, probe, axis)  # windows, channels
        middle = len(output) // 2
        found = []
        for number in range(max(middle - 1, 0), min(middle + 2, len(output))):
            (gradient,) = torch.autograd.grad(output[number].sum(), probe, retain_graph=True)
            size = gradient.abs().movedim(axis, 0).flatten(1).sum(1)  # positions
            within = (size > _FAINT * size.max()).nonzero().flatten()
            if not len(within):
                raise Unreadable(
                    f"the windows of {type(module).__name__} do not depend on its input", "look at its forward"
                )
            found.append((number, int(within[0]), int(within[-1]) + 1))
    return found


def _output(module: Convolution, x: torch.Tensor, axis: int) -> torch.Tensor:
    """What a convolution gives, with positive weights that leave no position of a kernel out: (windows, channels)."""
    generator = torch.Generator().manual_seed(0)
    weights = {
        name: (torch.rand(values.shape, generator=generator) + 0.5).to(values)
        for name, values in module.named_parameters()
    }
    with torch.random.fork_rng(devices=[]):
        output = functional_call(module, weights, (x,))
    return output[0].movedim(axis - 1, 0).flatten(1)
