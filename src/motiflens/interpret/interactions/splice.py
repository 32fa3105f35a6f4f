"""Logits of a HybridNetwork for two sites, from its first layer's response to each of them alone.

The first convolution and its BatchNorm are affine, so their response to a sequence with two sites that do not
overlap is exactly r(AB) = r(A) + r(B) - r(0). Max-pooling commutes with a non-decreasing activation. The responses r(A)
are kept completely, and r(B) - r(0) in the few pools that B changes. For a pair, only these pools are computed again.
The convolution, which is most of the cost, is run for single sites only.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeGuard

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from motiflens.basics.sequence import one_hot
from motiflens.models.devices import device_of
from motiflens.models.hybrid import Exponential, HybridNetwork, evaluating

if TYPE_CHECKING:
    from motiflens.interpret.interactions.design import Design


def can_splice(model: nn.Module) -> TypeGuard[HybridNetwork]:
    """Whether a model is a HybridNetwork with a non-decreasing first activation."""
    return type(model) is HybridNetwork and isinstance(model.stem.first.activation, nn.ReLU | Exponential)


class Splicer:
    """Logits of a HybridNetwork for single sites and pairs of a design, faster than with whole sequences."""

    def __init__(self, model: HybridNetwork, design: "Design", target: int, batch_size: int) -> None:
        self.model, self.design, self.target, self.batch_size = model, design, target, batch_size
        self.pool = model.config.first_pool
        self.length = model.config.length // self.pool * self.pool  # what the first pool sees
        self.background = self._response(design.plant())  # D * B, F, L
        self.windows: dict[int, torch.Tensor] = {}
        self.changes: dict[int, torch.Tensor] = {}

    def alone(self, feature: int | None, *, left: bool = True) -> np.ndarray:
        """Logits with one site, on either strand, shape=(2, D, B); of the backgrounds alone, (D, B), for None."""
        if feature is None:
            return self._logits([self._pooled(self.background)])[0]
        sides = [(feature, 1), (feature, -1)]
        planted = [self.design.plant(left=side) if left else self.design.plant(right=side) for side in sides]
        responses = [self._response(codes) for codes in planted]
        if not left:
            self._keep(feature, responses)
        return self._logits([self._pooled(response) for response in responses])

    def together(self, left: int, rights: Sequence[int]) -> Iterator[np.ndarray]:
        """Logits with two sites, each on either strand, shape=(2, 2, D, B), after `alone` of the right feature."""
        responses = [self._response(self.design.plant((left, strand))) for strand in (1, -1)]
        pooled = [self._pooled(response) for response in responses]
        for right in rights:  # four sets of pooled responses at a time: a GPU wants large batches
            places = self.windows[right]  # D * B, 1, window
            pools = places[:, :, :: self.pool] // self.pool  # D * B, 1, window / pool
            strands = []
            for response, pools_of_left in zip(responses, pooled, strict=True):
                seen = response.gather(2, places.expand(-1, response.shape[1], -1))  # D * B, F, window
                for change in self.changes[right]:
                    local = F.max_pool1d(seen + change, self.pool)  # D * B, F, window / pool
                    strands.append(pools_of_left.scatter(2, pools.expand_as(local), local))
            logits = self._logits(strands)  # 4, D, B
            yield logits.reshape(2, 2, *logits.shape[1:])

    def _keep(self, feature: int, responses: Sequence[torch.Tensor]) -> None:
        """Keep where a right site reaches, and how far it moves the first layer's response there."""
        width = self.design.instances[feature].shape[1]
        starts = self.design.starts(width, left=False).copy()  # D, B
        starts[:, 1::2] = self.design.background.shape[1] - width - starts[:, 1::2]  # read from the other strand
        reach = self.model.config.kernel_size // 2
        n_pools = min(-(-(width + 2 * reach) // self.pool) + 1, self.length // self.pool)
        first = np.clip((starts - reach) // self.pool, 0, self.length // self.pool - n_pools).reshape(-1, 1)
        places = torch.from_numpy(first * self.pool + np.arange(n_pools * self.pool))[:, None]  # D * B, 1, window
        self.windows[feature] = places = places.to(self.background.device)
        places = places.expand(-1, self.background.shape[1], -1)
        self.changes[feature] = torch.stack([(one - self.background).gather(2, places) for one in responses])

    def _response(self, codes: np.ndarray) -> torch.Tensor:
        """Convolution and BatchNorm, where the first pool sees them, shape=(D * B, F, length)."""
        first, device = self.model.stem.first, device_of(self.model)
        flat = torch.from_numpy(codes.reshape(-1, codes.shape[-1]))
        with evaluating(self.model), torch.inference_mode():
            parts = [
                first.norm(first.conv(one_hot(rows.to(device), first.conv.weight.dtype)))[:, :, : self.length]
                for rows in flat.split(self.batch_size)
            ]
        return torch.cat(parts)

    def _pooled(self, response: torch.Tensor) -> torch.Tensor:
        return F.max_pool1d(response, self.pool)  # D * B, F, L / pool

    def _logits(self, pooled: Sequence[torch.Tensor]) -> np.ndarray:
        """Logits after the first pool, all given in one go, shape=(n, D, B)."""
        first = self.model.stem.first
        with evaluating(self.model), torch.inference_mode():
            batches = torch.cat(list(pooled)).split(self.batch_size)
            parts = [self.model.from_first_pool(first.activation(batch)) for batch in batches]
        logits = torch.cat(parts)[:, self.target].double().cpu().numpy()
        return logits.reshape(len(pooled), len(self.design.distances), -1)
