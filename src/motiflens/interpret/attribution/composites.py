"""Layers that PyTorch computes in one call, step by step: each step then has a DeepLIFT rule in closed form.

The functions take what PyTorch's of the same names take and return what they return; NotImplemented for options that
are not covered.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional as F

State = tuple[torch.Tensor, ...]
Weights = tuple[torch.Tensor, ...]


def _masked(scores: torch.Tensor, mask: torch.Tensor | None, hidden: bool) -> torch.Tensor:
    """Add a mask to scores; one of booleans hides where it is `hidden`."""
    if mask is None:
        return scores
    return scores.masked_fill(mask == hidden, -torch.inf) if mask.dtype == torch.bool else scores + mask


def scaled_dot_product_attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attn_mask: torch.Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
    """Softmax of scaled products of queries and keys, times the values; without dropout."""
    if enable_gqa:
        return NotImplemented
    scores = (query * (query.shape[-1] ** -0.5 if scale is None else scale)) @ key.transpose(-1, -2)
    if is_causal:
        attn_mask = torch.ones(scores.shape[-2:], dtype=torch.bool, device=query.device).tril()
    return _masked(scores, attn_mask, False).softmax(-1) @ value


def multi_head_attention_forward(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: torch.Tensor | None,
    in_proj_bias: torch.Tensor | None,
    bias_k: torch.Tensor | None,
    bias_v: torch.Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: torch.Tensor,
    out_proj_bias: torch.Tensor | None,
    *,
    key_padding_mask: torch.Tensor | None = None,
    attn_mask: torch.Tensor | None = None,
    need_weights: bool = True,
    average_attn_weights: bool = True,
    **_: Any,
) -> Any:
    """Attention of nn.MultiheadAttention for queries (T, N, width) with one width for queries, keys and values."""
    if in_proj_weight is None or bias_k is not None or bias_v is not None or add_zero_attn:
        return NotImplemented
    if query.dim() != 3 or (attn_mask is not None and attn_mask.dim() != 2):
        return NotImplemented
    biases = (None, None, None) if in_proj_bias is None else in_proj_bias.chunk(3)
    projected = [F.linear(*given) for given in zip((query, key, value), in_proj_weight.chunk(3), biases, strict=True)]
    q, k, v = (x.unflatten(-1, (num_heads, -1)).permute(1, 2, 0, 3) for x in projected)  # N, n_heads, T, head_width
    scores = _masked((q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2), attn_mask, True)
    padding = None if key_padding_mask is None else key_padding_mask[:, None, None]
    weights = _masked(scores, padding, True).softmax(-1)  # N, n_heads, T, T
    mixed = (weights @ v).permute(2, 0, 1, 3).flatten(-2)  # T, N, width
    if average_attn_weights:
        weights = weights.mean(1)
    return F.linear(mixed, out_proj_weight, out_proj_bias), weights if need_weights else None


def _lstm_step(gates: torch.Tensor, state: State, weights: Weights) -> State:
    hidden, cell = state
    gates = gates + F.linear(hidden, *weights)  # N, 4 * n_hidden
    n_hidden = hidden.shape[-1]
    opened = torch.sigmoid(gates)  # of the third quarter unused
    let_in, keep, _, let_out = opened.split(n_hidden, -1)
    cell = keep * cell + let_in * torch.tanh(gates[..., 2 * n_hidden : 3 * n_hidden])
    return let_out * torch.tanh(cell), cell


def _gru_step(gates: torch.Tensor, state: State, weights: Weights) -> State:
    (hidden,) = state
    n_hidden = hidden.shape[-1]
    recurrent = F.linear(hidden, *weights)  # N, 3 * n_hidden
    opened = torch.sigmoid(gates[..., : 2 * n_hidden] + recurrent[..., : 2 * n_hidden])
    reset, keep = opened.split(n_hidden, -1)
    new = torch.tanh(gates[..., 2 * n_hidden :] + reset * recurrent[..., 2 * n_hidden :])
    return (new + keep * (hidden - new),)


def _rnn_step(activation: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[torch.Tensor, State, Weights], State]:
    return lambda gates, state, weights: (activation(gates + F.linear(state[0], *weights)),)


def _recurrent(
    step: Callable[[torch.Tensor, State, Weights], State], n_states: int
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


COMPOSITES: dict[str, Callable[..., Any]] = {
    "scaled_dot_product_attention": scaled_dot_product_attention,
    "multi_head_attention_forward": multi_head_attention_forward,
    "lstm": _recurrent(_lstm_step, 2),
    "gru": _recurrent(_gru_step, 1),
    "rnn_tanh": _recurrent(_rnn_step(torch.tanh), 1),
    "rnn_relu": _recurrent(_rnn_step(torch.relu), 1),
    "glu": _glu,
    "lerp": _lerp,
    **dict.fromkeys(("div", "divide", "true_divide", "truediv"), _quotient),
    "linear": lambda x, weight, bias=None: x @ weight.mT if bias is None else x @ weight.mT + bias,
    "baddbmm": lambda base, a, b, *, beta=1, alpha=1: beta * base + alpha * (a @ b),
}
