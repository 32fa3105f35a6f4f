"""Sequence length, pools and kernels: whether they fit, and the nearest sizes that do.

The size of the first pool, in base pairs, decides whether filters learn whole motifs. So a named architecture keeps its
pools at any length, and has more tokens for longer sequences. Pools are changed only if they do not fit, the second one
before the first.
"""

import math
from typing import NamedTuple

from motiflens.basics.errors import InputError

MAX_UNREAD = 0.1  # share of a sequence that may lie beyond the last whole pool; in the study 8 of 200
MAX_ATTENDED_TOKENS = 512  # 4 GiB of attention weights for 500 sequences and 8 heads


class Pools(NamedTuple):
    """The first pool and the second pool (1 if there is none)."""

    first: int
    second: int = 1

    @property
    def product(self) -> int:
        """Number of positions of a sequence in one token."""
        return self.first * self.second

    def n_tokens(self, length: int) -> int:
        """Number of tokens of a sequence; positions beyond the last whole pool are in none."""
        return length // self.product

    def unread(self, length: int) -> int:
        """Positions beyond the last whole pool."""
        return length % self.product


def pool_problem(length: int, pools: Pools, *, attends: bool) -> str | None:
    """Why pools do not fit a length, as text, with pools that do; None if they fit.

    Parameters
    ----------
    length : int
        Of the sequences.
    pools : Pools
    attends : bool
        Whether there is attention, whose cost grows with the square of the number of tokens.
    """
    n_tokens, unread = pools.n_tokens(length), pools.unread(length)
    if _fit(length, pools, attends=attends):
        return None
    near = nearest_pools(length, pools, attends=attends)
    proposal = f"take first_pool={near.first}" + (f", second_pool={near.second}" if pools.second > 1 else "")
    which = f"first_pool is {pools.first}" + (f", second_pool {pools.second}" if pools.second > 1 else "")
    if n_tokens < 1:
        return f"pooling by {pools.product} leaves no position of a sequence of length {length} ({which}): {proposal}"
    if n_tokens > MAX_ATTENDED_TOKENS and attends:
        return (
            f"pooling by {pools.product} leaves {n_tokens} tokens of a sequence of length {length} ({which}), too many "
            f"for attention, which takes at most {MAX_ATTENDED_TOKENS}: {proposal}"
        )
    return (
        f"pooling by {pools.product} leaves the last {unread} of {length} positions unread ({which}), more than "
        f"{MAX_UNREAD:.0%}: {proposal}, or crop the sequences to {length - unread}"
    )


def nearest_pools(length: int, pools: Pools, *, attends: bool) -> Pools:
    """Pools that fit a length: those given if they fit, else the nearest by ratio, changing the second one first.

    With attention there are at least two tokens, if the length allows it.
    """
    least = 2 if attends and length > 1 else 1
    for first in _by_distance(pools.first, length):
        seconds = _by_distance(pools.second, length // first) if pools.second > 1 else [1]
        for second in seconds:
            near = Pools(first, second)
            if near.n_tokens(length) >= least and _fit(length, near, attends=attends):
                return near
    raise InputError(f"length must be at least 1, got {length}")


def nearest_kernel(size: int, n_positions: int) -> int:
    """Largest odd kernel that is no longer than `size` and than its input."""
    longest = min(size, n_positions)
    return max(1, longest if longest % 2 else longest - 1)


def _fit(length: int, pools: Pools, *, attends: bool) -> bool:
    if attends and pools.n_tokens(length) > MAX_ATTENDED_TOKENS:
        return False
    return pools.n_tokens(length) >= 1 and pools.unread(length) <= MAX_UNREAD * length


def _by_distance(value: int, largest: int) -> list[int]:
    """1 to `largest`, the nearest to `value` by ratio first."""
    return sorted(range(1, largest + 1), key=lambda other: abs(math.log(other / value)))
