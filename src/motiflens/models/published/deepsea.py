"""DeepSEA: three convolutions and a dense layer.

Source: Zhou & Troyanskaya 2015, Nature Methods 12:931. The threshold replaces values that are not positive by 1e-6. The
original has bases in the order A, G, C, T, and both strands as two examples; here the order is A, C, G, T.
"""

import torch
from torch import nn

from motiflens.models.published.base import PublishedNetwork, first_activation, positions_left


class DeepSEA(PublishedNetwork):
    """Convolutions without padding, each with a threshold, the first two with a pool of 4.

    Parameters
    ----------
    length, n_outputs : int
    activation : str
    n_filters : int
        Of the first convolution; the others have 3/2 and 3 times as many.
    kernel_size, pool, dense_width : int
    """

    def __init__(
        self,
        *,
        length: int = 1000,
        n_outputs: int = 919,
        activation: str = "published",
        n_filters: int = 320,
        kernel_size: int = 8,
        pool: int = 4,
        dense_width: int = 925,
    ) -> None:
        super().__init__()
        second, third = n_filters * 3 // 2, n_filters * 3
        left = positions_left(length, (kernel_size, pool), (kernel_size, pool), (kernel_size, 1))
        self.convolutions = nn.Sequential(
            nn.Conv1d(4, n_filters, kernel_size), first_activation(activation, nn.Threshold(0, 1e-6)),
            nn.MaxPool1d(pool), nn.Dropout(0.2),
            nn.Conv1d(n_filters, second, kernel_size), nn.Threshold(0, 1e-6), nn.MaxPool1d(pool), nn.Dropout(0.2),
            nn.Conv1d(second, third, kernel_size), nn.Threshold(0, 1e-6), nn.Dropout(0.5),
        )  # fmt: skip
        self.dense = nn.Sequential(nn.Linear(third * left, dense_width), nn.Threshold(0, 1e-6))
        self.out = nn.Linear(dense_width, n_outputs)

    def logits(self, X: torch.Tensor) -> torch.Tensor:
        """Map (N, 4, L) to (N, n_outputs)."""
        return self.out(self.dense(self.convolutions(X).flatten(1)))
