"""A record of one forward pass of a PyTorch model: its convolutions, and its calls of PyTorch functions.

A convolution is found as a module, by forward hooks, or as a call of `conv1d` or `conv2d` outside of such a module. The
steps after it are found by intercepting calls of PyTorch functions, so ``F.relu(self.conv(x))`` and ``nn.ReLU()`` are
treated alike.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from motiflens.basics.tables import by_fields

Convolution = nn.Conv1d | nn.Conv2d

# PyTorch's names of one function: as a method, as an operator, as a function of torch.nn.functional.
_SAME = {
    "log_sigmoid": "logsigmoid", "clip": "clamp", "radd": "add", "iadd": "add", "rmul": "mul", "imul": "mul",
    "rsub": "sub", "isub": "sub", "truediv": "div", "itruediv": "div", "rtruediv": "div", "rdiv": "div",
    "multiply": "mul", "subtract": "sub", "divide": "div", "true_divide": "div", "negative": "neg", "absolute": "abs",
    "special_expit": "sigmoid", "special_softmax": "softmax", "special_log_softmax": "log_softmax",
    "special_erf": "erf", "special_exp2": "exp2", "special_expm1": "expm1", "special_log1p": "log1p",
    "greater": "gt", "less": "lt", "greater_equal": "ge", "less_equal": "le",
}  # fmt: skip
CONVOLUTIONS = ("conv1d", "conv2d")
OWN_FORWARD = "forward"  # what a convolution is called that the model's own forward calls; no module can have this name


class ConvolutionCall(NamedTuple):
    """One call of a convolution during a forward pass."""

    name: str  # of the module; of a function, that of the module that calls it
    module: Convolution  # of a function, one of its sizes and without its weights
    seen: torch.Tensor
    output: torch.Tensor
    n_calls_before: int
    number: int | None = None  # of a function: which of all calls of `conv1d` and `conv2d`, those of modules too


@dataclass(eq=False)
class Site:
    """One forward pass of a module."""

    name: str
    is_convolution: bool
    n_convolved: int = 0  # calls of functions that convolve


class TracedCall(NamedTuple):
    """One call of a PyTorch function during a forward pass."""

    name: str
    inputs: tuple[torch.Tensor, ...]
    outputs: tuple[torch.Tensor, ...]
    depends: tuple[bool, ...]  # which inputs come from the model's input
    site: str = ""  # the module that makes the call; empty for the model's own forward


@by_fields
class Trace(NamedTuple):
    """All convolutions and calls of one forward pass."""

    output: Any
    calls: list[TracedCall]  # keep their tensors alive, so that identity tells them apart
    convolutions: list[ConvolutionCall]


class _Recorder(TorchFunctionMode):
    """Write calls down; `from_input` holds the identities of the tensors that come from the model's input."""

    def __init__(self, arranged: torch.Tensor) -> None:
        super().__init__()
        self.calls: list[TracedCall] = []
        self.from_input = {id(arranged)}
        self.convolutions: list[ConvolutionCall] = []
        self.sites: list[Site] = []  # the forward passes of modules that are under way, innermost last
        self.n_convolved = 0
        self._names: dict[tuple[str, int], str] = {}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name, outputs = function_name(func), tuple(tensors_in(result))
        of_shape_alone = name.endswith("_like") or name.startswith("new_")
        if outputs and not of_shape_alone:  # nor `x.shape` and the like
            inputs = tuple(tensors_in((args, kwargs)))
            depends = tuple(id(tensor) in self.from_input for tensor in inputs)
            site = self.sites[-1].name if self.sites else ""
            self.calls.append(TracedCall(name, inputs, outputs, depends, site))
            if any(depends):
                self.from_input |= {id(tensor) for tensor in outputs}
        if name in CONVOLUTIONS:
            self._convolved(func, args, kwargs or {}, result)
        return result

    def _convolved(self, func: Any, args: Any, kwargs: dict[str, Any], result: torch.Tensor) -> None:
        """Write down a convolution that is no module, under the name of the module that calls it."""
        number, self.n_convolved = self.n_convolved, self.n_convolved + 1
        site = self.sites[-1]
        if site.is_convolution:
            return
        given = dict(zip(("input", "weight", "bias", "stride", "padding", "dilation", "groups"), args, strict=False))
        given |= kwargs
        weight = given["weight"]
        site.n_convolved += 1  # weights that are made anew have no other name than this
        key = (site.name, id(weight) if isinstance(weight, nn.Parameter) else -site.n_convolved)
        name = self._names.setdefault(key, self._new_name(site.name))
        sizes = {key: given[key] for key in ("stride", "padding", "dilation", "groups") if key in given}
        kind = nn.Conv1d if function_name(func) == "conv1d" else nn.Conv2d
        n_in, kernel = weight.shape[1] * sizes.get("groups", 1), tuple(weight.shape[2:])
        module = kind(n_in, len(weight), kernel, bias=False, **sizes, device=weight.device, dtype=weight.dtype)
        call = ConvolutionCall(name, module, given["input"], result, len(self.calls), number)
        self.convolutions.append(call)

    def _new_name(self, site: str) -> str:
        """The module's name, with a number where it calls several convolutions."""
        n_others = len({name for (place, _), name in self._names.items() if place == site})
        return (site or OWN_FORWARD) + (f":{n_others + 1}" if n_others else "")


