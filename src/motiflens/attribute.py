"""Attribution maps: how much each base at each position moves one output of a network.

Every method has the signature ``(model, X, *, target, batch_size, device)`` and returns one value per base
and position, shape=(N, 4, L), on the CPU. Position scores for :func:`motiflens.scoring.interpretability` are
sums over the bases: ``gradient_times_input(model, X).sum(1)``.
"""

import contextlib
from collections.abc import Iterator

import torch
from torch import nn

from motiflens.metrics import Array, as_tensor
from motiflens.models.hybrid import evaluating
from motiflens.predict import device_of
from motiflens.sequence import check_one_hot


def saliency(
    model: nn.Module,
    X: Array,
    *,
    target: int = 0,
    batch_size: int = 256,
    device: str | torch.device | None = None,
) -> torch.Tensor:
    """Gradient of one output with respect to the one-hot input (Simonyan et al. 2013), signed.

    The output is taken as the model gives it. For a network that returns logits this is the gradient before
    the sigmoid, which differs from the one after it by a factor per sequence, and does not vanish where the
    sigmoid saturates.

    Parameters
    ----------
    model : nn.Module
        Maps (n, 4, L) to (n, n_outputs) or (n,). Run in evaluation mode; the modes of all its modules, its
        device and its parameters' gradients are afterwards what they were.
    X : np.ndarray or torch.Tensor, shape=(N, 4, L)
        One-hot sequences.
    target : int
        Which output.
    batch_size : int
        Sequences per pass; does not change the result.
    device : str or torch.device, optional
        Where to compute; by default where the model is.

    Returns
    -------
    gradient : torch.Tensor, shape=(N, 4, L)
        On the CPU, of the model's floating-point type.

    Raises
    ------
    ValueError
        If X is not one-hot, the model's output has another shape or does not depend on X, target is out of
        range, or a gradient is not finite.
    """
    X = as_tensor(X)
    check_one_hot(X)
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")
    dtype = next((p.dtype for p in model.parameters() if p.is_floating_point()), torch.float32)
    gradient = torch.empty(X.shape, dtype=dtype)
    with evaluating(model), _moved(model, device) as where, _rnn_backward(model), torch.enable_grad():
        for start in range(0, len(X), batch_size):
            rows = slice(start, start + batch_size)
            x = X[rows].detach().to(where, dtype, copy=True).requires_grad_()  # n, 4, L
            gradient[rows] = _input_gradient(model(x), x, target).cpu()
    finite = gradient.isfinite().flatten(1).all(1)  # N
    if not bool(finite.all()):
        bad = (~finite).nonzero().flatten().tolist()
        more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
        raise ValueError(f"expected finite gradients, got NaN or infinity for sequence {bad[0]}{more}")
    return gradient


def gradient_times_input(
    model: nn.Module,
    X: Array,
    *,
    target: int = 0,
    batch_size: int = 256,
    device: str | torch.device | None = None,
) -> torch.Tensor:
    """Saliency at the bases that are there, 0 at the others: ``saliency(model, X) * X``.

    Parameters, returns and errors are those of :func:`saliency`.
    """
    gradient = saliency(model, X, target=target, batch_size=batch_size, device=device)
    return gradient * as_tensor(X).to("cpu", gradient.dtype)


def _input_gradient(output: torch.Tensor, x: torch.Tensor, target: int) -> torch.Tensor:
    if not isinstance(output, torch.Tensor):
        raise ValueError(f"expected the model to return one tensor, got {type(output).__name__}")
    if output.dim() not in (1, 2) or len(output) != len(x):
        raise ValueError(
            f"expected the model's output to have shape (n, n_outputs) or (n,) for {len(x)} sequences, "
            f"got {tuple(output.shape)}"
        )
    columns = output.reshape(len(x), -1)  # n, n_outputs
    if not 0 <= target < columns.shape[1]:
        raise ValueError(f"target must be in 0 ... {columns.shape[1] - 1}, got {target}")
    unused = "expected an output that depends on X through differentiable operations"
    if not columns.requires_grad:
        raise ValueError(unused)
    # One sum serves the batch: in evaluation mode no output depends on another sequence.
    (gradient,) = torch.autograd.grad(columns[:, target].sum(), x, allow_unused=True)
    if gradient is None:
        raise ValueError(unused)
    return gradient


@contextlib.contextmanager
def _moved(model: nn.Module, device: str | torch.device | None) -> Iterator[torch.device]:
    """Have a model on a device for a while; None leaves it where it is."""
    home = device_of(model)
    where = home if device is None else torch.device(device)
    try:
        model.to(where)
        yield where
    finally:
        model.to(home)


@contextlib.contextmanager
def _rnn_backward(model: nn.Module) -> Iterator[None]:
    """Leave cuDNN out for recurrent networks: its LSTM has no backward pass in evaluation mode."""
    if any(isinstance(module, nn.RNNBase) for module in model.modules()):
        with torch.backends.cudnn.flags(enabled=False):
            yield
    else:
        yield
