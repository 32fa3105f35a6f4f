"""Small layers that all three stages use."""

from typing import cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from motiflens.basics.errors import InputError
from motiflens.models.hybrid.products import linear
from motiflens.models.kernels import has_kernels
from motiflens.models.kernels.lstm import bidirectional_lstm


class Exponential(nn.Module):
    """exp(x), without clipping; a module, so that attribution libraries can attach a rule to it.

    Source: Koo and Ploenzke 2021, "Improving representations of genomic sequence motifs in convolutional
    networks with exponential activations".
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return exp(x), same shape."""
        return torch.exp(x)


ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "exponential": Exponential}


class Prepared:
    """A layer that an engine can switch to a faster computation, with the same result, for training."""

    def prepare_training(self, dropout: np.random.Generator, precision: str) -> None:
        """Take the engine's source of dropout masks and precision of matrix products."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it is trained")


class Dropout(Prepared, nn.Dropout):
    """`nn.Dropout` whose masks can come from its own generator instead of PyTorch's global state.

    With a generator (set `dropout.generator`), the masks of a network depend on nothing else, and drawing them on the
    CPU is several times faster. A mask value takes 16 random bits, so the drop probability is a multiple of 2^-16.
    """

    generator: np.random.Generator | None = None

    def prepare_training(self, dropout: np.random.Generator, precision: str) -> None:
        """Draw masks from the engine's source."""
        self.generator = dropout

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Zero a random share p of x, of any shape, and scale the rest by 1 / (1 - p); identity in evaluation mode."""
        if self.generator is None or not self.training or self.p == 0:
            return super().forward(x)
        threshold = round(self.p * 65536)
        keep = self.random_bits(x.numel()) >= threshold
        mask = torch.from_numpy(keep.astype(np.float32)).mul_(65536 / (65536 - threshold))
        return x * mask.view(x.shape).to(x.device, x.dtype)

    def random_bits(self, n: int) -> np.ndarray:
        """The next n values of 16 random bits from the generator, shape=(n,)."""
        if self.generator is None:
            raise InputError("a dropout layer draws random bits from its own generator only: set `generator`")
        return self.generator.bit_generator.random_raw(-(-n // 4)).view(np.uint16)[:n]


class Linear(Prepared, nn.Linear):
    """`nn.Linear` whose products the training engine can compute by `products.product` (set `precision`)."""

    precision: str | None = None

    def prepare_training(self, dropout: np.random.Generator, precision: str) -> None:
        """Compute products in this precision."""
        self.precision = precision

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (..., n_inputs) to (..., n_outputs)."""
        if self.precision is None:
            return super().forward(x)
        return linear(x, self.weight, self.bias, self.precision)


class ChannelsLastConv1d(nn.Conv1d):
    """`nn.Conv1d` computed as a channels-last 2d convolution, several times faster on the CPU for few channels.

    The result has the strides of (N, L, C). If the input has them, too, nothing is copied.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, n_inputs, L) to (N, n_outputs, L) with "same" zero padding."""
        image = x.unsqueeze(2).contiguous(memory_format=torch.channels_last)  # N, n_inputs, 1, L
        weight = self.weight.unsqueeze(2).contiguous(memory_format=torch.channels_last)
        return F.conv2d(image, weight, self.bias, padding=(0, self.kernel_size[0] // 2)).squeeze(2)


class BatchNorm1d(nn.BatchNorm1d):
    """`nn.BatchNorm1d` that is fast for tensors with the strides of (N, L, C), too, and keeps them."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise (N, C) or (N, C, L) over all but the channels."""
        return super().forward(x) if x.dim() == 2 else super().forward(x.unsqueeze(2)).squeeze(2)

    def scale_and_shift(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Scale and shift that it applies in evaluation mode, shape=(C,) each."""
        mean, variance = cast(torch.Tensor, self.running_mean), cast(torch.Tensor, self.running_var)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return scale, self.bias - mean * scale

    def _check_input_dim(self, input: torch.Tensor) -> None:
        if input.dim() not in (2, 4):
            raise InputError(f"expected (N, C) or (N, C, L), got {input.dim()} dimensions")


class MaxPool1d(nn.MaxPool1d):
    """`nn.MaxPool1d` that is as fast for tensors with the strides of (N, L, C) as for those of (N, C, L)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, C, L) to (N, C, L // kernel_size)."""
        return F.max_pool2d(x.unsqueeze(2), (1, self.kernel_size)).squeeze(2)  # type: ignore[arg-type]


class BiLSTM(Prepared, nn.Module):
    """Bidirectional LSTM over tokens that returns one tensor.

    Parameters
    ----------
    n_inputs : int
        Channels of the incoming tokens.
    width : int
        Channels of the outgoing tokens, over both directions.
    backward_activation : str
        "tanh", or "relu" as in the code released with the paper, whose backward direction uses ReLU instead of tanh.

    Notes
    -----
    In the study's networks each gate has one bias. PyTorch's second one, `bias_hh`, is redundant and stays at 0.
    """

    fused = False  # whether the training engine lets compiled kernels do it, where there are any

    def __init__(self, n_inputs: int, width: int, backward_activation: str = "tanh") -> None:
        super().__init__()
        self.lstm = nn.LSTM(n_inputs, width // 2, batch_first=True, bidirectional=True)
        self.backward_activation = backward_activation
        for name, parameter in self.lstm.named_parameters():
            if name.startswith("bias_hh"):
                nn.init.zeros_(parameter)
                parameter.requires_grad_(False)

    def prepare_training(self, dropout: np.random.Generator, precision: str) -> None:
        """Let kernels compute it, which know float32 only."""
        self.fused = precision == "float32"

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Map tokens (N, T, n_inputs) to (N, T, width)."""
        if self.fused and has_kernels(tokens):
            parameters = dict(self.lstm.named_parameters())
            names = [f"{name}_l0{way}" for way in ("", "_reverse") for name in ("weight_ih", "weight_hh", "bias_ih")]
            relu = (False, self.backward_activation == "relu")
            return bidirectional_lstm(tokens, [parameters[name] for name in names], relu)
        if self.backward_activation == "tanh":
            return self.lstm(tokens)[0].contiguous()  # N, T, width; PyTorch gives a view of (T, N, width)
        forward_half = self.lstm(tokens)[0][..., : self.lstm.hidden_size]
        return torch.cat([forward_half, self._relu_backward(tokens)], dim=-1)  # N, T, width

    def _relu_backward(self, tokens: torch.Tensor) -> torch.Tensor:
        parameters = dict(self.lstm.named_parameters())
        weight_ih, weight_hh, bias = (
            parameters[f"{name}_l0_reverse"] for name in ("weight_ih", "weight_hh", "bias_ih")
        )
        gates_of_input = F.linear(tokens, weight_ih, bias)  # N, T, 4 * hidden
        hidden = tokens.new_zeros(tokens.shape[0], self.lstm.hidden_size)
        cell = torch.zeros_like(hidden)
        outputs = []
        for t in reversed(range(tokens.shape[1])):
            i, f, g, o = (gates_of_input[:, t] + hidden @ weight_hh.T).chunk(4, dim=-1)
            cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.relu(g)
            hidden = torch.sigmoid(o) * torch.relu(cell)
            outputs.append(hidden)
        return torch.stack(outputs[::-1], dim=1)  # N, T, hidden
