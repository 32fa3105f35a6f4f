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
    windows : torch.Tensor, shape=(N, L, 4 * kernel_size)
        At each position the one-hot sequence around it, position by position, zero beyond the ends and at unknown
        bases.
    """

    windows: torch.Tensor

    @classmethod
    def of(cls, codes: torch.Tensor, kernel_size: int, dtype: torch.dtype = torch.float32) -> "Patches":
        """Cut the patches of sequences given as codes, shape=(N, L)."""
        n, length = codes.shape
        padded = codes.new_full((n, length + kernel_size - 1), 4)
        padded[:, kernel_size // 2 : kernel_size // 2 + length] = codes
        bases = torch.arange(4, device=codes.device, dtype=codes.dtype)
        encoded = (padded[:, :, None] == bases).to(dtype)  # N, L + kernel_size - 1, 4
        strides = (encoded.stride(0), 4, 1)  # a window begins one base after the one before it
        return cls(encoded.as_strided((n, length, 4 * kernel_size), strides).contiguous())

    def moments(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean, shape=(4k,), and covariance, shape=(4k, 4k), over all positions of the batch."""
        flat = self.windows.flatten(0, 1)
        # Sums of products of zeros and ones are exact; the difference below is not, in single precision.
        mean = flat.sum(0).double() / len(flat)
        covariance = product(flat.T, flat).double() / len(flat) - mean[:, None] * mean[None, :]
        return mean.to(flat.dtype), covariance.to(flat.dtype)


def _blocks(patches: Patches, n_filters: int) -> range:
    length = patches.windows.shape[1]
    if patches.windows.device.type != "cpu":
        return range(0, len(patches.windows), len(patches.windows))
    per_sequence = length * n_filters * patches.windows.element_size()
    return range(0, len(patches.windows), max(1, _BLOCK_BYTES // per_sequence))


def _map_of_block(windows: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    n, length, _ = windows.shape
    y = product(windows.flatten(0, 1), weight)
    return y.view(n, 1, length, -1).permute(0, 3, 1, 2)  # n, n_filters, 1, L in channels-last order


def pooled_convolution(patches: Patches, weight: torch.Tensor, pool: int) -> torch.Tensor:
    """Maximum of each filter's output over windows of `pool` positions, without gradient.

    Parameters
    ----------
    patches : Patches
    weight : torch.Tensor, shape=(4 * kernel_size, n_filters)
    pool : int

    Returns
    -------
    torch.Tensor, shape=(N, L // pool, n_filters)
    """
    length = patches.windows.shape[1] // pool * pool
    parts = []
    for start in (blocks := _blocks(patches, weight.shape[1])):
        windows = patches.windows[start : start + blocks.step]
        y = product(windows.flatten(0, 1), weight).unflatten(0, windows.shape[:2])  # n, L, n_filters
        parts.append(y[:, :length].unflatten(1, (-1, pool)).amax(2))
    return torch.cat(parts)


class PooledConvolution:
    """`pooled_convolution` that remembers where the maxima were, for its backward pass."""

    def __init__(self, patches: Patches, weight: torch.Tensor, pool: int) -> None:
        self.patches, self.weight, self.pool = patches, weight, pool
        n, length, _ = patches.windows.shape
        index_type = torch.int16 if length < 2**15 else torch.int32  # a quarter of what the kernel returns
        shape = (n, length // pool, weight.shape[1])
        self.output = weight.new_empty(shape)  # N, T, n_filters
        self._where = torch.empty(shape, dtype=index_type, device=weight.device)
        for start in (blocks := _blocks(patches, weight.shape[1])):
            rows = slice(start, start + blocks.step)
            y = _map_of_block(patches.windows[rows], weight)
            value, where = F.max_pool2d(y, (1, pool), return_indices=True)
            self.output[rows] = value.squeeze(2).transpose(1, 2)
            self._where[rows] = where.squeeze(2).transpose(1, 2)

    def weight_gradient(self, gradient: torch.Tensor) -> torch.Tensor:
        """Gradient with respect to the weight, given that with respect to the output, (N, T, n_filters)."""
        total = torch.zeros_like(self.weight)
        length = self.patches.windows.shape[1]
        for start in (blocks := _blocks(self.patches, self.weight.shape[1])):
            rows = slice(start, start + blocks.step)
            windows = self.patches.windows[rows]
            dense = gradient.new_zeros(len(windows), length, self.weight.shape[1])
            dense.scatter_(1, self._where[rows].long(), gradient[rows])
            total += product(windows.flatten(0, 1).T, dense.flatten(0, 1))
        return total
