"""Match PWMs to a database of motifs as the program TomTom does: best alignment, p, E and q for every pair.

Background is uniform and both strands of every target are scored. The p-values depend on the database as a
whole: its columns are the null, so that a handful of targets makes a poor one.

Sources: Gupta, Stamatoyannopoulos, Bailey & Noble 2007 (Genome Biology 8:R24) for the method, Tanaka, Bailey,
Grant & Noble 2011 (Bioinformatics 27:1603) for complete scores, which are in `_complete_scores`. Rounding and
ties follow MEME Suite 5.5.8; q-values are Benjamini and Hochberg's, without its bootstrap.
"""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.stats import benjamini_hochberg
from motiflens.basics.tables import Table, Tabular, columns_of
from motiflens.motifs.compiled_scores import compiled_scores
from motiflens.motifs.complete_scores import FLAT_TOLERANCE, METRICS, Layout, Scores, complete_scores, lay_out
from motiflens.motifs.sets import Motif, load_motifs

MAX_QUERY_WIDTH = 100
_DEFAULT_SITES = 20
_SUM_LIMIT = 0.1  # a column further than this from summing to 1 is no column of probabilities
_ROUNDING = 1e-5  # a column closer than this keeps its digits, as in MEME Suite


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
        Target column minus query column of any aligned pair; on strand -1 the target is reverse-complemented.
    overlap : np.ndarray, int32, shape=(n_queries, n_targets)
        Number of aligned columns.
    strand : np.ndarray, int8, shape=(n_queries, n_targets)
        The target's better strand, +1 or -1.
    invalid : np.ndarray, bool, shape=(n_queries,)
        Queries with nothing to match. They have p = q = 1, E = n_targets, overlap 0 and no hits.
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

    def _hit(self, i: int, j: int) -> Hit:
        names = (self.query_ids[i], self.target_ids[j], self.target_names[j])
        p, e, q = (float(values[i, j]) for values in (self.p_value, self.e_value, self.q_value))
        return Hit(*names, p, e, q, int(self.offset[i, j]), int(self.overlap[i, j]), int(self.strand[i, j]))


def _loaded(
    motifs: Sequence[Motif | np.ndarray] | np.ndarray | str | Path,
) -> Sequence[Motif | np.ndarray] | np.ndarray:
    return load_motifs(motifs) if isinstance(motifs, str | Path) else motifs


