"""The blocks of a named architecture, in their order, in one line."""

from itertools import groupby
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from motiflens.models.hybrid.attention import MultiHeadAttention
from motiflens.models.hybrid.registry import network_config, network_of

_MOST_BLOCKS = 14


class Outline(NamedTuple):
    """One architecture."""

    name: str
    length: int  # of its sequences, as in the study or publication
    n_outputs: int
    n_parameters: int
    blocks: str  # such as "conv 320/26 > pool 13 @75 > BiLSTM 320": filters/kernel, and positions after a pool


class _Attentions(TorchFunctionMode):
    """Notes calls of PyTorch's attention, which are no modules."""

    def __init__(self, blocks: list[str]) -> None:
        super().__init__()
        self.blocks = blocks

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") == "scaled_dot_product_attention":
            n_heads, n_tokens = args[1].shape[1:3]
            self.blocks.append(f"attention of {n_heads} heads @{n_tokens}")
        return func(*args, **(kwargs or {}))


def outline(architecture: str) -> Outline:
    """Outline of a named architecture in the sizes of the study's Task 1, or as published.

    Raises
    ------
    InputError
        If there is no such architecture.
    """
    config = network_config(architecture)
    blocks: list[str] = []
    with torch.device("meta"):  # shapes without numbers
        network = network_of(config).eval()
        for module in network.modules():
            if (word := _word(module)) is not None:
                module.register_forward_hook(_noting(blocks, word))
        with _Attentions(blocks), torch.no_grad():
            network(torch.zeros(2, 4, config.length))
    counted = [(block, len(list(same))) for block, same in groupby(blocks)]
    words = [block if n == 1 else f"{n} x {block}" for block, n in counted]
    if len(words) > _MOST_BLOCKS:
        half = _MOST_BLOCKS // 2
        words = [*words[:half], f"... {len(words) - 2 * half} more ...", *words[-half:]]
    n_parameters = sum(parameter.numel() for parameter in network.parameters())
    return Outline(architecture, config.length, config.n_outputs, n_parameters, " > ".join(words))


def _word(module: nn.Module) -> str | None:
    """What a module is called in an outline; None for what is too small to be named."""
    if isinstance(module, nn.Conv1d):
        groups = f" in {module.groups} groups" if module.groups > 1 else ""
        return f"conv {module.out_channels}/{module.kernel_size[0]}{groups}"
    if isinstance(module, nn.MaxPool1d | nn.AvgPool1d):
        size = module.kernel_size
        return f"pool {size[0] if isinstance(size, tuple) else size}"
    if isinstance(module, nn.LSTM):
        return f"{'Bi' if module.bidirectional else ''}LSTM {module.hidden_size}"
    if isinstance(module, MultiHeadAttention):
        return f"attention of {module.n_heads} heads"
    if isinstance(module, nn.Linear):
        return f"dense {module.out_features}"
    return None


def _noting(blocks: list[str], word: str) -> Any:
    def note(_module: nn.Module, _args: Any, output: Any) -> None:
        blocks.append(f"{word} @{output.shape[-1]}" if word.startswith("pool") else word)

    return note
