"""Baselines: the sequences with which attribution methods compare a sequence."""

import numpy as np
import torch

from motiflens.basics.choices import did_you_mean
from motiflens.basics.errors import InputError
from motiflens.basics.metrics import Array, as_tensor
from motiflens.basics.sequence import codes_from_one_hot, one_hot
from motiflens.basics.shuffle import dinucleotide_shuffle

BASELINES = ("zeros", "uniform", "dinucleotide_shuffle")


def baselines_of(X: torch.Tensor, baselines: str | Array, n_shuffles: int, seed: int) -> torch.Tensor:
    """Baselines of each sequence, shape=(N, n_baselines, 4, L).

    Parameters
    ----------
    X : torch.Tensor, shape=(N, 4, L)
        One-hot.
    baselines : str, np.ndarray or torch.Tensor
        "zeros"; "uniform", a quarter of each base; "dinucleotide_shuffle", n_shuffles of each sequence; or values of
        shape (N, 4, L) or (N, n_baselines, 4, L). If a base of a sequence is unknown, it is also unknown in its
        baselines.
    n_shuffles, seed : int
        Number of shuffles of each sequence, and their seed.

    Raises
    ------
    ValueError
        If the name is unknown, the shape does not fit, or a value is not finite.
    """
    if isinstance(baselines, str):
        return _named(X, baselines, n_shuffles, seed)
    given = as_tensor(baselines).detach().cpu()
    given = given[:, None] if given.dim() == 3 else given
    if given.dim() != 4 or (given.shape[0], *given.shape[2:]) != tuple(X.shape) or given.shape[1] == 0:
        n, _, length = X.shape
        raise InputError(
            f"expected baselines of shape ({n}, 4, {length}) or ({n}, n_baselines, 4, {length}), "
            f"got {tuple(baselines.shape)}"
        )
    if not bool(given.isfinite().all()):
        raise InputError("expected finite baselines, got NaN or infinity")
    return given


def _named(X: torch.Tensor, name: str, n_shuffles: int, seed: int) -> torch.Tensor:
    if name not in BASELINES:
        hint = did_you_mean(name, BASELINES)
        raise InputError(
            f"baselines must be one of {', '.join(BASELINES)} or an array, got {name!r}{hint and '; ' + hint}"
        )
    if name != "dinucleotide_shuffle":
        return torch.tensor(0.25 if name == "uniform" else 0.0).expand(len(X), 1, *X.shape[1:])
    codes = np.repeat(codes_from_one_hot(X.cpu()), n_shuffles, axis=0)
    shuffled = one_hot(dinucleotide_shuffle(codes, seed), torch.uint8)
    return shuffled.unflatten(0, (len(X), n_shuffles))
