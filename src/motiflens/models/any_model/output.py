"""The output of a model: logits or probabilities, and its shape."""

from typing import Any, NamedTuple

import torch
from torch.overrides import TorchFunctionMode

from motiflens.basics.errors import ArgumentError, InputError
from motiflens.models.any_model.trace import Trace, TracedCall, function_name

OUTPUTS = ("logits", "probabilities")
_ROUNDING = 1e-4  # a softmax may exceed 1 by less than this
_BOUNDED = {"sigmoid", "softmax"}
_UNBOUNDED = {"linear", "conv1d", "conv2d", "addmm", "matmul", "bmm", "einsum", "bilinear"}  # how networks end else
_RESHAPES = {
    "squeeze", "unsqueeze", "flatten", "view", "reshape", "contiguous", "clone", "to", "float", "__getitem__",
    "transpose", "permute", "select", "narrow",
}  # fmt: skip
_MIXTURES = {  # what probabilities may go through and be probabilities still, such as the mean over both strands
    "add", "sub", "mul", "div", "mean", "cat", "concat", "stack", "hstack", "clamp", "clamp_min", "clamp_max",
    "maximum", "minimum", "max", "min", "amax", "amin", "unbind", "chunk", "split", "flip", "nan_to_num",
}  # fmt: skip


class BoundedCall(NamedTuple):
    """The call of a sigmoid or softmax that produced a model's output."""

    number: int  # from 0
    n_calls: int
    name: str  # "sigmoid" or "softmax"


def kind_of_output(found: Trace, outputs: torch.Tensor) -> str:
    """Whether a model returns logits or probabilities, from its trace and its outputs (n, n_outputs)."""
    call = _output_call(found)
    last = "" if call is None else call.name
    if last in _BOUNDED:
        return "probabilities"
    if last in _UNBOUNDED or bool(((outputs < 0) | (outputs > 1)).any()):
        return "logits"
    if _mixes_probabilities(found):
        return "probabilities"
    raise ArgumentError(
        "cannot tell whether the model returns logits or probabilities, as its outputs are all between 0 and 1, but "
        f"its last step is {last or 'unknown'}, not a sigmoid, softmax or linear layer",
        "say which ({output})",
        output=('output="logits" or output="probabilities"', "--output logits or --output probabilities"),
    )


def bounded_call(found: Trace) -> BoundedCall | None:
    """The call of a sigmoid or softmax, not always the last one, that produced the output; None if none did."""
    calls = [call for call in found.calls if call.name in _BOUNDED]
    made = _output_call(found)
    numbers = [number for number, call in enumerate(calls) if call is made]
    return BoundedCall(numbers[0], len(calls), calls[numbers[0]].name) if numbers else None


def are_classes(found: Trace) -> bool:
    """Whether the outputs are those of a softmax or its logarithm."""
    made = _output_call(found)
    if made is not None and made.name == "exp":
        made = _maker(found, made.inputs[0], _RESHAPES)
    return made is not None and made.name in ("softmax", "log_softmax")


def _mixes_probabilities(found: Trace) -> bool:
    """Whether all that a model's output is mixed from are probabilities: a mean over strands, several heads."""
    made = {id(tensor): call for call in found.calls for tensor in call.outputs}
    waiting, seen = [found.output], set()
    while waiting:
        call = made.get(id(waiting.pop()))
        if call is None or id(call) in seen or call.name in _BOUNDED:
            if call is None:
                return False
            continue
        seen.add(id(call))
        if call.name == "exp" and getattr(made.get(id(call.inputs[0])), "name", "") in ("log_softmax", "logsigmoid"):
            continue
        if call.name not in _MIXTURES | _RESHAPES:
            return False
        waiting += [tensor for tensor, depends in zip(call.inputs, call.depends, strict=True) if depends]
    return True


class WithoutBound(TorchFunctionMode):
    """Context manager: a model returns logits, because its sigmoid or softmax gives logits instead of probabilities.

    This is needed because a probability that was rounded to 1 has no gradient, and its logit is lost.

    Parameters
    ----------
    bounded : BoundedCall
    """

    def __init__(self, bounded: BoundedCall) -> None:
        super().__init__()
        self.bounded, self.n_called = bounded, 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = function_name(func)
        if name not in _BOUNDED:
            return func(*args, **kwargs)
        self.n_called += 1
        if self.n_called != self.bounded.number + 1:
            return func(*args, **kwargs)
        z = args[0] if args else kwargs["input"]
        if name == "sigmoid":
            return z
        axis = args[1] if len(args) > 1 else kwargs.get("dim")
        axis = 1 if axis is None else axis  # what PyTorch takes for two axes
        if z.shape[axis] < 2:
            raise InputError("expected a softmax over two classes or more, got one: its output is always 1")
        return _against_others(z.movedim(axis, -1)).movedim(-1, axis)

    def check_called(self) -> None:
        """Raise an error if the model made another number of calls."""
        if self.n_called != self.bounded.n_calls:
            raise InputError(
                f"expected the model to call a sigmoid or softmax {self.bounded.n_calls} times, as when it was "
                f"adapted, but it did {self.n_called} times: adapt it again"
            )


def _against_others(z: torch.Tensor) -> torch.Tensor:
    """Logits of softmax(z), shape=(..., C), each class against the others together."""
    if z.shape[-1] == 2:
        return z - z.flip(-1)
    classes = torch.arange(z.shape[-1], device=z.device)
    others = torch.stack([classes[classes != one] for one in classes])  # C, C - 1
    return z - z[..., others].logsumexp(-1)


def _output_call(found: Trace) -> TracedCall | None:
    """The call that made a model's output, reshaping and indexing apart."""
    return _maker(found, found.output, _RESHAPES)


def _maker(found: Trace, current: object, through: set[str]) -> TracedCall | None:
    """The call that made a tensor, calls of some names apart."""
    made = None
    for call in reversed(found.calls):
        if any(tensor is current for tensor in call.outputs):
            made = call
            if call.name not in through or not call.inputs:
                break
            current = call.inputs[0]
    return made


def columns(output: object, n: int) -> torch.Tensor:
    """A model's output as (n, n_outputs)."""
    if not isinstance(output, torch.Tensor):
        got = f"{type(output).__name__} of {len(output)}" if isinstance(output, tuple | list) else type(output).__name__
        raise InputError(
            f"expected the model to return one tensor, got {got}: wrap it in a module that returns the one to audit"
        )
    shape = tuple(output.shape)
    if not shape or shape[0] != n or any(size != 1 for size in shape[2:]):
        raise InputError(
            f"expected the model to return shape (n,) or (n, n_outputs) for n = {n} sequences, got {shape}: wrap it in "
            "a module that returns one number per sequence and output"
        )
    if not output.is_floating_point():
        raise InputError(f"expected the model to return floating-point numbers, got {output.dtype}")
    return output.reshape(n, -1)


def to_logits(outputs: torch.Tensor, kind: str) -> torch.Tensor:
    """Turn probabilities of any shape into logits, and leave logits as they are."""
    if kind == "logits":
        return outputs
    if bool(((outputs < -_ROUNDING) | (outputs > 1 + _ROUNDING)).any()):
        low, high = outputs.min().item(), outputs.max().item()
        raise ArgumentError(
            f"expected probabilities, got outputs from {low:.3g} to {high:.3g}",
            "use {output}",
            output=('output="logits"', "--output logits"),
        )
    rounding = torch.finfo(outputs.dtype)
    return outputs.clamp(rounding.tiny, 1 - rounding.eps).logit()
