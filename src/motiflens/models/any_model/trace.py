"""What a PyTorch model does in one forward pass: its convolutions, and its calls of PyTorch functions.

A convolution is found as a module, by forward hooks; what follows it is found by watching the calls of PyTorch
functions, so that ``F.relu(self.conv(x))`` and ``nn.ReLU()`` are the same to us.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from motiflens.basics.tables import by_fields

Convolution = nn.Conv1d | nn.Conv2d

# PyTorch's names of one function: as a method, as an operator, as a function of torch.nn.functional.
_SAME = {
    "log_sigmoid": "logsigmoid", "clip": "clamp", "radd": "add", "iadd": "add", "rmul": "mul", "imul": "mul",
    "rsub": "sub", "isub": "sub", "truediv": "div", "itruediv": "div",
}  # fmt: skip


class ConvolutionCall(NamedTuple):
    """One call of a convolution during a forward pass."""

    name: str
    module: Convolution
    seen: torch.Tensor
    output: torch.Tensor
    n_calls_before: int


class TracedCall(NamedTuple):
    """One call of a PyTorch function during a forward pass."""

    name: str
    inputs: tuple[torch.Tensor, ...]
    outputs: tuple[torch.Tensor, ...]
    depends: tuple[bool, ...]  # which inputs come from the model's input


@by_fields
class Trace(NamedTuple):
    """What happened in one forward pass."""

    output: Any
    calls: list[TracedCall]  # keep their tensors alive, so that identity tells them apart
    convolutions: list[ConvolutionCall]


class _Recorder(TorchFunctionMode):
    """Write calls down; `from_input` holds the identities of the tensors that come from the model's input."""

    def __init__(self, arranged: torch.Tensor) -> None:
        super().__init__()
        self.calls: list[TracedCall] = []
        self.from_input = {id(arranged)}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name, outputs = function_name(func), tuple(tensors_in(result))
        of_shape_alone = name.endswith("_like") or name.startswith("new_")
        if outputs and not of_shape_alone:  # nor `x.shape` and the like
            inputs = tuple(tensors_in((args, kwargs)))
            depends = tuple(id(tensor) in self.from_input for tensor in inputs)
            self.calls.append(TracedCall(name, inputs, outputs, depends))
            if any(depends):
                self.from_input |= {id(tensor) for tensor in outputs}
        return result


def trace(model: nn.Module, arranged: torch.Tensor) -> Trace:
    """Run a model once and write down its convolutions and its calls of PyTorch functions."""
    arranged = arranged.clone()  # the model may write into it
    recorder, convolutions = _Recorder(arranged), []

    def watch(name: str) -> Callable[..., None]:
        def hook(module: Any, args: Any, kwargs: Any, output: torch.Tensor) -> None:
            seen = next(tensors_in((args, kwargs)))
            convolutions.append(ConvolutionCall(name, module, seen, output, len(recorder.calls)))

        return hook

    handles = [
        module.register_forward_hook(watch(name), with_kwargs=True) for name, module in convolutions_of(model).items()
    ]
    try:
        with recorder:
            output = model(arranged)
    finally:
        for handle in handles:
            handle.remove()
    return Trace(output, recorder.calls, convolutions)


def convolutions_of(model: nn.Module) -> dict[str, Convolution]:
    """Every convolution of a model by its dotted name."""
    return {name: module for name, module in model.named_modules() if isinstance(module, nn.Conv1d | nn.Conv2d)}


def function_name(func: Any) -> str:
    """Name of a PyTorch function; "relu" for `relu_`, which works in place, "add" for the operator."""
    name = getattr(func, "__name__", "")
    if name == "__getitem__":
        return name
    bare = name.strip("_")
    return _SAME.get(bare, bare)


def tensors_in(values: Any) -> Iterator[torch.Tensor]:
    """Every tensor in nested tuples, lists and dictionaries."""
    if isinstance(values, torch.Tensor):
        yield values
    elif isinstance(values, tuple | list):
        for value in values:
            yield from tensors_in(value)
    elif isinstance(values, dict):
        yield from tensors_in(tuple(values.values()))
