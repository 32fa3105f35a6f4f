"""What a spike-in found, as arrays and as plain numbers."""

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
    """Attributions of E networks by M methods, judged at K motifs implanted into B sequences.

    Attributes
    ----------
    methods : tuple of str, length M
    motifs : tuple of Motif, length K
        All candidates.
    at_places : np.ndarray, bool, shape=(K,)
        Motifs that were put where positives have them, for these have them in some places more than in others; all
        others anywhere.
    responses : Responses
        Of each network to each candidate, on other sequences than those below, and which motifs it was judged by.
    scores : SpikeScores
        Of the attribution maps of sequences with implanted sites. Sites that were there before count as background.
    difference_scores : SpikeScores
        Of these maps minus those of the same sequences without the sites. What is in a map anyway, natural sites and
        noise alike, cancels in it: it says what the implants add, not how well they can be seen.
    motif_auroc : np.ndarray, float64, shape=(E, M, K)
        Mean over sequences of the AUROC at the sites of one motif; NaN where it was not used.
    chance_aupr : np.ndarray, float64, shape=(E,)
        Share of motif among the positions that count: the AUPR of scores by chance.
    logits_before, logits_after : np.ndarray, float64, shape=(E, B)
        Without and with the sites; the latter NaN for a network that responds to no motif.
    sites : tuple of SiteTruth or None, length E
        Where which motif was implanted for each network: networks that use the same motifs have the same sites.
    chosen_on, measured_on : np.ndarray, int64, shape=(n,), shape=(B,)
        Rows of the data set: sequences of the responses, and of everything else.
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
        """Mean score of a method over sequences and the networks that can be judged.

        The interval is of a bootstrap over sequences: it speaks of other sequences and sites, not of other networks,
        which :meth:`member_means` shows. NaN where no network can be judged.

        Raises
        ------
        ValueError
            If there is no such method or score.
        """
        values = self._values(method, score, difference)[self.judged]  # judged, B
        return bootstrap_mean(mean_of_defined(values, axis=0))

    def member_means(self, method: str, score: str = "auroc", *, difference: bool = False) -> np.ndarray:
        """Mean score of each network, shape=(E,); NaN for those that cannot be judged."""
        return mean_of_defined(self._values(method, score, difference), axis=1)

    def verdict(self, method: str) -> str:
        """In words: "trusted" or "not trusted" if the AUROC's interval lies above or below `TRUSTED`, else "unclear".

        "cannot be judged" where no network responds to any of the motifs.
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
        """Draw a score of each method with its interval over sequences; small dots are single networks.

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
        """Plain numbers and words, None where a number is not defined."""
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
