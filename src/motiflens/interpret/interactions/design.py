"""The design of insertions: backgrounds, gaps, and bases of inserted sites."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.sequence import reverse_complement
from motiflens.basics.tables import by_fields
from motiflens.motifs.sets import Motif


@by_fields
class Design(NamedTuple):
    """Where sites are inserted. The left site ends where the gap begins; the right site starts where the gap ends.

    A single site has the same position and the same bases as in a pair, so position does not contribute to differences.
    Sites never overlap. Sequences from odd backgrounds are reverse-complemented.
    """

    background: np.ndarray  # (B, L) codes
    gap_start: np.ndarray  # (B, D)
    gap: np.ndarray  # (B, D) bases between the two sites
    distances: np.ndarray  # (D, 2) smallest and largest of them, over backgrounds
    instances: list[np.ndarray]  # per feature (B, width): bases drawn from its matrix, one draw per background

    def rows(self, rows: slice) -> "Design":
        """The design for some of the backgrounds; the first must be an even one."""
        instances = [bases[rows] for bases in self.instances]
        return Design(self.background[rows], self.gap_start[rows], self.gap[rows], self.distances, instances)

    def plant(self, left: tuple[int, int] | None = None, right: tuple[int, int] | None = None) -> np.ndarray:
        """Codes (D, B, L) with a site (feature, strand) left of the gap, right of it, both or none."""
        codes = np.repeat(self.background[None], len(self.distances), axis=0)  # D, B, L
        for site, is_left in ((left, True), (right, False)):
            if site is not None:
                bases = self.instances[site[0]]
                bases = bases if site[1] > 0 else reverse_complement(bases)
                places = self.starts(bases.shape[1], left=is_left)[..., None] + np.arange(bases.shape[1])
                np.put_along_axis(codes, places, np.broadcast_to(bases, places.shape), axis=2)
        codes[:, 1::2] = reverse_complement(codes[:, 1::2])
        return codes

    def starts(self, width: int, *, left: bool) -> np.ndarray:
        """First base of a site of a given width, before sequences are reverse-complemented, shape=(D, B)."""
        return self.gap_start.T - width if left else (self.gap_start + self.gap).T


def default_distances(length: int, widest: int) -> np.ndarray:
    """All distances from 0 to 100 bp, or up to the largest that fits, in up to 20 ranges, shape=(D, 2).

    Each distance up to 10 bp is a range of its own; then ranges become wider. Within a range all distances occur, so a
    network that has learned one exact spacing meets it in some of the backgrounds.

    Raises
    ------
    ValueError
        If two sites do not fit.
    """
    longest = min(100, length - 2 * widest)
    if longest < 0:
        raise InputError(f"expected sequences that hold two sites of {widest} bp, got {length} bp")
    low = np.array([*range(11), 11, 13, 15, 17, 19, 21, 31, 46, 71, 101])
    distances = np.stack([low[:-1], low[1:] - 1], axis=1)
    return np.minimum(distances[distances[:, 0] <= longest], longest)


def distance_ranges(distances: Sequence[int] | Sequence[tuple[int, int]] | np.ndarray) -> np.ndarray:
    """Turn distances, or (smallest, largest) of ranges, into sorted ranges, shape=(D, 2).

    Raises
    ------
    ValueError
        If there is no distance, one is negative, a range ends before it begins, or two ranges overlap.
    """
    lengths = {np.size(one) for one in distances}
    ranges = np.asarray(distances) if len(lengths) == 1 else np.zeros(0)
    ranges = np.stack([ranges, ranges], axis=1) if ranges.ndim == 1 else ranges
    if ranges.ndim != 2 or ranges.shape[1] != 2 or not len(ranges) or ranges.dtype.kind not in "iu":
        raise InputError(f"expected distances as whole numbers, or as pairs of them, got {distances!r}")
    if ranges.min() < 0 or (ranges[:, 0] > ranges[:, 1]).any():
        raise InputError(f"expected distances of 0 or more, and ranges from small to large, got {ranges.tolist()}")
    ranges = ranges[ranges[:, 0].argsort()]
    if (ranges[1:, 0] <= ranges[:-1, 1]).any():  # windows are runs of neighbouring ranges
        raise InputError(f"expected every distance once, got {ranges.tolist()}")
    return ranges


def draw_design(
    background: np.ndarray, motifs: Sequence[Motif], distances: np.ndarray, rng: np.random.Generator
) -> Design:
    """Draw gaps and start positions for each background and range of distances, and the bases of every feature.

    The distances of a range are spread evenly over backgrounds, shape=(N, L). Distances, shape=(D, 2), are the smallest
    and the largest of each range in bp.

    Raises
    ------
    ValueError
        If two sites at the largest distance do not fit into the sequences.
    """
    n, length = background.shape
    widest = max(motif.width for motif in motifs)
    if distances.max() > length - 2 * widest:
        raise InputError(
            f"expected distances of at most {length - 2 * widest} for sites of {widest} bp in sequences of "
            f"{length} bp, got {distances.max()}; give smaller distances or shorter motifs"
        )
    low, high = distances.T
    place = (rng.permuted(np.tile(np.arange(n)[:, None], len(low)), axis=0) + rng.random((n, len(low)))) / n
    gap = low + np.floor(place * (high - low + 1)).astype(int)
    gap_start = widest + rng.integers(0, length - 2 * widest - gap + 1)
    return Design(background, gap_start, gap, distances, [_draw_bases(motif, n, rng) for motif in motifs])


def _draw_bases(motif: Motif, n: int, rng: np.random.Generator) -> np.ndarray:
    below = rng.random((n, 1, motif.width)) > motif.pwm.cumsum(axis=0)  # n, 4, width
    return np.minimum(below.sum(axis=1), 3).astype(np.uint8)
