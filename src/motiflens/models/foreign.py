"""What is tried of a model of others before its outputs are believed, where it was not adapted."""

import numpy as np
import torch
from torch import nn

from motiflens.basics.errors import InputError
from motiflens.models.any_model.adapted import AdaptedModel
from motiflens.models.checks import ChanceWatch, check_independent, check_weights
from motiflens.models.devices import device_of, dtype_of
from motiflens.models.hybrid.network import HybridNetwork, evaluating
from motiflens.models.outputs import batches

_N_TRIED = 4  # sequences that a model is tried on


def check_foreign(model: nn.Module, X: np.ndarray | torch.Tensor) -> None:
    """Check that a model takes one-hot sequences and gives each its own output; ours and adapted ones do.

    Parameters
    ----------
    model : nn.Module
    X : np.ndarray or torch.Tensor
        One-hot (N, 4, L) or codes (N, L), of which four are tried.

    Raises
    ------
    InputError
        If it does not run on them, drops values in evaluation mode, too, or what it gives depends on the other
        sequences of a batch, on chance, or on weights that are not finite.
    """
    if type(model) is HybridNetwork or isinstance(model, AdaptedModel) or len(X) == 0:
        return
    x = next(batches(X[:_N_TRIED], _N_TRIED, device_of(model), dtype_of(model)))
    x = torch.cat([x, x])
    half = len(x) // 2 + 1  # not one alone: code that squeezes would take it for none
    with evaluating(model), torch.no_grad(), ChanceWatch() as chance:
        try:
            both, first = model(x.clone()), model(x[:half].clone())
        except InputError:
            raise
        except Exception as error:  # whatever a model does with an input that it was not made for
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            raise InputError(
                f"{type(model).__name__} does not run on one-hot sequences of shape (n, 4, {x.shape[2]}): {reason}; "
                "motiflens.models.any_model.adapt(model, sequences) finds out what it takes"
            ) from error
    # Outputs of another form are told where they are used, and in words of their own.
    if all(isinstance(one, torch.Tensor) and one.dim() and len(one) == n for one, n in ((both, len(x)), (first, half))):
        if not bool(both.isfinite().all()):
            check_weights(model)
        check_independent(both, first)
    chance.check()
