"""Members of any architecture that train together, each as a module by itself.

Each draws its dropout masks from its own random state, so it does not depend on the others.
"""

from collections.abc import Sequence

import torch
from torch import nn

from motiflens.basics.errors import InputError
from motiflens.basics.sequence import one_hot
from motiflens.models.outputs import model_outputs
from motiflens.training.losses import Loss, cross_entropy
from motiflens.training.protocol import Protocol
from motiflens.training.side_by_side import SideBySide

_N_VALIDATED = 500  # sequences in a pass without gradients


class _PlainMember:
    """A network, its optimiser and the random state of its dropout."""

    def __init__(self, network: nn.Module, seed: int, protocol: Protocol) -> None:
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

    def dropout_state(self) -> list[torch.Tensor]:
        """Random state of the dropout masks, of the CPU and of the device."""
        return self.random_state

    def set_dropout_state(self, state: list[torch.Tensor]) -> None:
        """Go on drawing dropout masks from a state that `dropout_state` returned."""
        self.random_state = [words.cpu() for words in state]

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


class PlainEngine(SideBySide[_PlainMember]):
    """The `training.stack.Engine` for networks that no other engine supports."""

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
        super().__init__([_PlainMember(*one, protocol) for one in zip(networks, seeds, strict=True)])
        self.loss = loss

    def train_step(self, codes: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """One optimisation step of every member on codes (B, L) and labels (B, n_outputs); mean losses (E,)."""
        X = one_hot(codes, y.dtype)
        return torch.stack([member.step(X, y, self.loss) for member in self.members])

    def logits(self, codes: torch.Tensor) -> torch.Tensor:
        """Logits of all members in evaluation mode, shape=(E, N, n_outputs)."""
        outputs = [model_outputs(member.network, codes, batch_size=_N_VALIDATED) for member in self.members]
        return torch.stack(outputs).to(codes.device)
