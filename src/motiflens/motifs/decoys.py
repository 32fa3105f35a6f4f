"""Decoys: motifs with their columns in another order."""

from collections.abc import Sequence

import numpy as np

from motiflens.motifs.sets import Motif
from motiflens.motifs.similarity import similarity

SAME_MOTIF = 0.9  # a decoy as similar as this to its own motif (`similarity.similarity`) is no decoy


_MAX_DRAWS = 20


def decoy_motifs(motifs: Sequence[Motif], seed: int | np.random.Generator = 0) -> tuple[list[Motif], np.ndarray]:
    """Shuffle the columns of each motif.

    An order is drawn again, up to 20 times, while the result is still the motif: similar to it, on either strand and
    at any shift, by `SAME_MOTIF` or more.

    Returns
    -------
    decoys : list of Motif
        With the ids, names and numbers of sites of the motifs.
    differs : np.ndarray, bool, shape=(n_motifs,)
        False where no order made another motif, as with equal columns; the last one drawn stands there.
    """
    generator = np.random.default_rng(seed)
    decoys, differs = [], np.zeros(len(motifs), dtype=bool)
    for i, motif in enumerate(motifs):
        for _ in range(_MAX_DRAWS):
            pwm = motif.pwm[:, generator.permutation(motif.width)]
            differs[i] = similarity(motif.pwm, pwm).value < SAME_MOTIF
            if differs[i]:
                break
        decoys.append(Motif(motif.id, motif.name, pwm, motif.n_sites))
    return decoys, differs
