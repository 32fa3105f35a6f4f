"""Features: the motifs and their column-shuffled copies, and the pairs of them to measure."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.tables import by_fields
from motiflens.motifs.sets import Motif

_ATTEMPTS = 100  # to find a copy that differs from its motif


@by_fields
class Features(NamedTuple):
    """Motifs, followed by the shuffled copies of the first motif, of the second, and so on."""

    motifs: list[Motif]
    parent: np.ndarray  # (n_features,) the motif that a feature is, or is a copy of
    n_motifs: int

    @property
    def n_copies(self) -> int:
        """Number of shuffled copies of each motif."""
        return len(self.motifs) // self.n_motifs - 1

    def copies(self, motif: int) -> np.ndarray:
        """Indices of the copies of a motif, shape=(n_copies,)."""
        return self.n_motifs + motif * self.n_copies + np.arange(self.n_copies)


def with_shuffled_copies(motifs: Sequence[Motif], n_copies: int, rng: np.random.Generator) -> Features:
    """Add copies of each motif with its columns in random order, always another than that of the motif.

    Raises
    ------
    ValueError
        If all columns of a motif are equal, so that every order gives the same motif.
    """
    shuffled = [_shuffled(motif, rng) for motif in motifs for _ in range(n_copies)]
    parent = np.concatenate([np.arange(len(motifs)), np.repeat(np.arange(len(motifs)), n_copies)])
    return Features([*motifs, *shuffled], parent, len(motifs))


def _shuffled(motif: Motif, rng: np.random.Generator) -> Motif:
    same = (motif.pwm, motif.reverse_complement().pwm)
    for _ in range(_ATTEMPTS):
        pwm = motif.pwm[:, rng.permutation(motif.width)]
        if not any(np.allclose(pwm, one) for one in same):
            return Motif(motif.id, motif.name, pwm, motif.n_sites)
    raise InputError(
        f"no order of the columns of motif {motif.id} differs from its own (width {motif.width}): "
        "it has no shuffled copies to compare with; leave it out"
    )


def observed_pairs(n_motifs: int) -> np.ndarray:
    """All pairs (i, j) of motifs with i < j, shape=(n_motifs * (n_motifs - 1) / 2, 2)."""
    return np.stack(np.triu_indices(n_motifs, 1), axis=1)


def null_pairs(features: Features) -> np.ndarray:
    """Every copy with every other motif than its own, shape=(n_motifs * n_copies * (n_motifs - 1), 2)."""
    motifs = np.arange(features.n_motifs)
    copies = np.arange(features.n_motifs, len(features.motifs))
    pairs = np.stack(np.meshgrid(copies, motifs, indexing="ij"), axis=-1).reshape(-1, 2)
    return pairs[features.parent[pairs[:, 0]] != pairs[:, 1]]
