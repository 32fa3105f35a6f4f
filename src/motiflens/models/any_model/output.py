"""What a model returns: logits or probabilities, and in what shape."""

from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from motiflens.basics.errors import InputError
from motiflens.models.any_model.first_layer import Trace, function_name

OUTPUTS = ("logits", "probabilities")
_ROUNDING = 1e-4  # a softmax may exceed 1 by less than this
_BOUNDED = {"sigmoid", "softmax"}
_UNBOUNDED = {"linear", "conv1d", "conv2d", "addmm", "matmul", "bmm", "einsum", "bilinear"}  # how networks end else
_RESHAPES = {"squeeze", "unsqueeze", "flatten", "view", "reshape", "contiguous", "__getitem__"}


def kind_of_output(found: Trace, outputs: torch.Tensor) -> str:
    """Whether a model returns logits or probabilities."""
    last = _last_function(found)
    if last in _BOUNDED:
        return "probabilities"
    if last in _UNBOUNDED or bool(((outputs < 0) | (outputs > 1)).any()):
        return "logits"
    raise InputError(
        "cannot tell whether the model returns logits or probabilities: its outputs are all between 0 and 1, but its "
        f"last step is {last or 'unknown'}, not a sigmoid, softmax or linear layer. Say which "
        '(output="logits" or output="probabilities")'
    )


def n_bounded(found: Trace) -> int:
    """Calls of a sigmoid or softmax if the last of them made the model's output, else 0."""
    calls = [call for call in found.calls if call.name in _BOUNDED]
    return len(calls) if _last_function(found) in _BOUNDED else 0


class WithoutLast(TorchFunctionMode):
    """Has a model return logits: its last sigmoid or softmax gives the logits of the probabilities it would give.

    A probability that has been rounded to 1 has no gradient, and its logit is lost.

    Parameters
    ----------
    n : int
        Calls of sigmoid and softmax that the model makes.
    """

    def __init__(self, n: int) -> None:
        super().__init__()
        self.n, self.n_called = n, 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = function_name(func)
        if name not in _BOUNDED:
            return func(*args, **kwargs)
        self.n_called += 1
        if self.n_called != self.n:
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
        """Refuse a model that made another number of calls."""
        if self.n_called != self.n:
            raise InputError(
                f"expected the model to call a sigmoid or softmax {self.n} times, as when it was adapted, but it did "
                f"{self.n_called} times: adapt it again"
            )


def _against_others(z: torch.Tensor) -> torch.Tensor:
    """Logits of softmax(z), shape=(..., C), each class against the others together."""
    classes = torch.arange(z.shape[-1], device=z.device)
    others = torch.stack([classes[classes != one] for one in classes])  # C, C - 1
    return z - z[..., others].logsumexp(-1)


def _last_function(found: Trace) -> str:
    """Name of the function that made a model's output, reshaping and indexing apart."""
    current, name = found.output, ""
    for call in reversed(found.calls):
        if any(tensor is current for tensor in call.outputs):
            name = call.name
            if name not in _RESHAPES or not call.inputs:
                break
            current = call.inputs[0]
    return name


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
    """Turn probabilities into logits, and leave logits as they are."""
    if kind == "logits":
        return outputs
    if bool(((outputs < -_ROUNDING) | (outputs > 1 + _ROUNDING)).any()):
        low, high = outputs.min().item(), outputs.max().item()
        raise InputError(
            f'expected probabilities, got outputs from {low:.3g} to {high:.3g}: use output="logits" (--output logits)'
        )
    rounding = torch.finfo(outputs.dtype)
    return outputs.clamp(rounding.tiny, 1 - rounding.eps).logit()
