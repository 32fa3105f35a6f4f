"""Insertion of motif pairs into background sequences: f(AB) - f(A) - f(B) + f(0) on the logit.

The causal reading of an interaction: a pair interacts where a network gives both sites together more than the sum
of what it gives to each alone. The design follows global importance analysis (Koo, Majdandzic, Ploenzke, Anand &
Paul 2021, PLOS Computational Biology 17:e1008925): effects are means over backgrounds that hold nothing else.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from torch import nn

from motiflens.interactions._effects import Effects
from motiflens.interactions._inputs import OnProgress, unheard
from motiflens.interactions._splice import Splicer, can_splice
from motiflens.motifs import Motif
from motiflens.predict import predict
from motiflens.sequence import reverse_complement

_CHUNK = 24  # backgrounds at a time, an even number: bounds the memory
_ORIENTATION = [0, 1, 3, 2]  # strands ++, +-, --, -+ of left and right are the order of pairs.ORIENTATIONS


class Design(NamedTuple):
    """Where sites are put. A left site ends where its gap begins, a right site starts where the gap ends.

    Singles and pairs use the same places and the same bases, so that a difference between them is no matter of
    position, and sites never overlap. Sequences of odd backgrounds are read from the other strand.
    """

    background: np.ndarray  # (B, L) codes
    gap_start: np.ndarray  # (B, D)
    gap: np.ndarray  # (B, D) bases between the two sites
    distances: np.ndarray  # (D, 2) smallest and largest of them, over backgrounds
    instances: list[np.ndarray]  # per feature (B, width): bases drawn from its matrix, one draw per background

    def rows(self, rows: slice) -> "Design":
        """The same for some backgrounds, from an even one on."""
        instances = [bases[rows] for bases in self.instances]
        return Design(self.background[rows], self.gap_start[rows], self.gap[rows], self.distances, instances)

    def plant(self, left: tuple[int, int] | None = None, right: tuple[int, int] | None = None) -> np.ndarray:
        """Codes (D, B, L) with (feature, strand) left of the gap, right of it, both or none."""
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
        """First base of a site of some width, before sequences are turned round, shape=(D, B)."""
        return self.gap_start.T - width if left else (self.gap_start + self.gap).T


def default_distances(length: int, widest: int) -> np.ndarray:
    """All distances from 0 to 100 bp, or to what the sequences hold, in up to 20 ranges, shape=(D, 2).

    Each distance up to 10 bp stands by itself, then come ranges of 2 and wider ones: a network that asks for one
    spacing sees it in some of the backgrounds at least.

    Raises
    ------
    ValueError
        If two sites do not fit.
    """
    longest = min(100, length - 2 * widest)
    if longest < 0:
        raise ValueError(f"expected sequences that hold two sites of {widest} bp, got {length} bp")
    low = np.array([*range(11), 11, 13, 15, 17, 19, 21, 31, 46, 71, 101])
    distances = np.stack([low[:-1], low[1:] - 1], axis=1)
    return np.minimum(distances[distances[:, 0] <= longest], longest)


def distance_ranges(distances: Sequence[int] | Sequence[tuple[int, int]] | np.ndarray) -> np.ndarray:
    """Distances, or smallest and largest of each range, as ranges from near to far, shape=(D, 2).

    Raises
    ------
    ValueError
        If there is none, one is negative, a range ends before it begins, or two overlap.
    """
    lengths = {np.size(one) for one in distances}
    ranges = np.asarray(distances) if len(lengths) == 1 else np.zeros(0)
    ranges = np.stack([ranges, ranges], axis=1) if ranges.ndim == 1 else ranges
    if ranges.ndim != 2 or ranges.shape[1] != 2 or not len(ranges) or ranges.dtype.kind not in "iu":
        raise ValueError(f"expected distances as whole numbers, or as pairs of them, got {distances!r}")
    if ranges.min() < 0 or (ranges[:, 0] > ranges[:, 1]).any():
        raise ValueError(f"expected distances of 0 or more, and ranges from small to large, got {ranges.tolist()}")
    ranges = ranges[ranges[:, 0].argsort()]
    if (ranges[1:, 0] <= ranges[:-1, 1]).any():  # windows are runs of neighbouring ranges
        raise ValueError(f"expected every distance once, got {ranges.tolist()}")
    return ranges


def draw_design(
    background: np.ndarray, motifs: Sequence[Motif], distances: np.ndarray, rng: np.random.Generator
) -> Design:
    """Draw gaps and start positions, for each background and range of distances anew, and the bases of every feature.

    Backgrounds divide a range evenly between them.

    Raises
    ------
    ValueError
        If two sites at the largest distance do not fit into the sequences.
    """
    n, length = background.shape
    widest = max(motif.width for motif in motifs)
    if distances.max() > length - 2 * widest:
        raise ValueError(
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


def insertion_effects(
    model: nn.Module,
    design: Design,
    pairs: np.ndarray,
    *,
    target: int = 0,
    batch_size: int = 500,
    on_progress: OnProgress = unheard,
) -> Effects:
    """Measure f(AB) - f(A) - f(B) + f(0) in all four orientations at all distances.

    Parameters
    ----------
    model : torch.nn.Module
        Maps one-hot (n, 4, L) to logits (n, n_outputs). A hybrid network is computed from its first layer's
        linear response, which adds up exactly over sites; any other as it is.
    design : Design
    pairs : np.ndarray, shape=(P, 2)
        Features put left and right of the gap.
    target : int
        Which logit.
    batch_size : int
    on_progress : callable
        Told the share that is done.

    Returns
    -------
    effects : Effects
    """
    total, square = np.zeros((2, len(pairs), 4, len(design.distances)))
    alone = np.zeros((len(pairs), 2))
    chunks = range(0, len(design.background), _CHUNK)
    for k, start in enumerate(chunks):
        part = design.rows(slice(start, start + _CHUNK))
        network: _Planter | Splicer = _Planter(model, part, target, batch_size)
        if can_splice(model):
            network = Splicer(model, part, target, batch_size)
        for n, (row, effects, singles) in enumerate(_effects_by_left(network, pairs), 1):
            on_progress((k + n / len(pairs)) / len(chunks))
            alone[row] += singles
            total[row] += effects.sum(axis=-1).reshape(4, -1)[_ORIENTATION]
            square[row] += (effects**2).sum(axis=-1).reshape(4, -1)[_ORIENTATION]
    number = np.full(total.shape, len(design.background))
    low, high = design.distances.T.astype(float)
    return Effects(total, square, number, low, high, alone)


def _effects_by_left(
    network: "_Planter | Splicer", pairs: np.ndarray
) -> Iterator[tuple[int, np.ndarray, tuple[float, float]]]:
    """Give (row of pairs, effects (2, 2, D, B), sums of either alone over these), by left feature."""
    nothing = network.alone(None)  # D, B
    right_alone = {feature: network.alone(feature, left=False) for feature in np.unique(pairs[:, 1]).tolist()}
    for left in np.unique(pairs[:, 0]).tolist():
        rows = np.flatnonzero(pairs[:, 0] == left)
        left_alone = network.alone(left, left=True)  # 2, D, B
        rights = pairs[rows, 1].tolist()
        for row, right, both in zip(rows.tolist(), rights, network.together(left, rights), strict=True):
            singles = [2 * float((alone - nothing).sum()) for alone in (left_alone, right_alone[right])]  # two strands
            yield row, both - left_alone[:, None] - right_alone[right][None] + nothing, (singles[0], singles[1])


class _Planter:
    """Logits of any model, each sequence from the start."""

    def __init__(self, model: nn.Module, design: Design, target: int, batch_size: int) -> None:
        self.model, self.design, self.target, self.batch_size = model, design, target, batch_size

    def alone(self, feature: int | None, *, left: bool = True) -> np.ndarray:
        """Logits with one site on either strand, shape=(2, D, B); of the backgrounds, (D, B), for None."""
        if feature is None:
            return self._logits(self.design.plant())
        sides = [(feature, 1), (feature, -1)]
        planted = [self.design.plant(left=side) if left else self.design.plant(right=side) for side in sides]
        return np.stack([self._logits(codes) for codes in planted])

    def together(self, left: int, rights: Sequence[int]) -> Iterator[np.ndarray]:
        """Logits with two sites on either strand, shape=(2, 2, D, B), for one right feature after the other."""
        for right in rights:
            planted = [[self.design.plant((left, one), (right, two)) for two in (1, -1)] for one in (1, -1)]
            yield np.stack([[self._logits(codes) for codes in row] for row in planted])

    def _logits(self, codes: np.ndarray) -> np.ndarray:
        flat = codes.reshape(-1, codes.shape[-1])
        logits = predict(self.model, flat, batch_size=self.batch_size)
        return logits.reshape(len(flat), -1)[:, self.target].double().numpy().reshape(codes.shape[:-1])
