"""Figures of an audit's page, kept beside the networks: to draw them takes longer than all else on the page."""

from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from motiflens.audits.candidate import Candidate
from motiflens.audits.evidence import Evidence
from motiflens.audits.stored import digest_of
from motiflens.report.audit import figures
from motiflens.report.figures import figure_for_screens

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def performance_picture(evidence: Evidence) -> Markup | None:
    """`figures.performance_figure` for the page."""
    shown = (_names(evidence.candidates), evidence.performance, evidence.prevalence)
    return _kept(evidence, "scores", lambda narrow: figures.performance_figure(evidence, narrow), shown)


def spike_in_picture(evidence: Evidence) -> Markup | None:
    """`figures.spike_in_figure` for the page."""
    shown = (_names(evidence.candidates), evidence.spike_ins)
    return _kept(evidence, "spike", lambda narrow: figures.spike_in_figure(evidence, narrow), shown)


def stability_picture(evidence: Evidence) -> Markup | None:
    """`figures.stability_figure` for the page."""
    shown = (_names(evidence.candidates), evidence.stability)
    return _kept(evidence, "stability", lambda narrow: figures.stability_figure(evidence, narrow), shown)


def training_picture(evidence: Evidence, metric: str) -> Markup | None:
    """`figures.training_figure` for the page."""
    curves = [[(one.best_epoch, one.history) for one in candidate.members] for candidate in evidence.candidates]
    shown = (_names(evidence.candidates), metric, curves)
    return _kept(
        evidence, "training", lambda narrow: figures.training_figure(evidence.candidates, metric, narrow), shown
    )


def matches_picture(evidence: Evidence) -> Markup | None:
    """`figures.matches_figure` for the page."""
    found = [[(one.matches, one.chance) for one in candidate.audits] for candidate in evidence.candidates]
    shown = (_names(evidence.candidates), [candidate.numbers for candidate in evidence.candidates], found)
    return _kept(evidence, "matches", lambda narrow: figures.matches_figure(evidence, narrow), shown)


def _names(candidates: Sequence[Candidate]) -> list[str]:
    return [candidate.name for candidate in candidates]


def _kept(evidence: Evidence, prefix: str, draw: "Callable[[bool], Figure | None]", shown: Any) -> Markup | None:
    """The figure as it was drawn of what it shows, or else drawn anew, beside the networks of the first candidate."""

    def make() -> str | None:
        picture = figure_for_screens(draw, prefix)
        return None if picture is None else str(picture)

    store = evidence.candidates[0].store
    depends_on = {"shown": digest_of(shown), "matplotlib": version("matplotlib")} if store.folder else {}
    found = store.get(f"figure_{prefix}", make, **depends_on)
    return None if found is None else Markup(found)
