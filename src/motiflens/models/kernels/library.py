"""The kernels' library: one build for each type of number, called with tensors."""

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from motiflens.basics.compiled import Library
from motiflens.basics.errors import InputError

_I, _P, _D = ctypes.c_int, ctypes.c_void_p, ctypes.c_double
_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "pooled_forward": (_I, [_I] * 5 + [_P] * 4),
    "pooled_backward": (_I, [_I] * 5 + [_P] * 4),
    "patch_counts": (_I, [_I] * 3 + [_P] * 2),
    "active_windows": (_I, [_I] * 5 + [_P] * 4),
    "path_forward": (_I, [_I] * 5 + [_P] * 5),
    "path_backward": (_I, [_I] * 5 + [_P] * 4),
    "folded_forward": (_I, [_I] * 6 + [_P] * 5),
    "folded_change": (_I, [_I] * 5 + [_P] * 5),
    "folded_backward": (_I, [_I] * 6 + [_P] * 5),
    "lstm_forward": (_I, [_I] * 4 + [_P] * 7),
    "lstm_backward": (_I, [_I] * 4 + [_P] * 11),
    "attention_forward": (_I, [_I] * 5 + [_P] * 6),
    "attention_backward": (_I, [_I] * 5 + [_P] * 9),
    "encoder_forward": (_I, [_I] * 5 + [_D] + [_P] * 3 + [_I, _D] + [_P] * 2),
    "encoder_backward": (_I, [_I] * 5 + [_P] * 3 + [_I, _D] + [_P] * 4),
    "attention_saved": (ctypes.c_size_t, [_I] * 5),
    "encoder_saved": (ctypes.c_size_t, [_I] * 5),
}
LIBRARIES = {
    dtype: Library.listed(Path(__file__).parent, f"kernels-{real}", _SIGNATURES)
    for dtype, real in ((torch.float32, "float"), (torch.float64, "double"))
}


def has_kernels(tensor: torch.Tensor) -> bool:
    """Whether there are compiled kernels for the type and device of a tensor of any shape."""
    return kernels_for(tensor) is not None


def describe_kernels() -> str:
    """The compiler of the kernels that this process uses, or "none" and the reason."""
    library, words = LIBRARIES[torch.float32].load()
    return f"none: {words}" if library is None else words


def kernels_for(tensor: torch.Tensor) -> ctypes.CDLL | None:
    """Compiled kernels for the type and device of a tensor of any shape; None if there are none."""
    if tensor.device.type != "cpu" or tensor.dtype not in LIBRARIES:
        return None
    return LIBRARIES[tensor.dtype].load()[0]


def address(tensor: torch.Tensor) -> int:
    """Address of the first value of a contiguous tensor of any shape."""
    if not tensor.is_contiguous():
        raise InputError(f"kernels take contiguous tensors, got shape {tuple(tensor.shape)}, strides {tensor.stride()}")
    return tensor.data_ptr()


def addresses(tensors: Sequence[torch.Tensor]) -> ctypes.Array[Any]:
    """`address` of each of several tensors of any shape, as an array in C."""
    return (ctypes.c_void_p * len(tensors))(*(address(tensor) for tensor in tensors))


def call(name: str, like: torch.Tensor, *arguments: Any) -> None:
    """Call a kernel for the type of a tensor of any shape.

    Raises
    ------
    RuntimeError
        If there are no kernels; see `has_kernels`.
    MemoryError
        If there is no memory for its scratch space.
    """
    library = kernels_for(like)
    if library is None:
        raise RuntimeError(f"no compiled kernels for {like.dtype} on {like.device}: {describe_kernels()}")
    if getattr(library, name)(*arguments):
        raise MemoryError(f"the compiled kernel {name} found no memory for its scratch space")


def saved_size(name: str, like: torch.Tensor, sizes: tuple[int, ...]) -> int:
    """Number of values that a forward kernel, for the type of a tensor of any shape, keeps for its backward kernel."""
    library = kernels_for(like)
    return 0 if library is None else getattr(library, name)(*sizes)
