"""A candidate: the model under audit, or all initialisations of one configuration."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from motiflens.audits.network import Audit, audit_network
from motiflens.audits.options import AuditOptions
from motiflens.audits.stored import NO_STORE, AuditStore, store_of
from motiflens.basics.errors import InputError
from motiflens.basics.progress import Tell, part_of
from motiflens.basics.tables import Table, Tabular, columns_of
from motiflens.data.dataset import SequenceDataset
from motiflens.models.ensemble import Member
from motiflens.models.hybrid import suited_threads
from motiflens.models.saved import member_folder


@dataclass(frozen=True, eq=False, repr=False)
class Candidate(Tabular):
    """One model under audit, or all initialisations of one configuration.

    Attributes
    ----------
    name : str
    audits : tuple of Audit
        One for each network.
    numbers : tuple of int
        Number of each network in its ensemble.
    members : tuple of Member
        Outcome of training, including failed members; empty for a model trained elsewhere.
    protocol : mapping
        Training protocol, as from `training.protocol.Protocol.to_dict`; empty if not known.
    store : Store
        Store of results for all of its networks together.
    """

    name: str
    audits: tuple[Audit, ...]
    numbers: tuple[int, ...] = (0,)
    members: tuple[Member, ...] = ()
    store: AuditStore = NO_STORE
    protocol: Mapping[str, Any] = field(default_factory=dict)

    def _table(self) -> Table:
        n, n_failed = len(self.audits), len(self.members) - len(self.audits)
        title = f"Candidate {self.name}: {n} audited network{'s' * (n != 1)}"
        rows = [
            {"network": number, "best": i == self.best, **found.metrics, "matched": 1 - found.matches.no_hit_share}
            for i, (number, found) in enumerate(zip(self.numbers, self.audits, strict=True))
        ]
        return Table(title, columns_of(rows), [f"{n_failed} more members failed"] if n_failed > 0 else ())

    @property
    def best(self) -> int:
        """Index in `audits` of the network with the best validation score; 0 if there are no scores."""
        scores = [_validation_score(found.metrics) for found in self.audits]
        return int(np.argmax(scores))

    @property
    def logits(self) -> np.ndarray:
        """Logits for the test sequences, shape=(E, n, T)."""
        return np.stack([found.test_logits for found in self.audits])


def audit_candidate(
    name: str,
    networks: Iterable[nn.Module],
    dataset: SequenceDataset,
    options: AuditOptions | None = None,
    *,
    members: Sequence[Member] = (),
    protocol: Mapping[str, Any] | None = None,
    folder: Path | None = None,
    on_progress: Tell | None = None,
) -> Candidate:
    """Audit every network of a candidate.

    Parameters
    ----------
    name : str
        Name on the page.
    networks : iterable of nn.Module
    dataset : SequenceDataset
    options : AuditOptions, optional
    members : sequence of Member, optional
        Members of the networks' ensemble, including failed ones, for training curves.
    protocol : mapping, optional
        Protocol of the same ensemble.
    folder : Path, optional
        Folder of the ensemble. Results are stored there beside the networks, and stored results are not computed again.
    on_progress : callable, optional
        Called with the fraction of work that is done and the name of the next stage.

    Raises
    ------
    ValueError
        If there is no network, and as `audit`.
    """
    options, networks = options or AuditOptions(), list(networks)
    numbers = tuple(member.index for member in members if member.network is not None) or tuple(range(len(networks)))
    reading = {name: getattr(options, name) for name in ("target", "layout", "bases", "first_layer", "output")}
    audits: list[Audit] = []
    for number, network in zip(numbers, networks, strict=True):
        place = None if folder is None else member_folder(folder, number)
        store = store_of(place, [network], dataset, **reading)
        done, n = len(audits), len(networks)
        words = f"network {done + 1} of {n}: " if n > 1 else ""
        tell = part_of(on_progress, done / n, (done + 1) / n, words)
        with suited_threads(network):
            audits.append(audit_network(network, dataset, options, store=store, on_progress=tell))
    if not audits:
        reasons = "; ".join(f"member {member.index}: {member.reason}" for member in members)
        raise InputError(f"expected at least one trained network of {name}, got none" + (reasons and f" ({reasons})"))
    store = store_of(folder, networks, dataset, **reading)
    return Candidate(name, tuple(audits), numbers, tuple(members), store, dict(protocol or {}))


def _validation_score(metrics: Mapping[str, float]) -> float:
    value = metrics.get("valid_auroc", metrics.get("valid_pearson", float("nan")))
    return -np.inf if np.isnan(value) else value
