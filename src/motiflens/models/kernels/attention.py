"""Multi-head self-attention and encoder layers as single operations with gradient."""

from collections.abc import Sequence

import numpy as np
import torch
from torch.autograd.function import FunctionCtx

from motiflens.models.kernels.library import address, addresses, call, saved_size


def _gradients_of(weights: Sequence[torch.Tensor], needed: Sequence[bool]) -> list[torch.Tensor]:
    """Room for the gradients of weights; none where no one of them is needed."""
    return [torch.empty_like(weight) for weight in weights] if any(needed) else []


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, x: torch.Tensor, n_heads: int, *weights: torch.Tensor) -> torch.Tensor:
        x = x.contiguous()
        n, n_tokens, inputs = x.shape
        query, key, value, out, bias = weights
        sizes = (n, n_tokens, inputs, len(query), n_heads)
        output = x.new_empty(n, n_tokens, len(query))
        saved = x.new_empty(saved_size("attention_saved", x, sizes))
        known = (address(x), addresses([query, key, value]), address(out), address(bias))
        call("attention_forward", x, *sizes, *known, address(output), address(saved))
        ctx.save_for_backward(x, saved, *weights)
        ctx.sizes = sizes  # type: ignore[attr-defined]
        return output

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, saved, *weights = ctx.saved_tensors  # type: ignore[attr-defined]
        gradient = gradient.contiguous()
        x_gradient, gradients = torch.empty_like(x), _gradients_of(weights, ctx.needs_input_grad[2:])  # type: ignore[attr-defined]
        known = (address(x), addresses(weights[:3]), address(weights[3]), address(saved), address(gradient))
        written = (addresses(gradients[:3]), address(gradients[3]), address(gradients[4])) if gradients else (None,) * 3
        call("attention_backward", x, *ctx.sizes, *known, address(x_gradient), *written)  # type: ignore[attr-defined]
        return x_gradient, None, *(gradients or (None,) * len(weights))


def self_attention(x: torch.Tensor, n_heads: int, weights: Sequence[torch.Tensor]) -> torch.Tensor:
    """Multi-head self-attention; see `MultiHeadAttention` in `motiflens.models.hybrid.attention`.

    Parameters
    ----------
    x : torch.Tensor, shape=(N, T, n_inputs)
    n_heads : int
    weights : sequence of 5 torch.Tensor
        Of query, key and value (width, n_inputs); of the output projection (width, width) and its bias (width,).

    Returns
    -------
    torch.Tensor, shape=(N, T, width)
    """
    return _Attention.apply(x, n_heads, *weights)


class _Encoder(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: FunctionCtx,
        x: torch.Tensor,
        n_heads: int,
        eps: float,
        bits: np.ndarray | None,
        p: float,
        *weights: torch.Tensor,
    ) -> torch.Tensor:
        x = x.contiguous()
        n, n_tokens, width = x.shape
        sizes = (n, n_tokens, width, n_heads, len(weights[7]))
        threshold = round(p * 65536)
        drop = (None if bits is None else bits.ctypes.data, threshold, 65536 / (65536 - threshold))
        output, saved = torch.empty_like(x), x.new_empty(saved_size("encoder_saved", x, sizes))
        written = (address(output), address(saved))
        call("encoder_forward", x, *sizes, eps, address(x), addresses(weights), *drop, *written)
        ctx.save_for_backward(x, saved, *weights)
        ctx.sizes, ctx.drop, ctx.bits = sizes, drop, bits  # type: ignore[attr-defined]
        return output

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, saved, *weights = ctx.saved_tensors  # type: ignore[attr-defined]
        gradient = gradient.contiguous()
        x_gradient, gradients = torch.empty_like(x), _gradients_of(weights, ctx.needs_input_grad[5:])  # type: ignore[attr-defined]
        known = (address(x), addresses(weights), *ctx.drop, address(saved), address(gradient))  # type: ignore[attr-defined]
        written = (address(x_gradient), addresses(gradients) if gradients else None)
        call("encoder_backward", x, *ctx.sizes, *known, *written)  # type: ignore[attr-defined]
        return x_gradient, None, None, None, None, *(gradients or (None,) * len(weights))


def encoder_layer(
    x: torch.Tensor, n_heads: int, eps: float, weights: Sequence[torch.Tensor], bits: np.ndarray | None, p: float
) -> torch.Tensor:
    """Encoder layer; see `EncoderLayer` in `motiflens.models.hybrid.attention`.

    Parameters
    ----------
    x : torch.Tensor, shape=(N, T, width)
    n_heads : int
    eps : float
        Of the layer normalisations.
    weights : sequence of 13 torch.Tensor
        Query, key, value and output projection, shape=(width, width), and its bias (width,); gain and bias of the first
        norm (width,); weight and bias of the first dense layer, (n_hidden, width) and (n_hidden,), and of the second,
        (width, n_hidden) and (width,); gain and bias of the second norm (width,).
    bits : numpy.ndarray, uint16, shape=(N T (2 width + n_hidden),), optional
        Random bits for the dropout after the attention, after the first dense layer and after the second.
    p : float
        Share that is dropped, rounded to a multiple of 2^-16.

    Returns
    -------
    torch.Tensor, shape=(N, T, width)
    """
    return _Encoder.apply(x, n_heads, eps, bits, p, *weights)
