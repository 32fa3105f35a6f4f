"""Write attributions as files for TF-MoDISco."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from motiflens.basics.errors import InputError
from motiflens.basics.files import write_npz
from motiflens.basics.sequence import check_one_hot


class ModiscoFiles(NamedTuple):
    """Paths of the files, for ``modisco motifs -s SEQUENCES -a ATTRIBUTIONS``."""

    sequences: Path
    attributions: Path


def write_modisco(
    one_hot: np.ndarray | torch.Tensor, attributions: np.ndarray | torch.Tensor, prefix: str | Path
) -> ModiscoFiles:
    """Write ``PREFIX_sequences.npz`` and ``PREFIX_attributions.npz`` for TF-MoDISco (tfmodisco-lite 2).

    Run it with ``modisco motifs -s PREFIX_sequences.npz -a PREFIX_attributions.npz -n 20000 -w LENGTH``. Without ``-w``
    it uses the central 400 bp and refuses shorter sequences. It expects values for all four bases (hypothetical
    contributions), as from gradients and saturation mutagenesis, not multiplied by the input.

    Parameters
    ----------
    one_hot : array, shape=(N, 4, L)
    attributions : array, shape=(N, 4, L)
    prefix : path
        Beginning of the files' names.

    Returns
    -------
    files : ModiscoFiles

    Raises
    ------
    ValueError
        If the sequences are not one-hot, shapes differ, or an attribution is NaN or infinite.
    FileNotFoundError
        If the folder of prefix does not exist.
    """
    X, values = np.asarray(one_hot), np.asarray(attributions)
    check_one_hot(X)
    if values.shape != X.shape:
        raise InputError(f"expected attributions of the sequences' shape {X.shape}, got {values.shape}")
    if not np.isfinite(values).all():
        row = int((~np.isfinite(values)).any(axis=(1, 2)).argmax())
        raise InputError(f"expected finite attributions, got NaN or infinity in sequence {row}")
    prefix = Path(prefix)
    files = ModiscoFiles(*(prefix.with_name(f"{prefix.name}_{kind}.npz") for kind in ModiscoFiles._fields))
    arrays: tuple[np.ndarray, np.ndarray] = (X.astype(np.uint8), values.astype(np.float32))
    for path, array in zip(files, arrays, strict=True):
        write_npz({"arr_0": array}, path)
    return files
