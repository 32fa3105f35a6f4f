"""Base of the engines for CPUs: members train together, each as a module by itself."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar

import torch
from torch import nn


class OwnMember(Protocol):
    """A network in training, its optimiser, and the source of its dropout masks."""

    network: Any
    optimizer: torch.optim.Optimizer

    def dropout_state(self) -> Any:
        """State of the source of dropout masks."""
        ...

    def set_dropout_state(self, state: Any) -> None:
        """Restore the source of dropout masks from a state that `dropout_state` returned."""
        ...


_Member = TypeVar("_Member", bound=OwnMember)


class SideBySide(ABC, Generic[_Member]):
    """A `training.stack.Engine` of members that are modules; subclasses define a step.

    Parameters
    ----------
    members : list of members
    """

    def __init__(self, members: list[_Member]) -> None:
        self.members = members

    def __len__(self) -> int:
        return len(self.members)

    @abstractmethod
    def train_step(self, codes: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """One optimisation step of every member on codes (B, L) and labels (B, n_outputs); mean losses (E,)."""

    @abstractmethod
    def logits(self, codes: torch.Tensor) -> torch.Tensor:
        """Logits of all members in evaluation mode, shape=(E, N, n_outputs)."""

    def train_epoch(
        self,
        codes: torch.Tensor,
        y: torch.Tensor,
        order: torch.Tensor,
        batch_size: int,
        learning_rates: Sequence[float],
    ) -> torch.Tensor:
        """Train every member for one epoch; losses, shape=(E,): see `training.stack.Engine`."""
        for member, rate in zip(self.members, learning_rates, strict=True):
            member.optimizer.param_groups[0]["lr"] = rate
        total, n_seen = torch.zeros(len(self), dtype=y.dtype, device=y.device), 0
        for rows in order.to(codes.device).split(batch_size):
            if len(rows) > 1:
                total += self.train_step(codes[rows], y[rows]) * len(rows)
                n_seen += len(rows)
        return total / n_seen

    def weights(self, i: int) -> dict[str, torch.Tensor]:
        """Copy of one member's weights and running statistics, in the shapes of its network."""
        network: nn.Module = self.members[i].network
        return {name: value.detach().clone() for name, value in network.state_dict().items()}

    def state(self, i: int) -> dict[str, Any]:
        """Everything that is needed to resume one member."""
        member = self.members[i]
        optimizer = member.optimizer.state_dict()
        return {"network": self.weights(i), "optimizer": optimizer, "dropout": member.dropout_state()}

    def load_state(self, i: int, state: dict[str, Any]) -> None:
        """Restore one member from a result of `state`."""
        member = self.members[i]
        member.network.load_state_dict(state["network"])
        member.optimizer.load_state_dict(state["optimizer"])
        member.set_dropout_state(state["dropout"])

    def keep(self, rows: Sequence[int]) -> None:
        """Keep only these members, in this order."""
        self.members = [self.members[row] for row in rows]
