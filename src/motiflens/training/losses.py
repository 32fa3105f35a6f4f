"""Losses, and the scale of real-valued targets in training."""

import typing
from functools import partial
from typing import NamedTuple

import torch
from torch.nn import functional as F

from motiflens.basics.errors import InputError
from motiflens.models.hybrid import HybridNetwork
from motiflens.models.published import PublishedNetwork
from motiflens.training.protocol import Protocol


class Loss(typing.Protocol):
    """A loss."""

    def __call__(self, outputs: torch.Tensor, targets: torch.Tensor, *, reduction: str = "none") -> torch.Tensor:
        """Map outputs and targets, both (..., N, n_outputs), to the loss of each, or with "mean" to their mean."""
        ...


def cross_entropy(
    outputs: torch.Tensor,
    targets: torch.Tensor,
    *,
    reduction: str = "none",
    positive_weight: torch.Tensor | None = None,
) -> torch.Tensor:
    """Binary cross-entropy of logits in nats, multiplied for positives by `positive_weight`, shape=(n_outputs,)."""
    return F.binary_cross_entropy_with_logits(outputs, targets, pos_weight=positive_weight, reduction=reduction)


def squared_error(outputs: torch.Tensor, targets: torch.Tensor, *, reduction: str = "none") -> torch.Tensor:
    """Squared difference of outputs and targets, shape=(..., N, T), or its mean."""
    return F.mse_loss(outputs, targets, reduction=reduction)


def on_labelled(
    outputs: torch.Tensor, targets: torch.Tensor, *, reduction: str = "none", loss: Loss = cross_entropy
) -> torch.Tensor:
    """A loss over labels, shape=(..., N, T), that are not missing; a missing label (NaN) has no loss and no gradient.

    It is scaled so that its mean over sequences and outputs is the mean over labels that are not missing, or 0 if all
    are missing.
    """
    known = ~targets.isnan()
    each = torch.where(known, loss(outputs, torch.where(known, targets, 0)), 0)
    n_known = known.sum((-2, -1), keepdim=True).clamp(min=1).to(each.dtype)
    scaled = each * (known.shape[-2] * known.shape[-1] / n_known)
    return scaled if reduction == "none" else scaled.mean()


def loss_of(protocol: Protocol, y: torch.Tensor) -> Loss:
    """The loss of a protocol for targets y of the training sequences, shape=(N, n_outputs)."""
    if protocol.objective == "regression":
        return squared_error
    if protocol.positive_weight is None:
        return cross_entropy
    if protocol.positive_weight == "balanced":
        return partial(cross_entropy, positive_weight=balanced_weight(y))
    return partial(cross_entropy, positive_weight=y.new_full(y.shape[1:], float(protocol.positive_weight)))


def balanced_weight(y: torch.Tensor) -> torch.Tensor:
    """Number of negatives for each positive of each label, shape=(n_outputs,), which gives both classes equal weight.

    Raises
    ------
    ValueError
        If a label lacks one of the classes.
    """
    positives, negatives = (y == 1).sum(0).to(y.dtype), (y == 0).sum(0).to(y.dtype)
    lacking = (positives == 0) | (negatives == 0)
    if lacking.any():
        raise InputError(
            f"positive_weight 'balanced' needs both classes of each label, label {int(lacking.int().argmax())} of the "
            "training sequences has one: leave this label out, or give a number"
        )
    return negatives / positives


class TargetScale(NamedTuple):
    """Mean and standard deviation of each target over the training sequences, float64, shape=(n_outputs,).

    Members learn standardised targets. `unscale` makes a trained network predict in the unit of the targets.
    """

    mean: torch.Tensor
    deviation: torch.Tensor

    @classmethod
    def of(cls, y: torch.Tensor) -> "TargetScale":
        """Scale of targets y, shape=(N, n_outputs), with NaN for missing ones."""
        if not y.isnan().any():
            return cls(y.double().mean(0), y.double().std(0, correction=0))
        mean = y.double().nanmean(0)
        return cls(mean, (y.double() - mean).square().nanmean(0).sqrt())

    def standardise(self, y: torch.Tensor) -> torch.Tensor:
        """Standardise targets (N, T): subtract the mean and divide by the standard deviation."""
        return ((y.double() - self.mean) / self.deviation).to(y.dtype)

    def unscale(self, network: HybridNetwork | PublishedNetwork) -> None:
        """Put the scale into the last layer of a network that has learned standardised targets."""
        out = network.out if isinstance(network, PublishedNetwork) else network.head.out
        with torch.no_grad():
            weight, bias = out.weight.double(), out.bias.double()
            out.weight.copy_(weight * self.deviation[:, None])
            out.bias.copy_(bias * self.deviation + self.mean)
