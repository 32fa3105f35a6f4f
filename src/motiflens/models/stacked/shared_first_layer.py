"""The first layer of many networks at once, on one-hot DNA, without ever storing an activation map.

Three facts make it several times faster than convolution -> BatchNorm -> activation -> max-pool for each network:

- Members with the same batch share its patches (the windows of the convolution), so the first layer of all members is
  one matrix product.
- BatchNorm's affine map and the activation are monotonic, so they commute with max-pooling. If the gain is negative,
  the minimum replaces the maximum, that is, the sign of the filter is flipped. So only pooled values are normalised and
  activated, and the product can be pooled block by block, in cache.
- Mean and variance of the convolution's output follow from the patches alone: with P the patch matrix and W the
  filters, mean = mean(P) W and var = diag(W' Cov(P) W).

The gradient is exact: sparse through the pooled positions, dense only through the small Cov(P). Where kernels could be
compiled, they add rows of the filters in place of the product, since the sequences are one-hot.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch.nn import functional as F

from motiflens.models.hybrid.products import product
from motiflens.models.kernels import has_kernels
from motiflens.models.kernels.first_layer import patch_counts, pooled_gradient, pooled_maxima

_BLOCK_BYTES = 1 << 19  # of convolution output kept in cache at a time


@dataclass
class Patches:
    """Windows of the first convolution in one batch of sequences.

    Attributes
    ----------
    codes : torch.Tensor, uint8, shape=(N, L)
    kernel_size : int
    dtype : torch.dtype
        Of the filters.
    """

    codes: torch.Tensor
    kernel_size: int
    dtype: torch.dtype = torch.float32

    @cached_property
    def encoded(self) -> torch.Tensor:
        """One-hot sequences, zero beyond the ends and at unknown bases, shape=(N, L + kernel_size - 1, 4)."""
        n, length = self.codes.shape
        padded = self.codes.new_full((n, length + self.kernel_size - 1), 4)
        padded[:, self.kernel_size // 2 : self.kernel_size // 2 + length] = self.codes
        bases = torch.arange(4, device=self.codes.device, dtype=self.codes.dtype)
        return (padded[:, :, None] == bases).to(self.dtype)

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def length(self) -> int:
        """L of the sequences."""
        return self.codes.shape[1]

    def compiled(self, precision: str = "float32") -> bool:
        """Whether compiled kernels compute the first layer, directly from codes."""
        on_cpu = self.codes.device.type == "cpu" and self.length < 2**16
        return on_cpu and precision == "float32" and has_kernels(self.codes.new_empty(0, dtype=self.dtype))

    def windows(self, rows: slice) -> torch.Tensor:
        """The one-hot sequence around each position of some sequences, shape=(n * L, 4 * kernel_size)."""
        encoded = self.encoded[rows]
        shape = (len(encoded), self.length, 4 * self.kernel_size)
        strides = (encoded.stride(0), 4, 1)  # a window begins one base after the one before it
        return encoded.as_strided(shape, strides, encoded.storage_offset()).reshape(-1, shape[2])

    def blocks(self, n_filters: int) -> list[slice]:
        """Blocks of sequences whose convolution output fits into the cache of a CPU; on other devices, one block."""
        if self.codes.device.type != "cpu":
            return [slice(0, len(self))]
        step = max(1, _BLOCK_BYTES // (self.length * n_filters * self.dtype.itemsize))
        return [slice(start, min(start + step, len(self))) for start in range(0, len(self), step)]

    def moments(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean, shape=(4k,), and covariance, shape=(4k, 4k), over all positions of the batch."""
        # Sums of products of zeros and ones are exact; the difference below is not, in single precision. A one-hot
        # value is its own square, so that the diagonal holds the sums.
        n, products = len(self) * self.length, self._products()
        mean = products.diagonal() / n
        covariance = products / n - mean[:, None] * mean[None, :]
        return mean.to(self.dtype), covariance.to(self.dtype)

    def _products(self) -> torch.Tensor:
        """P' P, float64, shape=(4k, 4k)."""
        if self.compiled():
            return patch_counts(self.codes, self.kernel_size, self.codes.new_empty(0, dtype=self.dtype))
        width = 4 * self.kernel_size
        products = self.encoded.new_zeros(width, width)
        for rows in self.blocks(width):
            windows = self.windows(rows)
            products.addmm_(windows.T, windows)
        return products.double()


def pooled_convolution(patches: Patches, weight: torch.Tensor, pool: int, precision: str = "float32") -> torch.Tensor:
    """Maximum of each filter's output over windows of `pool` positions, without gradient.

    Parameters
    ----------
    patches : Patches
    weight : torch.Tensor, shape=(4 * kernel_size, n_filters)
    pool : int
    precision : str
        Precision of the product; see `products.product`.

    Returns
    -------
    torch.Tensor, shape=(N, L // pool, n_filters)
    """
    if patches.compiled(precision):
        return pooled_maxima(patches.codes, weight, pool, places=False)[0]
    used = patches.length // pool * pool
    parts = []
    for rows in patches.blocks(weight.shape[1]):
        y = product(patches.windows(rows), weight, precision).unflatten(0, (-1, patches.length))  # n, L, n_filters
        parts.append(y[:, :used].unflatten(1, (-1, pool)).amax(2))
    return torch.cat(parts)


class PooledConvolution:
    """`pooled_convolution` that keeps the positions of the maxima for its backward pass."""

    def __init__(self, patches: Patches, weight: torch.Tensor, pool: int, precision: str = "float32") -> None:
        self.patches, self.n_filters, self.pool, self.precision = patches, weight.shape[1], pool, precision
        if patches.compiled(precision):
            self.output, self._where = pooled_maxima(patches.codes, weight, pool)
            return
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
        if patches.compiled(self.precision):
            return pooled_gradient(patches.codes, self._where, gradient, patches.kernel_size, self.pool)
        total = gradient.new_zeros(4 * patches.kernel_size, self.n_filters)
        blocks = patches.blocks(self.n_filters)
        dense = gradient.new_zeros(blocks[0].stop, patches.length, self.n_filters)
        for rows in blocks:
            where, n = self._where[rows].long(), rows.stop - rows.start
            dense[:n].scatter_(1, where, gradient[rows])
            total += product(patches.windows(rows).T, dense[:n].flatten(0, 1), self.precision)
            dense[:n].scatter_(1, where, 0.0)  # cheaper than to clear it all
        return total
