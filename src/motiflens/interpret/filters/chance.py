"""How many filters would match a database by chance, measured by matching them to decoys.

A decoy is a motif with its columns in another order. Width, information, composition and number of sites are those of
the motif, and so is TomTom's null distribution, which is made from the columns of the database. If a filter matches
decoys about as often as motifs, its match shows no more than a composition that many motifs have.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.tables import Table, Tabular
from motiflens.interpret.filters.matches import FilterMatches, motifs_of_pwms
from motiflens.motifs.decoys import decoy_hits
from motiflens.motifs.sets import Motif, load_motifs
from motiflens.motifs.shuffles import database_shuffles


@dataclass(frozen=True, eq=False, repr=False)
class FalseMatches(Tabular):
    """Share of filters that match a database, and share that match its decoys.

    Attributes
    ----------
    observed : float
        Share of filters with a hit in the database.
    decoy_shares : np.ndarray, shape=(n_decoys,)
        Share of filters with a hit in each decoy database.
    per_filter : np.ndarray, shape=(F,)
        Share of decoy databases in which each filter has a hit.
    n_left_out : int
        Motifs without a decoy, because their columns are alike in any order; matches to their copies do not count.
    """

    observed: float
    decoy_shares: np.ndarray
    per_filter: np.ndarray
    n_left_out: int

    @property
    def expected(self) -> float:
        """Share of filters expected to match by chance: the mean over decoy databases."""
        return float(self.decoy_shares.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """Range of the shares of 95 % of the decoy databases (quantiles from 2.5 to 97.5 %)."""
        low, high = np.quantile(self.decoy_shares, [0.025, 0.975])
        return float(low), float(high)

    @property
    def p_value(self) -> float:
        """P-value of the observed share: (1 + decoy databases with a share as large or larger) / (1 + all)."""
        return float((1 + (self.decoy_shares >= self.observed - 1e-12).sum()) / (1 + len(self.decoy_shares)))

    def _table(self) -> Table:
        low, high = self.interval
        title = (
            f"FalseMatches: {self.observed:.0%} of the filters match; {self.expected:.0%} would by chance "
            f"({low:.0%} to {high:.0%} in {len(self.decoy_shares)} decoy databases, p = {self.p_value:.2g})"
        )
        columns = {"filter": np.arange(len(self.per_filter)), "decoy_share": self.per_filter}
        return Table(title, columns, [f"{self.n_left_out} motifs have no decoy"] if self.n_left_out else ())


def false_matches(
    pwms: np.ndarray,
    matches: FilterMatches,
    database: str | Sequence[Motif],
    *,
    n_decoys: int = 20,
    seed: int = 0,
) -> FalseMatches:
    """Match filters to decoys of a database, in the same way as to the database.

    Chance here means the same filters and motifs with the same columns, widths and numbers of sites, but with another
    order of columns. This null was checked in two ways, at q = 0.1. Filters that are shuffled motifs match JASPAR 2016
    about as often as its decoys (both 5 to 10 %). On trained networks of the study, decoys made by reversing motifs, or
    by shuffling only their informative core, give about the same shares. One exception are runs of one base, which
    shuffling breaks up: reversed motifs, which keep them, match the database in 15 % where 9 % are expected. So judge a
    filter that is a run of one base by eye.

    Parameters
    ----------
    pwms : np.ndarray, shape=(F, 4, window)
    matches : FilterMatches
        Matches of these filters to the database.
    database : str or sequence of Motif
        As for :func:`motiflens.interpret.filters.filter_matches`.
    n_decoys : int
        Number of decoy databases, each with its own shuffles.
    seed : int

    Returns
    -------
    FalseMatches

    Raises
    ------
    ValueError
        If n_decoys is below 1, the matches are not those of these filters to this database, or no motif has a decoy.
    """
    if n_decoys < 1:
        raise InputError(f"n_decoys must be at least 1, got {n_decoys}")
    motifs = load_motifs(database) if isinstance(database, str) else list(database)
    if len(matches.rows) != len(pwms) or matches.target_ids != tuple(motif.id for motif in motifs):
        raise InputError(
            f"expected matches of these {len(pwms)} filters with this database of {len(motifs)} motifs, got those of "
            f"{len(matches.rows)} filters with {len(matches.target_ids)} motifs"
        )
    queries = motifs_of_pwms(pwms, trim=True)
    shuffles = database_shuffles(motifs, n_decoys, seed)
    if not shuffles.differs.any(axis=1).all():
        raise InputError("no motif of the database changes when its columns are shuffled: it has no decoys")
    hit = decoy_hits(queries, motifs, shuffles, matches.q)
    return FalseMatches(
        1 - matches.no_hit_share, hit.mean(axis=1), hit.mean(axis=0), int((~shuffles.differs[-1]).sum())
    )
