"""Complete scores by the compiled library, which takes all queries and several orders of the targets in one call."""

import ctypes
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from motiflens.basics.compiled import Library
from motiflens.motifs.complete_scores import METRICS, Layout, Scores

_I, _P = ctypes.c_int, ctypes.c_void_p
LIBRARY = Library.listed(
    Path(__file__).parent,
    "complete-scores",
    {
        "complete_scores": (_I, [_I, _I, _P, _P, _P, _I, _P, _P, _I, _P, _P, _P, _I, _P, _P, _P, _P]),
        "similarity_to_shuffled": (ctypes.c_double, [_I, _P, _P]),
    },
)


def describe_library() -> str:
    """Where the compiled library comes from, or "none" and why."""
    library, words = LIBRARY.load()
    return f"none: {words}" if library is None else words


def compiled_scores(
    queries: list[np.ndarray], n_sites: np.ndarray, layout: Layout, metric: str, orders: np.ndarray | None = None
) -> Scores | None:
    """As :func:`motiflens.motifs.complete_scores.complete_scores`; None where there is no compiled library.

    Queries have shape=(4, width) each, their numbers of sites (n_queries,), orders of columns (n_orders, width).

    Raises
    ------
    MemoryError
        If there is no memory for its scratch space.
    """
    library, _ = LIBRARY.load()
    if library is None:
        return None
    widths = np.array([query.shape[1] for query in queries], dtype=np.int64)
    columns = METRICS[metric][0](np.concatenate([np.empty((4, 0)), *queries], axis=1), np.repeat(n_sites, widths))
    n_orders = 1 if orders is None else len(orders)
    shape = (len(queries), n_orders, 2, len(layout.group_of))
    found = Scores(np.empty(shape), np.empty(shape, np.int32), np.empty(shape, np.int32))
    arguments = [
        int(metric == "euclidean"),
        len(queries),
        _integers(widths),
        _numbers(columns.T),
        _numbers((columns**2).sum(axis=0)),
        layout.columns.shape[1],
        *_target_columns(layout, metric),
        len(layout.groups),
        _integers([group.width for group in layout.groups]),
        _integers([len(group.members) for group in layout.groups]),
        _integers(np.concatenate([group.members for group in layout.groups])),
        n_orders,
        None if orders is None else _integers(orders),
        *found,
    ]
    if library.complete_scores(*(x.ctypes.data if isinstance(x, np.ndarray) else x for x in arguments)):
        raise MemoryError("the compiled complete scores found no memory for their scratch space")
    return found


@lru_cache(maxsize=16)
def _target_columns(layout: Layout, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """Columns and their squared lengths, as the library takes them."""
    columns = layout.prepared(metric)
    scaled = -2 * columns if metric == "euclidean" else columns
    return _numbers(scaled), _numbers((columns**2).sum(axis=0))


def _numbers(values: Any) -> np.ndarray:
    return np.ascontiguousarray(values, dtype=np.float64)


def _integers(values: Any) -> np.ndarray:
    return np.ascontiguousarray(values, dtype=np.int32)
