"""Outputs, first-layer activations and attention weights of one network, computed in batches."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import nn

from motiflens.basics.errors import InputError
from motiflens.basics.metrics import as_tensor
from motiflens.basics.sequence import check_codes, check_one_hot, one_hot
from motiflens.models.checks import check_weights
from motiflens.models.devices import device_of, dtype_of
from motiflens.models.hybrid.network import HybridNetwork, evaluating, with_kernels
from motiflens.models.kernels import has_kernels
from motiflens.models.passes import sequences_per_pass
from motiflens.models.stacked.side_by_side import pooled_activations, stacked_logits


def batches(
    X: np.ndarray | torch.Tensor, batch_size: int, device: torch.device, dtype: torch.dtype = torch.float32
) -> Iterator[torch.Tensor]:
    """Yield one-hot batches (n, 4, L) from one-hot X (N, 4, L) or from codes (N, L); smaller ones of long sequences.

    Raises
    ------
    ValueError
        If X is neither, or batch_size below 1.
    """
    if batch_size < 1:
        raise InputError(f"batch_size must be at least 1, got {batch_size}")
    X = as_tensor(X)
    (check_codes if X.dim() == 2 else check_one_hot)(X)
    batch_size = sequences_per_pass(batch_size, X.shape[-1])
    for start in range(0, len(X), batch_size):
        batch = X[start : start + batch_size].to(device)
        yield one_hot(batch, dtype) if X.dim() == 2 else batch.to(dtype, copy=True)  # a model may write into it


def model_outputs(model: nn.Module, X: np.ndarray | torch.Tensor, *, batch_size: int = 500) -> torch.Tensor:
    """Logits of a model in evaluation mode.

    Parameters
    ----------
    model : torch.nn.Module
        Maps one-hot (n, 4, L) to logits (n, n_outputs). Its mode is restored.
    X : np.ndarray or torch.Tensor
        One-hot (N, 4, L) or codes (N, L).
    batch_size : int

    Returns
    -------
    logits : torch.Tensor, shape=(N, n_outputs), on the CPU

    Raises
    ------
    ValueError
        If X is neither one-hot nor codes 0 to 4, there are no sequences, or weights are not finite.
    """
    if batch_size < 1:
        raise InputError(f"batch_size must be at least 1, got {batch_size}")
    X = as_tensor(X)
    if type(model) is HybridNetwork and _are_codes_for(model, X):
        check_codes(X)
        codes = X.to(device_of(model))  # these need not become one-hot; they fit on any device
        with with_kernels(model):
            logits = stacked_logits([model], codes, batch_size=batch_size)[0]
        return _checked(model, logits.cpu())
    with evaluating(model), torch.inference_mode():
        outputs = [model(x).cpu() for x in batches(X, batch_size, device_of(model), dtype_of(model))]
    if not outputs:  # how many outputs the model has, it does not say
        raise InputError("expected at least one sequence, got none")
    return _checked(model, torch.cat(outputs))


def _checked(model: nn.Module, logits: torch.Tensor) -> torch.Tensor:
    """Outputs, float32 or float64; NaN or infinity that comes from the weights is an error."""
    if not bool(logits.isfinite().all()):
        check_weights(model)
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


def first_layer_activations(
    model: nn.Module, X: np.ndarray | torch.Tensor, *, batch_size: int = 500
) -> Callable[[], Iterator[torch.Tensor]]:
    """Stream first-layer activations, as `filters.activation_pwms` takes them.

    Parameters
    ----------
    model : nn.Module
        With a method `first_layer_activations`: a `HybridNetwork`, or any model after `any_model.adapt`.
    X : np.ndarray or torch.Tensor
        One-hot (N, 4, L) or codes (N, L).
    batch_size : int

    Returns
    -------
    callable
        Each call yields all batches, shape=(n, n_filters, L), so that a large set is never in memory at once.

    Raises
    ------
    ValueError
        If the model has no such method.
    """
    maps_of = getattr(model, "first_layer_activations", None)
    if maps_of is None:
        raise InputError(
            f"expected a model that gives its first layer's activations, got {type(model).__name__}: "
            "wrap it with motiflens.models.any_model.adapt(model, X)"
        )

    if type(model) is HybridNetwork and _are_codes_for(model, X) and has_kernels(next(model.parameters())):
        return lambda: _maps_of_codes(model, as_tensor(X), sequences_per_pass(batch_size, X.shape[1]))

    def stream() -> Iterator[torch.Tensor]:
        for x in batches(X, batch_size, device_of(model), dtype_of(model)):
            with evaluating(model), torch.inference_mode():  # not around the yield: it would leak to the caller
                maps = maps_of(x).cpu()
            yield maps

    return stream


def _are_codes_for(network: HybridNetwork, X: np.ndarray | torch.Tensor) -> bool:
    """Whether X is codes, shape=(N, L), of the length that the network takes."""
    return X.ndim == 2 and as_tensor(X[:0]).dtype == torch.uint8 and X.shape[1] == network.config.length


def _maps_of_codes(network: HybridNetwork, codes: torch.Tensor, batch_size: int) -> Iterator[torch.Tensor]:
    """Maps, shape=(n, n_filters, L), from the rows of the filters that the bases pick: no sequence becomes one-hot."""
    check_codes(codes)
    for some in codes.split(batch_size):
        with evaluating(network), torch.inference_mode():
            maps = pooled_activations(network, some, pool=1)
        yield maps


def attention_weights(
    model: HybridNetwork, X: np.ndarray | torch.Tensor, *, batch_size: int = 500
) -> list[torch.Tensor]:
    """Attention weights of every layer, for X, one-hot (N, 4, L) or codes (N, L).

    Returns
    -------
    weights : list of torch.Tensor, each shape=(N, n_heads, T, T), on the CPU
        One tensor for each attention layer; empty for a network without attention.

    Raises
    ------
    ValueError
        As for :func:`predict`.
    """
    if len(X) == 0:
        raise InputError("expected at least one sequence, got none")
    with evaluating(model), torch.inference_mode():
        parts = [
            [layer.cpu() for layer in model.attention_weights(x)]
            for x in batches(X, batch_size, device_of(model), dtype_of(model))
        ]
    return [torch.cat(layer) for layer in zip(*parts, strict=True)]
