"""How much explanations depend on the initialisation of a network and on the attribution method.

Maps that agree may still be wrong; of maps that disagree, at most one can be right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from motiflens.basics.arguments import checks_arguments
from motiflens.basics.errors import InputError
from motiflens.basics.inputs import NetworksLike, SequencesLike, Target, as_sequences
from motiflens.basics.plots import Estimate, plot_intervals
from motiflens.basics.stats import Interval, bootstrap_mean, mean_of_defined, number
from motiflens.basics.tables import Table, Tabular
from motiflens.interpret.attribution.many_methods import MethodOptions, check_methods, position_scores
from motiflens.interpret.filters.of_network import filter_pwms
from motiflens.interpret.stability.filter_agreement import FilterAgreement, filter_agreement
from motiflens.models.foreign import chosen_output
from motiflens.models.saved import as_networks

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False, repr=False)
class Stability(Tabular):
    """Agreement of E networks and M methods on N sequences. A correlation is NaN if a map is constant.

    Attributes
    ----------
    methods : tuple of str, length M
    pearson, spearman : np.ndarray, float64, shape=(M, E, E, N)
        Correlation over positions of the maps of two networks, by method and sequence.
    between_methods : np.ndarray, float64, shape=(E, M, M, N)
        Rank correlation of the maps by two methods, by network and sequence.
    filters : FilterAgreement or None
        None for a single network, or if `n_decoys` is 0.
    rows : np.ndarray, int64, shape=(N,)
        Indices of the sequences in the data set.
    """

    methods: tuple[str, ...]
    pearson: np.ndarray
    spearman: np.ndarray
    between_methods: np.ndarray
    filters: FilterAgreement | None
    rows: np.ndarray

    def between_members(self, method: str, *, ranks: bool = False) -> Interval:
        """Mean correlation over all pairs of networks; its 95 % confidence interval is a bootstrap over sequences.

        NaN for a single network.

        Raises
        ------
        ValueError
            If there is no such method.
        """
        if method not in self.methods:
            raise InputError(f"no attributions by {method!r}; there are those by {', '.join(self.methods)}")
        found = (self.spearman if ranks else self.pearson)[self.methods.index(method)]
        first, second = np.triu_indices(len(found), k=1)
        return bootstrap_mean(mean_of_defined(found[first, second], axis=0))

    @property
    def method_matrix(self) -> np.ndarray:
        """Mean rank correlation of each two methods, averaged over sequences, then over networks, shape=(M, M)."""
        return mean_of_defined(mean_of_defined(self.between_methods, axis=-1), axis=0)

    def _table(self) -> Table:
        n = len(self.between_methods)
        title = f"Stability: maps of {len(self.rows):,} sequences by {n} network{'s' * (n != 1)}"
        columns: dict[str, list[Any]] = {"method": list(self.methods)}
        if n > 1:
            found = [self.between_members(method) for method in self.methods]
            columns |= {"pearson": [one.estimate for one in found], "low": [one.low for one in found]}
            columns |= {"high": [one.high for one in found]}
            columns |= {"spearman": [self.between_members(method, ranks=True).estimate for method in self.methods]}
        if len(self.methods) > 1:
            columns |= {f"with {method}": self.method_matrix[:, m].tolist() for m, method in enumerate(self.methods)}
        return Table(title, columns, [] if self.filters is None else [repr(self.filters)])

    def plot(self, *, ax: "Axes | None" = None) -> "Axes":
        """Draw the mean correlation between the maps of networks, by method; small dots are pairs of networks.

        Raises
        ------
        ValueError
            If there is only one network.
        """
        n = len(self.between_methods)
        if n < 2:
            raise InputError("expected maps of at least two networks to draw their agreement, got those of one")
        first, second = np.triu_indices(n, k=1)
        rows = [
            Estimate(method, self.between_members(method), mean_of_defined(found[first, second], axis=-1))
            for method, found in zip(self.methods, self.pearson, strict=True)
        ]
        return plot_intervals(rows, title="Correlation of the maps of two networks", ax=ax)

    def summary(self) -> dict[str, Any]:
        """The result as numbers; None for an undefined number."""
        kinds = {"pearson": False, "spearman": True}
        found = {m: {kind: self.between_members(m, ranks=ranks) for kind, ranks in kinds.items()} for m in self.methods}
        filters = self.filters
        return {
            "n_members": len(self.between_methods),
            "n_sequences": len(self.rows),
            "between_members": [
                {"method": m} | {kind: {name: number(v) for name, v in i._asdict().items()} for kind, i in own.items()}
                for m, own in found.items()
            ],
            "methods": list(self.methods),
            "between_methods": [[number(value) for value in row] for row in self.method_matrix],
            "filters": filters
            and {
                "shared": number(filters.observed),
                "expected": number(filters.expected),
                "interval": [number(bound) for bound in filters.chance_interval],
                "p_value": number(filters.p_value),
                "n_filters": filters.n_filters.tolist(),
            },
        }


@checks_arguments
def stability(
    models: NetworksLike,
    dataset: SequencesLike,
    *,
    methods: Sequence[str] = ("saliency",),
    method_options: MethodOptions | None = None,
    target: Target | None = None,
    n_sequences: int = 200,
    q: float = 0.1,
    n_decoys: int = 20,
    correct_gradient: bool = False,
    batch_size: int = 500,
    seed: int = 0,
) -> Stability:
    """Measure how well initialisations agree on attribution maps and filter motifs, and methods on maps.

    Parameters
    ----------
    models : network, several, ensemble, or folder of either
        Initialisations of one network; each maps one-hot (n, 4, L) to (n, n_outputs).
    dataset : data set, codes (N, L), one-hot (N, 4, L), or DNA strings
        Of a data set, the test sequences are used, or all if there are no test sequences. Maps are made of those with
        label 1, or, for a real-valued label, of the quarter with the highest values. Filters' matrices are made from
        all. Sequences without labels are used for both.
    methods, method_options, target, correct_gradient
        As for :func:`motiflens.interpret.spike_in.spike_in`. The position scores of "saliency" and
        "gradient_times_input" are the same.
    n_sequences : int
        Number of sequences with maps, drawn at random if there are more.
    q : float
        Largest q-value of a match between filters.
    n_decoys : int
        Shuffles that measure the share expected by chance; 0 to skip the comparison of filters, which needs models that
        :func:`motiflens.models.any_model.adapt` can read.
    batch_size : int
        Sequences in one pass of the first layer.
    seed : int
        Seed of the draw and the shuffles.

    Returns
    -------
    Stability

    Raises
    ------
    ValueError
        If there is only one model and one method, an option is unknown or out of range, there are no such sequences,
        or a model cannot be adapted.

    Examples
    --------
    >>> import motiflens as ml
    >>> data = ml.data.simulate.billboard(200, seed=1)
    >>> networks = [ml.build_model("C24", length=200, n_outputs=1, n_filters=4) for _ in range(2)]
    >>> ml.stability(networks, data, n_sequences=5, n_decoys=0).pearson.shape
    (1, 2, 2, 5)
    """
    networks, options = as_networks(models), dict(method_options or {})
    target = chosen_output(target, networks, dataset)
    check_methods(methods, options)
    if len(networks) == 1 and len(methods) == 1:
        raise InputError("expected at least two models or two methods to compare, got one of each")
    if n_sequences < 1 or n_decoys < 0:
        raise InputError(f"expected n_sequences of at least 1 and n_decoys of 0 or more, got {n_sequences}, {n_decoys}")
    codes, rows, all_rows = _sequences(dataset, target)
    if len(rows) == 0:
        raise InputError("expected sequences with label 1 to compare maps of, got none; give codes of some sequences")
    if n_sequences < len(rows):
        rows = np.sort(np.random.default_rng(seed).choice(rows, n_sequences, replace=False))
    settings: dict[str, Any] = {"target": target, "correct_gradient": correct_gradient}
    maps = np.stack(
        [position_scores(one, codes[rows], methods=methods, options=options, **settings) for one in networks]
    )  # E, M, N, L
    filters = None
    if n_decoys and len(networks) > 1:
        pwms = [filter_pwms(network, codes[all_rows], batch_size=batch_size).pwms for network in networks]
        filters = filter_agreement(pwms, q=q, n_decoys=n_decoys, seed=seed)
    by_method = maps.swapaxes(0, 1)
    return Stability(
        methods=tuple(methods),
        pearson=np.stack([map_correlations(one) for one in by_method]),
        spearman=np.stack([map_correlations(one, ranks=True) for one in by_method]),
        between_methods=np.stack([map_correlations(one, ranks=True) for one in maps]),
        filters=filters,
        rows=rows,
    )


def map_correlations(maps: np.ndarray, *, ranks: bool = False) -> np.ndarray:
    """Correlate every two of K maps of each sequence, over positions.

    Parameters
    ----------
    maps : np.ndarray, shape=(K, N, L)
        Position scores.
    ranks : bool
        Use Spearman's correlation, with mean ranks for ties, instead of Pearson's.

    Returns
    -------
    correlations : np.ndarray, float64, shape=(K, K, N)
        NaN if a map is constant.

    Raises
    ------
    ValueError
        If maps have another shape.
    """
    maps = np.asarray(maps, dtype=np.float64)
    if maps.ndim != 3:
        raise InputError(f"expected maps of shape (K, N, L), got {maps.shape}")
    values = _ranks(maps) if ranks else maps
    deviations = values - values.mean(axis=-1, keepdims=True)
    size = np.sqrt((deviations**2).sum(axis=-1, keepdims=True))
    constant = np.ptp(maps, axis=-1, keepdims=True) == 0
    units = np.where(constant, np.nan, deviations / np.where(constant, 1, size))
    return np.einsum("inl,jnl->ijn", units, units).clip(-1, 1)


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 0 along the last axis, ties at their mean rank."""
    order = values.argsort(axis=-1)
    ordered = np.take_along_axis(values, order, axis=-1)
    new = np.ones(values.shape, dtype=bool)
    new[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    place = np.broadcast_to(np.arange(values.shape[-1]), values.shape)
    first = np.maximum.accumulate(np.where(new, place, 0), axis=-1)
    ends = np.roll(new, -1, axis=-1)  # the last position ends a tie too, for the first begins one
    last = np.minimum.accumulate(np.where(ends, place, values.shape[-1])[..., ::-1], axis=-1)[..., ::-1]
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, (first + last) / 2, axis=-1)
    return ranks


def _sequences(dataset: SequencesLike, target: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes, the rows for maps and those for filters."""
    given = as_sequences(dataset)
    return given.codes, given.rows_of_class(target, positive=True), given.audited_rows()
