"""Which networks are trained on the reporter assays, and the protocol, frozen on validation elements."""

import hashlib
import json
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from motiflens.basics.choices import check_known, check_members, check_seeds
from motiflens.models.hybrid import HybridConfig, adapted_config
from motiflens.study.experiments.effects import MOST_PER_ELEMENT
from motiflens.study.one_record import OneRecord
from motiflens.training.protocol import REFERENCE, Protocol

EXPERIMENTS = "crx"  # the preset, and the first part of the keys of its records
PROTOCOL_TRIALS = "crx-protocol"  # the preset of the trials by which the protocol was chosen
OPTION_TRIALS = "crx-options"  # of trials of augmentations, on validation elements
CONFIRMATION = "crx-best"  # the best of these, on test elements
EXPERIMENT_PRESETS = (EXPERIMENTS, PROTOCOL_TRIALS, OPTION_TRIALS, CONFIRMATION)
DESIGNS: tuple[str, ...] = ("C24", "C4C6", "C4C6-Att", "C4-LSTM")
TRIED_DESIGNS: tuple[str, ...] = ("C24", "C4C6")
FIRST_LAYERS: tuple[str, ...] = ("relu", "exponential")
N_MEMBERS = 10
LENGTH = 164

_BASE = REFERENCE.replace(name="EXPERIMENTS", objective="regression", max_epochs=24, early_stop_patience=None)

#: What the protocol was chosen from, by name.
TRIED_PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        _BASE.replace(
            name=f"rate-{rate:g}{'-strands' if strands else ''}", learning_rate=rate, reverse_complement=strands
        )
        for rate, strands in product((0.0005, 0.001, 0.002), (False, True))
    )
}
#: Chosen on validation elements, with C24 and C4C6: best there by activities and by effects (docs/experiments.md).
EXPERIMENT_PROTOCOL = TRIED_PROTOCOLS["rate-0.002-strands"].replace(name="EXPERIMENTS")
#: Augmentations of the training sequences that were tried on validation elements with `OPTION_DESIGN`, by name.
TRIED_OPTIONS: dict[str, dict[str, Any]] = {
    "none": {},
    "shift-3": {"max_shift": 3},
    "shift-10": {"max_shift": 10},
    "mutations-2": {"mutation_rate": 0.02},
    "mutations-6": {"mutation_rate": 0.06},
    "shift-3-mutations-2": {"max_shift": 3, "mutation_rate": 0.02},
}
OPTION_DESIGN = ("C4C6", "exponential")
#: The one with the largest correlation with activities of validation elements (docs/experiments.md).
BEST_OPTION = "shift-3-mutations-2"
#: What attribution methods are given beside their own defaults.
ATTRIBUTION_OPTIONS: dict[str, dict[str, Any]] = {"smooth_grad": {"n_samples": 25}}
#: How motifs are implanted, to see whether the result tells what experiments would.
SPIKE_IN_OPTIONS: dict[str, Any] = {"methods": ("gradient_times_input", "integrated_gradients"), "n_backgrounds": 100}


@dataclass(frozen=True, kw_only=True)
class ExperimentNetwork(OneRecord):
    """One initialisation of one design.

    Attributes
    ----------
    architecture, activation : str
    member : int
        From 0.
    group : str
        First part of its key: of the study itself, or of the trials, then with the protocol's name.
    split : str
        Whose elements it is measured on: "test", or in trials "valid".
    protocol : Protocol
    seed, data_seed : int
        Of initial weights and dropout, and of the order of batches.
    n_parents : int
        Parents of test edits whose attributions are made.
    data_file : str
        What ``motiflens data crx`` wrote.
    """

    architecture: str
    activation: str
    member: int
    group: str = EXPERIMENTS
    split: str = "test"
    protocol: Protocol = EXPERIMENT_PROTOCOL
    seed: int = 0
    data_seed: int = 0
    n_parents: int = 200
    data_file: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        """Check numbers before anything is run."""
        check_seeds(self, "seed", "data_seed")

    @property
    def key(self) -> str:
        """Key of its record."""
        return f"{self.group}/{self.architecture}/{self.activation}/{self.member:03d}"

    def model(self) -> HybridConfig:
        """Configuration of the network: the sizes of Task 1, one output."""
        return adapted_config(self.architecture, length=LENGTH, activation=self.activation, n_outputs=1)

    def config(self) -> dict[str, Any]:
        """Everything that a result depends on beside the data, as plain data."""
        return {
            "model": {"architecture": self.architecture, **self.model().to_dict()},
            "protocol": self.protocol.to_dict(),
            "split": self.split,
            "seed": self.seed,
            "data_seed": self.data_seed,
            "n_parents": self.n_parents,
            "most_per_element": MOST_PER_ELEMENT,
            "attributions": ATTRIBUTION_OPTIONS,
            "spike_in": {name: list(value) if isinstance(value, tuple) else value
                         for name, value in SPIKE_IN_OPTIONS.items()},
        }  # fmt: skip

    def config_hash(self) -> str:
        """Short digest of `config`."""
        return hashlib.sha256(json.dumps(self.config(), sort_keys=True).encode()).hexdigest()[:12]


def planned_networks(
    preset: str = EXPERIMENTS,
    *,
    architectures: tuple[str, ...] | None = None,
    activations: tuple[str, ...] | None = None,
    n_members: int | None = None,
    **changes: Any,
) -> list[ExperimentNetwork]:
    """All networks of a preset, first one of each design, then the second of each: a run cut short has all designs.

    Parameters
    ----------
    preset : str
        "crx", the study, ten networks of each design; "crx-protocol", trials of protocols on validation elements, one
        network of each; "crx-options", trials of augmentations there, three of each; "crx-best", the best of these
        on test elements, ten networks.
    architectures, activations : tuple of str, optional
    n_members : int, optional
    **changes
        Other fields of `ExperimentNetwork`.

    Raises
    ------
    InputError
        If there is no such preset, or n_members is out of range.
    """
    check_known("preset", preset, EXPERIMENT_PRESETS)
    tried, designs, kinds, n = {"": EXPERIMENT_PROTOCOL}, DESIGNS, FIRST_LAYERS, N_MEMBERS
    if preset == PROTOCOL_TRIALS:
        tried, designs, n = TRIED_PROTOCOLS, TRIED_DESIGNS, 1
    elif preset in (OPTION_TRIALS, CONFIRMATION):
        tried = {name: EXPERIMENT_PROTOCOL.replace(name=name, **change) for name, change in TRIED_OPTIONS.items()}
        designs, kinds, n = OPTION_DESIGN[:1], OPTION_DESIGN[1:], 3
    if preset == CONFIRMATION:
        tried, n = {BEST_OPTION: tried[BEST_OPTION]}, N_MEMBERS
    n = n if n_members is None else n_members
    check_members(n)
    order = product(range(n), tried.items(), architectures or designs, activations or kinds)
    plain = [
        ExperimentNetwork(
            architecture=architecture, activation=kind, member=i, protocol=protocol,
            group=f"{preset}/{name}" if name else preset,
            split="valid" if preset in (PROTOCOL_TRIALS, OPTION_TRIALS) else "test",
        )
        for i, (name, protocol), architecture, kind in order
    ]  # fmt: skip
    return [replace(one, **changes) for one in plain]
