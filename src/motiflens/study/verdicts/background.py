"""Real sequences that the simulated sites of patients are put into."""

from pathlib import Path

import h5py
import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.sequence import UNKNOWN
from motiflens.data.io import fasta_records, read_hdf5
from motiflens.study.verdicts.simulated import N_TEST, N_VALID, PATIENT_LENGTH

_LEAST = 1000 + N_VALID + N_TEST  # windows of most kinds of patients, so that none is used twice


def read_background(path: str | Path) -> np.ndarray:
    """Windows of 200 bp, end to end, of the sequences in a file; those with unknown bases are left out.

    Parameters
    ----------
    path : path
        FASTA, plain or gzip, such as a genome, or HDF5 as :func:`motiflens.data.io.read_hdf5` takes it.

    Returns
    -------
    codes : np.ndarray, uint8, shape=(n, 200)

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is neither, or holds fewer than 1,800 such windows.
    """
    is_hdf5 = Path(path).is_file() and h5py.is_hdf5(path)
    sequences = iter(read_hdf5(path).codes) if is_hdf5 else (record.codes for record in fasta_records(path))
    pieces = [_windows(codes) for codes in sequences]
    codes = np.concatenate(pieces) if pieces else np.zeros((0, PATIENT_LENGTH), dtype=np.uint8)
    codes = codes[(codes != UNKNOWN).all(axis=1)]
    if len(codes) < _LEAST:
        raise InputError(
            f"{path}: expected at least {_LEAST:,} windows of {PATIENT_LENGTH} bp without unknown bases, "
            f"got {len(codes):,}: give more or longer sequences, such as a genome"
        )
    return codes


def _windows(codes: np.ndarray) -> np.ndarray:
    """Windows end to end, shape=(n, 200)."""
    n = len(codes) // PATIENT_LENGTH
    windows: np.ndarray = codes[: n * PATIENT_LENGTH].reshape(n, PATIENT_LENGTH)
    return windows
