"""BPNet's trunk and counts head: a stem, dilated residual convolutions, and the mean over positions.

Source: Avsec, Weilert, ..., Zeitlinger 2021, Nature Genetics 53:354, in the sizes of jmschrei/bpnet-lite. The profile
head (a convolution of 75 bases) is left out, because labels are single numbers here.
"""

import torch
from torch import nn

from motiflens.models.published.base import PublishedNetwork, first_activation


class BPNet(PublishedNetwork):
    """Padded convolutions: one of 21 bases, then 9 of 3 with dilations 2, 4, ..., 512, each with a residual connection.

    Parameters
    ----------
    length, n_outputs : int
    activation : str
    n_filters, kernel_size : int
    n_layers : int
        Dilated convolutions.
    """

    def __init__(
        self,
        *,
        length: int = 2114,
        n_outputs: int = 1,
        activation: str = "published",
        n_filters: int = 64,
        kernel_size: int = 21,
        n_layers: int = 9,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv1d(4, n_filters, kernel_size, padding=kernel_size // 2)
        self.activation = first_activation(activation, nn.ReLU())
        self.dilated = nn.ModuleList(
            nn.Conv1d(n_filters, n_filters, 3, padding=2**i, dilation=2**i) for i in range(1, n_layers + 1)
        )
        self.out = nn.Linear(n_filters, n_outputs)

    def logits(self, X: torch.Tensor) -> torch.Tensor:
        """Map (N, 4, L) to (N, n_outputs)."""
        x = self.activation(self.conv(X))
        for conv in self.dilated:
            x = x + torch.relu(conv(x))
        return self.out(x.mean(2))
