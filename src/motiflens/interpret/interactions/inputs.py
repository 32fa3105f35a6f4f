"""Input of an analysis of interactions: selected sequences, checked arguments."""

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
from torch import nn

from motiflens.basics.errors import InputError
from motiflens.basics.inputs import Sequences, SequencesLike, as_codes, as_sequences
from motiflens.basics.shuffle import dinucleotide_shuffle
from motiflens.models.foreign import check_foreign
from motiflens.models.outputs import model_outputs
from motiflens.motifs.sets import Motif

OnProgress = Callable[[float], None]  # told the share that is done, 0 to 1


def unheard(share: float) -> None:
    """Ignore reports of progress."""


def chosen_sequences(
    data: SequencesLike,
    background: SequencesLike | None,
    target: int,
    n_sequences: int,
    rng: np.random.Generator,
    *,
    shuffle: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Codes of positives and of background sequences, shape=(n, L), at most n_sequences of each, in random order.

    Background sequences are `background` if it is given. Otherwise they are shuffled positives if `shuffle` is true or
    no sequence has label 0, else the sequences with label 0.

    Raises
    ------
    ValueError
        If data or background are empty or have the wrong type or length, labels are not 0 and 1, the target is out of
        range or no sequence is positive.
    """
    given = as_sequences(data)
    if given.y is not None:
        positives, negatives = _by_label(given, target)
    else:
        positives, negatives = given.codes, np.zeros((0, 0), dtype=np.uint8)
    if not len(positives):
        raise InputError(f"expected at least one positive sequence for output {target}, got none")
    positives = positives[rng.permutation(len(positives))[:n_sequences]]
    if background is not None:
        negatives = as_codes(background)
        if not len(negatives) or negatives.shape[1] != positives.shape[1]:
            raise InputError(
                f"expected a background of sequences of {positives.shape[1]} bp, got "
                f"{len(negatives)} of {negatives.shape[1]} bp"
            )
    elif shuffle or not len(negatives):
        negatives = dinucleotide_shuffle(positives, rng)
    return positives, negatives[rng.permutation(len(negatives))[:n_sequences]]


def _by_label(data: Sequences, target: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes with label 1 and with label 0, of the test sequences if there are any."""
    rows, column = data.audited_rows(), data.label_of(target)
    codes, label = data.codes[rows], cast(np.ndarray, data.y)[rows, column]
    other = label[~np.isin(label, (0, 1)) & ~np.isnan(label)]
    if len(other):
        raise InputError(
            f"expected labels 0 and 1, got {other[0]:g}: label positives 1 and all else 0, or in Python give the codes "
            "of positives alone"
        )
    return codes[label == 1], codes[label == 0]


def check_networks(networks: Sequence[nn.Module], codes: np.ndarray, target: int, batch_size: int) -> None:
    """Check the outputs of networks for some sequences, codes of shape=(N, L).

    Raises
    ------
    ValueError
        If a network has no such output, or its logits are NaN or infinite.
    """
    for k, network in enumerate(networks):
        try:
            check_foreign(network, codes)
            logits = model_outputs(network, codes, batch_size=batch_size).reshape(len(codes), -1)
        except InputError as error:
            raise InputError(f"model {k} of 0 ... {len(networks) - 1} cannot be read: {error}") from error
        if not 0 <= target < logits.shape[1]:
            raise InputError(f"target must be in 0 ... {logits.shape[1] - 1}, the outputs of model {k}, got {target}")
        n_finite = int(logits[:, target].isfinite().sum())
        if n_finite < len(codes):
            raise InputError(
                f"expected finite logits, got {len(codes) - n_finite:,} NaN or infinite for {len(codes):,} sequences "
                f"from model {k} of 0 ... {len(networks) - 1}: leave it out if its training diverged"
            )


def check_motifs(networks: Sequence[nn.Module], motifs: Sequence[Motif], n_null: int) -> None:
    """Check that there are networks, and enough motifs.

    Raises
    ------
    InputError
        If there is no network, there are fewer than two motifs or too few copies of them, or an id occurs twice.
    """
    if not networks:
        raise InputError("expected at least one model, got none")
    for motif in motifs:
        if not isinstance(motif, Motif):
            raise InputError(
                f"expected motifs, as motiflens.motifs.sets.load_motifs reads them, got {motif!r} among them"
            )
    ids = [motif.id for motif in motifs]
    if len(ids) < 2:
        raise InputError(f"expected at least two motifs to pair, got {len(ids)}")
    if len(set(ids)) < len(ids):
        twice = next(name for name in ids if ids.count(name) > 1)
        raise InputError(f"expected different motifs, got id {twice!r} twice")
    if n_null < 2 * len(motifs):
        raise InputError(f"n_null must be at least two copies for each of {len(motifs)} motifs, got {n_null}")
