"""ExplaiNN: many small networks of one filter each, and a linear layer that weights them.

Source: Novakovsky, Fornes, Saraswat, Mostafavi & Wasserman 2023, Genome Biology 24:154; wassermanlab/ExplaiNN.
"""

import torch
from torch import nn

from motiflens.models.published.base import Exponent, PublishedNetwork, first_activation, positions_left


class ExplaiNN(PublishedNetwork):
    """Units of one filter, BatchNorm, exponential, pool and two small dense layers; their outputs are added linearly.

    Parameters
    ----------
    length, n_outputs : int
    activation : str
    n_filters : int
        Number of units.
    kernel_size, pool : int
    dense_width : int
        Of each unit.
    """

    def __init__(
        self,
        *,
        length: int = 200,
        n_outputs: int = 1,
        activation: str = "published",
        n_filters: int = 100,
        kernel_size: int = 19,
        pool: int = 7,
        dense_width: int = 100,
    ) -> None:
        super().__init__()
        units, left = n_filters, positions_left(length, (kernel_size, pool))
        self.n_units = units
        self.conv = nn.Conv1d(4 * units, units, kernel_size, groups=units)
        self.norm = nn.BatchNorm1d(units)
        self.activation = first_activation(activation, Exponent())
        self.pool = nn.MaxPool1d(pool)
        self.units = nn.Sequential(
            nn.Conv1d(left * units, dense_width * units, 1, groups=units), nn.BatchNorm1d(dense_width * units),
            nn.ReLU(), nn.Dropout(0.3),
            nn.Conv1d(dense_width * units, units, 1, groups=units), nn.BatchNorm1d(units), nn.ReLU(),
        )  # fmt: skip
        self.out = nn.Linear(units, n_outputs)

    def logits(self, X: torch.Tensor) -> torch.Tensor:
        """Map (N, 4, L) to (N, n_outputs)."""
        x = self.pool(self.activation(self.norm(self.conv(X.repeat(1, self.n_units, 1)))))  # N, units, positions
        return self.out(self.units(x.flatten(1)[:, :, None])[:, :, 0])