def tomtom(
    queries: Sequence[Motif | np.ndarray] | np.ndarray | str | Path,
    targets: Sequence[Motif | np.ndarray] | np.ndarray | str | Path,
    *,
    metric: str = "pearson",
) -> TomtomResult:
    """Align every query to every target and say how surprising the best alignment is.

    Parameters
    ----------
    queries, targets : sequence of Motif, array of shape=(n, 4, width), or what `load_motifs` takes
        Base probabilities, rows ACGT. Widths may differ within a sequence. It may also hold bare arrays of
        shape (4, width), which are called "query_0", "target_0" and so on and count as made from 20 sites.
    metric : {"pearson", "euclidean"}
        Column score: Pearson correlation, or minus the Euclidean distance after a pseudocount of 0.1 sites.

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
    if metric not in METRICS:
        close = difflib.get_close_matches(metric, METRICS, cutoff=0.3) or sorted(METRICS)
        raise InputError(f"unknown metric {metric!r}; expected {' or '.join(map(repr, close))}")
    query_set = _check_queries(_read(queries, "query"))
    target_set, layout = _read_targets(targets)
    n_targets = len(target_set.ids)
    shape = (len(query_set.ids), 2, n_targets)  # strand + first
    p, offset, overlap = np.ones(shape), np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    usable = np.flatnonzero(~query_set.unusable)
    found = align([query_set.pwms[i] for i in usable], query_set.n_sites[usable], layout, metric)
    p[usable], offset[usable], overlap[usable] = (values[:, 0] for values in found)

    q = benjamini_hochberg(p.reshape(-1, 2 * n_targets)).reshape(shape)
    minus = _minus_is_better(p, overlap)
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
    """`complete_scores`, compiled where there is a compiler."""
    found = compiled_scores(queries, n_sites, layout, metric, orders)
    return complete_scores(queries, n_sites, layout, metric, orders) if found is None else found


# Reading and checking


class _MotifSet(NamedTuple):
    ids: tuple[str, ...]
    names: tuple[str, ...]
    pwms: list[np.ndarray]  # each (4, width); columns sum to 1 in a usable motif
    n_sites: np.ndarray  # (n,)
    reasons: tuple[str, ...]  # why a motif cannot be matched, "" if it can

    @property
    def unusable(self) -> np.ndarray:
        return np.array([reason != "" for reason in self.reasons], dtype=bool)


def _read(motifs: Iterable[Motif | np.ndarray], role: str) -> _MotifSet:
    ids, names, pwms, n_sites, reasons = [], [], [], [], []
    for i, motif in enumerate(motifs):
        if isinstance(motif, Motif):  # has checked itself
            pwm, reason = motif.pwm, ""
            ids.append(motif.id)
            names.append(motif.name)
            n_sites.append(motif.n_sites)
        else:
            pwm = np.asarray(motif, dtype=np.float64)
            reason = _why_unusable(pwm, f"{role}_{i}")
            ids.append(f"{role}_{i}")
            names.append("")
            n_sites.append(_DEFAULT_SITES)
        pwms.append(pwm if reason else _normalised(pwm))
        reasons.append(reason)
    return _MotifSet(tuple(ids), tuple(names), pwms, np.array(n_sites), tuple(reasons))


def _read_targets(targets: Iterable[Motif | np.ndarray]) -> tuple[_MotifSet, Layout]:
    """Targets and their columns; those of databases that were seen before, which do not change, are at hand."""
    targets = tuple(targets)
    return (
        _laid_out(targets) if all(isinstance(target, Motif) for target in targets) else _laid_out.__wrapped__(targets)
    )


@lru_cache(maxsize=8)
def _laid_out(targets: tuple[Motif | np.ndarray, ...]) -> tuple[_MotifSet, Layout]:
    target_set = _check_targets(_read(targets, "target"))
    return target_set, lay_out(target_set.pwms, target_set.n_sites)


def _why_unusable(pwm: np.ndarray, label: str) -> str:
    """Say what makes a PWM unusable ("" if nothing does); raise if it cannot be meant as a PWM."""
    if pwm.ndim != 2 or pwm.shape[0] != 4 or pwm.shape[1] == 0:
        raise InputError(f"expected PWMs of shape (4, width), got {pwm.shape} for {label}")
    if not np.isfinite(pwm).all():
        return "holds NaN or infinity"
    if pwm.min() < 0:
        raise InputError(f"expected probabilities, got {pwm.min():g} in {label}; convert log-odds first")
    sums = pwm.sum(axis=0)
    if sums.min() == 0:
        return "has an all-zero column"
    if np.abs(sums - 1).max() > _SUM_LIMIT:
        worst = sums[np.abs(sums - 1).argmax()]
        raise InputError(f"expected columns that sum to 1, got {worst:g} in {label}; divide counts by their sums")
    return ""


def _normalised(pwm: np.ndarray) -> np.ndarray:
    sums = pwm.sum(axis=0)
    # a file's last digits stay as printed: dividing would shift scores across the boundaries of integers
    return pwm / np.where(np.abs(sums - 1) > _ROUNDING, sums, 1)


def _check_targets(targets: _MotifSet) -> _MotifSet:
    if not targets.ids:
        raise InputError("expected at least one target, got none")
    for label, reason in zip(targets.ids, targets.reasons, strict=True):
        if reason:
            raise InputError(f"expected targets of probabilities, but {label!r} {reason}; leave it out")
    return targets


def _check_queries(queries: _MotifSet) -> _MotifSet:
    """Check widths and mark flat queries, whose scores hold no more than rounding."""
    reasons = []
    for label, pwm, reason in zip(queries.ids, queries.pwms, queries.reasons, strict=True):
        if pwm.shape[1] > MAX_QUERY_WIDTH:
            raise InputError(
                f"expected at most {MAX_QUERY_WIDTH} columns, got {pwm.shape[1]} in query {label!r}; trim it"
            )
        flat = not reason and np.abs(pwm - 0.25).max() <= FLAT_TOLERANCE
        reasons.append("is flat: every column is uniform" if flat else reason)
    return queries._replace(reasons=tuple(reasons))


# Both strands, all targets


def _minus_is_better(p: np.ndarray, overlap: np.ndarray) -> np.ndarray:
    """Compare strands, shape=(n_queries, 2, n_targets): smaller p, then larger overlap, then +."""
    # ties are those of the program, which holds p in single precision; tiny values would vanish in it
    rounded = np.where(p > 1e-30, p.astype(np.float32), p)
    smaller = rounded[:, 1] < rounded[:, 0]
    return smaller | ((rounded[:, 1] == rounded[:, 0]) & (overlap[:, 1] > overlap[:, 0]))
