"""Dropout masks for a stack of members, from a hash of each member's seed, the step and the element.

So a member's masks are the same in any stack, and no generator for each member is needed. Only a step counter on the
device changes between steps, so a step can be captured and replayed.
"""

from collections.abc import Sequence

import torch

from motiflens.basics.errors import InputError

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


class MaskLayout:
    """Positions of the words of each draw of a step, if all are hashed at once.

    Parameters
    ----------
    sizes : sequence of int
        Values of each draw and member, in order; `MaskSource.sizes` of an earlier step.
    device : torch.device
    """

    def __init__(self, sizes: Sequence[int], device: torch.device) -> None:
        self.n_words = [-(-size // 4) for size in sizes]
        counters = [torch.arange(n, device=device) for n in self.n_words]
        self.counter = torch.cat(counters) * _GOLDEN  # of each word within its draw
        self.draw = torch.cat([torch.full_like(counter, i) for i, counter in enumerate(counters)])


class MaskSource:
    """Draws masks of shape (E, ...) for one step; the n-th draw of a step differs from the others.

    Parameters
    ----------
    seeds : torch.Tensor, int64, shape=(E,)
    step : torch.Tensor, int64, scalar
        On the same device.
    layout : MaskLayout, optional
        Of the following draws. Without it the masks are the same, but take many more operations, because each draw is
        hashed by itself. With it, the words of all draws (2 bytes for each value) are kept until the step ends.
    """

    def __init__(self, seeds: torch.Tensor, step: torch.Tensor, layout: MaskLayout | None = None) -> None:
        self.sizes: list[int] = []  # of the draws so far
        self._base = _mix(seeds + step * _GOLDEN)  # E
        self._parts: Sequence[torch.Tensor] | None = None
        if layout is not None:
            numbers = torch.arange(1, len(layout.n_words) + 1, device=seeds.device)
            streams = _mix(self._base[:, None] + numbers * _GOLDEN)  # E, draws
            self._parts = _mix(streams[:, layout.draw] + layout.counter).split(layout.n_words, dim=1)

    def draw(self, like: torch.Tensor, p: float) -> torch.Tensor:
        """Zeros with probability p, otherwise 1 / (1 - p), in shape and type of `like` (E, ...).

        A hashed word gives four values of 16 bits each, so p is rounded to a multiple of 2^-16.
        """
        n = like[0].numel()
        values = self._words(n).view(torch.int16)[:, :n]  # signed: uniform over -32768 .. 32767
        threshold = round(p * 65536)
        keep = values >= threshold - 32768
        return (keep * (65536 / (65536 - threshold))).to(like.dtype).view(like.shape)

    def _words(self, n: int) -> torch.Tensor:
        """Words for the next n values of each member, shape=(E, n / 4, rounded up)."""
        self.sizes.append(n)
        number = len(self.sizes)
        if self._parts is not None:
            words = self._parts[number - 1]
            if words.shape[1] != -(-n // 4):
                raise InputError(f"draw {number} is laid out for {4 * words.shape[1]} values at most, got {n}")
            return words
        stream = _mix(self._base + _wrap(number * _GOLDEN))
        counter = torch.arange(-(-n // 4), device=stream.device) * _GOLDEN
        return _mix(stream[:, None] + counter)
