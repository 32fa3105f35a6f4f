"""The parameters of many networks with a leading member axis, all in one vector."""

from collections.abc import Sequence

import torch

from motiflens.models.hybrid.config import check_stackable
from motiflens.models.hybrid.network import HybridNetwork, blank_network


class StackedParameters:
    """Parameters and running statistics of E networks of one size; each network can be read and set.

    Parameters
    ----------
    networks : sequence of HybridNetwork
        Their configurations differ at most in `activation`; all on one device. Their values are copied.

    Attributes
    ----------
    configs : list of HybridConfig
        One for each member; `config`, the first of them, is used for everything they have in common.
    flat, flat_gradient : torch.Tensor, shape=(E * n_parameters,)
        All trainable parameters, one after the other, and their gradients.
    parameters : dict of str to torch.Tensor, each shape=(E, ...)
        Views of `flat` under the names of the plain network.
    buffers : dict of str to torch.Tensor, each shape=(E, ...)
        Running statistics.
    """

    def __init__(self, networks: Sequence[HybridNetwork]) -> None:
        self.configs = [network.config for network in networks]
        check_stackable(self.configs)
        self.config = self.configs[0]
        self.template = blank_network(self.config).to(next(networks[0].parameters()).dtype)
        states = [network.state_dict() for network in networks]
        names = [name for name, p in networks[0].named_parameters() if p.requires_grad]
        self.buffers = {
            name: torch.stack([state[name] for state in states])
            for name, buffer in networks[0].named_buffers()
            if buffer.is_floating_point()
        }
        self._set_parameters({name: torch.stack([state[name] for state in states]) for name in names})

    def _set_parameters(self, values: dict[str, torch.Tensor]) -> None:
        self.flat = torch.cat([value.detach().flatten() for value in values.values()])
        self.flat_gradient = torch.zeros_like(self.flat)
        sizes = [value.numel() for value in values.values()]
        self.parameters = {}
        parts = zip(self.flat.split(sizes), self.flat_gradient.split(sizes), strict=True)
        for (name, value), (own, gradient) in zip(values.items(), parts, strict=True):
            self.parameters[name] = own.view(value.shape).requires_grad_()
            self.parameters[name].grad = gradient.view(value.shape)

    def __len__(self) -> int:
        return len(next(iter(self.parameters.values())))

    def state_dict(self, i: int) -> dict[str, torch.Tensor]:
        """Copy of one member's weights and running statistics, by name and in shape as in the plain network."""
        state = {name: value.detach().cpu().clone() for name, value in self.template.state_dict().items()}
        for name, value in (*self.parameters.items(), *self.buffers.items()):
            state[name] = value[i].detach().clone()
        return state

    def __getitem__(self, i: int) -> HybridNetwork:
        network = blank_network(self.configs[i]).to(self.flat.device, self.flat.dtype)
        network.load_state_dict(self.state_dict(i))
        return network.eval()

    def load_state_dict(self, i: int, state: dict[str, torch.Tensor]) -> None:
        """Set one member's weights and running statistics, in the shapes of the plain network."""
        with torch.no_grad():
            for name, value in (*self.parameters.items(), *self.buffers.items()):
                value[i] = state[name].to(value.device)

    def keep(self, rows: Sequence[int]) -> None:
        """Keep only these members, in this order."""
        index = torch.tensor(list(rows), device=self.flat.device)
        self.configs = [self.configs[row] for row in rows]
        self.buffers = {name: value[index] for name, value in self.buffers.items()}
        self._set_parameters({name: value.detach()[index] for name, value in self.parameters.items()})

    # Vectors laid out as `flat`: gradients, moments, learning rates

    def _blocks(self, flat: torch.Tensor) -> list[torch.Tensor]:
        """Views of a vector like `flat`, one per parameter, each (E, numel of one member)."""
        sizes = [parameter.numel() for parameter in self.parameters.values()]
        return [part.view(len(self), -1) for part in flat.split(sizes)]

    def row(self, flat: torch.Tensor, i: int) -> torch.Tensor:
        """Copy of one member's part, shape=(n_weights,), of a vector like `flat`, shape=(E * n_weights,)."""
        return torch.cat([block[i] for block in self._blocks(flat)])

    def set_row(self, flat: torch.Tensor, i: int, values: torch.Tensor) -> None:
        """Set one member's part, shape=(n_weights,), of a vector like `flat`, shape=(E * n_weights,)."""
        blocks = self._blocks(flat)
        for block, part in zip(blocks, values.split([block.shape[1] for block in blocks]), strict=True):
            block[i] = part.to(block.device)

    def select(self, flat: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """A vector like `flat`, shape=(n * n_weights,), for n of the members, by their rows, shape=(n,)."""
        return torch.cat([block[rows].flatten() for block in self._blocks(flat)])

    def spread(self, values: torch.Tensor) -> torch.Tensor:
        """A vector like `flat` that repeats one value per member, shape=(E,)."""
        return torch.cat([values[:, None].expand_as(block).flatten() for block in self._blocks(self.flat)])
