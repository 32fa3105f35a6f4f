"""Matches of first-layer filters in a motif database.

``activation_pwms`` turns activations into one matrix for each filter. ``filter_matches`` compares the matrices with a
motif database and, if the true motifs are known, counts the filters that match one (Ghotra et al. 2021, Methods).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from motiflens.basics.choices import check_top
from motiflens.basics.errors import InputError
from motiflens.basics.plots import COLOURS, MatchedRow, plot_hits
from motiflens.basics.tables import Table, Tabular
from motiflens.interpret.filters.factors import FactorIds
from motiflens.motifs import tomtom
from motiflens.motifs.sets import Motif, load_motifs, trim_pwm
from motiflens.motifs.tomtom import Hit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Gmeb1: the study does not count a filter as false that matches this motif alone.
NOT_FALSE_ALONE = ("MA0615",)


class FilterMatch(NamedTuple):
    """The match of one filter in the database."""

    filter: int
    outcome: str  # "true", "false", "not counted", "no hit" or "dead"; "hit" where no truth is given
    best: Hit | None  # the hit with the smallest p-value
    factor: str | None  # whose motif the best true hit is
    n_hits: int


@dataclass(frozen=True, repr=False)
class FilterMatches(Tabular):
    """Database matches of a set of filters.

    Rates are shares of all filters, dead ones included. A match of a filter to any true motif makes it a true positive.
    A filter that matches only motifs of `NOT_FALSE_ALONE` is neither a true nor a false positive.

    Attributes
    ----------
    rows : tuple of FilterMatch
        One per filter.
    has_truth : bool
    hits : tuple of tuple of Hit
        All matches of each filter, the smallest p-value first.
    target_ids : tuple of str
        The motifs of the database.
    q : float
        Largest q-value of a hit.
    """

    rows: tuple[FilterMatch, ...]
    has_truth: bool
    hits: tuple[tuple[Hit, ...], ...]
    target_ids: tuple[str, ...]
    q: float

    def judged_by(self, truth: FactorIds | None) -> "FilterMatches":
        """Classify matches as true or false by another truth, without matching again.

        Raises
        ------
        ValueError
            If no motif of the database belongs to a factor of truth.
        """
        factor_of = {} if truth is None else _factors_of_targets(self.target_ids, truth)
        rows = []
        for row, own in zip(self.rows, self.hits, strict=True):
            factor = next((factor_of[hit.target_id] for hit in own if hit.target_id in factor_of), None)
            outcome = "dead" if row.outcome == "dead" else _outcome(own, factor, has_truth=truth is not None)
            rows.append(row._replace(outcome=outcome, factor=factor))
        return replace(self, rows=tuple(rows), has_truth=truth is not None)

    @property
    def tpr(self) -> float | None:
        """True positive rate: share of filters that match a true motif; None if no truth is given."""
        return self._share("true") if self.has_truth else None

    @property
    def fpr(self) -> float | None:
        """False positive rate: share of filters that match motifs, none of them true; None if no truth is given."""
        return self._share("false") if self.has_truth else None

    @property
    def no_hit_share(self) -> float:
        """Share of filters without a match, dead ones included; NaN if there are no filters."""
        return self._share("no hit", "dead")

    @property
    def n_dead(self) -> int:
        """Number of filters whose matrix is uniform."""
        return sum(row.outcome == "dead" for row in self.rows)

    def _table(self) -> Table:
        n, n_matched = len(self.rows), sum(row.n_hits > 0 for row in self.rows)
        title = (
            f"FilterMatches: {n_matched} of {n} filters match one of {len(self.target_ids):,} motifs (q <= {self.q:g})"
        )
        columns: dict[str, list[Any]] = {
            "filter": [row.filter for row in self.rows],
            "outcome": [row.outcome for row in self.rows],
            "factor": [row.factor for row in self.rows],
            "match": [row.best and row.best.target_id for row in self.rows],
            "name": [row.best and row.best.target_name for row in self.rows],
            "q_value": [row.best and row.best.q_value for row in self.rows],
            "n_hits": [row.n_hits for row in self.rows],
        }
        if not self.has_truth:
            del columns["factor"]
        return Table(title, columns)

    def plot(self, *, top: int = 12, ax: "Axes | None" = None) -> "Axes":
        """Draw the best matches of `top` filters, the smallest q-value first; true ones are green, false ones orange.

        Raises
        ------
        ValueError
            If `top` is below 1.
        """
        check_top(top)
        order = sorted(self.rows, key=lambda row: np.inf if row.best is None else row.best.q_value)
        colours = {"true": COLOURS[2], "false": COLOURS[1]}
        rows = [
            MatchedRow(f"filter {row.filter}")
            if row.best is None
            else MatchedRow(
                f"filter {row.filter}", row.best.target_name or row.best.target_id, row.best.q_value,
                colours.get(row.outcome, COLOURS[0]),
            )
            for row in order[:top]
        ]  # fmt: skip
        return plot_hits(rows, q=self.q, title=f"Best of {len(self.target_ids):,} motifs", ax=ax)

    def _share(self, *outcomes: str) -> float:
        if not self.rows:
            return float("nan")
        return sum(row.outcome in outcomes for row in self.rows) / len(self.rows)


def motifs_of_pwms(pwms: np.ndarray, counts: np.ndarray | None = None, *, trim: bool = False) -> list[Motif]:
    """Make motifs named "filter_0", "filter_1", ... from the matrices of filters.

    Parameters
    ----------
    pwms : np.ndarray, shape=(F, 4, window)
    counts : np.ndarray, shape=(F,), optional
        Windows that each matrix was averaged from; they become its number of sites (at least 1). By default 20.
    trim : bool
        Cut uninformative flanks (:func:`motiflens.motifs.sets.trim_pwm`).

    Raises
    ------
    ValueError
        If shapes do not fit or a matrix does not hold probabilities.
    """
    pwms = np.asarray(pwms)
    if pwms.ndim != 3 or pwms.shape[1] != 4:
        raise InputError(f"expected pwms of shape (F, 4, window), got {pwms.shape}")
    n_sites = [20] * len(pwms) if counts is None else [max(int(count), 1) for count in counts]
    if len(n_sites) != len(pwms):
        raise InputError(f"expected one count for each of {len(pwms)} filters, got {len(n_sites)}")
    return [
        Motif(f"filter_{i}", f"filter_{i}", trim_pwm(pwm) if trim else pwm, sites)
        for i, (pwm, sites) in enumerate(zip(pwms, n_sites, strict=True))
    ]


def filter_matches(
    pwms: np.ndarray, database: str | Sequence[Motif], *, truth: FactorIds | None = None, q: float = 0.1
) -> FilterMatches:
    """Trim the matrices of filters, match them to a database with TomTom, and classify matches as true or false.

    Parameters
    ----------
    pwms : np.ndarray, shape=(F, 4, window)
        As from :func:`activation_pwms`.
    database : str or sequence of Motif
        Motifs, or what :func:`motiflens.motifs.sets.load_motifs` takes; the study uses "JASPAR2020".
    truth : mapping of str to collection of str, optional
        Ids of the motifs that count as each factor; "MA0079" stands for all versions of this accession. For the study's
        tasks see :func:`task_truth`.
    q : float
        Largest q-value of a hit.

    Returns
    -------
    matches : FilterMatches

    Raises
    ------
    ValueError
        If pwms are no matrices of probabilities, there are none, q is not in (0, 1], or no motif of the
        database belongs to a factor of truth.
    """
    if not 0 < q <= 1:
        raise InputError(f"q must be in (0, 1], got {q}")
    queries = motifs_of_pwms(pwms, trim=True)
    if not queries:
        raise InputError("expected at least one filter, got none")
    targets = load_motifs(database) if isinstance(database, str) else list(database)
    if truth is not None:
        check_truth([motif.id for motif in targets], truth)  # before the work, if it cannot be judged
    result = tomtom.tomtom(queries, targets)
    hits_of: dict[str, list[Hit]] = {query.id: [] for query in queries}
    for hit in result.hits(q):
        hits_of[hit.query_id].append(hit)
    hits = tuple(map(tuple, hits_of.values()))
    rows = tuple(
        FilterMatch(i, "dead" if dead else "", own[0] if own else None, None, len(own))  # `judged_by` fills it in
        for i, (own, dead) in enumerate(zip(hits, result.invalid, strict=True))
    )
    return FilterMatches(rows, False, hits, result.target_ids, q).judged_by(truth)


def check_truth(target_ids: Sequence[str], truth: FactorIds) -> None:
    """Check that every factor of a truth has a motif in a database, which is given by its motifs' ids.

    Raises
    ------
    ValueError
        If a factor has no motif there.
    """
    _factors_of_targets(target_ids, truth)


def _outcome(hits: Sequence[Hit], factor: str | None, *, has_truth: bool) -> str:
    if not hits:
        return "no hit"
    if not has_truth:
        return "hit"
    if factor is not None:
        return "true"
    return "not counted" if all(_accession(hit.target_id) in NOT_FALSE_ALONE for hit in hits) else "false"


def _factors_of_targets(target_ids: Sequence[str], truth: FactorIds) -> dict[str, str]:
    """Map the ids of targets that belong to a factor to its name."""
    factor_of = {}
    for factor, ids in truth.items():
        wanted = {ids} if isinstance(ids, str) else set(ids)
        own = [target_id for target_id in target_ids if target_id in wanted or _accession(target_id) in wanted]
        if not own:
            raise InputError(
                f"no motif of the database is one of {sorted(wanted)} ({factor}): "
                "give ids of this database, or leave the factor out of truth"
            )
        factor_of.update(dict.fromkeys(own, factor))
    return factor_of


def _accession(motif_id: str) -> str:
    """Strip the version, "MA0079.3" to "MA0079"."""
    base, dot, version = motif_id.rpartition(".")
    return base if dot and version.isdigit() else motif_id
