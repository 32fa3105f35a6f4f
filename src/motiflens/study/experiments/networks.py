"""Which networks are trained on the reporter assays, and the protocol, frozen on validation elements."""

import hashlib
import json
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from motiflens.models.hybrid import HybridConfig, adapted_config
from motiflens.training.protocol import REFERENCE, Protocol

EXPERIMENTS = "crx"  # the preset, and the first part of the keys of its records
DESIGNS = ("C24", "C4C6", "C4C6-Att", "C4-LSTM")
FIRST_LAYERS = ("relu", "exponential")
N_MEMBERS = 10
LENGTH = 164

#: Chosen on the edits of validation elements, with C24 and C4C6 (docs/experiments.md).
EXPERIMENT_PROTOCOL = REFERENCE.replace(
    name="EXPERIMENTS",
    objective="regression",
    max_epochs=16,
    early_stop_patience=None,
    reverse_complement=True,
)
#: What attribution methods are given beside their own defaults.
ATTRIBUTION_OPTIONS: dict[str, dict[str, Any]] = {"smooth_grad": {"n_samples": 25}}


@dataclass(frozen=True, kw_only=True)
class ExperimentNetwork:
    """One initialisation of one design.

    Attributes
    ----------
    architecture, activation : str
    member : int
        From 0.
    protocol : Protocol
    seed, data_seed : int
        Of initial weights and dropout, and of the order of batches.
    n_parents : int
        Parents of test edits whose attributions are made.
    """

    architecture: str
    activation: str
    member: int
    protocol: Protocol = EXPERIMENT_PROTOCOL
    seed: int = 0
    data_seed: int = 0
    n_parents: int = 128

    @property
    def key(self) -> str:
        """Key of its record."""
        return f"{EXPERIMENTS}/{self.architecture}/{self.activation}/{self.member:03d}"

    def model(self) -> HybridConfig:
        """Configuration of the network: the sizes of Task 1, one output."""
        return adapted_config(self.architecture, length=LENGTH, activation=self.activation, n_outputs=1)

    def config(self) -> dict[str, Any]:
        """Everything that a result depends on beside the data, as plain data."""
        return {
            "model": {"architecture": self.architecture, **self.model().to_dict()},
            "protocol": self.protocol.to_dict(),
            "seed": self.seed,
            "data_seed": self.data_seed,
            "n_parents": self.n_parents,
            "attributions": ATTRIBUTION_OPTIONS,
        }

    def config_hash(self) -> str:
        """Short digest of `config`."""
        return hashlib.sha256(json.dumps(self.config(), sort_keys=True).encode()).hexdigest()[:12]


def planned_networks(
    *,
    architectures: tuple[str, ...] = DESIGNS,
    activations: tuple[str, ...] = FIRST_LAYERS,
    n_members: int = N_MEMBERS,
    **changes: Any,
) -> list[ExperimentNetwork]:
    """All networks, first one of each design, then the second of each: a run cut short has all designs.

    Parameters
    ----------
    architectures, activations : tuple of str
    n_members : int
    **changes
        Other fields of `ExperimentNetwork`.
    """
    order = product(range(n_members), architectures, activations)
    plain = [ExperimentNetwork(architecture=name, activation=kind, member=i) for i, name, kind in order]
    return [replace(one, **changes) for one in plain]
