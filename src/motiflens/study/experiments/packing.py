"""Many numbers as little text, as records hold them."""

import base64
import zlib
from typing import Any

import numpy as np

_STEP = 1e-3  # log2: predictions are stored as whole multiples of it
_LARGEST = 2**15 - 1


def packed(values: np.ndarray, step: float = _STEP) -> dict[str, Any]:
    """Numbers, shape=(N,), as text: int16 multiples of a step, compressed, base64."""
    whole = np.clip(np.rint(values / step), -_LARGEST - 1, _LARGEST).astype("<i2")
    return {"step": step, "int16_zlib_base64": base64.b64encode(zlib.compress(whole.tobytes(), 9)).decode("ascii")}


def packed_finely(values: np.ndarray) -> dict[str, Any]:
    """As `packed`, for numbers of any size and any shape: the largest is 30,000 steps."""
    largest = float(np.abs(values).max(initial=0))
    return packed(values, largest / 30_000 or _STEP)


def unpacked(block: dict[str, Any]) -> np.ndarray:
    """Numbers that were packed, float64, shape=(N,), to within half a step."""
    raw = zlib.decompress(base64.b64decode(block["int16_zlib_base64"]))
    return np.frombuffer(raw, dtype="<i2").astype(np.float64) * block["step"]
