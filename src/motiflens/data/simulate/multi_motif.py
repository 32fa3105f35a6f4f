"""Task 1 of the study: one label for the presence of each motif."""

from collections.abc import Mapping, Sequence

import numpy as np

from motiflens.data.dataset import SequenceDataset
from motiflens.data.simulate.presets import TASK1_MOTIF_COUNTS, TASK1_MOTIFS
from motiflens.data.splits import random_split
from motiflens.motifs.embed import (
    check_request,
    draw_motif_counts,
    draw_sites,
    make_generator,
    resolve_motifs,
    sample_bases,
)
from motiflens.motifs.sets import Motif
from motiflens.motifs.truth import SiteTruth


def multi_motif(
    n_sequences: int = 30_000,
    *,
    seed: int = 0,
    length: int = 200,
    motifs: Sequence[Motif | str] | None = None,
    motif_counts: Mapping[int, float] | None = None,
    split: Sequence[float] = (0.7, 0.1, 0.2),
) -> SequenceDataset:
    """Simulate sequences with a few motifs each; label j is 1 if motif j is present, on either strand.

    By default this is Task 1 of Ghotra et al. 2021. Sequences, labels and truth do not depend on ``split``.

    Parameters
    ----------
    n_sequences : int
        Number of sequences: 30,000 in the released code, 25,000 in the paper's text.
    seed : int
        The same seed gives the same data.
    length : int
        Length of the sequences.
    motifs : sequence of Motif or str, optional
        Motifs, or ids in JASPAR 2016 CORE vertebrates; ``TASK1_MOTIFS`` by default. One label each.
    motif_counts : mapping of int to float, optional
        Probability of each number of motifs in a sequence; ``TASK1_MOTIF_COUNTS`` by default.
    split : sequence of float
        Shares of train, valid and test.

    Returns
    -------
    dataset : SequenceDataset
        With a SiteTruth.

    Raises
    ------
    ValueError
        If an id is unknown, motifs do not fit into `length`, or `motif_counts` or `split` is not a distribution.
    """
    chosen = resolve_motifs(TASK1_MOTIFS if motifs is None else motifs)
    numbers = TASK1_MOTIF_COUNTS if motif_counts is None else motif_counts
    check_request(n_sequences, length, numbers, chosen)
    rng = make_generator(seed)
    split_codes = random_split(n_sequences, split, rng.split)
    counts = draw_motif_counts(n_sequences, numbers, rng.sites)
    choices = np.full(n_sequences, len(chosen))
    truth = draw_sites(counts, choices, chosen, length, rng.sites)
    metadata = {
        "simulator": "multi_motif",
        "seed": int(seed),
        "motifs": [motif.id for motif in chosen],
        "motif_counts": {str(number): float(share) for number, share in numbers.items()},
    }
    codes = sample_bases(truth, rng.bases)
    return SequenceDataset(codes, _presence(truth), label_names(chosen), split_codes, truth, metadata)


def label_names(motifs: Sequence[Motif]) -> tuple[str, ...]:
    """Name labels after motifs, with the id if a name occurs more than once."""
    names = [motif.name for motif in motifs]
    return tuple(
        name if names.count(name) == 1 else f"{name} ({motif.id})" for name, motif in zip(names, motifs, strict=True)
    )


def _presence(truth: SiteTruth) -> np.ndarray:
    """Return 1 where a sequence holds a motif, float32, shape=(n_sequences, n_motifs)."""
    y = np.zeros((truth.n_sequences, len(truth.motifs)), dtype=np.float32)
    y[truth.sequence, truth.motif] = 1
    return y
