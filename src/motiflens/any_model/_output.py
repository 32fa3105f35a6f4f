"""What a model returns: logits or probabilities, and in what shape."""

import torch

from motiflens.any_model._first_layer import Trace

OUTPUTS = ("logits", "probabilities")
_CLIP = 1e-6  # probabilities are kept this far from 0 and 1 before the logit: it stays within +- 13.8
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
    raise ValueError(
        "cannot tell whether the model returns logits or probabilities: its outputs are all between 0 and 1, but its "
        f"last step is {last or 'unknown'}, not a sigmoid, softmax or linear layer. Say which "
        '(output="logits" or output="probabilities")'
    )


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
        raise ValueError(
            f"expected the model to return one tensor, got {got}: wrap it in a module that returns the one to audit"
        )
    shape = tuple(output.shape)
    if not shape or shape[0] != n or any(size != 1 for size in shape[2:]):
        raise ValueError(
            f"expected the model to return shape (n,) or (n, n_outputs) for n = {n} sequences, got {shape}: wrap it in "
            "a module that returns one number per sequence and output"
        )
    if not output.is_floating_point():
        raise ValueError(f"expected the model to return floating-point numbers, got {output.dtype}")
    return output.reshape(n, -1)


def to_logits(outputs: torch.Tensor, kind: str) -> torch.Tensor:
    """Turn probabilities into logits, and leave logits as they are."""
    if kind == "logits":
        return outputs
    if bool(((outputs < -_ROUNDING) | (outputs > 1 + _ROUNDING)).any()):
        low, high = outputs.min().item(), outputs.max().item()
        raise ValueError(f'expected probabilities, got outputs from {low:.3g} to {high:.3g}: use output="logits"')
    return outputs.clamp(_CLIP, 1 - _CLIP).logit()
