"""Several networks of one configuration: their first layers are computed together, all other layers one by one."""

from collections.abc import Sequence

import torch

from motiflens.models.hybrid.network import HybridNetwork, evaluating
from motiflens.models.passes import sequences_per_pass
from motiflens.models.stacked.shared_first_layer import Patches, pooled_convolution

_MEMBERS = 10  # whose first layer takes about as much memory as what else a network computes


def stacked_filters(networks: Sequence[HybridNetwork]) -> tuple[torch.Tensor, torch.Tensor]:
    """First-layer filters of all networks as one matrix, (4 * kernel_size, E * n_filters), sign-flipped where the
    BatchNorm gain is negative, and these signs, (E * n_filters,)."""
    weight = torch.cat([network.stem.first.conv.weight.detach() for network in networks])  # E * F, 4, k
    gain = torch.cat([network.stem.first.norm.weight.detach() for network in networks])
    sign = torch.where(gain < 0, -1.0, 1.0).to(weight.dtype)
    return weight.permute(2, 1, 0).flatten(0, 1) * sign, sign


def activate(network: HybridNetwork, z: torch.Tensor, mean: torch.Tensor, variance: torch.Tensor) -> torch.Tensor:
    """BatchNorm and activation of pooled convolution output z (N, T, n_filters); returns (N, n_filters, T)."""
    norm = network.stem.first.norm
    scale = norm.weight * torch.rsqrt(variance + norm.eps)
    return network.stem.first.activation(torch.addcmul(norm.bias - mean * scale, z, scale)).transpose(1, 2)


def pooled_activations(network: HybridNetwork, codes: torch.Tensor, pool: int | None = None) -> torch.Tensor:
    """Output of the first pool of a network in evaluation mode, without gradient, shape=(N, n_filters, L // pool).

    Parameters
    ----------
    network : HybridNetwork
    codes : torch.Tensor, uint8, shape=(N, L)
        On its device.
    pool : int, optional
        Size of the pool; by default that of the network. With 1 the result is not pooled.
    """
    config, norm = network.config, network.stem.first.norm
    with torch.no_grad():
        filters, sign = stacked_filters([network])
        patches = Patches(codes, config.kernel_size, filters.dtype)
        raw = pooled_convolution(patches, filters, pool or config.first_pool).mul_(sign)
        return activate(network, raw, norm.running_mean, norm.running_var)  # type: ignore[arg-type]


def stacked_logits(networks: Sequence[HybridNetwork], codes: torch.Tensor, *, batch_size: int = 250) -> torch.Tensor:
    """Logits of several networks of one configuration in evaluation mode, the first layer shared.

    Parameters
    ----------
    networks : sequence of HybridNetwork, E of them, on the device of codes
    codes : torch.Tensor, uint8, shape=(N, L)
    batch_size : int
        Largest number of sequences in one pass; fewer if they are long.

    Returns
    -------
    logits : torch.Tensor, shape=(E, N, n_outputs)
    """
    config, n_filters = networks[0].config, networks[0].config.n_filters
    filters, sign = stacked_filters(networks)
    parts = []
    # The first layer is computed of all networks at once, the rest of one after the other.
    n_at_once = sequences_per_pass(batch_size, codes.shape[1] * -(-len(networks) // _MEMBERS))
    with torch.no_grad():
        for batch in codes.split(n_at_once):
            patches = Patches(batch, config.kernel_size, filters.dtype)
            raw = pooled_convolution(patches, filters, config.first_pool).mul_(sign)
            outputs = []
            for i, network in enumerate(networks):
                norm = network.stem.first.norm
                z = raw[..., i * n_filters : (i + 1) * n_filters]
                x = activate(network, z, norm.running_mean, norm.running_var)  # type: ignore[arg-type]
                with evaluating(network):
                    outputs.append(network.from_first_pool(x))
            parts.append(torch.stack(outputs))
    return torch.cat(parts, dim=1)
