"""Find the convolution that reads the sequence in any PyTorch model, and get at its activation map.

A convolution is found as a module, by forward hooks; what follows it is found by watching the calls of PyTorch
functions, so that ``F.relu(self.conv(x))`` and ``nn.ReLU()`` are the same to us.

The map of the first layer is what comes out of the convolution and of the normalisations and element-wise
nonlinearities that directly follow it: calls whose only tensor of the forward pass is what came before, as long as
nothing else uses that tensor (a residual branch, a gate), and through axes of size 1 added or removed. The first
other call (pooling, dropout, another layer) ends it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from motiflens.basics.errors import InputError

Convolution = nn.Conv1d | nn.Conv2d
Edit = Callable[[torch.Tensor], torch.Tensor]

_NORMALISATIONS = {"batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm"}
_NONLINEARITIES = {
    "relu", "relu6", "leaky_relu", "prelu", "rrelu", "elu", "celu", "selu", "gelu", "silu", "mish", "softplus",
    "softsign", "sigmoid", "logsigmoid", "tanh", "hardsigmoid", "hardswish", "hardtanh", "threshold", "clamp",
    "exp", "expm1", "log1p", "square", "abs",
}  # fmt: skip
_RESHAPES = {"squeeze", "unsqueeze"}
FOLLOWED = _NORMALISATIONS | _NONLINEARITIES | _RESHAPES


class FirstLayer(NamedTuple):
    """Where a model's first layer is, and which bases each position of its map has seen."""

    name: str  # of the convolution, as in `model.get_submodule`
    steps: tuple[str, ...]  # functions that follow it, as in ("batch_norm", "relu")
    n_filters: int
    width: int  # bases from the first to the last that one window covers
    stride: int
    first_base: int  # where the first window begins; negative by the padding
    n_windows: int

    @property
    def centres(self) -> torch.Tensor:
        """Base at the centre of each window, its first base + width // 2, shape=(n_windows,)."""
        return torch.arange(self.n_windows) * self.stride + self.first_base + self.width // 2


class ConvolutionCall(NamedTuple):
    """One call of a convolution during a forward pass."""

    name: str
    module: Convolution
    seen: torch.Tensor
    output: torch.Tensor
    n_calls_before: int


class Call(NamedTuple):
    """One call of a PyTorch function during a forward pass."""

    name: str
    inputs: tuple[torch.Tensor, ...]
    outputs: tuple[torch.Tensor, ...]


class Trace(NamedTuple):
    """What happened in one forward pass."""

    output: Any
    calls: list[Call]  # keep their tensors alive, so that identity tells them apart
    convolutions: list[ConvolutionCall]


class _Recorder(TorchFunctionMode):
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        outputs = tuple(_tensors(result))
        if outputs:  # not `x.shape` and the like
            self.calls.append(Call(function_name(func), tuple(_tensors((args, kwargs))), outputs))
        return result


def trace(model: nn.Module, arranged: torch.Tensor) -> Trace:
    """Run a model once and write down its convolutions and its calls of PyTorch functions."""
    recorder, convolutions = _Recorder(), []

    def watch(name: str) -> Callable[..., None]:
        def hook(module: Any, args: Any, kwargs: Any, output: torch.Tensor) -> None:
            seen = next(_tensors((args, kwargs)))
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


def locate(found: Trace, X: torch.Tensor, name: str | None = None) -> FirstLayer:
    """Describe the first convolution of a trace, or the one of this name.

    Parameters
    ----------
    found : Trace
        Of a forward pass on X, in whatever layout.
    X : torch.Tensor, shape=(n, 4, L)
    name : str, optional

    Raises
    ------
    ValueError
        If there is none, or it does not read the sequence.
    """
    called = [call for call in found.convolutions if name is None or call.name == name]
    if not called:
        what = "the model ran no nn.Conv1d or nn.Conv2d" if name is None else f"the model did not run {name!r}"
        raise InputError(f"{what}: there is no first layer whose filters could be read as motifs")
    first = called[0]
    axis = _position_axis(first)
    first_base, width = _window(first, axis, X)
    stride = int(first.module.stride[axis - 2])
    steps = _following(found.calls[first.n_calls_before :], first.output)
    n_windows = first.output[0, 0].numel()
    return FirstLayer(first.name, steps, first.module.out_channels, width, stride, first_base, n_windows)


