"""The first layers of any PyTorch model, and their activations.

The activations of a first layer are the output of the convolution after the normalisations and elementwise functions
that directly follow it (`following`). Axes of size 1 may be added or removed, and positions cut off at the ends. The
first other call (pooling, dropout, another layer) ends the first layer.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from motiflens.basics.errors import InputError
from motiflens.models.any_model.following import following
from motiflens.models.any_model.readers import Unreadable, sequence_windows
from motiflens.models.any_model.trace import CONVOLUTIONS, ConvolutionCall, Trace, function_name, tensors_in

Edit = Callable[[torch.Tensor], torch.Tensor]


class FirstLayer(NamedTuple):
    """A convolution that reads the sequence: its place in the model, and the bases that each of its windows covers."""

    name: str  # of the convolution, as in `model.get_submodule`
    steps: tuple[str, ...]  # functions that follow it, as in ("batch_norm", "relu")
    n_filters: int
    width: int  # bases from the first to the last that one window covers
    stride: int
    first_base: int  # where the first window begins; negative by the padding
    n_windows: int
    call: int = 0  # which call of the convolution this is; another may read the other strand
    first_channel: int = 0  # of its filters at the end of its steps, where those of others may stand, too
    numbers: tuple[int, ...] = ()  # of a function: which of all calls of `conv1d` and `conv2d` are of this convolution

    @property
    def centres(self) -> torch.Tensor:
        """Position of the centre of each window, its first base + width // 2, shape=(n_windows,)."""
        return torch.arange(self.n_windows) * self.stride + self.first_base + self.width // 2


def first_layers(found: Trace, X: torch.Tensor, names: tuple[str, ...] = ()) -> tuple[FirstLayer, ...]:
    """Describe the convolutions of a trace that read the sequence, in the order in which they run, or those named.

    Parameters
    ----------
    found : Trace
        Of a forward pass on X, in any layout.
    X : torch.Tensor, shape=(n, 4, L)
    names : tuple of str, optional
        By default all convolutions whose windows cover more than one base; if there are none, the first one of width 1.

    Raises
    ------
    ValueError
        If there is none, or a named one does not read the sequence.
    """
    calls: dict[str, list[ConvolutionCall]] = {}
    for call in found.convolutions:
        calls.setdefault(call.name, []).append(call)
    for name in names or list(calls)[:1] or [""]:
        if name not in calls:
            what = (
                f"the model did not run {name!r}"
                if name
                else f"the model ran no nn.Conv1d or nn.Conv2d{_reader(found)}"
            )
            raise InputError(f"{what}: there is no first layer whose filters could be read as motifs")
    layers: dict[str, FirstLayer] = {}
    problems: dict[str, Unreadable] = {}
    for name in names or tuple(calls):
        try:
            layers[name] = _first_layer(found, calls[name], X)
        except Unreadable as problem:
            problems[name] = problem
    if problems and (names or not layers):
        raise next(iter(problems.values()))
    if names:
        return tuple(layers.values())
    return tuple(layer for layer in layers.values() if layer.width > 1) or tuple(layers.values())[:1]


_MOVES = {
    "permute", "transpose", "movedim", "swapaxes", "reshape", "view", "flatten", "unflatten", "squeeze", "unsqueeze",
    "to", "float", "contiguous", "clone", "mT", "T", "get", "unfold", "__getitem__", "flip", "cat", "stack", "pad",
    "repeat", "expand", "long", "type",
}  # fmt: skip


def _reader(found: Trace) -> str:
    """What reads the sequence first in a model without a convolution, in words."""
    reads = (call for call in found.calls if any(call.depends) and call.name not in _MOVES)
    first = next(reads, None)
    if first is None:
        return ""
    return f" (first to read the sequence is {first.name} in {repr(first.site) if first.site else 'its own forward'})"


def _first_layer(found: Trace, calls: list[ConvolutionCall], X: torch.Tensor) -> FirstLayer:
    """Of one convolution, at the first of its calls that reads the sequence: another may read the other strand."""
    problems = []
    for number, call in enumerate(calls):
        try:
            window = sequence_windows(call, X)
        except Unreadable as problem:
            problems.append(problem)
            continue
        end = following(found.calls[call.n_calls_before :], call.output, window)
        return FirstLayer(
            name=call.name,
            steps=end.steps,
            n_filters=call.output.shape[1],
            width=window.width,
            stride=window.stride,
            first_base=window.first + end.n_cut * window.stride,
            n_windows=end.n_windows,
            call=number,
            first_channel=end.first_channel,
            numbers=tuple(one.number for one in calls if one.number is not None),
        )
    raise problems[0]


