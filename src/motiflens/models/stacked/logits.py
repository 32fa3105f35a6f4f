"""Many networks of one size, computed together: every parameter has a leading member axis.

Each function here is the counterpart of a module (`stem`, `attention`, `head`) for E members at once: a few large
operations, which suit a GPU, instead of E times as many small ones. `tests/models/test_stacked.py` compares every
architecture with its plain module. Members do not affect each other, and may differ in their activation.
"""

import itertools
import math
from typing import Any

import torch
from torch.nn import functional as F

from motiflens.models.hybrid.attention import MANY_TOKENS
from motiflens.models.hybrid.layers import ACTIVATIONS
from motiflens.models.hybrid.positions import by_distance, rotate, sinusoids
from motiflens.models.stacked.masks import MaskSource
from motiflens.models.stacked.parameters import StackedParameters
from motiflens.models.stacked.shared_first_layer import Patches, PooledConvolution, pooled_convolution


class StackedNetwork(StackedParameters):
    """E networks with one common forward pass; parameters as in `StackedParameters`."""

    def logits(
        self, codes: torch.Tensor, masks: MaskSource | None = None, collected: list[torch.Tensor] | None = None
    ) -> torch.Tensor:
        """Logits of all members.

        Parameters
        ----------
        codes : torch.Tensor, uint8, shape=(N, L)
        masks : MaskSource, optional
            Source of dropout masks. If it is given, the networks are in training mode: batch statistics are used, and
            running statistics are updated.
        collected : list, optional
            The attention weights of each layer, (E, N, n_heads, T, T), are appended to it.

        Returns
        -------
        logits : torch.Tensor, shape=(E, N, n_outputs)
        """
        x = self._stem(codes, masks)  # E, N, T, width
        return self._head(self._trunk(x, masks, collected), masks)

    # Layers

    def _dropout(self, x: torch.Tensor, p: float, masks: MaskSource | None) -> torch.Tensor:
        return x if masks is None or p == 0 else x * masks.draw(x, p)

    def _linear(self, x: torch.Tensor, name: str) -> torch.Tensor:
        """Map (E, ..., n_inputs) to (E, ..., n_outputs)."""
        weight, bias = self.parameters[f"{name}.weight"], self.parameters.get(f"{name}.bias")
        flat = x.flatten(1, -2)  # E, M, n_inputs
        if bias is None:
            y = torch.bmm(flat, weight.transpose(1, 2))
        else:
            y = torch.baddbmm(bias[:, None], flat, weight.transpose(1, 2))
        return y.unflatten(1, x.shape[1:-1])

    def _affine(
        self, name: str, mean: torch.Tensor, variance: torch.Tensor, n: int, masks: MaskSource | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Scale and shift, (E, C), by which BatchNorm acts, given the batch's statistics, (E, C), over n values."""
        if masks is None:
            mean, variance = self.buffers[f"{name}.running_mean"], self.buffers[f"{name}.running_var"]
        else:
            momentum = self.config.batch_norm_momentum
            self.buffers[f"{name}.running_mean"].lerp_(mean.detach(), momentum)
            self.buffers[f"{name}.running_var"].lerp_(variance.detach() * (n / (n - 1)), momentum)
        scale = self.parameters[f"{name}.weight"] * torch.rsqrt(variance + self.config.batch_norm_eps)
        return scale, self.parameters[f"{name}.bias"] - mean * scale

    def _batch_norm(self, x: torch.Tensor, name: str, masks: MaskSource | None) -> torch.Tensor:
        """Normalise (E, ..., C) over all but the first and the last axis."""
        flat = x.flatten(1, -2).to(self.flat.dtype)  # E, M, C
        variance, mean = torch.var_mean(flat, 1, correction=0)
        scale, shift = self._affine(name, mean, variance, flat.shape[1], masks)
        return torch.addcmul(shift[:, None], flat, scale[:, None]).unflatten(1, x.shape[1:-1])

    def _layer_norm(self, x: torch.Tensor, name: str) -> torch.Tensor:
        normal = F.layer_norm(x, x.shape[-1:], eps=1e-6)
        return torch.addcmul(
            self.parameters[f"{name}.bias"][:, None, None], normal, self.parameters[f"{name}.weight"][:, None, None]
        )

    def _lstm(self, x: torch.Tensor, name: str) -> torch.Tensor:
        """Both directions of all members, step by step; (E, N, T, n_inputs) to (E, N, T, width)."""
        both = []
        for suffix, tokens in (("l0", x), ("l0_reverse", x.flip(2))):
            weight = self.parameters[f"{name}.lstm.weight_ih_{suffix}"].transpose(1, 2)
            bias = self.parameters[f"{name}.lstm.bias_ih_{suffix}"][:, None]
            both.append(torch.baddbmm(bias, tokens.flatten(1, 2), weight).unflatten(1, x.shape[1:3]))
        gates_of_input = torch.stack(both).flatten(0, 1)  # 2 E, N, T, 4 hidden
        recurrent = torch.cat([self.parameters[f"{name}.lstm.weight_hh_{s}"] for s in ("l0", "l0_reverse")])
        recurrent = recurrent.transpose(1, 2)  # 2 E, hidden, 4 hidden
        hidden = x.new_zeros(len(recurrent), x.shape[1], recurrent.shape[1])
        cell = torch.zeros_like(hidden)
        outputs = []
        for gates in gates_of_input.unbind(2):
            hidden, cell = self._lstm_cell(gates, hidden, cell, recurrent)
            outputs.append(hidden)
        forward, backward = torch.stack(outputs, dim=2).chunk(2)  # each E, N, T, hidden
        return torch.cat([forward, backward.flip(2)], dim=-1)

    def _lstm_cell(
        self, gates: torch.Tensor, hidden: torch.Tensor, cell: torch.Tensor, recurrent: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Hidden state and cell, each (2 E, N, hidden), after one more token, whose part of the gates is given."""
        is_plain = self.config.variant == "text" and not torch.is_autocast_enabled("cuda")
        if gates.is_cuda and is_plain and hasattr(torch.ops.aten, "_thnn_fused_lstm_cell"):
            # One kernel in place of ten, and as few on the way back: with small networks, launches are what it costs.
            parts = (gates.flatten(0, 1), torch.bmm(hidden, recurrent).flatten(0, 1), cell.flatten(0, 1))
            hidden_now, cell_now, _ = torch.ops.aten._thnn_fused_lstm_cell(*parts)
            return hidden_now.view_as(cell), cell_now.view_as(cell)
        i, f, g, o = torch.baddbmm(gates, hidden, recurrent).chunk(4, dim=-1)
        cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * self._cell_activation(g)
        return torch.sigmoid(o) * self._cell_activation(cell), cell

    def _cell_activation(self, x: torch.Tensor) -> torch.Tensor:
        if self.config.variant == "text":
            return torch.tanh(x)
        forward, backward = x.chunk(2)
        return torch.cat([torch.tanh(forward), torch.relu(backward)])

    # Stages

    def _stem(self, codes: torch.Tensor, masks: MaskSource | None) -> torch.Tensor:
        config, n_members = self.config, len(self)
        patches = Patches(codes, config.kernel_size, self.flat.dtype)
        name = "stem.first.norm"
        gain = self.parameters[f"{name}.weight"].detach().flatten()
        sign = torch.where(gain < 0, -1.0, 1.0).to(gain.dtype)
        weight = self.parameters["stem.first.conv.weight"].flatten(0, 1).permute(2, 1, 0).flatten(0, 1)  # 4k, E F
        pooled = _PooledFirstLayer.apply(weight, patches, sign, config.first_pool, masks is not None)  # N, T, E F
        if masks is None:
            mean = variance = weight.new_zeros(n_members, config.n_filters)  # the running ones are used
        else:
            with torch.autocast(codes.device.type, enabled=False):  # statistics are not rounded
                patch_mean, patch_covariance = patches.moments()
                mean = (patch_mean @ weight).view(n_members, -1)
                variance = (weight * (patch_covariance @ weight)).sum(0).view(n_members, -1)
        scale, shift = self._affine(name, mean, variance, codes.numel(), masks)
        x = pooled.unflatten(2, (n_members, -1)).permute(2, 0, 1, 3)  # E, N, T, F
        x = self._activate(torch.addcmul(shift[:, None, None], x, scale[:, None, None]))
        x = self._dropout(x, config.dropout, masks)
        if config.second_stage == "conv":
            x = torch.relu(self._batch_norm(self._second_conv(x), "stem.second.norm", masks))
        elif config.second_stage == "lstm":
            x = self._lstm(x, "stem.lstm")
        if config.second_stage != "none":
            x = self._dropout(_max_pool(x, config.second_pool), config.dropout, masks)
        return x

    def _activate(self, x: torch.Tensor) -> torch.Tensor:
        """Apply the first layer's activation of each member to (E, ...), run by run of members with the same one."""
        runs = [(name, len(list(run))) for name, run in itertools.groupby(c.activation for c in self.configs)]
        parts = zip(runs, x.split([size for _, size in runs]), strict=True)
        return torch.cat([ACTIVATIONS[name]()(part) for (name, _), part in parts])

    def _second_conv(self, x: torch.Tensor) -> torch.Tensor:
        """Convolve (E, N, T, F) along T with each member's own filters, as one product of its windows.

        The windows are k times the input; a grouped convolution would be rounded to TF32 on a GPU.
        """
        weight = self.parameters["stem.second.conv.weight"]  # E, F, F, k
        margin = weight.shape[-1] // 2
        windows = F.pad(x, (0, 0, margin, margin)).unfold(2, weight.shape[-1], 1)  # E, N, T, F, k
        y = torch.bmm(windows.flatten(1, 2).flatten(2), weight.flatten(2).transpose(1, 2))
        return y.unflatten(1, x.shape[1:3])

    def _trunk(self, x: torch.Tensor, masks: MaskSource | None, collected: list[torch.Tensor] | None) -> torch.Tensor:
        config = self.config
        if config.lstm and config.second_stage != "lstm":
            x = self._dropout(self._lstm(x, "trunk.lstm"), config.dropout, masks)
        if config.attention == "attention":
            mixed = self._attention(self._place(x), "trunk.attention", collected)
            return self._dropout(mixed, config.dropout, masks)
        if config.attention == "transformer":
            x = self._place(self._layer_norm(x, "trunk.input_norm"))
            for i in range(config.n_layers):
                x = self._encoder_layer(x, f"trunk.layers.{i}", masks, collected)
        return x

    def _place(self, x: torch.Tensor) -> torch.Tensor:
        if self.config.positional_encoding == "sinusoidal":
            return x + sinusoids(x)
        if self.config.positional_encoding == "learned":
            return x + self.parameters["trunk.positions.weight"][:, None]
        return x

    def _attention(self, x: torch.Tensor, name: str, collected: list[torch.Tensor] | None) -> torch.Tensor:
        query, key, value = (
            self._linear(x, f"{name}.{part}").unflatten(-1, (self.config.n_heads, -1)).transpose(2, 3)
            for part in ("query", "key", "value")
        )  # E, N, n_heads, T, head_width
        if self.config.positional_encoding == "rotary":
            query, key = rotate(query), rotate(key)
        if collected is None and self.config.positional_encoding != "relative" and x.shape[2] > MANY_TOKENS:
            flat = (part.flatten(0, 1) for part in (query, key, value))  # E N, n_heads, T, head_width
            mixed = F.scaled_dot_product_attention(*flat).unflatten(0, x.shape[:2])  # in blocks
            return self._linear(mixed.transpose(2, 3).flatten(-2), f"{name}.out")
        scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])  # E, N, n_heads, T, T
        if self.config.positional_encoding == "relative":
            scores = scores + by_distance(self.parameters[f"{name}.distance_bias.weight"])[:, None]
        weights = torch.softmax(scores, dim=-1)
        if collected is not None:
            collected.append(weights)
        return self._linear((weights @ value).transpose(2, 3).flatten(-2), f"{name}.out")

    def _encoder_layer(
        self, x: torch.Tensor, name: str, masks: MaskSource | None, collected: list[torch.Tensor] | None
    ) -> torch.Tensor:
        p = self.config.dropout
        mixed = self._dropout(self._attention(x, f"{name}.attention", collected), p, masks)
        x = self._layer_norm(x + mixed, f"{name}.attention_norm")
        hidden = self._dropout(torch.relu(self._linear(x, f"{name}.feedforward_in")), p, masks)
        out = self._dropout(self._linear(hidden, f"{name}.feedforward_out"), p, masks)
        return self._layer_norm(x + out, f"{name}.feedforward_norm")

    def _head(self, x: torch.Tensor, masks: MaskSource | None) -> torch.Tensor:
        inputs = x.mean(2) if self.config.head == "mean" else x.flatten(2)
        hidden = torch.relu(self._batch_norm(self._linear(inputs, "head.dense"), "head.norm", masks))
        return self._linear(self._dropout(hidden, self.config.dense_dropout, masks), "head.out")


def _max_pool(x: torch.Tensor, pool: int) -> torch.Tensor:
    """Maximum over windows of the third axis of (E, N, T, C)."""
    image = x.flatten(0, 1).permute(0, 2, 1).unsqueeze(2)  # E N, C, 1, T
    return F.max_pool2d(image, (1, pool)).squeeze(2).transpose(1, 2).unflatten(0, x.shape[:2])


class _PooledFirstLayer(torch.autograd.Function):
    """`PooledConvolution` of sign-flipped filters, with the signs taken back from its output."""

    @staticmethod
    def forward(
        ctx: Any, weight: torch.Tensor, patches: Patches, sign: torch.Tensor, pool: int, train: bool
    ) -> torch.Tensor:
        if not train:
            return pooled_convolution(patches, weight * sign, pool).mul_(sign)
        ctx.conv = PooledConvolution(patches, weight * sign, pool)
        return ctx.conv.output * sign

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None, None, None]:
        return ctx.conv.weight_gradient(gradient), None, None, None, None  # the signs of output and weight cancel
