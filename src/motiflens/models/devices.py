"""Devices and number types by name."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from motiflens.basics.errors import InputError


def resolve_device(device: str | torch.device) -> torch.device:
    """Turn "auto" into the GPU if there is one, else the CPU; other names pass through.

    Raises
    ------
    ValueError
        If there is no such device.
    """
    if str(device) == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except RuntimeError as error:
        raise InputError(f"unknown device {str(device)!r}; use auto, cpu or cuda") from error
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise InputError(f"no CUDA device for {str(device)!r}: use cpu or auto")
    return chosen


def device_of(model: nn.Module) -> torch.device:
    """Device of a model's first parameter or buffer; the CPU if it has none."""
    for tensor in (*model.parameters(), *model.buffers()):
        return tensor.device
    return torch.device("cpu")


def dtype_of(model: nn.Module) -> torch.dtype:
    """Floating-point type of a model's input: its `dtype`, or that of its first parameter; float32 if it has none."""
    own = getattr(model, "dtype", None)
    if isinstance(own, torch.dtype):
        return own
    return next((p.dtype for p in model.parameters() if p.is_floating_point()), torch.float32)


@contextmanager
def single_threaded(device: torch.device) -> Iterator[None]:
    """Context manager: compute on one thread on a CPU.

    The operations of the study's networks are so small that several threads mostly wait for each other.
    """
    before = torch.get_num_threads()
    if device.type != "cpu" or before == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
