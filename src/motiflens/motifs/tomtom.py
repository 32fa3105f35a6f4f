"""Match PWMs to a database of motifs as the program TomTom does: best alignment, p-, E- and q-value of every pair.

The background is uniform, and both strands of every target are scored. The null distribution is made from all columns
of the database, so p-values are poor with a handful of targets.

Sources: Gupta, Stamatoyannopoulos, Bailey & Noble 2007 (Genome Biology 8:R24) for the method, Tanaka, Bailey,
Grant & Noble 2011 (Bioinformatics 27:1603) for complete scores, which are in `complete_scores`. Rounding and ties
follow MEME Suite 5.5.8; q-values are Benjamini and Hochberg's, without its bootstrap.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from motiflens.basics.arguments import checks_arguments, in_short
from motiflens.basics.choices import check_known, check_top
from motiflens.basics.errors import InputError
from motiflens.basics.plots import MatchedRow, plot_hits
from motiflens.basics.stats import benjamini_hochberg
from motiflens.basics.tables import Table, Tabular, columns_of
from motiflens.motifs.compiled_scores import compiled_scores
from motiflens.motifs.complete_scores import METRICS, Layout, Scores, complete_scores
from motiflens.motifs.sets import Motif, load_motifs
from motiflens.motifs.tomtom_motifs import read_queries, read_targets

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Hit(NamedTuple):
    """One match of a query to a target."""

    query_id: str
    target_id: str
    target_name: str
    p_value: float
    e_value: float
    q_value: float
    offset: int
    overlap: int
    strand: int


@dataclass(frozen=True, eq=False, repr=False)
class TomtomResult(Tabular):
    """The best alignment of every query to every target, over both strands.

    Attributes
    ----------
    query_ids, target_ids, target_names : tuple of str
    p_value : np.ndarray, shape=(n_queries, n_targets)
        Probability that a random target of the same width scores as high on either strand.
    e_value : np.ndarray, shape=(n_queries, n_targets)
        `p_value` times the number of targets.
    q_value : np.ndarray, shape=(n_queries, n_targets)
        Benjamini-Hochberg over the p-values of both strands of all targets, each query by itself.
    offset : np.ndarray, int32, shape=(n_queries, n_targets)
        Target column minus query column, for any pair of aligned columns; on strand -1 the target is
        reverse-complemented.
    overlap : np.ndarray, int32, shape=(n_queries, n_targets)
        Number of aligned columns.
    strand : np.ndarray, int8, shape=(n_queries, n_targets)
        The better strand of the target, +1 or -1.
    invalid : np.ndarray, bool, shape=(n_queries,)
        Queries without an informative column. They have p = q = 1, E = n_targets, overlap 0 and no hits.
    reasons : tuple of str
        Why a query is invalid; "" for a valid one.
    """

    query_ids: tuple[str, ...]
    target_ids: tuple[str, ...]
    target_names: tuple[str, ...]
    p_value: np.ndarray
    e_value: np.ndarray
    q_value: np.ndarray
    offset: np.ndarray
    overlap: np.ndarray
    strand: np.ndarray
    invalid: np.ndarray
    reasons: tuple[str, ...]

    def hits(self, q: float = 0.1) -> list[Hit]:
        """List the matches with a q-value of at most `q`, query by query, the smallest p-value first."""
        rows = []
        for i in np.flatnonzero(~self.invalid).tolist():
            best_first = np.lexsort((-self.overlap[i], self.p_value[i]))
            rows += [self._hit(i, j) for j in best_first.tolist() if self.q_value[i, j] <= q]
        return rows

    def _table(self) -> Table:
        """Matches with a q-value of at most 0.1."""
        hits = self.hits()
        n_matched, n = len({hit.query_id for hit in hits}), len(self.query_ids)
        title = f"TomtomResult: {n_matched:,} of {n:,} queries match one of {len(self.target_ids):,} motifs at q <= 0.1"
        notes = [f"{name} {reason}" for name, reason in zip(self.query_ids, self.reasons, strict=True) if reason]
        return Table(title, columns_of((hit._asdict() for hit in hits), Hit._fields), notes)

    def plot(self, *, top: int = 12, q: float = 0.1, ax: "Axes | None" = None) -> "Axes":
        """Draw the best match of each of `top` queries, those with the smallest p-values first.

        Raises
        ------
        ValueError
            If `top` is below 1.
        """
        check_top(top)
        best = self.p_value.argmin(axis=1)
        at = np.arange(len(best))
        order = np.argsort(np.where(self.invalid, np.inf, self.p_value[at, best]), kind="stable")[:top]
        rows = []
        for i in order.tolist():
            j = int(best[i])
            q_value = None if self.invalid[i] else float(self.q_value[i, j])
            rows.append(MatchedRow(self.query_ids[i], self.target_names[j] or self.target_ids[j], q_value))
        return plot_hits(rows, q=q, title=f"Best of {len(self.target_ids):,} motifs", ax=ax)

    def _hit(self, i: int, j: int) -> Hit:
        names = (self.query_ids[i], self.target_ids[j], self.target_names[j])
        p, e, q = (float(values[i, j]) for values in (self.p_value, self.e_value, self.q_value))
        return Hit(*names, p, e, q, int(self.offset[i, j]), int(self.overlap[i, j]), int(self.strand[i, j]))


def _loaded(
    motifs: Sequence[Motif | np.ndarray] | np.ndarray | str | Path,
) -> Sequence[Motif | np.ndarray] | np.ndarray:
    if isinstance(motifs, str | Path):
        return load_motifs(motifs)
    if not isinstance(motifs, Iterable) or getattr(motifs, "ndim", 3) == 0:
        raise InputError(f"expected motifs: a list of them, matrices, a database or a file, got {in_short(motifs)}")
    return motifs


@checks_arguments
def tomtom(
    queries: Sequence[Motif | np.ndarray] | np.ndarray | str | Path,
    targets: Sequence[Motif | np.ndarray] | np.ndarray | str | Path,
    *,
    metric: str = "pearson",
) -> TomtomResult:
    """Compare every query with every target: the best alignment, with its p-, E- and q-value.

    Parameters
    ----------
    queries, targets : sequence of Motif, array of shape=(n, 4, width), or what `load_motifs` takes
        Base probabilities, rows ACGT. Widths may differ within a sequence. It may also hold bare arrays of
        shape (4, width), which are named "query_0", "target_0" and so on, and count as made from 20 sites.
    metric : {"pearson", "euclidean"}
        Column score: Pearson correlation, or negative Euclidean distance after a pseudocount of 0.1 sites.

    Returns
    -------
    result : TomtomResult
        Queries that are flat, hold NaN or infinity, or have an all-zero column are marked as `invalid`.

    Raises
    ------
    ValueError
        If `metric` is unknown; if `targets` is empty, or one holds NaN, infinity or an all-zero column; if a
        motif is not of shape (4, width), has a negative entry or columns that do not sum to about 1; if a
        query is wider than 100 columns.

    Examples
    --------
    >>> import motiflens as ml
    >>> motifs = ml.load_motifs("JASPAR2016-vertebrates")
    >>> result = ml.tomtom(motifs[:2], motifs)
    >>> result.hits(0.01)[0].target_id
    'MA0004.1'
    """
    queries, targets = _loaded(queries), _loaded(targets)
    check_known("metric", metric, METRICS, cutoff=0.3)
    query_set = read_queries(queries)
    target_set, layout = read_targets(targets)
    n_targets = len(target_set.ids)
    shape = (len(query_set.ids), 2, n_targets)  # strand + first
    p, offset, overlap = np.ones(shape), np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    usable = np.flatnonzero(~query_set.unusable)
    found = align([query_set.pwms[i] for i in usable], query_set.n_sites[usable], layout, metric)
    p[usable], offset[usable], overlap[usable] = (values[:, 0] for values in found)

    q = benjamini_hochberg(p.reshape(-1, 2 * n_targets)).reshape(shape)
    minus = minus_is_better(p, overlap)
    p, q, offset, overlap = (np.where(minus, both[:, 1], both[:, 0]) for both in (p, q, offset, overlap))
    return TomtomResult(
        query_ids=query_set.ids,
        target_ids=target_set.ids,
        target_names=target_set.names,
        p_value=p,
        e_value=p * n_targets,
        q_value=q,
        offset=offset,
        overlap=overlap,
        strand=np.where(minus, -1, 1).astype(np.int8),
        invalid=query_set.unusable,
        reasons=query_set.reasons,
    )


def align(
    queries: list[np.ndarray], n_sites: np.ndarray, layout: Layout, metric: str, orders: np.ndarray | None = None
) -> Scores:
    """`complete_scores` of queries, shape=(4, width) each, compiled where there is a compiler."""
    found = compiled_scores(queries, n_sites, layout, metric, orders)
    return complete_scores(queries, n_sites, layout, metric, orders) if found is None else found


# Both strands, all targets


def minus_is_better(p: np.ndarray, overlap: np.ndarray) -> np.ndarray:
    """Compare strands, shape=(n_queries, 2, n_targets): smaller p, then larger overlap, then +."""
    # ties are those of the program, which holds p in single precision; tiny values would vanish in it
    rounded = np.where(p > 1e-30, p.astype(np.float32), p)
    smaller = rounded[:, 1] < rounded[:, 0]
    return smaller | ((rounded[:, 1] == rounded[:, 0]) & (overlap[:, 1] > overlap[:, 0]))