def _position_axis(call: ConvolutionCall) -> int:
    """Which axis of the convolution's input runs along the sequence: 2 or 3; one of the others has the four bases."""
    module, shape = call.module, tuple(call.seen.shape)
    if isinstance(module, nn.Conv1d):
        fits, axis = len(shape) == 3 and shape[1] == 4, 2
    else:
        bases_first = len(shape) == 4 and shape[2] == (1 if shape[1] == 4 else 4)
        axis = 3 if bases_first else 2
        across = 5 - axis
        covers = len(shape) == 4 and module.kernel_size[across - 2] == shape[across] and _padding(module, across) == 0
        fits = covers and shape[1] * shape[across] == 4
    if not fits or module.groups != 1:
        grouped = f" in {module.groups} groups" if module.groups != 1 else ""
        raise InputError(
            f"expected a first convolution whose kernel sees all four bases, got {call.name!r} with kernel "
            f"{tuple(module.kernel_size)}{grouped} on an input of shape (n, {', '.join(map(str, shape[1:]))}): "
            "name the convolution that reads the sequence (first_layer)"
        )
    return axis


def _window(call: ConvolutionCall, axis: int, X: torch.Tensor) -> tuple[int, int]:
    """Base at which the first window begins, and how many bases a window covers."""
    seen = call.seen if call.seen.dim() == 3 else call.seen.movedim(axis, -1).flatten(1, 2)  # n, 4, positions
    if len(seen) != len(X):
        raise InputError(
            f"expected the convolution {call.name!r} to see {len(X)} sequences at a time, it saw {len(seen)}: run it "
            "on each strand by itself, not on both in one batch"
        )
    length, wanted = X.shape[2], X.argmax(1)
    known = X.sum(1) > 0  # an unknown base has no argmax
    bases = seen.argmax(1)
    for before in range(max(seen.shape[2] - length, -1) + 1):  # the model may have padded the sequence itself
        if bool((bases[:, before : before + length] == wanted)[known].all()):
            dilation, kernel = int(call.module.dilation[axis - 2]), int(call.module.kernel_size[axis - 2])
            return -_padding(call.module, axis) - before, dilation * (kernel - 1) + 1
    raise InputError(
        f"expected the convolution {call.name!r} to see the sequences as they were given, but they were changed before "
        f"it (cropped, reversed, or their bases reordered; its input has {seen.shape[2]} positions of {length}): "
        "name another convolution (first_layer), or change them outside the model"
    )


