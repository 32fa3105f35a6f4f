"""Evidence: everything that the page of an audit shows, computed once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from motiflens.audits.candidate import Candidate
from motiflens.audits.examples import Example, make_examples
from motiflens.audits.families import motifs_that_matter
from motiflens.audits.labels import chosen_labels, performance_by_label, scores_of_labels
from motiflens.audits.notes import noted
from motiflens.audits.options import AuditOptions
from motiflens.audits.stored import motifs_digest
from motiflens.audits.taxa import taxon_notes
from motiflens.audits.words import measure_label
from motiflens.basics.choices import check_choice
from motiflens.basics.errors import InputError, explained
from motiflens.basics.inputs import as_output
from motiflens.basics.performance import Performance, performances
from motiflens.basics.plots import COLOURS, GREY, Estimate, plot_intervals
from motiflens.basics.progress import Tell, part_of
from motiflens.basics.tables import Table, Tabular, columns_of
from motiflens.data.baselines import gc_scores, kmer_model
from motiflens.data.dataset import SequenceDataset
from motiflens.data.label_summary import FEW_LABELS
from motiflens.data.summary import DataSummary, summary
from motiflens.interpret.spike_in import SpikeIn, spike_in, widest_implant
from motiflens.interpret.stability import Stability, stability
from motiflens.motifs.motif import Motif

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GC_BASELINE, KMER_BASELINE = "GC content", "3-mers"
TRUST_METHODS = ("gradient_times_input", "integrated_gradients")  # of spike-in and stability: many maps, so cheap ones
# sequences whose maps are compared between networks; shuffles of all filters, each a matching of all networks with all
_STABILITY: dict[str, Any] = {"n_sequences": 50, "n_decoys": 5}

_RESAMPLES_OF_MANY = 200  # at most, of all labels together where they are many: each sorts through all their scores


@dataclass(frozen=True, eq=False, repr=False)
class Evidence(Tabular):
    """The results from which verdicts and the page of an audit are made.

    Attributes
    ----------
    data : DataSummary
    candidates : tuple of Candidate
    label_names : tuple of str
    target : int
        Index of the label for which attributions are computed.
    performance : dict of dict of Performance
        Scores on the test sequences, by predictor (candidates, then baselines) and measure. With more than 50 labels,
        at most 200 resamples are used.
    by_label : dict of dict of dict of Performance
        The same for each label, if there are several. With more than 50 labels, for some of them
        (:func:`motiflens.audits.labels.chosen_labels`, by the scores of the first candidate).
    prevalence : float or None
        Fraction of positive test labels, which is the AUPR of a random classifier; None for real-valued labels.
    examples : tuple of Example
    spike_ins : dict of SpikeIn
        By candidate, as far as it could be computed.
    stability : dict of Stability
        By candidate, as far as it could be computed.
    notes : tuple of str
        Sentences on what could not be computed, and why.
    options : AuditOptions
    data_file : str
        Name of the data set in commands.
    label_scores : dict of np.ndarray, shape=(T,)
        AUROC, or Pearson's r, of every label, by predictor; empty if there is one label.
    """

    data: DataSummary
    candidates: tuple[Candidate, ...]
    label_names: tuple[str, ...]
    target: int
    performance: dict[str, dict[str, Performance]]
    by_label: dict[str, dict[str, dict[str, Performance]]]
    prevalence: float | None
    examples: tuple[Example, ...]
    spike_ins: dict[str, SpikeIn]
    stability: dict[str, Stability]
    notes: tuple[str, ...]
    options: AuditOptions
    data_file: str = "data.h5"
    label_scores: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def of_target(self) -> dict[str, dict[str, Performance]]:
        """Test scores of the target label, by predictor and measure; `performance` is over all labels."""
        return self.by_label.get(self.label_names[self.target], self.performance)

    def _table(self) -> Table:
        names = ", ".join(candidate.name for candidate in self.candidates)
        n, label = self.data.n_by_split["test"], self.label_names[self.target]
        title = f"Evidence on {names}: {n:,} test sequences, label {label}"
        rows = [
            {"predictor": name, "networks": len(found.members), "measure": measure} | found.interval._asdict()
            for name, measures in self.performance.items()
            for measure, found in measures.items()
        ]
        return Table(title, columns_of(rows), self.notes)

    def plot(self, *, measure: str | None = None, ax: "Axes | None" = None) -> "Axes":
        """Draw test scores of candidates and baselines with confidence intervals; small dots are single networks.

        Parameters
        ----------
        measure : str, optional
            "auroc", "aupr" or "pearson"; by default the first one available.

        Raises
        ------
        ValueError
            If there is no such measure.
        """
        measures = list(next(iter(self.performance.values())))
        chosen = measure or measures[0]
        check_choice("measure", chosen, measures)
        found = {name: own[chosen] for name, own in self.performance.items()}
        candidates = {candidate.name for candidate in self.candidates}
        rows = [
            Estimate(name, own.interval, own.members, COLOURS[0] if name in candidates else GREY)
            for name, own in found.items()
        ]
        lines = {"auroc": [0.5], "aupr": [] if self.prevalence is None else [self.prevalence]}.get(chosen, [])
        return plot_intervals(rows, lines=lines, title=f"Test {measure_label(chosen)}", ax=ax)


def gather_evidence(
    candidates: Sequence[Candidate],
    dataset: SequenceDataset,
    options: AuditOptions | None = None,
    *,
    data_file: str = "data.h5",
    on_progress: Tell | None = None,
) -> Evidence:
    """Compute everything that the page needs in addition to the audits of single networks.

    Parameters
    ----------
    candidates : sequence of Candidate
        Audited on the test sequences of `dataset`.
    dataset : SequenceDataset
        Baselines are trained on its training sequences.
    options : AuditOptions, optional
        The options of the networks' audits.
    data_file : str
        Path of the data set, for the commands that the page proposes.
    on_progress : callable, optional
        Called with the fraction of work that is done and the name of the next stage.

    Raises
    ------
    ValueError
        If there is no candidate, two have the same name, there is no such target, or audits are of other data.
    """
    options = options or AuditOptions()
    _check_candidates(candidates, dataset, options)
    test, target = dataset.test, dataset.label_of(options.target)
    tell = part_of(on_progress, 0.0, 1.0)
    tell(0.0, "3-mers and GC content")
    predictions, notes = _predictions(candidates, dataset)
    examples, problems = make_examples(candidates, test, target, options, on_progress=part_of(tell, 0.05, 0.4))
    notes += problems
    spike_ins, stable, problems = _trust(candidates, dataset, target, options, part_of(tell, 0.4, 0.9))
    notes += problems
    tell(0.9, "intervals of scores, near-duplicates in the data")
    notes += [note for candidate in candidates for note in taxon_notes(candidate, options)]
    notes += [note for candidate in candidates for note in _unread(candidate)]
    label_scores = scores_of_labels(test.y, predictions) if test.n_outputs > 1 else {}
    labels = chosen_labels(label_scores[candidates[0].name], target) if label_scores else []
    few = test.n_outputs <= FEW_LABELS
    n_together = options.n_resamples if few else min(options.n_resamples, _RESAMPLES_OF_MANY)
    drawn = {"n_resamples": options.n_resamples, "seed": options.seed}
    return Evidence(
        data=summary(dataset),
        candidates=tuple(candidates),
        label_names=dataset.label_names,
        target=target,
        performance=performances(test.y, predictions, **drawn | {"n_resamples": n_together}),
        by_label=performance_by_label(test.y, predictions, test.label_names, labels, **drawn),
        prevalence=float(np.nanmean(test.y)) if dataset.is_binary else None,
        examples=examples,
        spike_ins=spike_ins,
        stability=stable,
        notes=tuple(notes),
        options=options,
        data_file=data_file,
        label_scores=label_scores,
    )


def _unread(candidate: Candidate) -> list[str]:
    """Why filters of a candidate could not be read."""
    problem = getattr(candidate.audits[0].model, "unreadable", None)
    return [] if problem is None else [f"{candidate.name}, filters: not read: {explained(problem)}"]


def _trust(
    candidates: Sequence[Candidate], dataset: SequenceDataset, target: int, options: AuditOptions, tell: Tell
) -> tuple[dict[str, SpikeIn], dict[str, Stability], list[str]]:
    """Spike-in and stability of every candidate for which they can be done, and why not for others."""
    spike_ins: dict[str, SpikeIn] = {}
    stable: dict[str, Stability] = {}
    notes: list[str] = []
    common: dict[str, Any] = {"methods": TRUST_METHODS, "target": target, "seed": options.seed}
    for place, candidate in enumerate(candidates if options.n_backgrounds else ()):
        networks = [found.model for found in candidate.audits]
        of = f" in sequences, {candidate.name}" if len(candidates) > 1 else " in sequences"
        tell(place / len(candidates), f"implanting motifs{of}")
        with noted(notes, f"{candidate.name}, spike-in"):
            n, tried = options.n_backgrounds, _motifs_to_try(candidate, dataset, target, options)
            spike_ins[candidate.name] = candidate.store.get(
                "spike_in",
                partial(
                    spike_in,
                    networks,
                    dataset,
                    motifs=tried or None,
                    database=options.database,
                    n_backgrounds=n,
                    **common,
                ),
                database=motifs_digest(options.motifs),
                tried=motifs_digest(tried),
                n_backgrounds=n,
                **common,
            )
        tell((place + 0.5) / len(candidates), f"comparing maps of networks{of.removeprefix(' in sequences')}")
        with noted(notes, f"{candidate.name}, stability"):
            stable[candidate.name] = candidate.store.get(
                "stability", partial(stability, networks, dataset, **common, **_STABILITY), **common, **_STABILITY
            )
    return spike_ins, stable, notes


def _motifs_to_try(candidate: Candidate, dataset: SequenceDataset, target: int, options: AuditOptions) -> list[Motif]:
    """Those that were named, then those of the filters that matter; none where no filter does."""
    named = options.named_motifs
    room = widest_implant(dataset.length)
    found = motifs_that_matter(candidate, target, options.motifs, room)
    return [*named, *(motif for motif in found if motif.id not in {one.id for one in named})]


def _check_candidates(candidates: Sequence[Candidate], dataset: SequenceDataset, options: AuditOptions) -> None:
    names = [candidate.name for candidate in candidates]
    if not names or len(set(names)) < len(names):
        raise InputError(f"expected candidates of different names, got {names}")
    if taken := sorted({*names} & {GC_BASELINE, KMER_BASELINE}):
        raise InputError(f"the name {taken[0]!r} is that of a baseline: choose another for the candidate")
    label = dataset.label_of(options.target)
    outputs = {found.network.target for candidate in candidates for found in candidate.audits}
    target = label if options.target is None else as_output(options.target, dataset)
    if target not in (label, *outputs):  # one label may stand for any output that was audited
        raise InputError(f"target must be in 0..{dataset.n_outputs - 1}, got {target}")
    shape = (len(dataset.test), dataset.n_outputs)
    for candidate in candidates:
        for found in candidate.audits:
            if found.test_logits.shape != shape:
                raise InputError(
                    f"expected audits on {shape[0]} test sequences and {shape[1]} labels, {candidate.name} was audited "
                    f"on {found.test_logits.shape}"
                )


def _predictions(candidates: Sequence[Candidate], dataset: SequenceDataset) -> tuple[dict[str, np.ndarray], list[str]]:
    """Test scores of candidates (E, n, T) and of baselines (n, T), and why a baseline is missing."""
    predictions = {candidate.name: candidate.logits for candidate in candidates}
    test = dataset.split == "test"
    notes = []
    baselines = {GC_BASELINE: gc_scores, KMER_BASELINE: _kmer_scores}
    for name, scores in baselines.items():
        try:
            predictions[name] = scores(dataset)[test]
        except ValueError as error:
            notes.append(f"No score of {name} to compare with: {error}.")
    return predictions, notes


def _kmer_scores(dataset: SequenceDataset) -> np.ndarray:
    return kmer_model(dataset, k=3).scores
