"""SATORI: a convolution, an optional BiLSTM, and self-attention between positions.

Source: Ullah & Ben-Hur 2021, Nucleic Acids Research 49:e77; fahadahaf/satori. In the original, the LSTM runs along the
batch instead of the sequence, and the sum over positions is normalised over the batch, so a prediction depends on the
other sequences of its batch. Here the LSTM runs along the sequence, and there is no such normalisation.
"""

import torch
from torch import nn
from torch.nn import functional as F

from motiflens.models.published.base import PublishedNetwork, first_activation


class SATORI(PublishedNetwork):
    """Convolution, BatchNorm, ReLU, pool, an optional BiLSTM of two layers, attention, and a sum over positions.

    Parameters
    ----------
    length, n_outputs : int
    activation : str
    n_filters, kernel_size, pool : int
    lstm : bool
        Whether there is a BiLSTM before the attention.
    lstm_width : int
        Of each direction.
    n_heads, head_width : int
    dense_width : int
    """

    def __init__(
        self,
        *,
        length: int = 300,
        n_outputs: int = 1,
        activation: str = "published",
        n_filters: int = 200,
        kernel_size: int = 13,
        pool: int = 6,
        lstm: bool = False,
        lstm_width: int = 100,
        n_heads: int = 8,
        head_width: int = 32,
        dense_width: int = 100,
    ) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.conv = nn.Conv1d(4, n_filters, kernel_size, padding=kernel_size // 2, bias=False)
        self.norm = nn.BatchNorm1d(n_filters)
        self.activation = first_activation(activation, nn.ReLU())
        self.pool, self.pool_dropout = nn.MaxPool1d(pool), nn.Dropout(0.2)
        self.lstm: nn.LSTM | None = None
        if lstm:
            self.lstm = nn.LSTM(n_filters, lstm_width, num_layers=2, bidirectional=True, batch_first=True)
            self.lstm_dropout = nn.Dropout(0.4)
        width = 2 * lstm_width if lstm else n_filters
        self.query, self.key, self.value = (nn.Linear(width, n_heads * head_width) for _ in range(3))
        self.dense = nn.Sequential(nn.Linear(n_heads * head_width, dense_width), nn.ReLU())
        self.out = nn.Linear(dense_width, n_outputs)

    def logits(self, X: torch.Tensor) -> torch.Tensor:
        """Map (N, 4, L) to (N, n_outputs)."""
        x = self.pool_dropout(self.pool(self.activation(self.norm(self.conv(X)))))
        tokens = x.transpose(1, 2)  # N, tokens, n_filters
        if self.lstm is not None:
            tokens = self.lstm_dropout(self.lstm(tokens)[0])
        query, key, value = (
            layer(tokens).unflatten(2, (self.n_heads, -1)).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )
        mixed = F.scaled_dot_product_attention(query, key, value, dropout_p=0.2 if self.training else 0.0)
        mixed = torch.relu(mixed).transpose(1, 2).flatten(2)  # N, tokens, n_heads * head_width
        return self.out(self.dense(mixed).sum(1))
