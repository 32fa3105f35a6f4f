"""Saliency, and saliency times the input."""

import torch
from torch import nn

from motiflens.basics.metrics import Array, as_tensor
from motiflens.interpret.attribution.gradient import (
    centred,
    check_finite,
    checked,
    differentiating,
    gradients_per_pass,
)
from motiflens.interpret.attribution.path_gradient import gradient_at
from motiflens.models.devices import dtype_of


def saliency(
    model: nn.Module,
    X: Array,
    *,
    target: int = 0,
    batch_size: int = 256,
    device: str | torch.device | None = None,
    correct_gradient: bool = False,
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
        Sequences per pass, fewer of long ones; does not change the result.
    device : str or torch.device, optional
        Where to compute; by default where the model is.
    correct_gradient : bool
        Subtract the mean over the bases (Majdandzic et al. 2023).

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
    X = checked(X, batch_size)
    dtype = dtype_of(model)
    gradient = torch.empty(X.shape, dtype=dtype)
    batch_size = gradients_per_pass(batch_size, X)
    with differentiating(model, device, X) as where:
        for start in range(0, len(X), batch_size):
            rows = slice(start, start + batch_size)
            gradient[rows] = gradient_at(model, X[rows].to(where, dtype), target).cpu()
    check_finite(gradient, "gradients")
    return centred(gradient) if correct_gradient else gradient


def gradient_times_input(
    model: nn.Module,
    X: Array,
    *,
    target: int = 0,
    batch_size: int = 256,
    device: str | torch.device | None = None,
    correct_gradient: bool = False,
) -> torch.Tensor:
    """Saliency at the bases that are there, 0 at the others: ``saliency(model, X) * X``.

    Parameters (model, X, target, batch_size, device, correct_gradient), returns, shape=(N, 4, L), and errors are those
    of :func:`saliency`.
    """
    gradient = saliency(
        model, X, target=target, batch_size=batch_size, device=device, correct_gradient=correct_gradient
    )
    return gradient * as_tensor(X).detach().to("cpu", gradient.dtype)
