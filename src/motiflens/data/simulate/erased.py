"""Sites taken out of simulated sequences at random, so that the data tell what a motif does without the others."""

import dataclasses

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.data.dataset import SequenceDataset
from motiflens.motifs.truth import SiteTruth, site_columns

_STREAM = 6  # of random numbers: the one after that of signed labels
_N_BASES = 4


def erase_sites(dataset: SequenceDataset, *, share: float, seed: int = 0) -> SequenceDataset:
    """In a share of the sequences, replace each site with a chance of one half by bases that are all equally likely.

    A grammar of pairs wherever they stand (level 1) has no sequence with one motif alone, or with none. What a network
    makes of these is then a guess, and with it what a pair does beyond the sum of its motifs. Labels stay as they are:
    draw them anew, as `signed_labels` and `additive_labels` do.

    Parameters
    ----------
    dataset : SequenceDataset
        With a SiteTruth, sites in a background in which all bases are equally likely.
    share : float
        Of the sequences, 0 to 1.
    seed : int

    Returns
    -------
    dataset : SequenceDataset
        With the truth of the sites that are left, and `share` in ``metadata["erased_share"]``.

    Raises
    ------
    InputError
        If the dataset has no sites, lies in a background of its own, or share is out of range.
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
