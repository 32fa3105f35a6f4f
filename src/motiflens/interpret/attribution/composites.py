"""Layers that PyTorch computes in one call, here as single steps, each with a DeepLIFT rule in closed form.

The functions have the arguments and results of PyTorch's functions of the same names. They return NotImplemented for
options that they do not support.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional as F

from motiflens.models.any_model import multi_head_attention_forward, scaled_dot_product_attention

LstmState = tuple[torch.Tensor, ...]
Weights = tuple[torch.Tensor, ...]


def _lstm_step(gates: torch.Tensor, state: LstmState, weights: Weights) -> LstmState:
    hidden, cell = state
    gates = gates + F.linear(hidden, *weights)  # N, 4 * n_hidden
    n_hidden = hidden.shape[-1]
    opened = torch.sigmoid(gates)  # of the third quarter unused
    let_in, keep, _, let_out = opened.split(n_hidden, -1)
    cell = keep * cell + let_in * torch.tanh(gates[..., 2 * n_hidden : 3 * n_hidden])
    return let_out * torch.tanh(cell), cell


def _gru_step(gates: torch.Tensor, state: LstmState, weights: Weights) -> LstmState:
    (hidden,) = state
    n_hidden = hidden.shape[-1]
    recurrent = F.linear(hidden, *weights)  # N, 3 * n_hidden
    opened = torch.sigmoid(gates[..., : 2 * n_hidden] + recurrent[..., : 2 * n_hidden])
    reset, keep = opened.split(n_hidden, -1)
    new = torch.tanh(gates[..., 2 * n_hidden :] + reset * recurrent[..., 2 * n_hidden :])
    return (new + keep * (hidden - new),)


def _rnn_step(
    activation: Callable[[torch.Tensor], torch.Tensor],
) -> Callable[[torch.Tensor, LstmState, Weights], LstmState]:
    return lambda gates, state, weights: (activation(gates + F.linear(state[0], *weights)),)


def _recurrent(
    step: Callable[[torch.Tensor, LstmState, Weights], LstmState], n_states: int
) -> Callable[..., tuple[torch.Tensor, ...]]:
    """One of PyTorch's recurrent layers, of any depth and in one or both directions, from its step."""

    def layer(x: torch.Tensor, *arguments: Any) -> Any:
        if len(arguments) != 8:  # packed sequences
            return NotImplemented
        states, flat_weights, has_biases, n_layers, _, _, both_ways, batch_first = arguments
        n_directions, n_weights = 1 + both_ways, 4 if has_biases else 2
        if len(flat_weights) != n_layers * n_directions * n_weights:  # projections
            return NotImplemented
        states = states if isinstance(states, tuple) else (states,)
        x = x.transpose(0, 1) if batch_first else x  # T, N, n_inputs
        last = []
        for depth in range(n_layers):
            outputs = []
            for direction in range(n_directions):
                index = depth * n_directions + direction
                w_in, w_hidden, *biases = flat_weights[index * n_weights : (index + 1) * n_weights]
                gates = F.linear(x, w_in, *biases[:1])  # T, N, n_gates * n_hidden
                state = tuple(values[index] for values in states)
                seen = []
                for gate in gates.flip(0) if direction else gates:
                    state = step(gate, state, (w_hidden, *biases[1:]))
                    seen.append(state[0])
                outputs.append(torch.stack(seen[::-1] if direction else seen))
                last.append(state)
            x = torch.cat(outputs, -1)  # T, N, n_directions * n_hidden
        x = x.transpose(0, 1) if batch_first else x
        return (x, *(torch.stack([state[i] for state in last]) for i in range(n_states)))

    return layer


def _glu(x: torch.Tensor, dim: int = -1) -> torch.Tensor:
    value, gate = x.chunk(2, dim)
    return value * torch.sigmoid(gate)


def _quotient(a: torch.Tensor, b: torch.Tensor, *, rounding_mode: str | None = None) -> Any:
    return NotImplemented if rounding_mode else a * torch.reciprocal(b)


def _lerp(a: torch.Tensor, b: torch.Tensor, weight: Any) -> torch.Tensor:
    return a + weight * (b - a)


def _larger(a: torch.Tensor, b: Any = None, *more: Any, **options: Any) -> Any:
    """Larger of two tensors, such as those of both strands, as the maximum over an axis of two."""
    b = options.pop("other", b)
    if not isinstance(b, torch.Tensor) or more or options:
        return NotImplemented  # the maximum over an axis
    return torch.stack(torch.broadcast_tensors(a, b), -1).amax(-1)


def _smaller(a: torch.Tensor, b: Any = None, *more: Any, **options: Any) -> Any:
    b = options.pop("other", b)
    if not isinstance(b, torch.Tensor) or more or options:
        return NotImplemented
    return -torch.stack(torch.broadcast_tensors(-a, -b), -1).amax(-1)


def _adaptive_max_pool(x: torch.Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Maxima of parts that cover the positions: part i from floor(i L / n) to ceil((i + 1) L / n)."""
    n_parts = output_size[0] if isinstance(output_size, tuple | list) else output_size
    return NotImplemented if n_parts == 1 or return_indices else _parts(x, n_parts)


def _parts(x: torch.Tensor, n: int) -> torch.Tensor:
    length = x.shape[-1]
    return torch.stack([x[..., i * length // n : -(-(i + 1) * length // n)].amax(-1) for i in range(n)], -1)


def _adaptive_max_pool_2d(x: torch.Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Maxima along the last axis, then along the one before."""
    if return_indices:
        return NotImplemented
    sizes = tuple(output_size) if isinstance(output_size, tuple | list) else (output_size, output_size)
    for size in reversed(sizes):
        x = _parts(x, x.shape[-1] if size is None else size).transpose(-1, -2)
    return x


def _largest_of_axes(x: torch.Tensor, dim: Any = (), keepdim: bool = False) -> Any:
    """Maximum over several axes, one after the other; over all of them it would mix sequences."""
    if not isinstance(dim, tuple | list) or len(dim) < 2:
        return NotImplemented
    for axis in sorted((one % x.dim() for one in dim), reverse=True):
        x = x.amax(axis, keepdim)
    return x


COMPOSITES: dict[str, Callable[..., Any]] = {
    "scaled_dot_product_attention": scaled_dot_product_attention,
    "multi_head_attention_forward": multi_head_attention_forward,
    "lstm": _recurrent(_lstm_step, 2),
    "gru": _recurrent(_gru_step, 1),
    "rnn_tanh": _recurrent(_rnn_step(torch.tanh), 1),
    "rnn_relu": _recurrent(_rnn_step(torch.relu), 1),
    "glu": _glu,
    **dict.fromkeys(("maximum", "fmax", "max"), _larger),
    **dict.fromkeys(("minimum", "fmin", "min"), _smaller),
    "adaptive_max_pool1d": _adaptive_max_pool,
    "adaptive_max_pool2d": _adaptive_max_pool_2d,
    "amax": _largest_of_axes,
    "lerp": _lerp,
    **dict.fromkeys(("div", "divide", "true_divide", "truediv"), _quotient),
    "linear": lambda x, weight, bias=None: x @ weight.mT if bias is None else x @ weight.mT + bias,
    "baddbmm": lambda base, a, b, *, beta=1, alpha=1: beta * base + alpha * (a @ b),
}
