"""Libraries on one scale: the shift of each is estimated from sequences that several libraries measured."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from motiflens.basics.errors import InputError


class MeasuredActivity(NamedTuple):
    """One sequence in one library."""

    name: str
    library: str
    activity: float  # before the library's shift is subtracted
    replicate_sd: float
    n_replicates: int
    n_barcodes: int
    error: float  # standard error of activity: barcodes' where they are known, else replicates'


def library_shifts(measured: Sequence[MeasuredActivity], reference: str) -> dict[str, float]:
    """Shift of each library relative to the reference, in log2, by least squares over sequences in several libraries.

    The model is activity = sequence + library. After elimination of the sequences' terms, a small system remains.

    Parameters
    ----------
    measured : sequence of Measured
    reference : str
        Its shift is 0.

    Raises
    ------
    ValueError
        If a library shares no sequence, directly or through others, with the reference.
    """
    libraries = sorted({one.library for one in measured})
    if reference not in libraries:
        raise InputError(f"expected library {reference} as the reference, there are {', '.join(libraries)}")
    by_name: dict[str, list[MeasuredActivity]] = {}
    for one in measured:
        by_name.setdefault(one.name, []).append(one)
    size = len(libraries)
    normal, right = np.zeros((size, size)), np.zeros(size)
    for own in by_name.values():
        places = [libraries.index(one.library) for one in own]
        values = np.array([one.activity for one in own])
        design = np.eye(size)[places]
        centred = design - design.mean(axis=0)
        normal += centred.T @ centred
        right += centred.T @ (values - values.mean())
    others = [i for i in range(size) if libraries[i] != reference]
    inner = normal[np.ix_(others, others)]
    if others and np.linalg.matrix_rank(inner) < len(others):
        raise InputError(
            f"not every library shares sequences with library {reference}, even through others: "
            "there is no common scale"
        )
    shifts = np.zeros(size)
    if others:
        shifts[others] = np.linalg.solve(inner, right[others])
    return dict(zip(libraries, shifts.tolist(), strict=True))
