"""Matrix products on the CPU by oneDNN, which are twice as fast as `@` on some processors.

PyTorch computes float32 products by MKL, whose AVX-512 code runs on Intel processors only; that of oneDNN runs on all.
Results agree within rounding. Operands with strides are not copied. "bfloat16" rounds the factors to 8 significant bits
and sums in float32.
"""

import torch
from torch.autograd.function import FunctionCtx


def has_onednn() -> bool:
    """Whether this PyTorch has oneDNN."""
    return torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


PRECISIONS = ("float32", "bfloat16")


def product(
    a: torch.Tensor, b: torch.Tensor, precision: str = "float32", bias: torch.Tensor | None = None
) -> torch.Tensor:
    """Product of two matrices plus a bias, without gradient, by oneDNN for float32 on the CPU, else by PyTorch.

    Parameters
    ----------
    a : torch.Tensor, shape=(M, K)
    b : torch.Tensor, shape=(K, N)
    precision : str
        Precision of float32 factors: "float32" or "bfloat16".
    bias : torch.Tensor, shape=(N,), optional

    Returns
    -------
    torch.Tensor, shape=(M, N), of the type of a
    """
    if precision == "bfloat16" and a.dtype == torch.float32:
        y = (a.bfloat16() @ b.bfloat16()).float()
        return y if bias is None else y.add_(bias)
    if a.dtype == torch.float32 and a.device.type == "cpu" and has_onednn():
        return torch.ops.mkldnn._linear_pointwise(a, b.T, bias, "none", [], "")
    return a @ b if bias is None else torch.addmm(bias, a, b)


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: FunctionCtx, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, precision: str
    ) -> torch.Tensor:
        ctx.save_for_backward(x, weight)
        ctx.precision, ctx.has_bias = precision, bias is not None  # type: ignore[attr-defined]
        return product(x, weight.T, precision, bias)

    @staticmethod
    def backward(
        ctx: FunctionCtx, gradient: torch.Tensor
    ) -> tuple[torch.Tensor | None, torch.Tensor | None, torch.Tensor | None, None]:
        x, weight = ctx.saved_tensors  # type: ignore[attr-defined]
        needs_x, needs_weight, _, _ = ctx.needs_input_grad  # type: ignore[attr-defined]
        precision = ctx.precision  # type: ignore[attr-defined]
        x_gradient = product(gradient, weight, precision) if needs_x else None
        weight_gradient = product(gradient.T, x, precision) if needs_weight else None
        bias_gradient = gradient.sum(0) if ctx.has_bias and needs_weight else None  # type: ignore[attr-defined]
        return x_gradient, weight_gradient, bias_gradient, None


def linear(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, precision: str = "float32"
) -> torch.Tensor:
    """`torch.nn.functional.linear` through `product`, with gradient.

    Parameters
    ----------
    x : torch.Tensor, shape=(..., n_inputs)
    weight : torch.Tensor, shape=(n_outputs, n_inputs)
    bias : torch.Tensor, shape=(n_outputs,), optional
    precision : str
        "float32" or "bfloat16".

    Returns
    -------
    torch.Tensor, shape=(..., n_outputs)
    """
    return _Linear.apply(x.flatten(0, -2), weight, bias, precision).unflatten(0, x.shape[:-1])