def trace(model: nn.Module, arranged: torch.Tensor) -> Trace:
    """Run a model once on its own input, of any shape; record its convolutions and calls of PyTorch functions."""
    arranged = arranged.clone()  # the model may write into it
    recorder, modules = _Recorder(arranged), convolutions_of(model)

    def watch(name: str) -> Callable[..., None]:
        def hook(module: Any, args: Any, kwargs: Any, output: torch.Tensor) -> None:
            seen = next(tensors_in((args, kwargs)))
            recorder.convolutions.append(ConvolutionCall(name, module, seen, output, len(recorder.calls)))

        return hook

    handles = [module.register_forward_hook(watch(name), with_kwargs=True) for name, module in modules.items()]
    try:
        with recorder, entered(model, recorder.sites):
            output = model(arranged)
    finally:
        for handle in handles:
            handle.remove()
    return Trace(output, recorder.calls, recorder.convolutions)


@contextmanager
def entered(model: nn.Module, sites: list[Site]) -> Iterator[None]:
    """Context manager: a list of the modules whose forward passes are running, the innermost last."""

    def enter(name: str) -> Callable[..., None]:
        return lambda module, *_: sites.append(Site(name, isinstance(module, nn.Conv1d | nn.Conv2d)))

    def leave(*_: Any) -> None:
        sites.pop()

    handles = []
    for name, module in model.named_modules():
        if isinstance(module, torch.jit.ScriptModule):  # takes no hooks
            continue
        handles += [module.register_forward_pre_hook(enter(name)), module.register_forward_hook(leave)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def unwrapped(model: nn.Module) -> nn.Module:
    """The original model inside of a compiled or data-parallel one."""
    while True:
        if isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel):
            model = model.module
        elif isinstance(inner := getattr(model, "_orig_mod", None), nn.Module):  # of torch.compile
            model = inner
        else:
            return model


def convolutions_of(model: nn.Module) -> dict[str, Convolution]:
    """Every convolution of a model by its dotted name."""
    return {name: module for name, module in model.named_modules() if isinstance(module, nn.Conv1d | nn.Conv2d)}


def function_name(func: Any) -> str:
    """Name of a PyTorch function; "relu" also for the in-place `relu_`, "add" also for the operator."""
    name = getattr(func, "__name__", "")
    if name == "__getitem__":
        return name
    bare = name.strip("_")
    return _SAME.get(bare, bare)


def tensors_in(values: Any) -> Iterator[torch.Tensor]:
    """Every tensor, of any shape, in nested tuples, lists and dictionaries."""
    if isinstance(values, torch.Tensor):
        yield values
    elif isinstance(values, tuple | list):
        for value in values:
            yield from tensors_in(value)
    elif isinstance(values, dict):
        yield from tensors_in(tuple(values.values()))
