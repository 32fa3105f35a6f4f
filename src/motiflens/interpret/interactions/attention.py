"""Attention between the tokens of two sites: raw, as rollout over layers, or multiplied by its gradient.

Attention weights are large where a token holds any motif that a head has learned, with or without a partner. The
attention that one motif attracts by itself is part of its typical scores (see `null`). The method has no other
correction for it.
"""

from functools import partial
from typing import cast

import numpy as np
import torch
from torch import nn

from motiflens.basics.errors import InputError
from motiflens.interpret.interactions.effects import Effects
from motiflens.interpret.interactions.filter_sites import sites_by_filters
from motiflens.interpret.interactions.inputs import OnProgress
from motiflens.interpret.interactions.method import Experiment, Method
from motiflens.interpret.interactions.sites import Sites, TwoSites, sum_up, two_sites
from motiflens.models.any_model import AdaptedModel
from motiflens.models.devices import device_of, dtype_of
from motiflens.models.hybrid import HybridNetwork, evaluating
from motiflens.models.outputs import batches


def token_maps(model: nn.Module, codes: np.ndarray, reading: str, *, target: int, batch_size: int) -> np.ndarray:
    """Attention between each two tokens in each sequence, made symmetric, shape=(N, T, T).

    Parameters
    ----------
    model : torch.nn.Module
        Must have `attention_weights(x)`, which returns a list of (n, n_heads, T, T), as networks of this package and
        models from `any_model.adapt` do; "gradient" takes these two kinds only. If layers differ in their number of
        tokens, those with the most tokens are used. If attention is from outputs to tokens (DeepATT), the value of two
        tokens is the geometric mean of the weights that the target gives to each.
    codes : np.ndarray, shape=(N, L)
    reading : {"raw", "rollout", "gradient"}
        "raw": the largest weight over heads, averaged over layers (Ullah & Ben-Hur 2021, Nucleic Acids Research
        49:e77). "rollout": the product of all layers, each of which is its mean over heads averaged with the identity,
        for the residual connection (Abnar & Zuidema 2020, arXiv:2005.00928). "gradient": each weight times the gradient
        of the logit with respect to it, summed over heads and layers; its unit is the logit.
    target, batch_size : int

    Raises
    ------
    ValueError
        If the model has no `attention_weights`, or "gradient" is used with a model of another kind.
    """
    if reading == "gradient" and not isinstance(model, HybridNetwork | AdaptedModel):
        raise InputError(
            "attention_gradient follows the attention of a HybridNetwork, or of a model after any_model.adapt, into "
            f"its logit, got {type(model).__name__}: use method 'attention' or 'attention_rollout'"
        )
    parts = []
    for x in batches(codes, batch_size, device_of(model), dtype_of(model)):
        with evaluating(model):
            if reading == "gradient":
                maps = _times_gradient(model, x, target)
            else:
                with torch.inference_mode():
                    maps = _combine(_between_tokens(_layers(model, x), target), reading)
        parts.append((maps + maps.mT).cpu() / 2)
    return torch.cat(parts).double().numpy()


def attention_values(
    positives: np.ndarray, background: np.ndarray, sites: Sites, found: TwoSites, bp_per_token: float
) -> np.ndarray:
    """Attention between each two sites, minus the mean over background sequences at the same two tokens, shape=(n,).

    Parameters
    ----------
    positives, background : np.ndarray, shape=(N, T, T)
        As from :func:`token_maps`.
    """
    middle = sites.start + sites.width // 2
    token = np.minimum((middle / bp_per_token).astype(int), positives.shape[1] - 1)
    one, other = token[found.sequence, found.first], token[found.sequence, found.second]
    return positives[found.sequence, one, other] - background.mean(axis=0)[one, other]


def bp_per_token(model: nn.Module, length: int, n_tokens: int) -> float:
    """Number of bases that one token covers."""
    if isinstance(model, HybridNetwork):
        config = model.config
        return config.first_pool * (1 if config.second_stage == "none" else config.second_pool)
    return length / n_tokens


