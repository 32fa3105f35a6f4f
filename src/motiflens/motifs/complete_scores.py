"""Complete scores (TomTom): the best alignments of motif columns, and their p-values, one query at a time.

The score of an alignment is the sum of its column scores. These are shifted by each query column's median
over all target columns and scaled to integers, so that a query column without a partner scores 0 and
alignments of different overlap compare fairly. The null: each column of a target is drawn independently from
all columns of the database, and the alignments of one pair are independent of each other.

Source: Tanaka, Bailey, Grant & Noble 2011 (Bioinformatics 27:1603); rounding and ties as in MEME Suite 5.5.8.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from motiflens.basics.tables import by_fields

_SCALE = 100  # integer column scores span 0 to 100 before they are centred
_PSEUDOCOUNT = 0.1  # sites added to each column, shared equally by the four bases
FLAT_TOLERANCE = 1e-6  # a column closer than this to uniform holds only rounding


# Columns of all targets, both strands


class Group(NamedTuple):
    """Targets of one width; their columns stand together in the layout."""

    width: int
    members: np.ndarray  # (n_members,) indices of the targets
    columns: slice  # ordered by (position, strand, member)


@by_fields
@dataclass(frozen=True, eq=False)
class Layout:
    """Columns of all targets, in which those of targets with the same width are together."""

    columns: np.ndarray  # (4, n_columns)
    n_sites: np.ndarray  # (n_columns,)
    groups: list[Group]
    group_of: np.ndarray  # (n_targets,)
    _prepared: dict[str, np.ndarray] = field(default_factory=dict)

    def prepared(self, metric: str) -> np.ndarray:
        """The columns as a metric compares them, shape=(4, n_columns), made once."""
        if metric not in self._prepared:
            self._prepared[metric] = METRICS[metric][0](self.columns, self.n_sites)
        return self._prepared[metric]


def lay_out(pwms: Sequence[np.ndarray], n_sites: np.ndarray) -> Layout:
    """Order columns so that one shifted addition computes the scores of all targets with the same width.

    Targets have shape=(4, width) each, their numbers of sites (n_targets,).
    """
    widths = np.array([pwm.shape[1] for pwm in pwms])
    starts = np.concatenate([[0], widths.cumsum()[:-1]])
    group_widths, group_of = np.unique(widths, return_inverse=True)
    sources, groups, start = [], [], 0
    for g, width in enumerate(group_widths.tolist()):
        members = np.flatnonzero(group_of == g)
        position = np.arange(width)[:, None]
        forward = starts[members] + position  # width, n_members
        sources.append(np.stack([forward, forward[::-1]], axis=1).reshape(-1))
        groups.append(Group(width, members, slice(start, start + 2 * width * len(members))))
        start = groups[-1].columns.stop
    source = np.concatenate(sources)
    reverse = np.concatenate([np.tile(np.repeat([False, True], len(g.members)), g.width) for g in groups])
    columns = np.concatenate(list(pwms), axis=1)[:, source]
    columns = np.where(reverse, columns[::-1], columns)
    return Layout(columns, np.repeat(n_sites, widths)[source], groups, group_of)


# Column scores


def _unit_columns(pwm: np.ndarray, n_sites: np.ndarray) -> np.ndarray:
    """Centre columns and scale them to length 1, so that products are correlations; uniform ones become 0."""
    centred = pwm - pwm.mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    flat = np.abs(centred).max(axis=0) <= FLAT_TOLERANCE
    return np.where(flat, 0, centred) / np.maximum(length, np.finfo(float).tiny)


def _smoothed_columns(pwm: np.ndarray, n_sites: np.ndarray) -> np.ndarray:
    """Mix in the pseudocount."""
    return (pwm * n_sites + _PSEUDOCOUNT / 4) / (n_sites + _PSEUDOCOUNT)


def _correlation(query: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return query.T @ targets


def _minus_distance(query: np.ndarray, targets: np.ndarray) -> np.ndarray:
    squared = query.T @ (-2 * targets)  # w, n_columns
    squared += (query**2).sum(axis=0)[:, None]
    squared += (targets**2).sum(axis=0)
    np.maximum(squared, 0, out=squared)  # rounding can leave -1e-16 for equal columns
    return np.negative(np.sqrt(squared, out=squared), out=squared)


_ColumnStep = Callable[[np.ndarray, np.ndarray], np.ndarray]
METRICS: dict[str, tuple[_ColumnStep, _ColumnStep]] = {
    "pearson": (_unit_columns, _correlation),
    "euclidean": (_smoothed_columns, _minus_distance),
}


def integer_scores(scores: np.ndarray) -> np.ndarray:
    """Turn column scores, shape=(w, n_columns), into centred integers; overwrites its input.

    Each query column is shifted by its lower median, then the whole matrix is mapped linearly to 0..100 and
    shifted back, so that 0 is what a query column without a partner gets.
    """
    middle = scores.shape[1] // 2 - 1
    scores -= np.partition(scores, middle, axis=1)[:, middle, None]
    # the program's own rounding carries exact extremes a hair outwards, which matters at whole numbers
    low, high = float(scores.min()) * (1 + 1e-9), float(scores.max()) * (1 + 1e-9)
    origin = math.floor(low if low < high else high - 1)
    scale = math.floor(_SCALE / (high - origin))
    scores -= origin
    scores *= scale
    scores += 0.5
    integers = scores.astype(np.int32)  # nothing is negative: truncation is floor
    integers += origin * scale
    return integers


# Alignment


def best_alignments(scores: np.ndarray, layout: Layout) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the best alignment on each strand of each target.

    Ties go to the larger overlap, then to the smaller offset.

    Parameters
    ----------
    scores : np.ndarray, int32, shape=(w, n_columns)

    Returns
    -------
    score, offset, overlap : np.ndarray, int32, shape=(2, n_targets)
    """
    w = len(scores)
    score, offset, overlap = (np.empty((2, len(layout.group_of)), np.int32) for _ in range(3))
    for group in layout.groups:
        n, n_shifts = group.width, w + group.width - 1
        shifts = np.arange(1 - w, n)
        overlaps = np.minimum(w, n - shifts) - np.maximum(0, -shifts)
        preferred = np.lexsort((shifts, -overlaps))
        keys = np.empty((n_shifts, 2 * len(group.members)), np.int32)
        # one integer holds score and preference, so that a plain maximum also breaks the ties
        keys[preferred] = np.arange(n_shifts - 1, -1, -1)[:, None]
        weighted = (scores[:, group.columns] * n_shifts).reshape(w, n, -1)
        for i, row in enumerate(weighted):
            keys[w - 1 - i : w - 1 - i + n] += row
        best, rank = np.divmod(keys.max(axis=0).reshape(2, -1), n_shifts)
        chosen = preferred[n_shifts - 1 - rank]
        score[:, group.members] = best
        offset[:, group.members] = shifts[chosen]
        overlap[:, group.members] = overlaps[chosen]
    return score, offset, overlap


