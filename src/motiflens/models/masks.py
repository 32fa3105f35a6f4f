"""Dropout masks for a stack of members, from a hash of each member's seed, the step and the element.

A member's masks are the same in any stack, nothing but a step counter on the device changes between steps (so that
a step can be captured and replayed), and no generator per member is needed.
"""

import torch

# Odd constants of a 64-bit mixing function (splitmix64), as signed integers; products wrap around.
_GOLDEN, _MIX1, _MIX2 = -7046029254386353131, -4658895280553007687, -7723592293110705685


def _shift_right(x: torch.Tensor, bits: int) -> torch.Tensor:
    """Logical shift of int64, whose own shift copies the sign."""
    return (x >> bits) & ((1 << (64 - bits)) - 1)


def _wrap(number: int) -> int:
    """The signed 64-bit integer that is congruent to a number."""
    return (number + 2**63) % 2**64 - 2**63


def _mix(x: torch.Tensor) -> torch.Tensor:
    x = (x ^ _shift_right(x, 30)) * _MIX1
    x = (x ^ _shift_right(x, 27)) * _MIX2
    return x ^ _shift_right(x, 31)


class MaskSource:
    """Draws masks of shape (E, ...); `seeds` is int64, shape=(E,), `step` an int64 scalar on the same device.

    The n-th draw of a step differs from the others; call `rewind` before each step.
    """

    def __init__(self, seeds: torch.Tensor, step: torch.Tensor) -> None:
        self.seeds, self.step, self._n_draws = seeds, step, 0

    def rewind(self) -> None:
        """Begin a step."""
        self._n_draws = 0

    def draw(self, like: torch.Tensor, p: float) -> torch.Tensor:
        """Zeros with probability p, otherwise 1 / (1 - p), in shape and type of `like` (E, ...).

        A hashed word serves four values, 16 bits each, so that p is rounded to a multiple of 2^-16.
        """
        self._n_draws += 1
        threshold = round(p * 65536)
        n = like[0].numel()
        stream = _mix(_mix(self.seeds + self.step * _GOLDEN) + _wrap(self._n_draws * _GOLDEN))  # E
        counter = torch.arange(-(-n // 4), device=like.device) * _GOLDEN
        words = _mix(stream[:, None] + counter)  # E, n / 4
        values = words.view(torch.int16)[:, :n]  # signed: uniform over -32768 .. 32767
        keep = values >= threshold - 32768
        return (keep * (65536 / (65536 - threshold))).to(like.dtype).view(like.shape)
