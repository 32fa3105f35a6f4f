"""Training steps for many networks of one architecture on the same batches.

All members share the batch. So its patches, their covariance and the product of the first layer are computed once for
all (`models/stacked/shared_first_layer.py`). After the first pool, each member runs as a module by itself, in cache. A
member does not depend on the other members of its stack.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from motiflens.models.hybrid import (
    HybridNetwork,
    NetworkConfig,
    Prepared,
    attention_entropy,
    check_stackable,
    initialise,
    network_of,
)
from motiflens.models.stacked import Patches, PooledConvolution, activate, stacked_filters, stacked_logits
from motiflens.training.losses import Loss, cross_entropy
from motiflens.training.protocol import Protocol
from motiflens.training.side_by_side import SideBySide


def new_network(config: NetworkConfig, protocol: Protocol, seed: int) -> Any:
    """Build a network with the protocol's initialisation drawn from a member's own seed."""
    network = network_of(config, seed)
    initialise(network, protocol.initialisation, torch.Generator().manual_seed(seed))
    return network


class TrainedMember:
    """A network in training, with its optimiser and its source of dropout masks."""

    def __init__(
        self, network: HybridNetwork, protocol: Protocol, dropout_seed: int, precision: str = "float32"
    ) -> None:
        self.network = network
        self.optimizer = torch.optim.Adam(
            [p for p in network.parameters() if p.requires_grad],
            lr=protocol.learning_rate,
            betas=(protocol.beta1, protocol.beta2),
            eps=protocol.adam_eps,
            fused=True,
        )
        self._dropout = np.random.SFC64(dropout_seed)
        source = np.random.Generator(self._dropout)
        for module in self.network.modules():
            if isinstance(module, Prepared):
                module.prepare_training(source, precision)

    def dropout_state(self) -> list[int]:
        """State of the source of dropout masks, as plain numbers."""
        return [int(word) for word in self._dropout.state["state"]["state"]]

    def set_dropout_state(self, words: list[int]) -> None:
        """Restore the source of dropout masks from a state that `dropout_state` returned."""
        state = self._dropout.state
        state["state"]["state"] = np.array(words, dtype=np.uint64)
        self._dropout.state = state


class LoopEngine(SideBySide[TrainedMember]):
    """The `training.stack.Engine` for CPUs: members train together, each as a module by itself."""

    def __init__(
        self,
        networks: Sequence[HybridNetwork],
        protocol: Protocol,
        seeds: Sequence[int],
        precision: str = "float32",
        loss: Loss = cross_entropy,
    ) -> None:
        check_stackable([network.config for network in networks])
        pairs = zip(networks, seeds, strict=True)
        super().__init__([TrainedMember(network, protocol, seed, precision) for network, seed in pairs])
        self.protocol, self.precision, self.loss = protocol, precision, loss

    def train_step(self, codes: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """One optimisation step of every member on codes (B, L) and labels (B, n_outputs); mean losses (E,)."""
        entropy_weight = self.protocol.attention_entropy_weight
        return train_step(self.members, codes, y, self.precision, entropy_weight, self.loss)

    def logits(self, codes: torch.Tensor) -> torch.Tensor:
        """Logits of all members in evaluation mode, shape=(E, N, n_outputs)."""
        return stacked_logits([member.network for member in self.members], codes)


def train_step(
    members: Sequence[TrainedMember],
    codes: torch.Tensor,
    y: torch.Tensor,
    precision: str = "float32",
    entropy_weight: float = 0.0,
    loss: Loss = cross_entropy,
) -> torch.Tensor:
    """One optimisation step of every member on the same batch.

    Parameters
    ----------
    members : sequence of TrainedMember, E of them
    codes : torch.Tensor, uint8, shape=(B, L)
    y : torch.Tensor, shape=(B, n_outputs)
    precision : str
    entropy_weight : float
        Weight of the attention's entropy in the loss that the step minimises.
    loss : Loss

    Returns
    -------
    losses : torch.Tensor, shape=(E,)
        Mean loss of each member before the step.
    """
    networks = [member.network for member in members]
    config = networks[0].config
    n_filters = config.n_filters
    patches = Patches(codes, config.kernel_size, y.dtype)
    patch_mean, patch_covariance = patches.moments()
    # The first pool stands behind convolution, BatchNorm and activation. Here it is taken of the convolution alone,
    # y = w * x, so that BatchNorm and activation have less to do. They rise with y where its gain is positive: then
    # the largest y of a pool is wanted. They fall with y where it is negative: then the smallest, which is minus the
    # largest of -y. So a filter w is convolved as s w, with s the sign of its gain, and s max(s y) is what is wanted.
    filters, sign = stacked_filters(networks)
    conv = PooledConvolution(patches, filters, config.first_pool, precision)
    raw = conv.output.mul_(sign)  # N, T, E * F; the signs taken back
    filters = filters * sign
    mean = patch_mean @ filters  # E * F
    projected = patch_covariance @ filters  # 4k, E * F
    variance = (filters * projected).sum(0)
    raw_gradient = raw  # a member's gradient takes the place of what it was computed from
    mean_gradient, variance_gradient = torch.empty_like(mean), torch.empty_like(variance)
    losses = []
    for i, member in enumerate(members):
        own = slice(i * n_filters, (i + 1) * n_filters)
        inputs = [raw[..., own].contiguous(), mean[own], variance[own]]
        losses.append(_back_to_first_layer(member, inputs, y, entropy_weight, loss))
        raw_gradient[..., own], mean_gradient[own], variance_gradient[own] = [t.grad for t in inputs]  # type: ignore[assignment]
        _update_running_statistics(member.network, mean[own], variance[own], codes.numel())
    # What the pool has chosen is o = max(P s w), P being the patches, and the network has gone on with s o. With g the
    # gradient by s o, that by o is s g, that by the flipped filter s w is P^T s g at the chosen places, and that by w
    # is s P^T s g = P^T g, because s^2 = 1: the gradient of the unflipped output gives that of the unflipped filter.
    # Mean and variance of y are m^T w and w^T C w, with m and C those of the patches: their gradients by w are m and
    # 2 C w.
    gradient = conv.weight_gradient(raw_gradient)
    gradient += patch_mean[:, None] * mean_gradient + 2 * projected * variance_gradient
    gradient = gradient.view(config.kernel_size, 4, -1).permute(2, 1, 0)  # E * F, 4, k
    for member, own_gradient in zip(members, gradient.split(n_filters), strict=True):
        member.network.stem.first.conv.weight.grad = own_gradient.contiguous()
        member.optimizer.step()
    return torch.stack(losses)


def _back_to_first_layer(
    member: TrainedMember, inputs: Sequence[torch.Tensor], y: torch.Tensor, entropy_weight: float, loss: Loss
) -> torch.Tensor:
    """A member's loss, after gradients have been computed down to what comes out of the shared first layer.

    These inputs are the pooled outputs (N, T, F), and mean and variance of all outputs (F,).
    """
    for tensor in inputs:
        tensor.requires_grad_()
    member.optimizer.zero_grad(set_to_none=True)  # the next gradients are taken as they are, not added
    member.network.train()
    collected: list[torch.Tensor] | None = [] if entropy_weight else None
    logits = member.network.from_first_pool(activate(member.network, *inputs), collected)
    mean_loss: torch.Tensor = loss(logits, y, reduction="mean")
    total = mean_loss if collected is None else mean_loss + entropy_weight * attention_entropy(collected)
    total.backward()
    return mean_loss.detach()


def _update_running_statistics(
    network: HybridNetwork, mean: torch.Tensor, variance: torch.Tensor, n_positions: int
) -> None:
    norm = network.stem.first.norm
    unbiased = variance.detach() * (n_positions / (n_positions - 1))
    norm.running_mean.lerp_(mean.detach(), norm.momentum)  # type: ignore[union-attr, arg-type]
    norm.running_var.lerp_(unbiased, norm.momentum)  # type: ignore[union-attr, arg-type]
    norm.num_batches_tracked.add_(1)  # type: ignore[union-attr]