# All queries


@by_fields
class Scores(NamedTuple):
    """Best alignments on each strand; each array has shape (n_queries, n_orders, 2, n_targets)."""

    p: np.ndarray  # float64
    offset: np.ndarray  # int32
    overlap: np.ndarray  # int32


def complete_scores(
    queries: list[np.ndarray], n_sites: np.ndarray, layout: Layout, metric: str, orders: np.ndarray | None = None
) -> Scores:
    """Align every query to every target, on both strands.

    Parameters
    ----------
    queries : list of np.ndarray, shape=(4, w)
    n_sites : np.ndarray, shape=(n_queries,)
    layout : Layout
        Of the targets.
    metric : str
        A key of `METRICS`.
    orders : np.ndarray, shape=(n_orders, n_columns), optional
        Other orders of the targets' columns, as indices into the layout. The null distribution does not depend on the
        order.
    """
    prepare, column_scores = METRICS[metric]
    target_columns = layout.prepared(metric)
    shape = (len(queries), 1 if orders is None else len(orders), 2, len(layout.group_of))
    found = Scores(np.ones(shape), np.zeros(shape, np.int32), np.zeros(shape, np.int32))
    for i, query in enumerate(queries):
        scores = integer_scores(column_scores(prepare(query, n_sites[i]), target_columns))
        for k in range(shape[1]):
            seen = scores if orders is None else scores[:, orders[k]]
            best, found.offset[i, k], found.overlap[i, k] = best_alignments(seen, layout)
            found.p[i, k] = p_values(best, scores, layout)
    return found


