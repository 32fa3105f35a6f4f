"""DeepATT: a convolution, a BiLSTM, and attention from each output to the positions.

Source: Li, Pu, Tang, Zou & Guo 2021, Briefings in Bioinformatics 22:bbaa159; ljw-struggle/Bioinfor-DeepATT.
"""

import torch
from torch import nn
from torch.nn import functional as F

from motiflens.models.published.base import PublishedNetwork, first_activation, positions_left


class DeepATT(PublishedNetwork):
    """Convolution without padding, ReLU, pool, BiLSTM, attention with one query per output, and shared dense layers.

    Parameters
    ----------
    length, n_outputs : int
    activation : str
    n_filters, kernel_size, pool : int
    lstm_width : int
        Of each direction.
    attention_width, n_heads : int
        All heads together, and their number.
    dense_width : int
    """

    def __init__(
        self,
        *,
        length: int = 1000,
        n_outputs: int = 919,
        activation: str = "published",
        n_filters: int = 1024,
        kernel_size: int = 30,
        pool: int = 15,
        lstm_width: int = 512,
        attention_width: int = 400,
        n_heads: int = 4,
        dense_width: int = 100,
    ) -> None:
        super().__init__()
        positions_left(length, (kernel_size, pool))
        self.n_heads = n_heads
        self.conv = nn.Conv1d(4, n_filters, kernel_size)
        self.activation = first_activation(activation, nn.ReLU())
        self.pool, self.pool_dropout = nn.MaxPool1d(pool), nn.Dropout(0.2)
        self.lstm = nn.LSTM(n_filters, lstm_width, bidirectional=True, batch_first=True)
        self.query = nn.Linear(n_outputs, attention_width)  # of one-hot outputs: a column of its weight for each
        self.key = nn.Linear(2 * lstm_width, attention_width)
        self.value = nn.Linear(2 * lstm_width, attention_width)
        self.mix = nn.Linear(attention_width, attention_width)
        self.attention_dropout = nn.Dropout(0.2)
        self.dense = nn.Sequential(nn.Linear(attention_width, dense_width), nn.ReLU())
        self.out = nn.Linear(dense_width, 1)  # shared by all outputs

    def logits(self, X: torch.Tensor) -> torch.Tensor:
        """Map (N, 4, L) to (N, n_outputs)."""
        x = self.pool_dropout(self.pool(self.activation(self.conv(X))))
        tokens, _ = self.lstm(x.transpose(1, 2))  # N, tokens, 2 * lstm_width
        outputs = torch.eye(self.query.in_features, dtype=X.dtype, device=X.device).expand(len(X), -1, -1)
        query, key, value = (
            self._heads(self.query(outputs)),
            self._heads(self.key(tokens)),
            self._heads(self.value(tokens)),
        )
        mixed = F.scaled_dot_product_attention(query, key, value)  # N, n_heads, n_outputs, head width
        mixed = self.attention_dropout(self.mix(mixed.transpose(1, 2).flatten(2)))  # N, n_outputs, attention_width
        return self.out(self.dense(mixed)).squeeze(2)

    def _heads(self, x: torch.Tensor) -> torch.Tensor:
        return x.unflatten(2, (self.n_heads, -1)).transpose(1, 2)  # N, n_heads, T, head width
