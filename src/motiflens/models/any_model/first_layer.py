"""The first layers of any PyTorch model, and how to get at their activation maps.

The map of a first layer is what comes out of the convolution and of the normalisations and element-wise functions that
directly follow it: calls whose only tensor that comes from the sequence is what came before, as long as nothing else
uses that tensor (a residual branch, a gate), and through axes of size 1 added or removed and positions cut off at the
ends. The first other call (pooling, dropout, another layer) ends it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from motiflens.basics.errors import InputError
from motiflens.models.any_model.readers import Unreadable, Window, sequence_windows
from motiflens.models.any_model.trace import ConvolutionCall, Trace, TracedCall, function_name, tensors_in

Edit = Callable[[torch.Tensor], torch.Tensor]

_NORMALISATIONS = {"batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm"}
_NONLINEARITIES = {
    "relu", "relu6", "leaky_relu", "prelu", "rrelu", "elu", "celu", "selu", "gelu", "silu", "mish", "softplus",
    "softsign", "sigmoid", "logsigmoid", "tanh", "hardsigmoid", "hardswish", "hardtanh", "threshold", "clamp",
    "clamp_min", "clamp_max", "maximum", "minimum", "max", "min", "fmax", "fmin", "softshrink", "hardshrink",
    "tanhshrink", "exp", "exp2", "expm1", "log", "log1p", "sqrt", "square", "pow", "abs", "erf", "sin", "cos",
}  # fmt: skip
_RESHAPES = {"squeeze", "unsqueeze", "contiguous", "clone", "to", "float", "type_as"}
_CUTS = {"__getitem__", "narrow"}
FOLLOWED = _NORMALISATIONS | _NONLINEARITIES | _RESHAPES | _CUTS


class FirstLayer(NamedTuple):
    """Where a convolution that reads the sequence is, and which bases each position of its map has seen."""

    name: str  # of the convolution, as in `model.get_submodule`
    steps: tuple[str, ...]  # functions that follow it, as in ("batch_norm", "relu")
    n_filters: int
    width: int  # bases from the first to the last that one window covers
    stride: int
    first_base: int  # where the first window begins; negative by the padding
    n_windows: int
    call: int = 0  # which call of the convolution this is; another may read the other strand

    @property
    def centres(self) -> torch.Tensor:
        """Base at the centre of each window, its first base + width // 2, shape=(n_windows,)."""
        return torch.arange(self.n_windows) * self.stride + self.first_base + self.width // 2


def first_layers(found: Trace, X: torch.Tensor, names: tuple[str, ...] = ()) -> tuple[FirstLayer, ...]:
    """Describe the convolutions of a trace that read the sequence, in the order in which they run, or those named.

    Parameters
    ----------
    found : Trace
        Of a forward pass on X, in whatever layout.
    X : torch.Tensor, shape=(n, 4, L)
    names : tuple of str, optional
        By default all whose windows cover more than one base, since one base is no motif; of convolutions of width 1
        only the first, where there is no other.

    Raises
    ------
    ValueError
        If there is none, or one that is named does not read the sequence.
    """
    calls: dict[str, list[ConvolutionCall]] = {}
    for call in found.convolutions:
        calls.setdefault(call.name, []).append(call)
    for name in names or list(calls)[:1] or [""]:
        if name not in calls:
            what = f"the model did not run {name!r}" if name else "the model ran no nn.Conv1d or nn.Conv2d"
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


def _first_layer(found: Trace, calls: list[ConvolutionCall], X: torch.Tensor) -> FirstLayer:
    """Of one convolution, at the first of its calls that reads the sequence: another may read the other strand."""
    problems = []
    for number, call in enumerate(calls):
        try:
            window = sequence_windows(call, X)
        except Unreadable as problem:
            problems.append(problem)
            continue
        steps, end, n_cut = _following(found.calls[call.n_calls_before :], call.output, window)
        return FirstLayer(
            name=call.name,
            steps=steps,
            n_filters=call.output.shape[1],
            width=window.width,
            stride=window.stride,
            first_base=window.first + n_cut * window.stride,
            n_windows=end[0, 0].numel(),
            call=number,
        )
    raise problems[0]


def _following(
    calls: list[TracedCall], output: torch.Tensor, window: Window
) -> tuple[tuple[str, ...], torch.Tensor, int]:
    """Names of the followed functions between a convolution's output and the end of its map, and that end.

    The last is how many windows were cut off before the first that is left.
    """
    n, n_filters, *_ = output.shape
    current, names, n_cut = output, [], 0
    kept: tuple[int, torch.Tensor, int] = (0, output, 0)
    while True:
        uses = [i for i, call in enumerate(calls) if any(tensor is current for tensor in call.inputs)]
        if not uses:
            break
        call = calls[uses[0]]
        (after, *others) = call.outputs
        in_place = after is current  # then later uses are of what it has become
        if not _is_followed(call, current) or others or (len(uses) > 1 and not in_place):
            break
        if call.name in _CUTS:
            cut = _n_cut(current, after)
            if cut is None:
                break
            n_cut += cut
        names.append(call.name)
        current, calls = after, calls[uses[0] + 1 :]
        fits = after.shape[:2] == (n, n_filters) and after[0, 0].numel() + n_cut <= window.n_windows
        if fits and after[0, 0].numel() in after.shape[2:] and call.name in _NORMALISATIONS | _NONLINEARITIES:
            kept = (len(names), after, n_cut)
    return tuple(names[: kept[0]]), kept[1], kept[2]


def _is_followed(call: TracedCall, current: torch.Tensor) -> bool:
    """Whether a call makes something of a map and of nothing else that comes from the sequence."""
    first = call.inputs[0] is current or call.name in _NONLINEARITIES
    return call.name in FOLLOWED and first and sum(call.depends) == 1


def _n_cut(before: torch.Tensor, after: torch.Tensor) -> int | None:
    """Windows that indexing took off before the first that is left; None if it did anything else."""
    along = before.dim() - 1 if before.shape[-1] > 1 else before.dim() - 2
    same = [i for i in range(before.dim()) if i != along]
    if after.dim() != before.dim() or any(after.shape[i] != before.shape[i] for i in same):
        return None
    if after.stride() != before.stride() or after.untyped_storage().data_ptr() != before.untyped_storage().data_ptr():
        return None
    return (after.storage_offset() - before.storage_offset()) // before.stride(along)


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
        if self.first_only and self.n_convolved != self.layer.call + 1:
            return None
        if not self.layer.steps:
            return self._edited(output)
        self.underway.append(_Underway(output))
        return None

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if not self.underway:
            return result
        name, steps = function_name(func), self.layer.steps
        for one in self.underway:
            if name == steps[one.n_done] and any(tensor is one.current for tensor in tensors_in((args, kwargs))):
                break
        else:
            return result
        before = one.current
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
