"""The normalisations and elementwise functions that directly follow a convolution and belong to its layer.

A step belongs to the layer if it depends on the sequence only through the convolution's output. So gates of the output
by itself belong to it (``z * sigmoid(z)``, ``where(z > 0, z, 0)``), and a residual branch does not. Outputs of parallel
convolutions may be concatenated before the activation. The layer ends at the last step after which no earlier value is
used.
"""

from typing import NamedTuple

import torch

from motiflens.models.any_model.readers import Window
from motiflens.models.any_model.trace import TracedCall

_NORMALISATIONS = {"batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm"}
_NONLINEARITIES = {
    "relu", "relu6", "leaky_relu", "prelu", "rrelu", "elu", "celu", "selu", "gelu", "silu", "mish", "softplus",
    "softsign", "sigmoid", "logsigmoid", "tanh", "hardsigmoid", "hardswish", "hardtanh", "threshold", "clamp",
    "clamp_min", "clamp_max", "maximum", "minimum", "max", "min", "fmax", "fmin", "softshrink", "hardshrink",
    "tanhshrink", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "rsqrt", "square", "pow", "abs",
    "erf", "erfc", "sin", "cos", "tan", "atan", "arctan", "sinh", "cosh", "reciprocal", "logit", "nan_to_num",
}  # fmt: skip
#: Of two values of the map itself, or of one and a constant.
_GATES = {"mul", "div", "where", "masked_fill"}
#: Made of the map for a gate, or on the way to an activation.
_PARTS = {"gt", "lt", "ge", "le", "sign", "heaviside", "logical_not", "add", "sub", "neg", "type_as", "expand_as"}
_RESHAPES = {"squeeze", "unsqueeze", "contiguous", "clone", "to", "float", "double", "half", "bfloat16"}
_CUTS = {"__getitem__", "narrow"}
_TOGETHER = {"cat", "concat", "concatenate"}
_OF_SEVERAL = _GATES | {"type_as", "expand_as"}
_FOLLOWED = _NORMALISATIONS | _NONLINEARITIES | _GATES | _PARTS | _RESHAPES | _CUTS | _TOGETHER


class End(NamedTuple):
    """Where a convolution's layer ends."""

    steps: tuple[str, ...]  # names of the calls up to there
    n_windows: int
    n_cut: int  # windows that were cut off before the first that is left
    first_channel: int  # of the convolution's filters in the value at the end, which may hold those of others


def following(calls: list[TracedCall], output: torch.Tensor, window: Window) -> End:
    """Steps from a convolution's output to the end of its layer.

    Parameters
    ----------
    calls : list of TracedCall
        All calls after the convolution.
    output : torch.Tensor, shape=(n, n_filters, ...)
    window : Window
        Position of the convolution's windows.
    """
    values = {id(output): _Place(0, 0)}  # of the map, and where its filters and windows lie in each
    names: list[str] = []
    ends = [_Candidate(0, 0, output, frozenset())]
    for i, call in enumerate(calls):
        own = [tensor for tensor in call.inputs if id(tensor) in values]
        if not own:
            continue
        place = _place_after(call, own, values)
        if place is None:
            break
        (after,) = call.outputs
        names.append(call.name)
        is_step = call.name in _NORMALISATIONS | _NONLINEARITIES or (call.name in _GATES and len(own) > 1)
        if is_step and _fits(after, output, window, place):
            ends.append(_Candidate(len(names), i + 1, after, frozenset(values) - {id(after)}))
        values[id(after)] = place
    end = next(one for one in reversed(ends) if not _used(one.earlier, calls[one.n_calls :]))
    place = values[id(end.value)]
    return End(tuple(names[: end.n_steps]), end.value[0, 0].numel(), *place)


class _Place(NamedTuple):
    n_cut: int
    first_channel: int


class _Candidate(NamedTuple):
    """Where the layer may end."""

    n_steps: int
    n_calls: int
    value: torch.Tensor
    earlier: frozenset[int]  # identities of the values before it


def _used(values: frozenset[int], calls: list[TracedCall]) -> bool:
    return any(id(tensor) in values for call in calls for tensor in call.inputs)


def _place_after(call: TracedCall, own: list[torch.Tensor], values: dict[int, _Place]) -> _Place | None:
    """Where the map lies in what a call gives; None if it is not followed."""
    of_sequence = [tensor for tensor, depends in zip(call.inputs, call.depends, strict=True) if depends]
    place = values[id(own[0])]
    if call.name not in _FOLLOWED or len(call.outputs) != 1 or any(values[id(tensor)] != place for tensor in own):
        return None
    if call.name in _TOGETHER:
        n_before = _channels_before(call, own)
        return None if n_before is None else _Place(place.n_cut, place.first_channel + n_before)
    if any(id(tensor) not in values for tensor in of_sequence):
        return None
    if len({id(tensor) for tensor in of_sequence}) > 1 and call.name not in _OF_SEVERAL:
        return None
    if call.name in _CUTS:
        more = _n_cut(own[0], call.outputs[0])
        return None if more is None else _Place(place.n_cut + more, place.first_channel)
    return place


def _channels_before(call: TracedCall, own: list[torch.Tensor]) -> int | None:
    """Channels before those of the map where tensors are put together along the channels; None if they are not."""
    (whole,) = call.outputs
    if len(own) > 1 or whole.dim() < 3 or sum(tensor.shape[1] for tensor in call.inputs) != whole.shape[1]:
        return None
    if any(tensor.shape[2:] != whole.shape[2:] for tensor in call.inputs):
        return None
    before = call.inputs[: next(i for i, tensor in enumerate(call.inputs) if tensor is own[0])]
    return sum(tensor.shape[1] for tensor in before)


def _fits(after: torch.Tensor, output: torch.Tensor, window: Window, place: _Place) -> bool:
    """Whether a tensor holds a map of the convolution's filters, with its windows along one axis."""
    n, n_filters = output.shape[:2]
    if after.dim() < 3 or len(after) != n or after.shape[1] < place.first_channel + n_filters:
        return False
    n_left = after[0, 0].numel()
    return n_left + place.n_cut <= window.n_windows and n_left in after.shape[2:]


def _n_cut(before: torch.Tensor, after: torch.Tensor) -> int | None:
    """Windows that indexing took off before the first that is left; None if it did anything else."""
    along = before.dim() - 1 if before.shape[-1] > 1 else before.dim() - 2
    same = [i for i in range(before.dim()) if i != along]
    if after.dim() != before.dim() or any(after.shape[i] != before.shape[i] for i in same):
        return None
    if after.stride() != before.stride() or after.untyped_storage().data_ptr() != before.untyped_storage().data_ptr():
        return None
    return (after.storage_offset() - before.storage_offset()) // before.stride(along)