def _layers(model: nn.Module, x: torch.Tensor) -> list[torch.Tensor]:
    weights_of = getattr(model, "attention_weights", None)
    weights = [] if weights_of is None else weights_of(x)
    if not weights:
        raise InputError(
            f"expected a model that gives attention weights, got {type(model).__name__} without attention: "
            "use method 'insertion', 'mutagenesis' or 'feature_maps'"
        )
    return weights


def _between_tokens(layers: list[torch.Tensor], target: int) -> list[torch.Tensor]:
    """Attention of tokens to tokens, each (N, n_heads, T, T), of the layers with the most tokens."""
    n_tokens = max(layer.shape[-1] for layer in layers)
    square = []
    for layer in layers:
        if layer.shape[-1] != n_tokens:
            continue
        if layer.shape[-2] != n_tokens:  # queries are outputs, or one query for all
            given = layer[:, :, min(target, layer.shape[-2] - 1)]  # N, n_heads, T
            layer = (given[..., None] * given[..., None, :]).abs().sqrt() * given.sign()[..., None]
        square.append(layer)
    return square


def _combine(layers: list[torch.Tensor], reading: str) -> torch.Tensor:
    if reading == "raw":
        return torch.stack([layer.amax(dim=1) for layer in layers]).mean(dim=0)  # N, T, T
    n_tokens = layers[0].shape[-1]
    identity = torch.eye(n_tokens, device=layers[0].device, dtype=layers[0].dtype)
    rolled = identity
    for layer in layers:
        rolled = (layer.mean(dim=1) + identity) / 2 @ rolled  # N, T, T
    return rolled


def _times_gradient(model: nn.Module, x: torch.Tensor, target: int) -> torch.Tensor:
    if isinstance(model, AdaptedModel):
        products = model.attention_times_gradient(x, target) or _layers(model, x)  # which says that there are none
    else:
        products = _of_hybrid(cast(HybridNetwork, model), x, target)
    return torch.stack([layer.sum(dim=1) for layer in _between_tokens(products, target)]).sum(dim=0)  # N, T, T


def _of_hybrid(model: HybridNetwork, x: torch.Tensor, target: int) -> list[torch.Tensor]:
    layers: list[torch.Tensor] = []
    with torch.enable_grad():
        tokens = model.stem(x).detach().requires_grad_()
        logits = model.head(model.trunk(tokens, layers))[:, target]
        if not layers:
            _layers(model, x)
        gradients = torch.autograd.grad(logits.sum(), layers)
    return [(layer * gradient).detach() for layer, gradient in zip(layers, gradients, strict=True)]


_SINGLE_MOTIFS = "attention also follows single motifs; take p-values as a ranking where single motifs decide the label"


def _measure(
    model: nn.Module, given: Experiment, rng: np.random.Generator, on_progress: OnProgress, *, reading: str
) -> Effects:
    sites, _ = sites_by_filters(model, given, rng)
    codes, n = np.concatenate([given.positives, given.background]), len(given.positives)
    maps = token_maps(model, codes, reading, target=given.target, batch_size=given.batch_size)
    within = sites.rows(slice(n))
    found = two_sites(within, given.pairs)
    stride = bp_per_token(model, codes.shape[1], maps.shape[1])
    values = attention_values(maps[:n], maps[n:], within, found, stride)
    unseen = np.full((2, len(values)), np.nan)  # what a motif attracts alone is not known
    return sum_up(found, values, unseen, len(given.pairs), codes.shape[1])


def _method(reading: str, unit: str) -> Method:
    return Method(partial(_measure, reading=reading), unit, _SINGLE_MOTIFS, needs_attention=True)


ATTENTION = _method("raw", "attention weight")
ATTENTION_ROLLOUT = _method("rollout", "attention weight")
ATTENTION_GRADIENT = _method("gradient", "logit")
