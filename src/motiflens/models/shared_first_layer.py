"""The first layer of many networks at once, on one-hot DNA, without ever storing an activation map.

Three facts make it several times cheaper than convolution -> BatchNorm -> activation -> max-pool per network:

- Members that see the same batch share its patches (what the convolution sees at each position), so the first layer
  of all of them is one matrix product.
- BatchNorm's affine map and the activation are monotone, so they commute with max-pooling: where the gain is
  negative the minimum takes the place of the maximum, that is, the maximum of the filter with its sign flipped. Only
  pooled values are normalised and activated, and the product can be pooled block by block, in cache.
- Mean and variance of the convolution's output follow from the patches alone: with P the patch matrix and W the
  filters, mean = mean(P) W and var = diag(W' Cov(P) W).

The gradient is exact: sparse through the pooled positions, dense only through the small Cov(P).
"""

from dataclasses import dataclass

import torch
from torch.nn import functional as F

from motiflens.models.products import product

_BLOCK_BYTES = 1 << 19  # of convolution output kept in cache at a time


@dataclass
class Patches:
    """What the first convolution sees of one batch of sequences.

    Attributes
    ----------
    encoded : torch.Tensor, shape=(N, L + kernel_size - 1, 4)
        One-hot sequences, zero beyond the ends and at unknown bases.
    kernel_size : int
    """

    encoded: torch.Tensor
    kernel_size: int

    @classmethod
    def of(cls, codes: torch.Tensor, kernel_size: int, dtype: torch.dtype = torch.float32) -> "Patches":
        """Encode sequences given as codes, shape=(N, L)."""
        n, length = codes.shape
        padded = codes.new_full((n, length + kernel_size - 1), 4)
        padded[:, kernel_size // 2 : kernel_size // 2 + length] = codes
        bases = torch.arange(4, device=codes.device, dtype=codes.dtype)
        return cls((padded[:, :, None] == bases).to(dtype), kernel_size)

    def __len__(self) -> int:
        return len(self.encoded)

    @property
    def length(self) -> int:
        """L of the sequences."""
        return self.encoded.shape[1] - self.kernel_size + 1

    def windows(self, rows: slice) -> torch.Tensor:
        """The one-hot sequence around each position of some sequences, shape=(n * L, 4 * kernel_size)."""
        encoded = self.encoded[rows]
        shape = (len(encoded), self.length, 4 * self.kernel_size)
        strides = (encoded.stride(0), 4, 1)  # a window begins one base after the one before it
        return encoded.as_strided(shape, strides, encoded.storage_offset()).reshape(-1, shape[2])

    def blocks(self, n_filters: int) -> list[slice]:
        """Runs of sequences whose convolution output stays in cache on a CPU; all of them elsewhere."""
        if self.encoded.device.type != "cpu":
            return [slice(0, len(self))]
        step = max(1, _BLOCK_BYTES // (self.length * n_filters * self.encoded.element_size()))
        return [slice(start, min(start + step, len(self))) for start in range(0, len(self), step)]

    def moments(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean, shape=(4k,), and covariance, shape=(4k, 4k), over all positions of the batch."""
        width = 4 * self.kernel_size
        products = self.encoded.new_zeros(width, width)
        for rows in self.blocks(width):
            windows = self.windows(rows)
            products.addmm_(windows.T, windows)
        # Sums of products of zeros and ones are exact; the difference below is not, in single precision. A one-hot
        # value is its own square, so that the diagonal holds the sums.
        n = len(self) * self.length
        mean = products.diagonal().double() / n
        covariance = products.double() / n - mean[:, None] * mean[None, :]
        return mean.to(products.dtype), covariance.to(products.dtype)


def pooled_convolution(patches: Patches, weight: torch.Tensor, pool: int, precision: str = "float32") -> torch.Tensor:
    """Maximum of each filter's output over windows of `pool` positions, without gradient.

    Parameters
    ----------
    patches : Patches
    weight : torch.Tensor, shape=(4 * kernel_size, n_filters)
    pool : int
    precision : str
        Of the product, see `products.product`.

    Returns
    -------
    torch.Tensor, shape=(N, L // pool, n_filters)
    """
    used = patches.length // pool * pool
    parts = []
    for rows in patches.blocks(weight.shape[1]):
        y = product(patches.windows(rows), weight, precision).unflatten(0, (-1, patches.length))  # n, L, n_filters
        parts.append(y[:, :used].unflatten(1, (-1, pool)).amax(2))
    return torch.cat(parts)


class PooledConvolution:
    """`pooled_convolution` that remembers where the maxima were, for its backward pass."""

    def __init__(self, patches: Patches, weight: torch.Tensor, pool: int, precision: str = "float32") -> None:
        self.patches, self.n_filters, self.precision = patches, weight.shape[1], precision
        index_type = torch.int16 if patches.length < 2**15 else torch.int32  # a quarter of what the kernel returns
        shape = (len(patches), patches.length // pool, self.n_filters)
        self.output = weight.new_empty(shape)  # N, T, n_filters
        self._where = torch.empty(shape, dtype=index_type, device=weight.device)
        for rows in patches.blocks(self.n_filters):
            y = product(patches.windows(rows), weight, precision)  # n * L, n_filters
            y = y.unflatten(0, (-1, 1, patches.length))
            value, where = F.max_pool2d(y.permute(0, 3, 1, 2), (1, pool), return_indices=True)
            self.output[rows] = value.squeeze(2).transpose(1, 2)
            self._where[rows] = where.squeeze(2).transpose(1, 2)

    def weight_gradient(self, gradient: torch.Tensor) -> torch.Tensor:
        """Gradient with respect to the weight, given that with respect to the output, (N, T, n_filters)."""
        patches = self.patches
        total = gradient.new_zeros(4 * patches.kernel_size, self.n_filters)
        blocks = patches.blocks(self.n_filters)
        dense = gradient.new_zeros(blocks[0].stop, patches.length, self.n_filters)
        for rows in blocks:
            where, n = self._where[rows].long(), rows.stop - rows.start
            dense[:n].scatter_(1, where, gradient[rows])
            total += product(patches.windows(rows).T, dense[:n].flatten(0, 1), self.precision)
            dense[:n].scatter_(1, where, 0.0)  # cheaper than to clear it all
        return total