@dataclass(eq=False)
class _Underway:
    """What a convolution has given, on its way to the end of the first layer."""

    values: list[torch.Tensor]  # of the map; held, so that identity tells them apart
    n_done: int = 0  # of the steps


class _Follower(TorchFunctionMode):
    """Hand each map at the end of the first layer to `edit`, and go on with what it gives back.

    A convolution may run on both strands before an activation sees either, so that several maps may be under way.
    """

    def __init__(self, layer: FirstLayer, edit: Edit, first_only: bool) -> None:
        super().__init__()
        self.layer, self.edit, self.first_only = layer, edit, first_only
        self.underway: list[_Underway] = []
        self.n_convolved = self.n_of_any = 0

    def convolved(self, _module: Any, _args: Any, output: torch.Tensor) -> torch.Tensor | None:
        """Begin to follow, as the forward hook of the convolution."""
        self.n_convolved += 1
        if self.first_only and self.n_convolved != self.layer.call + 1:
            return None
        if not self.layer.steps:
            return self._edited(output)
        self.underway.append(_Underway([output]))
        return None

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name, steps = function_name(func), self.layer.steps
        if name in CONVOLUTIONS:
            self.n_of_any += 1
            if self.n_of_any - 1 in self.layer.numbers:
                new = self.convolved(None, None, result)
                return result if new is None else new
        for one in self.underway:
            if name == steps[one.n_done] and _any_is(tensors_in((args, kwargs)), one.values):
                break
        else:
            return result
        one.n_done += 1
        if one.n_done < len(steps):
            one.values.append(result)
            return result
        self.underway.remove(one)
        new = self._edited(result)
        in_place = _any_is([result], one.values)
        return result.copy_(new) if in_place else new  # what works in place may have its result ignored

    def check_done(self) -> None:
        """Refuse a map that did not reach the end of the first layer: it was not edited."""
        if self.underway:
            raise InputError(
                f"expected {self.layer.name!r} to be followed by {', '.join(self.layer.steps)} at each of its calls, "
                f"but at {len(self.underway)} of {self.n_convolved} it was not. If the model has changed, adapt it "
                "again; if it reads both strands, apply these functions to each map before anything else, flips, too"
            )

    def _edited(self, output: torch.Tensor) -> torch.Tensor:
        start, n_filters = self.layer.first_channel, self.layer.n_filters
        own = output[:, start : start + n_filters]
        new = self.edit(own.flatten(2)).reshape(own.shape)  # n, n_filters, n_windows
        if n_filters == output.shape[1]:
            return new
        return torch.cat([output[:, :start], new, output[:, start + n_filters :]], 1)


def _any_is(tensors: Iterable[torch.Tensor], values: list[torch.Tensor]) -> bool:
    return any(tensor is value for tensor in tensors for value in values)


@contextmanager
def edited(model: nn.Module, layer: FirstLayer, edit: Edit, *, first_only: bool = False) -> Iterator[None]:
    """Context manager: replace the activations (n, n_filters, n_windows) of the first layer by `edit` of them.

    Raises
    ------
    ValueError
        At the end, if the first layer was not run.
    """
    follower = _Follower(layer, edit, first_only)
    with ExitStack() as stack:
        if not layer.numbers:
            handle = model.get_submodule(layer.name).register_forward_hook(follower.convolved)
            stack.callback(handle.remove)
        with follower:
            yield
        follower.check_done()


class _Reached(Exception):
    """Ends a forward pass early, and is no error."""

    def __init__(self, activations: torch.Tensor) -> None:
        super().__init__("the first layer is done")
        self.activations = activations


def activation_map(model: nn.Module, layer: FirstLayer, arranged: torch.Tensor) -> torch.Tensor:
    """Run a model up to the end of its first layer; returns its activations, shape=(n, n_filters, n_windows)."""

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
