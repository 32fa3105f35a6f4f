"""Random removal of sites from simulated sequences, so that the data show single effects of motifs."""

import dataclasses

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.data.dataset import SequenceDataset
from motiflens.motifs.truth import SiteTruth, site_columns

_STREAM = 6  # of random numbers: the one after that of signed labels
_N_BASES = 4


def erase_sites(dataset: SequenceDataset, *, share: float, seed: int = 0) -> SequenceDataset:
    """In a share of the sequences, replace each site, with probability 1/2, by random bases.

    A grammar of pairs without positions (level 1) has no sequence with a single motif, or with none. So a network's
    response to these, and with it the interaction, is not determined by the data. Labels are not changed; draw new ones
    with `signed_labels` or `additive_labels`.

    Parameters
    ----------
    dataset : SequenceDataset
        With a SiteTruth and a background of uniform random bases.
    share : float
        Share of the sequences, from 0 to 1.
    seed : int

    Returns
    -------
    dataset : SequenceDataset
        Its truth has the remaining sites, and ``metadata["erased_share"]`` is `share`.

    Raises
    ------
    InputError
        If the data set has no sites or another background, or `share` is out of range.
    """
    truth = dataset.truth
    if not isinstance(truth, SiteTruth):
        raise InputError(f"expected a dataset with a SiteTruth, got truth: {truth}")
    if not 0 <= share <= 1:
        raise InputError(f"share must be from 0 to 1, got {share}")
    if dataset.metadata.get("background", "uniform") != "uniform":
        raise InputError(
            f"sites can be erased where all bases are equally likely, got background {dataset.metadata['background']!r}"
        )
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_STREAM,)))
    is_touched = rng.random(len(dataset)) < share
    erased = is_touched[truth.sequence] & (rng.random(len(truth.sequence)) < 0.5)
    origin = truth.sequence[erased].astype(np.int64) * truth.length + truth.start[erased]
    places = site_columns(truth.motifs, truth.motif[erased], truth.strand[erased], origin).place
    codes = dataset.codes.copy()
    codes.reshape(-1)[places] = rng.integers(_N_BASES, size=len(places), dtype=codes.dtype)
    sequence, motif, strand, start = (column[~erased] for column in truth.table())
    left = SiteTruth(sequence, motif, strand, start, truth.motifs, truth.n_sequences, truth.length)
    metadata = {**dataset.metadata, "erased_share": float(share)}
    return dataclasses.replace(dataset, codes=codes, truth=left, metadata=metadata)
