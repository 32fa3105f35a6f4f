"""Task 2 of the study: positives with core motifs, negatives with core and background motifs."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from motiflens.basics.errors import ArgumentError
from motiflens.basics.tables import by_fields
from motiflens.data.dataset import SequenceDataset
from motiflens.data.simulate.presets import TASK2_CORE, TASK2_MOTIF_COUNTS, task2_background
from motiflens.data.splits import random_split
from motiflens.motifs.embed import (
    MOTIF_SET,
    check_request,
    draw_motif_counts,
    draw_sites,
    make_generator,
    resolve_motifs,
    sample_bases,
)
from motiflens.motifs.sets import Motif, load_motifs
from motiflens.motifs.tomtom import tomtom


@by_fields
class Background(NamedTuple):
    """Background motifs, without those that are similar to a core motif."""

    kept: list[Motif]
    dropped: list[Motif]


def billboard(
    n_sequences: int = 20_000,
    *,
    seed: int = 0,
    length: int = 200,
    core: Sequence[Motif | str] | None = None,
    background: Sequence[Motif | str] | None = None,
    motif_counts: Mapping[int, float] | None = None,
    split: Sequence[float] = (0.7, 0.1, 0.2),
    filter_background: bool | None = None,
) -> SequenceDataset:
    """Simulate positives with core motifs only, and as many negatives with core and background motifs.

    By default this is Task 2 of Ghotra et al. 2021. Motifs are on either strand. Sequences, labels and truth do not
    depend on ``split``.

    Parameters
    ----------
    n_sequences : int
        Half of them positive, rounded down.
    seed : int
        The same seed gives the same data.
    length : int
        Length of the sequences.
    core, background : sequence of Motif or str, optional
        Motifs, or ids in JASPAR 2016 CORE vertebrates; ``TASK2_CORE`` and the study's 50 by default.
    motif_counts : mapping of int to float, optional
        Probability of each number of motifs in a sequence; by default ``TASK2_MOTIF_COUNTS``, as in the released code.
        ``TASK2_MOTIF_COUNTS_PAPER`` is that of the paper's text.
    split : sequence of float
        Shares of train, valid and test.
    filter_background : bool, optional
        Whether to drop background motifs that match a core motif; see :func:`split_background`. By default only if
        `core` or `background` is given.

    Returns
    -------
    dataset : SequenceDataset
        It has one label, ``"core"``, and a SiteTruth whose motifs are the core, followed by the background.
        ``metadata["dropped_background"]`` has the ids of the dropped motifs.

    Raises
    ------
    ValueError
        If an id is unknown, motifs do not fit into `length`, `motif_counts` or `split` is not a distribution, or every
        background motif is similar to a core motif.
    """
    own = core is not None or background is not None
    core_motifs = resolve_motifs(TASK2_CORE if core is None else core)
    candidates = resolve_motifs(task2_background() if background is None else background)
    filtered = own if filter_background is None else filter_background
    kept, dropped = split_background(candidates, core_motifs) if filtered else Background(candidates, [])
    if not kept:
        raise ArgumentError(
            f"all {len(dropped)} background motifs look like a core motif",
            "give others{kept}",
            kept=(", or keep them with filter_background=False", " with --background"),
        )
    numbers = TASK2_MOTIF_COUNTS if motif_counts is None else motif_counts
    check_request(n_sequences, length, numbers, core_motifs)
    motifs = core_motifs + kept
    rng = make_generator(seed)
    split_codes = random_split(n_sequences, split, rng.split)
    positive = rng.labels.permutation(n_sequences) < n_sequences // 2
    counts = draw_motif_counts(n_sequences, numbers, rng.sites)
    choices = np.where(positive, len(core_motifs), len(motifs))
    truth = draw_sites(counts, choices, motifs, length, rng.sites)
    metadata = {
        "simulator": "billboard",
        "seed": int(seed),
        "core": [motif.id for motif in core_motifs],
        "background": [motif.id for motif in kept],
        "dropped_background": [motif.id for motif in dropped],
        "motif_counts": {str(number): float(share) for number, share in numbers.items()},
    }
    y = positive.astype(np.float32)[:, None]
    return SequenceDataset(sample_bases(truth, rng.bases), y, ("core",), split_codes, truth, metadata)


def split_background(background: Sequence[Motif], core: Sequence[Motif], *, q: float = 0.1) -> Background:
    """Separate the background motifs that TomTom matches to a core motif.

    The q-values are those of a search in the background and JASPAR 2016 CORE vertebrates together, so the result for a
    motif hardly depends on the other background motifs.

    Parameters
    ----------
    background, core : sequence of Motif
        Every core motif is a query, every background motif a target.
    q : float
        Motifs with a q-value of at most this to any core motif are dropped.

    Returns
    -------
    Background
        Unpacks as ``kept, dropped``; both in the original order.
    """
    targets = [*background, *load_motifs(MOTIF_SET)]
    best = tomtom(core, targets).q_value[:, : len(background)].min(axis=0)  # n_background
    kept = [motif for motif, value in zip(background, best, strict=True) if value > q]
    dropped = [motif for motif, value in zip(background, best, strict=True) if value <= q]
    return Background(kept, dropped)
