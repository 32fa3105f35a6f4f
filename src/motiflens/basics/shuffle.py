"""Dinucleotide shuffle: random sequences that keep every count of two neighbouring bases.

A sequence is a walk through a graph whose vertices are bases and whose edges are its dinucleotides; every other
Eulerian walk of that graph has the same counts. Each is equally likely if the edge by which each base is left for
the last time is drawn as a uniform spanning tree towards the last base, and all other edges are put into random order
(Altschul and Erickson 1985, Mol Biol Evol 2:526; Kandel, Matias, Unger and Winkler 1996, Discrete Appl Math 71:171).
Trees are drawn by popping cycles (Propp and Wilson 1998, J Algorithms 27:170), which ends soon for repeats too.
"""

from collections.abc import Iterator

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.sequence import UNKNOWN

_LETTERS = 4
_BLOCK = 2**21  # bases shuffled at once


def dinucleotide_shuffle(codes: np.ndarray, seed: int | np.random.Generator = 0) -> np.ndarray:
    """Shuffle each sequence, uniformly among all sequences with its dinucleotide counts.

    The first and the last base stay in place. Unknown bases stay, too, and each stretch between them is shuffled by
    itself, because otherwise a network could tell shuffled sequences by padding that moved. For several shuffles of
    each sequence, repeat the rows: ``np.repeat(codes, 10, axis=0)``.

    Parameters
    ----------
    codes : np.ndarray, uint8, shape=(N, L)
    seed : int or np.random.Generator

    Returns
    -------
    shuffled : np.ndarray, uint8, shape=(N, L)

    Raises
    ------
    ValueError
        If codes are not uint8 of shape (N, L), or one is above 4.
    """
    codes = np.asarray(codes)
    if codes.ndim != 2 or codes.dtype != np.uint8 or (codes.size and codes.max() > UNKNOWN):
        raise InputError(f"expected uint8 codes 0 to {UNKNOWN} of shape (N, L), got {codes.dtype} {codes.shape}")
    rng = np.random.default_rng(seed)
    shuffled = codes.copy()
    for row, column in _stretches(codes):
        if column.shape[1] > 3:  # fewer have no other order
            shuffled[row, column] = _shuffle_block(codes[row, column], rng)
    return shuffled


def _stretches(codes: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Where the stretches of known bases lie, by their length in blocks: rows, (n, 1), and columns, (n, length)."""
    edges = np.diff(np.pad(codes != UNKNOWN, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    row, first = np.nonzero(edges == 1)
    length = np.nonzero(edges == -1)[1] - first
    for size in np.unique(length)[::-1].tolist():
        own = np.flatnonzero(length == size)
        step = max(1, _BLOCK // size)
        for some in (own[start : start + step] for start in range(0, len(own), step)):
            yield row[some, None], first[some, None] + np.arange(size)


def _shuffle_block(codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    before, after = codes[:, :-1], codes[:, 1:]  # N, L - 1: the edges
    by_vertex = np.argsort(2 * before + rng.random(before.shape), axis=1)  # grouped by letter, in random order
    targets = np.take_along_axis(after, by_vertex, axis=1)
    n_out = np.stack([(before == letter).sum(1) for letter in range(_LETTERS)], axis=1)  # N, letters
    first = np.cumsum(n_out, axis=1) - n_out  # where the edges of each letter begin
    last = first + n_out - 1
    _swap(targets, last, _last_edges(targets, first, n_out, codes[:, -1], rng), n_out > 0)
    return _walk(codes, targets, first)


def _last_edges(
    targets: np.ndarray, first: np.ndarray, n_out: np.ndarray, root: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draw the edge by which each letter is left for the last time, shape=(N, letters): a tree towards the root."""
    leaves = n_out > 0
    leaves[np.arange(len(root)), root] = False  # the walk ends at the root: any of its edges may be its last
    chosen = first + n_out - 1
    parent = np.where(leaves, np.take_along_axis(targets, np.maximum(chosen, 0), axis=1), root[:, None])
    open_rows = np.arange(len(root))
    while open_rows.size:
        row, letter = np.nonzero(_on_cycle(parent[open_rows], leaves[open_rows]))
        row = open_rows[row]
        chosen[row, letter] = first[row, letter] + rng.integers(0, n_out[row, letter])
        parent[row, letter] = targets[row, chosen[row, letter]]
        open_rows = np.unique(row)
    return chosen


def _on_cycle(parent: np.ndarray, leaves: np.ndarray) -> np.ndarray:
    """Mark the letters from which following parents leads back to themselves, shape=(n, letters)."""
    letters = np.arange(_LETTERS)
    reached, cycle = parent, parent == letters
    for _ in range(_LETTERS - 1):
        reached = np.take_along_axis(parent, reached, axis=1)
        cycle = cycle | (reached == letters)
    return cycle & leaves


def _swap(targets: np.ndarray, last: np.ndarray, chosen: np.ndarray, where: np.ndarray) -> None:
    """Exchange each letter's chosen edge with the one at the end of its edges."""
    row, letter = np.nonzero(where)
    a, b = last[row, letter], chosen[row, letter]
    targets[row, a], targets[row, b] = targets[row, b], targets[row, a]


def _walk(codes: np.ndarray, targets: np.ndarray, first: np.ndarray) -> np.ndarray:
    n, length = codes.shape
    base = np.arange(n)
    following = (first + base[:, None] * (length - 1)).ravel()  # of each sequence and letter: its next unused edge
    edges = targets.ravel()
    shuffled = np.empty((length, n), dtype=np.uint8)
    shuffled[0] = codes[:, 0]
    base *= _LETTERS
    for position in range(1, length):
        place = base + shuffled[position - 1]
        shuffled[position] = edges[following[place]]
        following[place] += 1
    return np.ascontiguousarray(shuffled.T)
