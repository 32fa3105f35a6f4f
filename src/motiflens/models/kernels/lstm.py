"""Bidirectional LSTM as one operation with gradient."""

import ctypes
from collections.abc import Sequence

import torch
from torch.autograd.function import FunctionCtx

from motiflens.models.kernels.library import address, addresses, call


class _Lstm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, x: torch.Tensor, relu: tuple[bool, bool], *weights: torch.Tensor) -> torch.Tensor:
        x = x.contiguous()
        n, steps, inputs = x.shape
        hidden = weights[1].shape[1]
        output = x.new_empty(n, steps, 2 * hidden)
        saved = x.new_empty(2, n * steps * 5 * hidden)
        flags = (ctypes.c_int * 2)(*relu)
        ih, hh, bias = (addresses(weights[k::3]) for k in range(3))
        sizes = (n, steps, inputs, hidden)
        call("lstm_forward", x, *sizes, address(x), ih, hh, bias, flags, address(output), address(saved))
        ctx.save_for_backward(x, output, saved, *weights)
        ctx.relu = relu  # type: ignore[attr-defined]
        return output

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, output, saved, *weights = ctx.saved_tensors  # type: ignore[attr-defined]
        gradient = gradient.contiguous()
        sizes = (*x.shape, output.shape[2] // 2)
        x_gradient = torch.empty_like(x) if ctx.needs_input_grad[0] else None  # type: ignore[attr-defined]
        needed = any(ctx.needs_input_grad[2:])  # type: ignore[attr-defined]
        gradients = [torch.empty_like(weight) for weight in weights] if needed else []
        flags = (ctypes.c_int * 2)(*ctx.relu)  # type: ignore[attr-defined]
        ih, hh = addresses(weights[0::3]), addresses(weights[1::3])
        of_weights = [addresses(gradients[k::3]) if needed else None for k in range(3)]
        written = [None if x_gradient is None else address(x_gradient), *of_weights]
        known = (address(x), ih, hh, flags, address(output), address(saved), address(gradient))
        call("lstm_backward", x, *sizes, *known, *written)
        return x_gradient, None, *(gradients or (None,) * len(weights))


def bidirectional_lstm(
    x: torch.Tensor, weights: Sequence[torch.Tensor], relu: tuple[bool, bool] = (False, False)
) -> torch.Tensor:
    """Bidirectional LSTM over tokens; see `BiLSTM` in `motiflens.models.hybrid.layers`.

    Parameters
    ----------
    x : torch.Tensor, shape=(N, T, n_inputs)
    weights : sequence of 6 torch.Tensor
        weight_ih (4H, n_inputs), weight_hh (4H, H) and bias (4H,) of the forward, then of the backward direction.
    relu : pair of bool
        For each direction, whether ReLU is used instead of tanh.

    Returns
    -------
    torch.Tensor, shape=(N, T, 2 H)
    """
    return _Lstm.apply(x, relu, *weights)
