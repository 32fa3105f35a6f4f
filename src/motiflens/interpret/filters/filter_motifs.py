"""The filters of one network as motifs: their matrices, their matches and their importance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from torch import nn

from motiflens.basics.arguments import checks_arguments
from motiflens.basics.choices import check_top
from motiflens.basics.errors import InputError
from motiflens.basics.inputs import NetworksLike, Sequences, SequencesLike, Target, as_sequences
from motiflens.basics.plots import Matched, plot_matched_filters
from motiflens.basics.tables import Logo, Table, Tabular
from motiflens.interpret.filters.factors import FactorIds
from motiflens.interpret.filters.importance import FilterImportance, filter_importance
from motiflens.interpret.filters.matches import FilterMatches, filter_matches, motifs_of_pwms
from motiflens.interpret.filters.of_network import filter_pwms
from motiflens.interpret.filters.quality import LOW_INFORMATION, FilterQuality, filter_quality
from motiflens.models.any_model import AdaptedModel, adapt, model_summary
from motiflens.models.foreign import chosen_output
from motiflens.models.hybrid import HybridNetwork, suited_threads
from motiflens.models.saved import as_networks
from motiflens.motifs.sets import DEFAULT_SET, Motif, load_motifs

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False, repr=False)
class FilterMotifs(Tabular):
    """The F first-layer filters of a network: matrices, matches, quality and importance.

    Attributes
    ----------
    pwms : np.ndarray, shape=(F, 4, width)
        Matrix of each filter, from the sequences that activate it.
    counts : np.ndarray, shape=(F,)
        Windows that each matrix was averaged from.
    matches : FilterMatches
        Matches in the database.
    quality : FilterQuality
        Information of the matrices, and pairs of similar filters.
    importance : FilterImportance or None
        Change of the outputs without each filter; None if no labels were given.
    matched : mapping of str to Motif
        The motifs of the database that are the best match of a filter, by id.
    """

    pwms: np.ndarray
    counts: np.ndarray
    matches: FilterMatches
    quality: FilterQuality
    importance: FilterImportance | None
    matched: Mapping[str, Motif]

    @property
    def order(self) -> np.ndarray:
        """Filters from the most to the least important, shape=(F,); by information if importance is not known."""
        ranked_by = self.quality.information if self.importance is None else self._loss(self.importance)
        return np.argsort(-ranked_by, kind="stable")

    @property
    def motifs(self) -> list[Motif]:
        """Trimmed matrices of informative filters without duplicates, the most important first."""
        trimmed = motifs_of_pwms(self.pwms, self.counts, trim=True)
        alike = {frozenset((pair.first, pair.second)) for pair in self.quality.pairs}
        kept: list[int] = []
        for i in self.order.tolist():
            repeats = any(frozenset((i, other)) in alike for other in kept)
            if self.quality.information[i] >= LOW_INFORMATION and not repeats:
                kept.append(i)
        return [trimmed[i] for i in kept]

    def plot(self, *, top: int = 6, ax: "Axes | None" = None) -> "Axes":
        """Draw the `top` first filters of :attr:`order`, each above the motif that it matches best, aligned.

        Raises
        ------
        ValueError
            If `top` is below 1, or all filters are dead.
        """
        check_top(top)
        trimmed = motifs_of_pwms(self.pwms, self.counts, trim=True)
        alive = [i for i in self.order.tolist() if self.counts[i]]
        return plot_matched_filters([self._beside_match(i, trimmed[i]) for i in alive[:top]], ax=ax)

    @staticmethod
    def _loss(importance: FilterImportance) -> np.ndarray:
        """The most that any output loses without each filter, shape=(F,)."""
        return np.nan_to_num(importance.performance_drop).max(axis=1)

    def _beside_match(self, i: int, motif: Motif) -> Matched:
        hit = self.matches.rows[i].best
        if hit is None:
            return Matched(f"filter {i}", motif.pwm)
        strand = "" if hit.strand > 0 else ", reverse"
        label = f"{hit.target_name or hit.target_id} (q = {hit.q_value:.1g}{strand})"
        return Matched(f"filter {i}", motif.pwm, label, self.matched[hit.target_id].pwm, hit.offset, hit.strand)

    def _table(self) -> Table:
        rows = self.order.tolist()
        best = [self.matches.rows[i].best for i in rows]
        columns: dict[str, Sequence[object] | np.ndarray] = {
            "filter": rows,
            "motif": [Logo(self.pwms[i]) for i in rows],
            "match": ["" if hit is None else f"{hit.target_name} ({hit.target_id})" for hit in best],
            "q": [None if hit is None else hit.q_value for hit in best],
            "bits": self.quality.information[rows],
            "windows": self.counts[rows],
        }
        if self.importance is not None:
            columns["loss without it"] = self._loss(self.importance)[rows]
        found = sum(hit is not None for hit in best)
        return Table(f"{len(rows)} filters, {found} with a match at q <= {self.matches.q:g}", columns)


@checks_arguments
def filter_motifs(
    network: NetworksLike,
    data: SequencesLike,
    *,
    database: str | Sequence[Motif] = DEFAULT_SET,
    truth: FactorIds | None = None,
    target: Target | None = None,
    q: float = 0.1,
    n_ablation: int = 2000,
    seed: int = 0,
) -> FilterMotifs:
    """Turn the first-layer filters of a network into motifs, match them to a database, and measure their importance.

    Parameters
    ----------
    network : network or its folder
        Any PyTorch model on one-hot DNA with a first convolution.
    data : data set, codes (N, L), one-hot (N, 4, L), or DNA strings
        Matrices are made from its test sequences, or from all if there are no test sequences. Importance needs labels.
    database : str or sequence of Motif
        As for :func:`motiflens.motifs.sets.load_motifs`.
    truth : mapping of str to collection of str, optional
        Ids of the motifs that count as each factor; see :func:`filter_matches`.
    target : int or str, optional
        Only for a model with several outputs and data with one label: the output that belongs to this label. By
        default, the second of two outputs, and a message says so.
    q : float
        Largest q-value of a match.
    n_ablation : int
        Sequences on which importance is measured, drawn at random if there are more; 0 to skip importance.
    seed : int
        Seed of the draw.

    Returns
    -------
    FilterMotifs

    Raises
    ------
    InputError
        If there is not exactly one network, its first convolution cannot be found, or there are no sequences.

    Examples
    --------
    >>> import motiflens as ml
    >>> network = ml.build_model("C24", length=96, n_outputs=1, n_filters=4)
    >>> found = ml.filter_motifs(network, ["ACGT" * 24, "GGCA" * 24], database="JASPAR2016-vertebrates")
    >>> found.pwms.shape
    (4, 4, 20)
    """
    networks = as_networks(network)
    if len(networks) != 1:
        raise InputError(f"expected one network, got {len(networks)}: choose one, such as networks[0]")
    given = as_sequences(data)
    rows = given.audited_rows()
    codes = given.codes[rows]
    adapted = adapt(networks[0], codes)
    importance = None
    with suited_threads(networks[0]):
        pwms, counts = filter_pwms(adapted, codes)
        if n_ablation and given.y is not None:
            read = _for_labels(networks[0], adapted, given, target)
            importance = filter_importance(read, given.subset(rows), n_sequences=n_ablation, seed=seed)
    targets = load_motifs(database) if isinstance(database, str) else list(database)
    matches = filter_matches(pwms, targets, truth=truth, q=q)
    best = {row.best.target_id for row in matches.rows if row.best is not None}
    matched = {motif.id: motif for motif in targets if motif.id in best}
    return FilterMotifs(pwms, counts, matches, filter_quality(pwms, counts), importance, matched)


def _for_labels(
    network: nn.Module, adapted: AdaptedModel | HybridNetwork, given: Sequences, target: Target | None
) -> AdaptedModel | HybridNetwork:
    """A model with one output for each label of the data."""
    n_outputs, n_labels = model_summary(adapted).n_outputs, 0 if given.y is None else given.y.shape[1]
    if n_labels != 1 or n_outputs == 1:
        return adapted
    return adapt(network, given.codes, target=chosen_output(target, [adapted], given))
