"""SmoothGrad: the gradient averaged over noisy copies of the input."""

import numpy as np
import torch
from torch import nn

from motiflens.basics.errors import InputError
from motiflens.basics.metrics import Array
from motiflens.interpret.attribution.gradient import (
    centred,
    check_finite,
    check_positive,
    checked,
    differentiating,
    gradients_per_pass,
)
from motiflens.interpret.attribution.path_gradient import gradient_at, sharing
from motiflens.models.devices import dtype_of


def smooth_grad(
    model: nn.Module,
    X: Array,
    *,
    target: int = 0,
    batch_size: int = 256,
    device: str | torch.device | None = None,
    correct_gradient: bool = False,
    n_samples: int = 50,
    noise: float = 0.1,
    seed: int = 0,
) -> torch.Tensor:
    """Mean gradient over copies of the one-hot input with normal noise on all four channels (Smilkov et al. 2017).

    Parameters (model, X, target, device, correct_gradient) and errors are those of :func:`saliency`, and the following.

    Parameters
    ----------
    batch_size : int
        Noisy copies in one pass; does not change the result.
    n_samples : int
        Noisy copies of each sequence.
    noise : float
        Standard deviation of the noise, in units of the one-hot values.
    seed : int
        Seed of the noise. The noise of a sequence depends on its index in X.

    Returns
    -------
    gradient : torch.Tensor, shape=(N, 4, L)
        On the CPU, with the model's dtype.

    Raises
    ------
    ValueError
        As :func:`saliency`, and if n_samples is below 1 or noise is negative.
    """
    X = checked(X, batch_size)
    check_positive(n_samples=n_samples)
    if not noise >= 0:
        raise InputError(f"noise is a standard deviation: expected at least 0, got {noise}")
    rng = np.random.default_rng(seed)
    dtype, batch_size = dtype_of(model), gradients_per_pass(batch_size, X)
    total = torch.zeros(X.shape, dtype=dtype)
    with differentiating(model, device, X) as where, sharing(model):
        for start in range(0, len(X) * n_samples, batch_size):
            rows = torch.arange(start, min(start + batch_size, len(X) * n_samples)) // n_samples  # of X
            draws = torch.from_numpy(rng.standard_normal((len(rows), *X.shape[1:]), dtype=np.float32))
            x = (X[rows] + noise * draws).to(where, dtype)
            total.index_add_(0, rows, gradient_at(model, x, target).cpu())
    gradient = total / n_samples
    check_finite(gradient, "gradients")
    return centred(gradient) if correct_gradient else gradient
