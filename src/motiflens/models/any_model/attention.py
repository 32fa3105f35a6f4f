"""Attention weights of any model, captured during a forward pass.

PyTorch's attention layers are computed here step by step, so that their weights are a tensor on which the output
depends. Other attention is recognised by its steps: a softmax over the last axis, whose result is the first factor of a
matrix product.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from motiflens.models.any_model.trace import function_name, tensors_in

# What may stand between the two steps; indexing if it leaves out keys alone.
_PASSED_ON = {"dropout", "to", "type_as", "float", "contiguous", "clone", "__getitem__"}


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
    """Softmax of scaled products of queries (..., L, E) and keys (..., S, E), times values (..., S, V); no dropout.

    With `enable_gqa`, each head of keys and values is shared by several heads of queries.
    """
    if enable_gqa:
        key = key.repeat_interleave(query.shape[-3] // key.shape[-3], -3)
        value = value.repeat_interleave(query.shape[-3] // value.shape[-3], -3)
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
    q_proj_weight: torch.Tensor | None = None,
    k_proj_weight: torch.Tensor | None = None,
    v_proj_weight: torch.Tensor | None = None,
    static_k: torch.Tensor | None = None,
    static_v: torch.Tensor | None = None,
    **_: Any,
) -> Any:
    """Attention of nn.MultiheadAttention for queries (T, N, width); keys and values may have other widths.

    Keys that the module adds, learned or zero, come after those of the sequence and are left out of the weights.
    """
    if query.dim() != 3 or static_k is not None or static_v is not None:
        return NotImplemented
    separate = (q_proj_weight, k_proj_weight, v_proj_weight)
    projections = separate if in_proj_weight is None else in_proj_weight.chunk(3)
    biases = (None, None, None) if in_proj_bias is None else in_proj_bias.chunk(3)
    pairs = zip((query, key, value), projections, biases, strict=True)
    q, k, v = (F.linear(x, cast(torch.Tensor, weight), bias) for x, weight, bias in pairs)  # T, N, width
    n_keys, n = k.shape[:2]
    for learned in [] if bias_k is None or bias_v is None else [(bias_k, bias_v)]:
        k, v = (torch.cat([x, one.repeat(1, n, 1)]) for x, one in zip((k, v), learned, strict=True))
    if add_zero_attn:
        k, v = (torch.cat([x, torch.zeros_like(x[:1])]) for x in (k, v))
    q, k, v = (x.unflatten(-1, (num_heads, -1)).permute(1, 2, 0, 3) for x in (q, k, v))  # N, n_heads, T, head_width
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    if attn_mask is not None and attn_mask.dim() == 3:
        attn_mask = attn_mask.unflatten(0, (n, num_heads))
    scores = _masked(scores, _for_more_keys(attn_mask, k.shape[2]), True)
    padding = None if key_padding_mask is None else key_padding_mask[:, None, None]
    every = _masked(scores, _for_more_keys(padding, k.shape[2]), True).softmax(-1)  # N, n_heads, T, n_keys and added
    weights = every[..., :n_keys]
    mixed = weights @ v[:, :, :n_keys]
    if k.shape[2] > n_keys:
        mixed = mixed + (every[..., n_keys:, None] * v[:, :, None, n_keys:]).sum(-2)
    mixed = mixed.permute(2, 0, 1, 3).flatten(-2)  # T, N, width
    if average_attn_weights:
        every = every.mean(1)
    return F.linear(mixed, out_proj_weight, out_proj_bias), every if need_weights else None


def _for_more_keys(mask: torch.Tensor | None, n_keys: int) -> torch.Tensor | None:
    """A mask for keys that were added, too, which nothing hides."""
    return mask if mask is None else F.pad(mask, (0, n_keys - mask.shape[-1]))


_STEPS: dict[str, Callable[..., Any]] = {
    "scaled_dot_product_attention": scaled_dot_product_attention,
    "multi_head_attention_forward": multi_head_attention_forward,
}


class _Capture(TorchFunctionMode):
    """Collect attention weights, each with its last two axes for queries and keys."""

    def __init__(self) -> None:
        super().__init__()
        self.collected: list[torch.Tensor] = []
        self._normalised: list[tuple[torch.Tensor, torch.Tensor]] = []  # what a softmax gave, and what became of it

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs, name = kwargs or {}, function_name(func)
        if name in _STEPS:
            with self:
                result = _STEPS[name](*args, **kwargs)
            if result is not NotImplemented:
                return result
        result = func(*args, **kwargs)
        if name == "softmax":
            axis = args[1] if len(args) > 1 else kwargs.get("dim")
            if isinstance(axis, int) and result.dim() >= 3 and axis % result.dim() == result.dim() - 1:
                self._normalised.append((result, result))
        elif name in _PASSED_ON or name in ("matmul", "bmm", "einsum"):
            first = next(tensors_in((args, kwargs)), None)
            for weights, current in self._normalised:
                if first is current:
                    if name in _PASSED_ON and result.shape[:-1] == current.shape[:-1]:
                        self._normalised.append((weights, result))
                    elif name not in _PASSED_ON:
                        self.collected.append(current)
                    break
        return result


@contextmanager
def capturing_attention() -> Iterator[list[torch.Tensor]]:
    """Context manager: collect the attention weights (..., n_queries, n_keys) of models that run, in order."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # its layers are one call without weights
    try:
        with _Capture() as capture:
            yield capture.collected
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


def by_sequence(weights: torch.Tensor, n: int) -> torch.Tensor | None:
    """Attention weights of n sequences as (n, n_heads, n_queries, n_keys); None if they have another form."""
    if weights.dim() < 3 or weights.shape[0] % n:
        return None
    return weights.reshape(n, -1, *weights.shape[-2:])
