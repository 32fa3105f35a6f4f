"""The engine for GPUs: a stack of members trains as one network with a leading member axis.

The data are on the device as codes. A training step of all members, including dropout masks and optimiser, is captured
once as a CUDA graph and replayed. So the host neither launches kernels one by one nor waits for results within an
epoch. On the CPU the same step runs without a graph.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from motiflens.models.hybrid import HybridNetwork, attention_entropy
from motiflens.models.passes import sequences_per_pass
from motiflens.models.stacked import MaskLayout, MaskSource, StackedNetwork
from motiflens.training.losses import Loss, cross_entropy
from motiflens.training.protocol import Protocol

_EVALUATION_BATCH = 500
_WARM_UP_STEPS = 3  # before a capture, as PyTorch asks for


class StackedEngine:
    """The `training.stack.Engine` for GPUs, with all members in each operation.

    "bfloat16" is automatic mixed precision."""

    def __init__(
        self,
        networks: Sequence[HybridNetwork],
        protocol: Protocol,
        seeds: Sequence[int],
        precision: str = "float32",
        loss: Loss = cross_entropy,
    ) -> None:
        self.network = StackedNetwork(networks)
        self.protocol, self.precision, self.loss = protocol, precision, loss
        device = self.network.flat.device
        self.seeds = torch.tensor(list(seeds), dtype=torch.int64, device=device)
        self.step = torch.zeros((), dtype=torch.int64, device=device)
        self.first_moment = torch.zeros_like(self.network.flat)
        self.second_moment = torch.zeros_like(self.network.flat)
        self._replay: Callable[[], None] | None = None
        self._mask_layouts: dict[int, MaskLayout] = {}  # by size of the batch

    def __len__(self) -> int:
        return len(self.network)

    def train_epoch(
        self,
        codes: torch.Tensor,
        y: torch.Tensor,
        order: torch.Tensor,
        batch_size: int,
        learning_rates: Sequence[float],
    ) -> torch.Tensor:
        """Train every member for one epoch; losses, shape=(E,): see `training.stack.Engine`."""
        device = codes.device
        rates = torch.tensor(list(learning_rates), dtype=y.dtype, device=device)
        if self._replay is None:
            self._rates = torch.empty_like(self.network.flat)
            self._codes, self._y = codes[:batch_size].clone(), y[:batch_size].clone()
            self._losses = torch.zeros(len(self), dtype=y.dtype, device=device)
        self._rates.copy_(self.network.spread(rates))
        if self._replay is None:
            self._replay = self._capture() if device.type == "cuda" else lambda: self._train_step(self._codes, self._y)
        total, n_seen = torch.zeros_like(self._losses), 0
        for rows in order.to(device).split(batch_size):
            if len(rows) == len(self._codes):
                torch.index_select(codes, 0, rows, out=self._codes)
                torch.index_select(y, 0, rows, out=self._y)
                self._replay()
            elif len(rows) > 1:
                self._train_step(codes[rows], y[rows])
            else:
                continue
            total += self._losses * len(rows)
            n_seen += len(rows)
        return total / n_seen

    def _train_step(self, codes: torch.Tensor, y: torch.Tensor) -> None:
        self.step += 1
        self.network.flat_gradient.zero_()
        mixed, entropy_weight = self.precision == "bfloat16", self.protocol.attention_entropy_weight
        collected: list[torch.Tensor] | None = [] if entropy_weight else None
        masks = MaskSource(self.seeds, self.step, self._mask_layouts.get(len(codes)))
        with torch.autocast(codes.device.type, dtype=torch.bfloat16, enabled=mixed, cache_enabled=False):
            logits = self.network.logits(codes, masks, collected)
        logits = logits.to(y.dtype)
        losses = self.loss(logits, y.expand_as(logits)).mean((1, 2))
        totals = losses if collected is None else losses + entropy_weight * attention_entropy(collected)
        totals.sum().backward()
        self._losses.copy_(losses.detach())
        self._adam()
        if masks.sizes and len(codes) not in self._mask_layouts:
            self._mask_layouts[len(codes)] = MaskLayout(masks.sizes, codes.device)

    def _adam(self) -> None:
        """Adam (Kingma and Ba 2015) in one vector for all members, each with its own learning rate."""
        beta1, beta2, gradient = self.protocol.beta1, self.protocol.beta2, self.network.flat_gradient
        with torch.no_grad():
            self.first_moment.lerp_(gradient, 1 - beta1)
            self.second_moment.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
            step = self.step.double()  # 1 - .999 in single precision would be off by 6e-5
            correction1, correction2 = 1 - beta1**step, 1 - beta2**step
            denominator = (self.second_moment / correction2).sqrt_().add_(self.protocol.adam_eps)
            self.network.flat.sub_(self._rates * (self.first_moment / correction1) / denominator)

    def _capture(self) -> Callable[[], None]:
        """Record one training step as a CUDA graph; the state is as before afterwards."""
        own = (self.network.flat, self.first_moment, self.second_moment, self.step, *self.network.buffers.values())
        before = [tensor.detach().clone() for tensor in own]
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UP_STEPS):
                self._train_step(self._codes, self._y)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._train_step(self._codes, self._y)
        with torch.no_grad():
            for tensor, value in zip(own, before, strict=True):
                tensor.copy_(value)
        return graph.replay

    def logits(self, codes: torch.Tensor) -> torch.Tensor:
        """Logits of all members in evaluation mode, shape=(E, N, n_outputs)."""
        with torch.no_grad():
            n_at_once = sequences_per_pass(_EVALUATION_BATCH, codes.shape[1])
            return torch.cat([self.network.logits(batch) for batch in codes.split(n_at_once)], dim=1)

    def weights(self, i: int) -> dict[str, torch.Tensor]:
        """Copy of one member's weights and running statistics, in the shapes of its network."""
        return self.network.state_dict(i)

    def state(self, i: int) -> dict[str, Any]:
        """Everything that is needed to resume one member."""
        return {
            "network": self.weights(i),
            "first_moment": self.network.row(self.first_moment, i),
            "second_moment": self.network.row(self.second_moment, i),
            "step": int(self.step),
        }

    def load_state(self, i: int, state: dict[str, Any]) -> None:
        """Restore one member from a result of `state`."""
        self.network.load_state_dict(i, state["network"])
        self.network.set_row(self.first_moment, i, state["first_moment"])
        self.network.set_row(self.second_moment, i, state["second_moment"])
        self.step.fill_(state["step"])

    def keep(self, rows: Sequence[int]) -> None:
        """Keep only these members, in this order; the next epoch captures a graph of the smaller stack."""
        index = torch.tensor(list(rows), device=self.seeds.device)
        self.first_moment = self.network.select(self.first_moment, index)
        self.second_moment = self.network.select(self.second_moment, index)
        self.seeds = self.seeds[index]
        self.network.keep(rows)
        self._replay = None
