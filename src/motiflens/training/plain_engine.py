"""Members of any architecture that train side by side, each as the plain module it is.

Each draws its dropout masks from a random state of its own, so that what it becomes does not depend on the others.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from motiflens.basics.errors import InputError
from motiflens.basics.sequence import one_hot
from motiflens.models.outputs import model_outputs
from motiflens.training.losses import Loss, cross_entropy
from motiflens.training.protocol import Protocol

_N_VALIDATED = 500  # sequences in a pass without gradients


class _PlainMember:
    """A network, its optimiser and the random state of its dropout."""

    def __init__(self, network: nn.Module, protocol: Protocol, seed: int) -> None:
        self.network = network
        self.optimizer = torch.optim.Adam(
            network.parameters(),
            lr=protocol.learning_rate,
            betas=(protocol.beta1, protocol.beta2),
            eps=protocol.adam_eps,
        )
        device = next(network.parameters()).device
        self.devices = [device] if device.type == "cuda" else []
        with torch.random.fork_rng(devices=self.devices):
            torch.manual_seed(seed)
            self.random_state = self._current()

    def _current(self) -> list[torch.Tensor]:
        return [torch.random.get_rng_state(), *(torch.cuda.get_rng_state(device) for device in self.devices)]

    def step(self, X: torch.Tensor, y: torch.Tensor, loss: Loss) -> torch.Tensor:
        """One optimisation step; the mean loss before it."""
        self.network.train()
        self.optimizer.zero_grad(set_to_none=True)
        with torch.random.fork_rng(devices=self.devices):
            torch.random.set_rng_state(self.random_state[0])
            for device, state in zip(self.devices, self.random_state[1:], strict=True):
                torch.cuda.set_rng_state(state, device)
            logits = self.network(X)
            self.random_state = self._current()
        mean_loss = loss(logits, y, reduction="mean")
        mean_loss.backward()
        self.optimizer.step()
        return mean_loss.detach()


class PlainEngine:
    """The `training.Engine` for networks that no other engine knows."""

    def __init__(
        self,
        networks: Sequence[nn.Module],
        protocol: Protocol,
        seeds: Sequence[int],
        precision: str = "float32",
        loss: Loss = cross_entropy,
    ) -> None:
        if precision != "float32":
            raise InputError(f"published networks train in float32, got precision {precision!r}")
        self.loss = loss
        self.members = [_PlainMember(network, protocol, seed) for network, seed in zip(networks, seeds, strict=True)]

    def __len__(self) -> int:
        return len(self.members)

    def train_epoch(
        self,
        codes: torch.Tensor,
        y: torch.Tensor,
        order: torch.Tensor,
        batch_size: int,
        learning_rates: Sequence[float],
    ) -> torch.Tensor:
        """Train every member for one epoch; losses, shape=(E,): see `training.Engine`."""
        for member, rate in zip(self.members, learning_rates, strict=True):
            member.optimizer.param_groups[0]["lr"] = rate
        total, n_seen = torch.zeros(len(self), dtype=y.dtype, device=y.device), 0
        for rows in order.to(codes.device).split(batch_size):
            if len(rows) > 1:
                X = one_hot(codes[rows], y.dtype)
                total += torch.stack([member.step(X, y[rows], self.loss) for member in self.members]) * len(rows)
                n_seen += len(rows)
        return total / n_seen

    def logits(self, codes: torch.Tensor) -> torch.Tensor:
        """Logits of all members in evaluation mode, shape=(E, N, n_outputs)."""
        outputs = [model_outputs(member.network, codes, batch_size=_N_VALIDATED) for member in self.members]
        return torch.stack(outputs).to(codes.device)

    def weights(self, i: int) -> dict[str, torch.Tensor]:
        """Copy of one member's weights and running statistics, in the shapes of its network."""
        return {name: value.detach().clone() for name, value in self.members[i].network.state_dict().items()}

    def state(self, i: int) -> dict[str, Any]:
        """Everything that one member needs to go on from here."""
        member = self.members[i]
        optimizer = member.optimizer.state_dict()
        return {"network": self.weights(i), "optimizer": optimizer, "dropout": member.random_state}

    def load_state(self, i: int, state: dict[str, Any]) -> None:
        """Let one member go on from what `state` returned."""
        member = self.members[i]
        member.network.load_state_dict(state["network"])
        member.optimizer.load_state_dict(state["optimizer"])
        member.random_state = [words.cpu() for words in state["dropout"]]

    def keep(self, rows: Sequence[int]) -> None:
        """Keep only these members, in this order."""
        self.members = [self.members[row] for row in rows]
