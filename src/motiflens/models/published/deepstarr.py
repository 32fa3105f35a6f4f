"""DeepSTARR: four convolutions and two dense layers, for the activity of enhancers in two contexts.

Source: de Almeida, Reiter, Pagani & Stark 2022, Nature Genetics 54:613; bernardo-de-almeida/DeepSTARR.
"""

import torch
from torch import nn

from motiflens.models.published.base import PublishedNetwork, first_activation, positions_left

_KERNELS = (7, 3, 5, 3)


class DeepSTARR(PublishedNetwork):
    """Padded convolutions of 7, 3, 5 and 3 bases, each with BatchNorm, ReLU and a pool of 2.

    Parameters
    ----------
    length, n_outputs : int
        Outputs are real values: the logits of this class are the predictions.
    activation : str
    n_filters : int
        Of the first convolution.
    inner_filters : int
        Of the second and third; the fourth has twice as many.
    dense_width : int
    """

    def __init__(
        self,
        *,
        length: int = 249,
        n_outputs: int = 2,
        activation: str = "published",
        n_filters: int = 256,
        inner_filters: int = 60,
        dense_width: int = 256,
    ) -> None:
        super().__init__()
        left = positions_left(length, *[(1, 2)] * 4)
        widths = (4, n_filters, inner_filters, inner_filters, 2 * inner_filters)
        blocks: list[nn.Module] = []
        for i, kernel in enumerate(_KERNELS):
            activations = first_activation(activation, nn.ReLU()) if i == 0 else nn.ReLU()
            conv = nn.Conv1d(widths[i], widths[i + 1], kernel, padding=kernel // 2)
            blocks += [conv, nn.BatchNorm1d(widths[i + 1]), activations, nn.MaxPool1d(2)]
        self.convolutions = nn.Sequential(*blocks)
        self.dense = nn.Sequential(
            nn.Linear(left * widths[-1], dense_width), nn.BatchNorm1d(dense_width), nn.ReLU(), nn.Dropout(0.4),
            nn.Linear(dense_width, dense_width), nn.BatchNorm1d(dense_width), nn.ReLU(), nn.Dropout(0.4),
        )  # fmt: skip
        self.out = nn.Linear(dense_width, n_outputs)

    def logits(self, X: torch.Tensor) -> torch.Tensor:
        """Map (N, 4, L) to (N, n_outputs)."""
        # Positions are flattened last, as Keras has them first: the weights of the dense layer come in another order.
        return self.out(self.dense(self.convolutions(X).flatten(1)))
