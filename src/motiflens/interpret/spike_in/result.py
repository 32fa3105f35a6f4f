"""The result of a spike-in, as arrays and as a summary."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.plots import Estimate, plot_intervals
from motiflens.basics.stats import Interval, bootstrap_mean, mean_of_defined, number
from motiflens.basics.tables import Table, Tabular, columns_of
from motiflens.interpret.spike_in.responses import Responses
from motiflens.interpret.spike_in.scores import SpikeScores
from motiflens.motifs.sets import Motif
from motiflens.motifs.truth import SiteTruth

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# AUROC. In the published tables of Task 2 saliency reaches .66 to .73 in the 11 configurations of ReLU and small pools,
# whose maps the study calls unreliable, and .76 to .87 in the 23 others.
TRUSTED = 0.75


@dataclass(frozen=True, eq=False, repr=False)
class SpikeIn(Tabular):
    """Scores of attribution maps of E networks by M methods, at sites of K motifs implanted into B sequences.

    Attributes
    ----------
    methods : tuple of str, length M
    motifs : tuple of Motif, length K
        All candidates.
    at_places : np.ndarray, bool, shape=(K,)
        Motifs that occur at preferred positions in positives and were implanted there; all others were implanted
        anywhere.
    responses : Responses
        Response of each network to each candidate, measured on other sequences than those below, and the motifs used.
    scores : SpikeScores
        Scores of the attribution maps of sequences with implanted sites. Natural sites count as background.
    difference_scores : SpikeScores
        Scores of the difference between these maps and those of the same sequences without the sites. Natural sites and
        noise cancel, so these scores tell what the implants add to a map, not how well they are visible in it.
    motif_auroc : np.ndarray, float64, shape=(E, M, K)
        AUROC at the sites of one motif, averaged over sequences; NaN if the motif was not used.
    chance_aupr : np.ndarray, float64, shape=(E,)
        Share of motif positions among all scored positions, which is the AUPR of random scores.
    logits_before, logits_after : np.ndarray, float64, shape=(E, B)
        Logits without and with the sites; the latter are NaN for a network that responds to no motif.
    sites : tuple of SiteTruth or None, length E
        Sites that were implanted for each network; networks with the same motifs have the same sites.
    chosen_on, measured_on : np.ndarray, int64, shape=(n,), shape=(B,)
        Indices in the data set of the sequences on which responses, and everything else, were measured.
    """

    methods: tuple[str, ...]
    motifs: tuple[Motif, ...]
    at_places: np.ndarray
    responses: Responses
    scores: SpikeScores
    difference_scores: SpikeScores
    motif_auroc: np.ndarray
    chance_aupr: np.ndarray
    logits_before: np.ndarray
    logits_after: np.ndarray
    sites: tuple[SiteTruth | None, ...]
    chosen_on: np.ndarray
    measured_on: np.ndarray

    @property
    def judged(self) -> np.ndarray:
        """Networks that respond to at least one motif, bool, shape=(E,)."""
        return np.array([used.any() for used in self.responses.used])

    def interval(self, method: str, score: str = "auroc", *, difference: bool = False) -> Interval:
        """Mean score of a method over sequences and networks, with its 95 % confidence interval.

        Networks that respond to no motif are left out. The interval is a bootstrap over sequences, so it does not
        include the variation between networks, which :meth:`member_means` shows. NaN if no network responds.

        Raises
        ------
        ValueError
            If there is no such method or score.
        """
        values = self._values(method, score, difference)[self.judged]  # judged, B
        return bootstrap_mean(mean_of_defined(values, axis=0))

    def member_means(self, method: str, score: str = "auroc", *, difference: bool = False) -> np.ndarray:
        """Mean score of each network, shape=(E,); NaN for networks that respond to no motif."""
        return mean_of_defined(self._values(method, score, difference), axis=1)

    def verdict(self, method: str) -> str:
        """ "trusted" or "not trusted" if the interval of the AUROC is above or below `TRUSTED`, else "unclear".

        It is "cannot be judged" if no network responds to any of the motifs.
        """
        found = self.interval(method)
        if not self.judged.any():
            return "cannot be judged"
        if found.low >= TRUSTED:
            return "trusted"
        return "not trusted" if found.high < TRUSTED else "unclear"

    def _table(self) -> Table:
        used = [
            motif.name or motif.id for motif, n in zip(self.motifs, self.responses.used.sum(axis=0), strict=True) if n
        ]
        title = (
            f"SpikeIn: motifs implanted into {len(self.measured_on):,} sequences; "
            f"{int(self.judged.sum())} of {len(self.sites)} networks respond"
        )
        rows = []
        for method in self.methods:
            auroc, aupr, snr = (self.interval(method, score) for score in SpikeScores._fields)
            area = {"auroc": auroc.estimate, "auroc_low": auroc.low, "auroc_high": auroc.high}
            rest = {"aupr": aupr.estimate, "snr": snr.estimate}
            rows.append({"method": method, "verdict": self.verdict(method), **area, **rest})
        return Table(title, columns_of(rows), [f"motifs used: {', '.join(used) or 'none'}"])

    def plot(self, *, score: str = "auroc", ax: "Axes | None" = None) -> "Axes":
        """Draw a score of each method with its 95 % confidence interval; small dots are single networks.

        Raises
        ------
        ValueError
            If there is no such score.
        """
        rows = [
            Estimate(method, self.interval(method, score), self.member_means(method, score)) for method in self.methods
        ]
        lines = {"auroc": (0.5, TRUSTED), "aupr": (float(np.nanmean(self.chance_aupr)),)}.get(score, ())
        return plot_intervals(rows, lines=lines, title=f"Implanted motifs: {score.upper()}", ax=ax)

    def summary(self) -> dict[str, Any]:
        """The result as numbers and text; None for an undefined number."""
        return {
            "n_members": len(self.sites),
            "n_judged": int(self.judged.sum()),
            "n_sequences": len(self.measured_on),
            "chance_aupr": number(mean_of_defined(self.chance_aupr, axis=0)),
            "logit_before": number(self.logits_before.mean()),
            "logit_after": number(mean_of_defined(self.logits_after, axis=None)),
            "methods": [self._method_summary(m, method) for m, method in enumerate(self.methods)],
            "motifs": [self._motif_summary(k, motif) for k, motif in enumerate(self.motifs)],
        }

    def _method_summary(self, m: int, method: str) -> dict[str, Any]:
        row: dict[str, Any] = {"method": method, "verdict": self.verdict(method)}
        for name in SpikeScores._fields:
            found = self.interval(method, name)
            row[name] = {key: number(value) for key, value in found._asdict().items()}
            row[name]["members"] = [number(value) for value in self.member_means(method, name)]
            row[name]["difference"] = number(self.interval(method, name, difference=True).estimate)
        row["motif_auroc"] = [number(value) for value in mean_of_defined(self.motif_auroc[:, m], axis=0)]
        return row

    def _motif_summary(self, k: int, motif: Motif) -> dict[str, Any]:
        change, beyond, _, q_value, used = (values[:, k] for values in self.responses)
        return {
            "id": motif.id,
            "name": motif.name,
            "change": float(change.mean()),
            "beyond_shuffled": float(beyond.mean()),
            "members_q": q_value.tolist(),
            "n_used": int(used.sum()),
            "at_places": bool(self.at_places[k]),
        }

    def _values(self, method: str, score: str, difference: bool) -> np.ndarray:
        if method not in self.methods:
            raise InputError(f"no attributions by {method!r}; there are those by {', '.join(self.methods)}")
        if score not in SpikeScores._fields:
            raise InputError(f"unknown score {score!r}; expected {', '.join(SpikeScores._fields)}")
        scores = self.difference_scores if difference else self.scores
        return getattr(scores, score)[:, self.methods.index(method)]  # E, B
