"""Checks of models from elsewhere that were not adapted."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from motiflens.basics.errors import ArgumentError, InputError, warn
from motiflens.basics.inputs import Target, as_output, as_sequences
from motiflens.models.any_model.adapted import AdaptedModel
from motiflens.models.checks import ChanceWatch, check_independent, check_weights
from motiflens.models.devices import device_of, dtype_of
from motiflens.models.hybrid.network import HybridNetwork, evaluating
from motiflens.models.outputs import batches, model_outputs

_N_TRIED = 4  # sequences that a model is tried on


def check_foreign(model: nn.Module, X: np.ndarray | torch.Tensor) -> None:
    """Check that a model takes one-hot sequences and that its output for one does not depend on the others.

    Parameters
    ----------
    model : nn.Module
    X : np.ndarray or torch.Tensor
        One-hot (N, 4, L) or codes (N, L); four of them are run.

    Raises
    ------
    InputError
        If the model does not run on them, drops values in evaluation mode, or has weights that are not finite; or if
        its output depends on the other sequences of a batch or on chance.
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


class OutputWarning(UserWarning):
    """The target was not given, and an output was chosen for the label."""


def chosen_output(target: Target | None, networks: Sequence[nn.Module], sequences: Any) -> int:
    """Index of the output to use: the given target, else the output that belongs to the data's label.

    Parameters
    ----------
    target : int, str or None
    networks : sequence of nn.Module
    sequences : data set, or whatever counts as sequences
        Needed if no target is given. If they have one label and the model has two outputs, these are taken as the
        logits of two classes, and the second one is used, with an `OutputWarning`.

    Raises
    ------
    InputError
        If no target is given, there is one label and the model has more outputs; and as `check_foreign`.
    """
    if target is not None:
        return as_output(target, *networks, sequences)
    given = as_sequences(sequences)
    if given.y is None or given.y.shape[1] != 1 or not len(given) or not networks:
        return 0
    check_foreign(networks[0], given.codes)
    outputs = model_outputs(networks[0], given.codes[:_N_TRIED])
    n_outputs = outputs[0].numel()
    if n_outputs == 1:
        return 0
    if n_outputs == 2 and (getattr(networks[0], "two_classes", False) or _are_shares(outputs)):
        warn(
            "the model gives the probabilities of two classes and the data have one label: output 1 is used for it",
            OutputWarning,
        )
        return 1
    raise ArgumentError(
        f"the model has {n_outputs} outputs, the data have 1 labels",
        "give data with as many labels, or with one and the output that it stands for ({target})",
    )


def _are_shares(outputs: torch.Tensor) -> bool:
    """Whether the two outputs of each sequence are between 0 and 1 and add up to 1."""
    return bool((outputs >= 0).all()) and bool(((outputs.sum(-1) - 1).abs() < 1e-3).all())
