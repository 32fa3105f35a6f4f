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
from motiflens.interpret.attribution.path_gradient import gradient_at, sharing
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

    The gradient is that of the output as the model returns it. If a network returns logits, it is the gradient before
    the sigmoid. It differs from the gradient after the sigmoid by one factor for each sequence, and does not vanish
    where the sigmoid saturates.

    Parameters
    ----------
    model : nn.Module
        Maps (n, 4, L) to (n, n_outputs) or (n,). It is run in evaluation mode. Afterwards the modes of all modules, the
        device and the gradients of parameters are as before.
    X : np.ndarray or torch.Tensor, shape=(N, 4, L)
        One-hot sequences.
    target : int
        Index of the output.
    batch_size : int
        Sequences in one pass, fewer if they are long; does not change the result.
    device : str or torch.device, optional
        Where to compute; by default on the model's device.
    correct_gradient : bool
        Subtract the mean over the bases (Majdandzic et al. 2023).

    Returns
    -------
    gradient : torch.Tensor, shape=(N, 4, L)
        On the CPU, with the model's dtype.

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
    with differentiating(model, device, X) as where, sharing(model):
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
    """Saliency at the bases of the sequence, 0 at all others: ``saliency(model, X) * X``.

    Parameters (model, X, target, batch_size, device, correct_gradient), result, shape=(N, 4, L), and errors are those
    of :func:`saliency`.
    """
    gradient = saliency(
        model, X, target=target, batch_size=batch_size, device=device, correct_gradient=correct_gradient
    )
    return gradient * as_tensor(X).detach().to("cpu", gradient.dtype)
