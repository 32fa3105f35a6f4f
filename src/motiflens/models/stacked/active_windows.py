"""What stands around the positions where the filters of a network are active, without an activation map.

BatchNorm and activation rise with the response of a filter (or fall, where the gain is negative: then its sign is
flipped), so that a filter is active where its response reaches a level, which is looked for once.
"""

import numpy as np
import torch

from motiflens.models.hybrid.network import HybridNetwork
from motiflens.models.kernels import active_windows, has_kernels
from motiflens.models.stacked.side_by_side import activate, pooled_activations, stacked_filters


def has_compiled_first_layer(network: HybridNetwork, length: int) -> bool:
    """Whether kernels do the first layer on sequences of this length, and its weights are finite."""
    block = network.stem.first
    values = [block.conv.weight, block.norm.weight, block.norm.bias, block.norm.running_mean, block.norm.running_var]
    finite = all(bool(value.isfinite().all()) for value in values if value is not None)
    return finite and length < 2**16 and has_kernels(block.conv.weight)


def strongest_activations(network: HybridNetwork, codes: np.ndarray) -> torch.Tensor:
    """Largest activation of each filter in each sequence, without gradient, shape=(N, n_filters).

    Parameters
    ----------
    network : HybridNetwork
        In evaluation mode, with `has_compiled_first_layer`.
    codes : np.ndarray, uint8, shape=(N, L)
    """
    return pooled_activations(network, torch.from_numpy(codes), pool=codes.shape[1])[..., 0]


def bases_where_active(network: HybridNetwork, codes: np.ndarray, least: torch.Tensor, window: int) -> np.ndarray:
    """How often each base stands at each place of the windows around positions where filters exceed a value.

    Parameters
    ----------
    network : HybridNetwork
        In evaluation mode, with `has_compiled_first_layer`.
    codes : np.ndarray, uint8, shape=(N, L)
    least : torch.Tensor, shape=(n_filters,)
        Activation of each filter that must be exceeded.
    window : int
        Windows start at 1 ... L - window - 1, each `window // 2` before its position.

    Returns
    -------
    counts : np.ndarray, int64, shape=(n_filters, window, 5)
        Of A, C, G, T and unknown bases.
    """
    with torch.no_grad():
        filters, sign = stacked_filters([network])
        levels = _levels(network, sign, least)
    return active_windows(torch.from_numpy(codes), filters, levels, window).numpy()


def _levels(network: HybridNetwork, sign: torch.Tensor, least: torch.Tensor) -> torch.Tensor:
    """Smallest response of each filter, its sign flipped where the gain is negative, that exceeds an activation.

    Found by halving over all numbers of the type in their order, so that rounding is that of the network's own steps.
    Infinite where no response does.
    """
    norm = network.stem.first.norm

    def exceeds(order: torch.Tensor) -> torch.Tensor:
        z = _number(order, least.dtype)[None, None] * sign
        return activate(network, z, norm.running_mean, norm.running_var)[0, :, 0] > least  # type: ignore[arg-type]

    limits = torch.tensor([torch.finfo(least.dtype).min, torch.inf], dtype=least.dtype)
    low, high = (_order(limit.expand(least.shape)) for limit in limits)
    high = torch.where(exceeds(low), low, high)
    for _ in range(8 * least.dtype.itemsize):
        middle = (low >> 1) + (high >> 1) + (low & high & 1)  # their sum may exceed the type
        above = exceeds(middle)
        low, high = torch.where(above, low, middle), torch.where(above, middle, high)
    return _number(high, least.dtype)


def _order(x: torch.Tensor) -> torch.Tensor:
    """Place of numbers, of any shape, among all of their type, int64."""
    integers = torch.int32 if x.dtype == torch.float32 else torch.int64
    bits = x.contiguous().view(integers)
    return torch.where(bits < 0, bits ^ torch.iinfo(integers).max, bits).long()


def _number(order: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """The number at a place among all of its type, of any shape."""
    integers = torch.int32 if dtype == torch.float32 else torch.int64
    bits = order.to(integers)
    return torch.where(bits < 0, bits ^ torch.iinfo(integers).max, bits).view(dtype)
