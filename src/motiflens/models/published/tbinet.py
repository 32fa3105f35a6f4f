"""TBiNet: a convolution, attention that weighs positions, and a BiLSTM.

Source: Park, Koh, Jeon, Kim, Yeo & Kang 2020, Scientific Reports 10:13413. This is the network of the paper; the
notebook in the authors' repository has a variant with five kernel sizes.
"""

import torch
from torch import nn

from motiflens.models.published.base import PublishedNetwork, first_activation, positions_left


class TBiNet(PublishedNetwork):
    """Convolution, ReLU, pool, a softmax over positions times the features, BiLSTM, and dense layers.

    The attention gives each position one weight. It does not relate two positions, so it holds no information on pairs.

    Parameters
    ----------
    length, n_outputs : int
    activation : str
    n_filters, kernel_size, pool : int
    lstm_width : int
        Of each direction.
    dense_width : int
    """

    def __init__(
        self,
        *,
        length: int = 1000,
        n_outputs: int = 690,
        activation: str = "published",
        n_filters: int = 320,
        kernel_size: int = 26,
        pool: int = 13,
        lstm_width: int = 320,
        dense_width: int = 695,
    ) -> None:
        super().__init__()
        left = positions_left(length, (kernel_size, pool))
        self.conv = nn.Conv1d(4, n_filters, kernel_size)
        self.activation = first_activation(activation, nn.ReLU())
        self.pool, self.pool_dropout = nn.MaxPool1d(pool), nn.Dropout(0.2)
        self.attention = nn.Linear(n_filters, 1)
        self.lstm = nn.LSTM(n_filters, lstm_width, bidirectional=True, batch_first=True)
        self.lstm_dropout = nn.Dropout(0.5)
        self.dense = nn.Sequential(nn.Linear(left * 2 * lstm_width, dense_width), nn.ReLU())
        self.out = nn.Linear(dense_width, n_outputs)

    def logits(self, X: torch.Tensor) -> torch.Tensor:
        """Map (N, 4, L) to (N, n_outputs)."""
        x = self.pool_dropout(self.pool(self.activation(self.conv(X)))).transpose(1, 2)  # N, tokens, n_filters
        x = x * torch.softmax(self.attention(x), 1)
        tokens, _ = self.lstm(x)  # N, tokens, 2 * lstm_width
        return self.out(self.dense(self.lstm_dropout(tokens).flatten(1)))