# Null distribution


def p_values(best: np.ndarray, scores: np.ndarray, layout: Layout) -> np.ndarray:
    """Compute P(the best of all alignments on both strands >= score) for each target, shape=(2, n_targets).

    Alignments are taken as independent, so the probability of a lower score is the product over all alignments. The
    factor of an alignment depends only on the block of query columns that is aligned.
    """
    first, last = int(best.min()), int(best.max())
    log_below = _log_below(scores, first, last)  # n_blocks, n_scores
    counts = np.stack([_block_counts(len(scores), group.width) for group in layout.groups])
    p_of_score = -np.expm1(2 * counts @ log_below)  # n_groups, n_scores; 2 strands
    return p_of_score[layout.group_of, best - first]


def _block_index(a: np.ndarray | int, b: np.ndarray | int) -> np.ndarray | int:
    """Number the blocks of query columns a..b (both included) by b, then a."""
    return b * (b + 1) // 2 + a


def _block_counts(w: int, n: int) -> np.ndarray:
    """Count in how many of the alignments of w query with n target columns each block takes part."""
    shifts = np.arange(1 - w, n)
    a, b = np.maximum(0, -shifts), np.minimum(w, n - shifts) - 1
    return np.bincount(_block_index(a, b), minlength=w * (w + 1) // 2).astype(np.float64)


def _log_below(scores: np.ndarray, first: int, last: int) -> np.ndarray:
    """Compute log P(score of block < j), j = first..last, shape=(n_blocks, last - first + 1)."""
    w, n_columns = scores.shape
    tails = np.zeros((w * (w + 1) // 2, last - first + 1))
    pmf, low = np.empty((0, 1)), 0  # row a: the score of block a..b, from the score `low` on
    for b, row in enumerate(scores):
        lowest = int(row.min())
        histogram = np.bincount(row - lowest) / n_columns
        empty_block = np.zeros((1, pmf.shape[1]))
        empty_block[0, -low] = 1
        pmf = _convolve_rows(np.concatenate([pmf, empty_block]), histogram)
        low += lowest
        block = tails[_block_index(0, b) : _block_index(b, b) + 1]
        block[:, : max(low - first, 0)] = 1
        start, stop = max(first, low), min(last + 1, low + pmf.shape[1])
        if start < stop:
            # summed from the far end, which keeps small tails exact
            tail = pmf[:, start - low :][:, ::-1].cumsum(axis=1)[:, ::-1]
            block[:, start - first : stop - first] = tail[:, : stop - start]
    # a tail of 1 would give log 0, and 0 * log 0 in the product with the counts
    return np.log1p(-np.minimum(tails, np.nextafter(1, 0)))


def _convolve_rows(rows: np.ndarray, kernel: np.ndarray, step: int = 64) -> np.ndarray:
    """Convolve each row with one kernel, as products with a banded matrix.

    Parameters
    ----------
    rows : np.ndarray, shape=(n, length)
    kernel : np.ndarray, shape=(k,)
    step : int
        Columns of output per product.

    Returns
    -------
    np.ndarray, shape=(n, length + k - 1)
    """
    (n, length), k = rows.shape, len(kernel)
    n_steps = -(-(length + k - 1) // step)
    padded = np.zeros((n, n_steps * step + k - 1))
    padded[:, k - 1 : k - 1 + length] = rows
    windows = sliding_window_view(padded, step + k - 1, axis=1)[:, ::step]  # n, n_steps, step + k - 1
    band = sliding_window_view(np.pad(kernel, step - 1), step)[::-1]  # step + k - 1, step
    products = windows.reshape(n * n_steps, -1) @ np.ascontiguousarray(band)
    return products.reshape(n, -1)[:, : length + k - 1]
