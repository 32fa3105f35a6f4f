"""Basset: three convolutions and two dense layers, each with BatchNorm.

Source: Kelley, Snoek & Rinn 2016, Genome Research 26:990; davek44/Basset, data/models/pretrained_params.txt.
"""

import torch
from torch import nn

from motiflens.models.published.base import PublishedNetwork, first_activation, positions_left


class Basset(PublishedNetwork):
    """Convolutions without padding of 19, 11 and 7 bases, pools of 3, 4 and 4.

    Parameters
    ----------
    length, n_outputs : int
    activation : str
    n_filters : int
        Of the first convolution.
    inner_filters : int
        Of the second and third.
    dense_width : int
    """

    def __init__(
        self,
        *,
        length: int = 600,
        n_outputs: int = 164,
        activation: str = "published",
        n_filters: int = 300,
        inner_filters: int = 200,
        dense_width: int = 1000,
    ) -> None:
        super().__init__()
        left = positions_left(length, (19, 3), (11, 4), (7, 4))
        self.convolutions = nn.Sequential(
            nn.Conv1d(4, n_filters, 19), nn.BatchNorm1d(n_filters), first_activation(activation, nn.ReLU()),
            nn.MaxPool1d(3),
            nn.Conv1d(n_filters, inner_filters, 11), nn.BatchNorm1d(inner_filters), nn.ReLU(), nn.MaxPool1d(4),
            nn.Conv1d(inner_filters, inner_filters, 7), nn.BatchNorm1d(inner_filters), nn.ReLU(), nn.MaxPool1d(4),
        )  # fmt: skip
        self.dense = nn.Sequential(
            nn.Linear(left * inner_filters, dense_width), nn.BatchNorm1d(dense_width), nn.ReLU(), nn.Dropout(0.3),
            nn.Linear(dense_width, dense_width), nn.BatchNorm1d(dense_width), nn.ReLU(), nn.Dropout(0.3),
        )  # fmt: skip
        self.out = nn.Linear(dense_width, n_outputs)

    def logits(self, X: torch.Tensor) -> torch.Tensor:
        """Map (N, 4, L) to (N, n_outputs)."""
        return self.out(self.dense(self.convolutions(X).flatten(1)))
