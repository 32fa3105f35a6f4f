"""The audit of one network, which may be any PyTorch model: predictions, first-layer filters, and saliency against the
truth.

The study and a user's audit call the same function.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from motiflens.audits.options import AuditOptions
from motiflens.audits.reading import read_for_labels
from motiflens.audits.saliency import SaliencyAudit, audit_saliency, has_sites
from motiflens.audits.stored import NO_STORE, AuditStore, motifs_digest
from motiflens.basics.errors import InputError
from motiflens.basics.metrics import classification_metrics, regression_metrics
from motiflens.basics.progress import Tell, part_of
from motiflens.basics.tables import Logo, Table, Tabular, columns_of
from motiflens.data.dataset import SequenceDataset
from motiflens.interpret.filters import (
    FalseMatches,
    FilterImportance,
    FilterMatches,
    FilterOrder,
    FilterPwms,
    FilterQuality,
    false_matches,
    filter_importance,
    filter_matches,
    filter_order,
    filter_pwms,
    filter_quality,
    filter_rows,
)
from motiflens.models.any_model import AdaptedModel, ModelSummary, model_summary, returned
from motiflens.models.hybrid import HybridNetwork
from motiflens.models.outputs import model_outputs


@dataclass(frozen=True, eq=False, repr=False)
class Audit(Tabular):
    """The audit of one network, with T labels and n test sequences.

    Attributes
    ----------
    metrics : dict
        valid_auroc, valid_aupr, test_auroc, test_aupr; valid_pearson and test_pearson for real-valued labels.
    filters : FilterPwms
    matches : FilterMatches
    quality : FilterQuality
    chance : FalseMatches or None
        None if `n_decoys` is 0.
    importance : FilterImportance or None
        None where no ablation was asked for.
    order : FilterOrder or None
        The same filters on dinucleotide shuffles of the test sequences; None if `n_ablation` is 0.
    saliency : SaliencyAudit or None
        None if the truth is not known, no target was given, or no test sequence is positive for it.
    network : ModelSummary
    label_names : tuple of str, length T
    test_logits : np.ndarray, shape=(n, T)
        In the order of the test sequences; for real-valued labels, the outputs of the model.
    model : HybridNetwork or AdaptedModel
        The network as audited, one-hot (n, 4, L) to logits (n, T), for further analyses.
    """

    metrics: dict[str, float]
    filters: FilterPwms
    matches: FilterMatches
    quality: FilterQuality
    chance: FalseMatches | None
    importance: FilterImportance | None
    saliency: SaliencyAudit | None
    network: ModelSummary
    label_names: tuple[str, ...]
    test_logits: np.ndarray
    model: HybridNetwork | AdaptedModel
    order: FilterOrder | None = None

    def _table(self) -> Table:
        metrics = ", ".join(f"{name} {value:.3f}" for name, value in self.metrics.items())
        matched = f"{1 - self.matches.no_hit_share:.0%} of the filters match a motif"
        title = f"Audit of a network: {metrics}; {matched if self.matches.rows else 'its filters could not be read'}"
        names = ("filter", "logo", "information", "match", "name", "q", "flags")
        columns = columns_of(self.filter_rows(), names)
        logos = [Logo(pwm) for pwm in self.filters.pwms]
        notes = [] if self.chance is None else [repr(self.chance).splitlines()[0]]
        return Table(title, {**columns, "logo": logos}, notes)

    def filter_rows(self) -> list[dict[str, Any]]:
        """A row for each filter; see :func:`motiflens.interpret.filters.filter_rows`."""
        return filter_rows(
            self.filters,
            self.matches,
            self.quality,
            importance=self.importance,
            chance=self.chance,
            label_names=self.label_names,
        )


# Share of the time that has passed when a stage begins, and what it is called.
_STAGES = {
    "filters": (0.0, "matrices of filters"),
    "matches": (0.2, "looking filters up in the database"),
    "chance": (0.25, "looking filters up in shuffled databases"),
    "importance": (0.5, "leaving out one filter after the other"),
    "order": (0.8, "filters on shuffled sequences"),
    "predictions": (0.9, "predictions"),
    "saliency": (0.95, "saliency maps"),
}


def audit_network(
    model: nn.Module,
    dataset: SequenceDataset,
    options: AuditOptions | None = None,
    *,
    store: AuditStore | None = None,
    on_progress: Tell | None = None,
) -> Audit:
    """Audit a network on the test sequences of a data set.

    Parameters
    ----------
    model : nn.Module
        A `HybridNetwork` or any PyTorch model on one-hot DNA: see :func:`motiflens.models.any_model.adapt`.
    dataset : SequenceDataset
        With test sequences.
    options : AuditOptions, optional
    store : AuditStore, optional
        Store of results of earlier audits of this network on these data, and of new ones.
    on_progress : callable, optional
        Called with the fraction of work that is done and the name of the next stage.

    Returns
    -------
    Audit

    Raises
    ------
    ValueError
        If there are no test sequences, the model cannot be adapted, or its outputs do not fit the labels.
    """
    options = options or AuditOptions()
    test = dataset.test
    if len(test) == 0:
        raise InputError("the data have no test sequences to audit on")
    network, label = read_for_labels(model, test, options)
    seed, batch_size = options.seed, options.batch_size

    def keep(stage: str, make: Callable[[], Any], **depends_on: Any) -> Any:
        part_of(on_progress, 0.0, 1.0)(*_STAGES[stage])
        return (store or NO_STORE).get(stage, make, **depends_on)

    readable = model_summary(network).n_filters > 0
    filters, matches, chance = _first_layer(network, test, options, keep) if readable else _no_filters(options)
    importance = order = None
    if options.n_ablation and readable:
        n = options.n_ablation
        importance = keep(
            "importance",
            lambda: filter_importance(network, test, n_sequences=n, seed=seed, batch_size=batch_size),
            n_sequences=n,
            seed=seed,
        )
        compared: dict[str, Any] = {"target": label or 0, "window": options.window, "seed": seed}
        order = keep("order", lambda: filter_order(network, test, batch_size=batch_size, **compared), **compared)
    metrics, logits = keep("predictions", lambda: _predictions(network, dataset, test, batch_size))
    saliency_audit = None
    if label is not None and has_sites(test, label):
        saliency_audit = keep("saliency", partial(audit_saliency, network, test, label), label=label)
    return Audit(
        metrics=metrics,
        filters=filters,
        matches=matches,
        quality=filter_quality(filters.pwms, filters.counts),
        chance=chance,
        importance=importance,
        saliency=saliency_audit,
        network=model_summary(network),
        label_names=test.label_names,
        test_logits=logits,
        model=network,
        order=order,
    )


def _first_layer(
    network: HybridNetwork | AdaptedModel, test: SequenceDataset, options: AuditOptions, keep: Callable[..., Any]
) -> tuple[FilterPwms, FilterMatches, FalseMatches | None]:
    """Matrices of the filters, what they match, and what they match by chance."""
    seed, batch_size = options.seed, options.batch_size
    filters = keep(
        "filters",
        lambda: filter_pwms(network, test.codes, window=options.window, batch_size=batch_size),
        window=options.window,
    )
    database = options.motifs
    matched = {"window": options.window, "q": options.q, "database": motifs_digest(database)}
    matches = keep("matches", lambda: filter_matches(filters.pwms, database, q=options.q), **matched)
    matches = matches.judged_by(options.truth)
    chance = None
    if options.n_decoys:
        n_decoys = options.n_decoys
        chance = keep(
            "chance",
            lambda: false_matches(filters.pwms, matches, database, n_decoys=n_decoys, seed=seed),
            **matched,
            n_decoys=n_decoys,
            seed=seed,
        )
    return filters, matches, chance


def _no_filters(options: AuditOptions) -> tuple[FilterPwms, FilterMatches, FalseMatches | None]:
    """What a model has whose first layer cannot be read."""
    ids = tuple(motif.id for motif in options.motifs)
    matches = FilterMatches(rows=(), has_truth=False, hits=(), target_ids=ids, q=options.q)
    pwms = np.zeros((0, 4, options.window or 1))
    return FilterPwms(pwms, np.zeros(0, dtype=np.int64)), matches.judged_by(options.truth), None


def _predictions(
    network: HybridNetwork | AdaptedModel, dataset: SequenceDataset, test: SequenceDataset, batch_size: int
) -> tuple[dict[str, float], np.ndarray]:
    """Metrics, and what the labels of the test sequences are compared with."""
    logits = model_outputs(network, test.codes, batch_size=batch_size)
    metrics = {
        **_metrics("valid", network, dataset.valid, batch_size=batch_size),
        **_metrics("test", network, test, logits),
    }
    return metrics, _scores(network, test, logits).numpy()


def _scores(model: nn.Module, part: SequenceDataset, logits: torch.Tensor) -> torch.Tensor:
    """What labels are compared with: logits for classes, what the model itself returns for real-valued labels."""
    return logits if part.is_binary else returned(model, logits)


def _metrics(
    split: str,
    model: nn.Module,
    part: SequenceDataset,
    logits: torch.Tensor | None = None,
    *,
    batch_size: int = 500,
) -> dict[str, float]:
    """AUROC and AUPR, micro-averaged over labels, or the mean correlation where labels are no classes."""
    if len(part) == 0:
        return {}
    logits = model_outputs(model, part.codes, batch_size=batch_size) if logits is None else logits
    if part.is_binary:
        found = classification_metrics(logits, part.y)
    else:
        found = {"pearson": regression_metrics(_scores(model, part, logits), part.y)["pearson"]}
    return {f"{split}_{name}": value for name, value in found.items()}
