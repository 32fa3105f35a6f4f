"""What is under audit: one model, or all initialisations of one configuration."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from torch import nn

from motiflens.audits.network import Audit, audit_network
from motiflens.audits.options import AuditOptions
from motiflens.basics.errors import InputError
from motiflens.basics.tables import Table, Tabular, columns_of
from motiflens.data.dataset import SequenceDataset
from motiflens.models.ensemble import Member


@dataclass(frozen=True, eq=False, repr=False)
class Candidate(Tabular):
    """One model under audit, or all initialisations of one configuration.

    Attributes
    ----------
    name : str
    audits : tuple of Audit
        One per network.
    numbers : tuple of int
        What each network is called: its number in the ensemble.
    members : tuple of Member
        How training went, failed members too; empty for a model trained elsewhere.
    """

    name: str
    audits: tuple[Audit, ...]
    numbers: tuple[int, ...] = (0,)
    members: tuple[Member, ...] = ()

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
        """Place in `audits` of the network with the best validation score, the first where there is none."""
        scores = [_validation_score(found.metrics) for found in self.audits]
        return int(np.argmax(scores))

    @property
    def logits(self) -> np.ndarray:
        """Of the test sequences, shape=(E, n, T)."""
        return np.stack([found.test_logits for found in self.audits])


def audit_candidate(
    name: str,
    networks: Iterable[nn.Module],
    dataset: SequenceDataset,
    options: AuditOptions | None = None,
    *,
    members: Sequence[Member] = (),
) -> Candidate:
    """Audit every network of a candidate.

    Parameters
    ----------
    name : str
        What the page calls it.
    networks : iterable of nn.Module
    dataset : SequenceDataset
    options : AuditOptions, optional
    members : sequence of Member, optional
        Of the ensemble that the networks come from, failed ones too: for training curves.

    Raises
    ------
    ValueError
        If there is no network, and as `audit`.
    """
    audits = tuple(audit_network(network, dataset, options) for network in networks)
    if not audits:
        reasons = "; ".join(f"member {member.index}: {member.reason}" for member in members)
        raise InputError(f"expected at least one trained network of {name}, got none" + (reasons and f" ({reasons})"))
    numbers = tuple(member.index for member in members if member.network is not None) or tuple(range(len(audits)))
    return Candidate(name, audits, numbers, tuple(members))


def _validation_score(metrics: Mapping[str, float]) -> float:
    value = metrics.get("valid_auroc", metrics.get("valid_pearson", float("nan")))
    return -np.inf if np.isnan(value) else value
