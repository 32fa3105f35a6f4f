"""ResidualBind: a convolution, a dilated residual block and a dense layer.

Source: Koo, Majdandzic, Ploenzke, Anand & Paul 2021, PLoS Computational Biology 17:e1008925.
"""

import torch
from torch import nn

from motiflens.models.published.base import PublishedNetwork, first_activation, positions_left


class ResidualBind(PublishedNetwork):
    """Padded convolution, BatchNorm and ReLU, three dilated convolutions with a residual, mean pool, dense layer.

    Parameters
    ----------
    length, n_outputs : int
    activation : str
    n_filters, kernel_size, pool, dense_width : int
    """

    def __init__(
        self,
        *,
        length: int = 41,
        n_outputs: int = 1,
        activation: str = "published",
        n_filters: int = 96,
        kernel_size: int = 11,
        pool: int = 10,
        dense_width: int = 256,
    ) -> None:
        super().__init__()
        left = positions_left(length, (1, pool))
        self.conv = nn.Conv1d(4, n_filters, kernel_size, padding=kernel_size // 2)
        self.norm = nn.BatchNorm1d(n_filters)
        self.activation = first_activation(activation, nn.ReLU())
        self.dropout = nn.Dropout(0.1)
        block: list[nn.Module] = []
        for i, dilation in enumerate((1, 2, 4)):
            conv = nn.Conv1d(n_filters, n_filters, 3, padding=dilation, dilation=dilation, bias=False)
            block += [*([nn.ReLU(), nn.Dropout(0.1)] if i else []), conv, nn.BatchNorm1d(n_filters)]
        self.residual = nn.Sequential(*block)
        self.pool, self.pool_dropout = nn.AvgPool1d(pool), nn.Dropout(0.2)
        self.dense = nn.Sequential(
            nn.Linear(left * n_filters, dense_width), nn.BatchNorm1d(dense_width), nn.ReLU(), nn.Dropout(0.5)
        )
        self.out = nn.Linear(dense_width, n_outputs)

    def logits(self, X: torch.Tensor) -> torch.Tensor:
        """Map (N, 4, L) to (N, n_outputs)."""
        x = self.dropout(self.activation(self.norm(self.conv(X))))
        x = torch.relu(x + self.residual(x))
        return self.out(self.dense(self.pool_dropout(self.pool(x)).flatten(1)))
