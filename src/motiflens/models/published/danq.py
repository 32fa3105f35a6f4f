"""DanQ and DanQ-JASPAR: a convolution, a BiLSTM and a dense layer over all positions.

Source: Quang & Xie 2016, Nucleic Acids Research 44:e107; `DanQ_train.py` and `DanQ-JASPAR_train.py` of its authors. An
LSTM of PyTorch has two biases where that of Keras has one. Half of the filters of the original DanQ-JASPAR are
initialised with JASPAR's matrices; here all are initialised at random.
"""

from typing import Any

import torch
from torch import nn

from motiflens.models.published.base import PublishedNetwork, first_activation, positions_left


class DanQ(PublishedNetwork):
    """Convolution without padding, ReLU, pool, BiLSTM, and dense layers over all positions.

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
        n_outputs: int = 919,
        activation: str = "published",
        n_filters: int = 320,
        kernel_size: int = 26,
        pool: int = 13,
        lstm_width: int = 320,
        dense_width: int = 925,
    ) -> None:
        super().__init__()
        left = positions_left(length, (kernel_size, pool))
        self.conv = nn.Conv1d(4, n_filters, kernel_size)
        self.activation = first_activation(activation, nn.ReLU())
        self.pool, self.pool_dropout = nn.MaxPool1d(pool), nn.Dropout(0.2)
        self.lstm = nn.LSTM(n_filters, lstm_width, bidirectional=True, batch_first=True)
        self.lstm_dropout = nn.Dropout(0.5)
        self.dense = nn.Sequential(nn.Linear(left * 2 * lstm_width, dense_width), nn.ReLU())
        self.out = nn.Linear(dense_width, n_outputs)

    def logits(self, X: torch.Tensor) -> torch.Tensor:
        """Map (N, 4, L) to (N, n_outputs)."""
        x = self.pool_dropout(self.pool(self.activation(self.conv(X))))  # N, n_filters, tokens
        tokens, _ = self.lstm(x.transpose(1, 2))  # N, tokens, 2 * lstm_width
        return self.out(self.dense(self.lstm_dropout(tokens).flatten(1)))


class DanQJaspar(DanQ):
    """DanQ with 1,024 filters of 30 bases and a wider LSTM; parameters are those of `DanQ`."""

    def __init__(
        self, *, n_filters: int = 1024, kernel_size: int = 30, pool: int = 15, lstm_width: int = 512, **others: Any
    ) -> None:
        super().__init__(n_filters=n_filters, kernel_size=kernel_size, pool=pool, lstm_width=lstm_width, **others)
