"""What a table of interactions is made from: sequences chosen from the data, arguments checked."""

from collections.abc import Callable, Mapping, Sequence
from numbers import Integral

import numpy as np
from torch import nn

from motiflens.basics.errors import InputError
from motiflens.basics.sequence import check_codes
from motiflens.data.dataset import SequenceDataset
from motiflens.data.rows import audited_rows, label_of
from motiflens.data.shuffle import dinucleotide_shuffle
from motiflens.models.predict import predict
from motiflens.motifs.sets import Motif

OnProgress = Callable[[float], None]  # told the share that is done, 0 to 1


def unheard(share: float) -> None:
    """Do nothing with news of progress."""


def chosen_sequences(
    data: SequenceDataset | np.ndarray,
    background: np.ndarray | None,
    target: int,
    n_sequences: int,
    method: str,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Codes of positives and of background sequences, at most n_sequences of each in random order.

    Raises
    ------
    ValueError
        If data or background are empty or have another type or length, labels are not 0 and 1, target is out of
        range or no sequence is positive.
    """
    if isinstance(data, SequenceDataset):
        positives, negatives = _by_label(data, target)
    else:
        positives = np.asarray(data)
        negatives = np.zeros((0, 0), dtype=np.uint8)
        _check_codes("a SequenceDataset or uint8 codes (N, L)", positives)
    if not len(positives):
        raise InputError(f"expected at least one positive sequence for output {target}, got none")
    positives = positives[rng.permutation(len(positives))[:n_sequences]]
    if background is not None:
        negatives = np.asarray(background)
        _check_codes(f"a background of uint8 codes (B, {positives.shape[1]})", negatives, positives.shape[1])
    elif method == "insertion" or not len(negatives):
        negatives = dinucleotide_shuffle(positives, rng)
    return positives, negatives[rng.permutation(len(negatives))[:n_sequences]]


def _by_label(data: SequenceDataset, target: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes with label 1 and with label 0, of the test sequences if there are any."""
    rows = audited_rows(data)
    codes, label = data.codes[rows], data.y[rows, label_of(data, target)]
    other = label[~np.isin(label, (0, 1))]
    if len(other):
        raise InputError(
            f"expected labels 0 and 1, got {other[0]:g}: label positives 1 and all else 0, or in Python give the codes "
            "of positives alone"
        )
    return codes[label == 1], codes[label == 0]


def _check_codes(expected: str, codes: np.ndarray, length: int | None = None) -> None:
    if codes.ndim != 2 or codes.dtype != np.uint8 or not len(codes) or length not in (None, codes.shape[1]):
        raise InputError(f"expected {expected}, got {codes.dtype} {codes.shape}")
    check_codes(codes)


def check_networks(networks: Sequence[nn.Module], codes: np.ndarray, target: int, batch_size: int) -> None:
    """Check what networks say of some sequences.

    Raises
    ------
    ValueError
        If a network has no such output, or gives NaN or infinite logits.
    """
    for k, network in enumerate(networks):
        logits = predict(network, codes, batch_size=batch_size).reshape(len(codes), -1)
        if not 0 <= target < logits.shape[1]:
            raise InputError(f"target must be in 0 ... {logits.shape[1] - 1}, the outputs of model {k}, got {target}")
        n_finite = int(logits[:, target].isfinite().sum())
        if n_finite < len(codes):
            raise InputError(
                f"expected finite logits, got {len(codes) - n_finite:,} NaN or infinite for {len(codes):,} sequences "
                f"from model {k} of 0 ... {len(networks) - 1}: leave it out if its training diverged"
            )


def check_arguments(
    networks: Sequence[nn.Module],
    motifs: Sequence[Motif],
    n_null: int,
    numbers: Mapping[str, int],
    shares: Mapping[str, float],
    min_effect: float,
) -> None:
    """Check what does not depend on the data; numbers must be 1 or more, shares 0 to 1.

    Raises
    ------
    ValueError
        If there is no network, fewer than two motifs or an id twice, or a number is out of range.
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
    for name, number in {**numbers, "n_null": n_null}.items():
        if not isinstance(number, Integral) or number < 1:
            raise InputError(f"{name} must be a whole number of 1 or more, got {number!r}")
    if n_null < 2 * len(motifs):
        raise InputError(f"n_null must be at least two copies for each of {len(motifs)} motifs, got {n_null}")
    if numbers["n_backgrounds"] < numbers["n_null_backgrounds"]:
        raise InputError(
            f"n_backgrounds must be at least n_null_backgrounds, {numbers['n_null_backgrounds']}, "
            f"got {numbers['n_backgrounds']}"
        )
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise InputError(f"{name} must be a share from 0 to 1, got {share}")
    if not min_effect >= 0:
        raise InputError(f"min_effect must be 0 or more, got {min_effect}")