def _padding(module: Convolution, axis: int) -> int:
    """Positions added before the first one along an axis of the input."""
    if isinstance(module.padding, str):
        total = module.dilation[axis - 2] * (module.kernel_size[axis - 2] - 1)
        return int(total // 2) if module.padding == "same" else 0
    return int(module.padding[axis - 2])


def _following(calls: list[Call], output: torch.Tensor) -> tuple[str, ...]:
    """Names of the followed functions between a convolution's output and the end of its map."""
    n, n_filters, *_ = output.shape
    current, names, kept = output, [], 0
    while True:
        uses = [i for i, call in enumerate(calls) if any(tensor is current for tensor in call.inputs)]
        if not uses:
            break
        call = calls[uses[0]]
        (after, *others) = call.outputs
        in_place = after is current  # then later uses are of what it has become
        if call.name not in FOLLOWED or call.inputs[0] is not current or others or (len(uses) > 1 and not in_place):
            break
        names.append(call.name)
        current, calls = after, calls[uses[0] + 1 :]
        fits = after.shape[:2] == (n, n_filters) and after.numel() == output.numel()
        if fits and call.name not in _RESHAPES:
            kept = len(names)
    return tuple(names[:kept])


@dataclass(eq=False)
class _Underway:
    """What a convolution has given, on its way to the end of the first layer."""

    current: torch.Tensor
    n_done: int = 0  # of the steps


class _Follower(TorchFunctionMode):
    """Hand each map at the end of the first layer to `edit`, and go on with what it gives back.

    A convolution may run on both strands before an activation sees either, so that several maps may be under way.
    """

    def __init__(self, layer: FirstLayer, edit: Edit, first_only: bool) -> None:
        super().__init__()
        self.layer, self.edit, self.first_only = layer, edit, first_only
        self.underway: list[_Underway] = []
        self.n_convolved = 0

    def convolved(self, _module: nn.Module, _args: Any, output: torch.Tensor) -> torch.Tensor | None:
        """Begin to follow, as the forward hook of the convolution."""
        self.n_convolved += 1
        if self.first_only and self.n_convolved > 1:
            return None
        if not self.layer.steps:
            return self._edited(output)
        self.underway.append(_Underway(output))
        return None

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if not self.underway:
            return result
        name, before = function_name(func), next(_tensors((args, kwargs)), None)
        steps = self.layer.steps
        for one in self.underway:
            if before is one.current and name == steps[one.n_done]:
                break
        else:
            return result
        one.current, one.n_done = result, one.n_done + 1
        if one.n_done < len(steps):
            return result
        self.underway.remove(one)
        new = self._edited(result)
        return result.copy_(new) if result is before else new  # what works in place may have its result ignored

    def check_done(self) -> None:
        """Refuse a map that did not reach the end of the first layer: it was not edited."""
        if self.underway:
            raise InputError(
                f"expected {self.layer.name!r} to be followed by {', '.join(self.layer.steps)} at each of its calls, "
                f"but at {len(self.underway)} of {self.n_convolved} it was not. If the model has changed, adapt it "
                "again; if it reads both strands, apply these functions to each map before anything else, flips, too"
            )

    def _edited(self, output: torch.Tensor) -> torch.Tensor:
        return self.edit(output.flatten(2)).reshape(output.shape)  # n, n_filters, n_windows


@contextmanager
def edited(model: nn.Module, layer: FirstLayer, edit: Edit, *, first_only: bool = False) -> Iterator[None]:
    """Have the map of the first layer go through `edit`, (n, n_filters, n_windows) to the same, at each call.

    Raises
    ------
    ValueError
        At the end, if a map did not go through it.
    """
    follower = _Follower(layer, edit, first_only)
    handle = model.get_submodule(layer.name).register_forward_hook(follower.convolved)
    try:
        with follower:
            yield
        follower.check_done()
    finally:
        handle.remove()


class _Reached(Exception):
    """Ends a forward pass early, and is no error."""

    def __init__(self, activations: torch.Tensor) -> None:
        super().__init__("the first layer is done")
        self.activations = activations


def activation_map(model: nn.Module, layer: FirstLayer, arranged: torch.Tensor) -> torch.Tensor:
    """Run a model up to the end of its first layer; its map, shape=(n, n_filters, n_windows)."""

    def stop(activations: torch.Tensor) -> torch.Tensor:
        raise _Reached(activations)

    try:
        with edited(model, layer, stop, first_only=True):
            model(arranged)
    except _Reached as reached:
        return reached.activations
    raise InputError(
        f"expected the model to run {layer.name!r}, as when it was adapted, but it did not: adapt it again"
    )


def convolutions_of(model: nn.Module) -> dict[str, Convolution]:
    """Every convolution of a model by its dotted name."""
    return {name: module for name, module in model.named_modules() if isinstance(module, nn.Conv1d | nn.Conv2d)}


def function_name(func: Any) -> str:
    """Name of a PyTorch function; "relu" for `relu_`, which works in place."""
    name = getattr(func, "__name__", "")
    return name if name.startswith("__") else name.rstrip("_")


def _tensors(values: Any) -> Iterator[torch.Tensor]:
    """Every tensor in nested tuples, lists and dictionaries."""
    if isinstance(values, torch.Tensor):
        yield values
    elif isinstance(values, tuple | list):
        for value in values:
            yield from _tensors(value)
    elif isinstance(values, dict):
        yield from _tensors(tuple(values.values()))
