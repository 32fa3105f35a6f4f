"""Random orders of the columns of a database's motifs, drawn once for each database and seed."""

import contextlib
import ctypes
import hashlib
import zipfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from motiflens.basics.compiled import cache_folder
from motiflens.basics.files import write_npz
from motiflens.basics.tables import by_fields
from motiflens.motifs.compiled_scores import LIBRARY
from motiflens.motifs.motif import Motif
from motiflens.motifs.similarity import similarity

SAME_MOTIF = 0.9  # a motif's columns in another order are still that motif if they are as similar as this to it
_MAX_DRAWS = 20
_WORTH_A_FILE = 100  # motifs


@by_fields
class Shuffles(NamedTuple):
    """Several random orders of the columns of every motif of a database."""

    orders: np.ndarray  # (n_shuffles, sum of widths), motif by motif: which column stands where
    differs: np.ndarray  # bool, (n_shuffles, n_motifs): False where no order made another motif


def draw_shuffles(motifs: Sequence[Motif], generators: Sequence[np.random.Generator]) -> Shuffles:
    """Draw an order of the columns of every motif, one for each generator.

    An order is drawn again, up to 20 times, if the result is too similar to the motif, that is, if the similarity
    (:func:`motiflens.motifs.similarity.similarity`), on either strand and at any shift, is `SAME_MOTIF` or more. If all
    are, the last one is used.
    """
    starts = np.concatenate([[0], np.cumsum([motif.width for motif in motifs], dtype=np.int64)])
    orders = np.empty((len(generators), starts[-1]), dtype=np.int32)
    differs = np.zeros((len(generators), len(motifs)), dtype=bool)
    compared = [_Comparison(motif.pwm) for motif in motifs]
    for k, generator in enumerate(generators):
        for i, (motif, start) in enumerate(zip(compared, starts.tolist(), strict=False)):
            for _ in range(_MAX_DRAWS):
                order = generator.permutation(motif.width)
                if motif.similarity_to(order) < SAME_MOTIF:
                    differs[k, i] = True
                    break
            orders[k, start : start + motif.width] = order
    return Shuffles(orders, differs)


class _Comparison:
    """A motif, to be compared with itself in other orders; compiled, this takes a twentieth of the time."""

    def __init__(self, pwm: np.ndarray) -> None:
        self.pwm, self.width = pwm, pwm.shape[1]
        library, _ = LIBRARY.load()
        self._function = None if library is None else library.similarity_to_shuffled
        self._columns = np.ascontiguousarray(pwm.T - 0.25)
        self._address = self._columns.ctypes.data
        self._order = (ctypes.c_int * self.width)()

    def similarity_to(self, order: np.ndarray) -> float:
        if self._function is None:
            return similarity(self.pwm, self.pwm[:, order]).value
        self._order[:] = order.tolist()
        return self._function(self.width, self._address, self._order)


# Kept


def database_shuffles(motifs: Sequence[Motif], n: int, seed: int) -> Shuffles:
    """`draw_shuffles` n times from one seed, cached in memory and, for large databases, in the user's cache folder.

    A larger n extends the shuffles of a smaller one.
    """
    return _kept(tuple(motifs), n, seed)


@lru_cache(maxsize=8)
def _kept(motifs: tuple[Motif, ...], n: int, seed: int) -> Shuffles:
    path = _file(motifs, n, seed) if len(motifs) >= _WORTH_A_FILE else None
    found = _read(path, motifs, n) if path else None
    if found is None:
        found = draw_shuffles(motifs, np.random.default_rng(seed).spawn(n))
        if path:
            with contextlib.suppress(OSError):  # no home, or no place in it: it is drawn again
                path.parent.mkdir(parents=True, exist_ok=True)
                write_npz(found._asdict(), path)
    for array in found:
        array.setflags(write=False)
    return found


def _file(motifs: Sequence[Motif], n: int, seed: int) -> Path:
    """Named by all that the orders depend on."""
    digest = hashlib.sha256(repr((n, seed, SAME_MOTIF, _MAX_DRAWS, np.__version__)).encode())
    for motif in motifs:
        digest.update(motif.pwm.shape[1].to_bytes(4, "little"))
        digest.update(motif.pwm.tobytes())
    return cache_folder() / f"shuffles-{digest.hexdigest()[:16]}.npz"


def _read(path: Path, motifs: Sequence[Motif], n: int) -> Shuffles | None:
    """What a file holds; None if there is none, or it is not whole."""
    try:
        with path.open("rb") as file, np.load(file) as arrays:  # `load` leaves broken files open
            found = Shuffles(arrays["orders"], arrays["differs"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    shapes = (n, sum(motif.width for motif in motifs)), (n, len(motifs))
    return found if (found.orders.shape, found.differs.shape) == shapes else None
