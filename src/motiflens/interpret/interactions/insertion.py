"""Insertion of motif pairs into background sequences: f(AB) - f(A) - f(B) + f(0) on the logit.

A pair interacts if both sites together change the logit by more (or less) than the sum of their single effects. The
design follows global importance analysis (Koo, Majdandzic, Ploenzke, Anand & Paul 2021, PLOS Computational Biology
17:e1008925): effects are means over backgrounds without other motifs.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from torch import nn

from motiflens.interpret.interactions.design import Design, default_distances, distance_ranges, draw_design
from motiflens.interpret.interactions.effects import Effects
from motiflens.interpret.interactions.inputs import OnProgress, unheard
from motiflens.interpret.interactions.method import Experiment, Method
from motiflens.interpret.interactions.splice import Splicer, can_splice
from motiflens.models.outputs import model_outputs

_CHUNK = 24  # backgrounds at a time, an even number: bounds the memory
_ORIENTATION = [0, 1, 3, 2]  # strands ++, +-, --, -+ of left and right are the order of pairs.ORIENTATIONS


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
        Maps one-hot (n, 4, L) to logits (n, n_outputs). For a HybridNetwork, the first layer's linear response, which
        is exactly additive over sites, saves time; any other model is run on whole sequences.
    design : Design
    pairs : np.ndarray, shape=(P, 2)
        Features left and right of the gap.
    target : int
        Index of the logit.
    batch_size : int
    on_progress : callable
        Called with the fraction of work that is done, from 0 to 1.

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


def _measure(model: nn.Module, given: Experiment, rng: np.random.Generator, on_progress: OnProgress) -> Effects:
    motifs, distances = given.features.motifs, given.settings.distances
    if distances is None:
        ranges = default_distances(given.background.shape[1], max(motif.width for motif in motifs))
    else:
        ranges = distance_ranges(distances)
    design = draw_design(given.background, motifs, ranges, rng)
    how = {"target": given.target, "batch_size": given.batch_size}
    return insertion_effects(model, design, given.pairs, **how, on_progress=on_progress)


INSERTION = Method(_measure, "logit", inserts_motifs=True)


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
        logits = model_outputs(self.model, flat, batch_size=self.batch_size)
        return logits.reshape(len(flat), -1)[:, self.target].double().numpy().reshape(codes.shape[:-1])
