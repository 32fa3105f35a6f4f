"""A convolution block in evaluation mode as one operation, with the gradient with respect to its input."""

import torch
from torch.autograd.function import FunctionCtx

from motiflens.models.kernels.library import address, call


class _FoldedBlock(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: FunctionCtx, x: torch.Tensor, weight: torch.Tensor, shift: torch.Tensor, pool: int
    ) -> torch.Tensor:
        x = x.contiguous()
        n, length, inputs = x.shape
        sizes = (n, length, inputs, len(weight), weight.shape[2], pool)
        output = x.new_empty(n, length // pool, len(weight))
        where = torch.empty(output.shape, dtype=torch.uint16)
        known = (address(x), address(weight), address(shift))
        call("folded_forward", x, *sizes, *known, address(output), address(where))
        ctx.save_for_backward(weight, output, where)
        ctx.sizes = sizes  # type: ignore[attr-defined]
        return output

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        weight, output, where = ctx.saved_tensors  # type: ignore[attr-defined]
        gradient = gradient.contiguous()
        n, length, inputs = ctx.sizes[:3]  # type: ignore[attr-defined]
        x_gradient = gradient.new_empty(n, length, inputs)
        known = (address(weight), address(output), address(where), address(gradient))
        call("folded_backward", gradient, *ctx.sizes, *known, address(x_gradient))  # type: ignore[attr-defined]
        return x_gradient, None, None, None


def folded_block(x: torch.Tensor, weight: torch.Tensor, shift: torch.Tensor, pool: int) -> torch.Tensor:
    """Convolution ("same"), shift, max-pool and ReLU.

    Parameters
    ----------
    x : torch.Tensor, shape=(N, L, n_inputs)
        The only argument with a gradient.
    weight : torch.Tensor, shape=(n_outputs, n_inputs, size)
        Size is odd; includes the scale of BatchNorm.
    shift : torch.Tensor, shape=(n_outputs,)
    pool : int
        Below 65,536.

    Returns
    -------
    torch.Tensor, shape=(N, L // pool, n_outputs)
    """
    return _FoldedBlock.apply(x, weight.detach().contiguous(), shift.detach().contiguous(), pool)


def changed_block(
    responses: torch.Tensor, change: torch.Tensor, weight: torch.Tensor, shift: torch.Tensor, pool: int
) -> torch.Tensor:
    """`folded_block` of an input in which one channel has changed, without gradient.

    Parameters
    ----------
    responses : torch.Tensor, shape=(N, L, n_outputs)
        Of the convolution to the input as it was, before the shift.
    change : torch.Tensor, shape=(N, L)
        Of the channel.
    weight : torch.Tensor, shape=(n_outputs, size)
        Of the channel; size odd.
    shift : torch.Tensor, shape=(n_outputs,)
    pool : int

    Returns
    -------
    torch.Tensor, shape=(N, L // pool, n_outputs)
    """
    n, length, outputs = responses.shape
    output = responses.new_empty(n, length // pool, outputs)
    known = [tensor.contiguous() for tensor in (responses, change, weight, shift)]
    sizes = (n, length, outputs, weight.shape[1], pool)
    call("folded_change", responses, *sizes, *map(address, known), address(output))
    return output
