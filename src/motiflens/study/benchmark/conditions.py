"""The benchmark of interactions: which networks are trained on which grammar, and how methods are set.

A condition is one network design on one draw of one level of the grammar; its few initialisations are read together,
since effects are averaged over members before they are compared.
"""

import dataclasses
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from motiflens.basics.choices import check_count, check_known, check_members, check_seeds
from motiflens.basics.errors import InputError
from motiflens.data.dataset import SequenceDataset
from motiflens.data.simulate import LABELS, SMALL_GRAMMAR, additive_labels, erase_sites, signed_labels, spaced_grammar
from motiflens.interpret.interactions import INTERACTION_METHODS, Settings
from motiflens.models.hybrid import POSITIONAL_ENCODINGS, HybridConfig, model_config
from motiflens.study.one_record import OneRecord
from motiflens.training.protocol import INTERACTIONS, LONG, Protocol

GROUP = "interactions"  # first part of the keys of all records
FIRST_FIGURE_SEED = 100  # draws of data below were used to choose the settings of methods: no figure shows them
_CALIBRATION_SEEDS = range(120, 130)
_STRONG_SEEDS = range(110, 116)
_STRONG_AUROC = 0.95
_DRAWS = range(103, 108)  # seen by nothing else
_SIGN_SEEDS = range(140, 160)  # draws of 3 pairs of each sign; those from 154 on no choice has seen
_SIGNS = INTERACTIONS.replace(
    name="SIGNS", objective="regression", max_epochs=30, learning_rate=4e-3, decay_patience=4, decay_factor=0.4
)

_PENALTY = 0.1  # weight of the attention's entropy, where there is one
# Each differs from C4C6-Att in stem or head, or in an LSTM, then also in encoder layers.
_OTHERS = ("C4-Att", "C4C6-Att-mean", "C4C6-LSTM-Att", "C4C6-LSTM-Trans1", "C4C6-LSTM-Trans2")


def describe_training(protocol: Mapping[str, Any]) -> str:
    """How long and at which learning rate, in words, of what `Protocol.to_dict` returns."""
    return f"{protocol['max_epochs']} epochs at {protocol['learning_rate']:g}"


@dataclass(frozen=True, kw_only=True)
class Condition(OneRecord):
    """One network design on one draw of a grammar."""

    architecture: str = "C4C6-Att"
    activation: str = "exponential"
    positional_encoding: str = "none"
    has_attention: bool = True  # without: the control
    level: int = 2
    labels: str = "grammar"  # or "additive": no pair interacts
    # Of the logit of additive labels, in which single motifs are then worth up to 3. At .95 they are worth up to 10,
    # and networks use whatever tells of a motif that they miss, such as a decoy: the true partners of its motifs are
    # often absent. Pairs that the labels do not have then interact in all networks, by all perturbation methods.
    additive_auroc: float = 0.85
    protocol: Protocol = INTERACTIONS
    n_members: int = 3
    n_sequences: int = 30_000
    n_motifs: int = SMALL_GRAMMAR["n_motifs"]
    n_pairs: int = SMALL_GRAMMAR["n_pairs"]
    n_decoys: int = SMALL_GRAMMAR["n_decoys"]
    n_singles: int = 2  # without them 8 motifs come in 10 sets, and no data tell their sum from pairs
    n_repress: int = 0  # of the pairs; with any of these two, interactions have both signs
    n_redundant: int = 0
    erased_share: float = 0.0  # of sequences of both signs, in which sites are erased at random
    length: int = 200
    network: tuple[tuple[str, float], ...] = ()  # changes of its configuration: (name, value) each
    seed: int = 0  # of initial weights and dropout
    data_seed: int = FIRST_FIGURE_SEED
    methods: tuple[str, ...] = tuple(INTERACTION_METHODS)
    settings: Settings = field(default_factory=Settings)  # of all methods

    def __post_init__(self) -> None:
        """Check names and numbers before anything is run."""
        self.model()
        if self.labels not in LABELS:
            raise InputError(f"labels must be {' or '.join(map(repr, LABELS))}, got {self.labels!r}")
        check_members(self.n_members)
        check_count("n_sequences", self.n_sequences)
        check_seeds(self, "seed", "data_seed")

    @property
    def has_both_signs(self) -> bool:
        """Whether some of its pairs repress or are redundant."""
        return self.n_repress + self.n_redundant > 0

    @property
    def penalty(self) -> float:
        """Weight of the attention's entropy in the loss."""
        return self.protocol.attention_entropy_weight

    @property
    def is_control(self) -> bool:
        """Whether it is a network with attention whose attention was left out."""
        return not self.has_attention and model_config(self.architecture).attention != "none"

    @property
    def name(self) -> str:
        """What tells it from the other conditions of a study, for people and in keys."""
        labels = "signed" if self.has_both_signs else "" if self.labels == "grammar" else self.labels
        strong = self.labels == "additive" and self.additive_auroc != Condition.additive_auroc
        parts = [f"level{self.level}", labels, f"auroc{self.additive_auroc:g}" if strong else "", self.architecture]
        parts += [self.activation, "" if self.positional_encoding == "none" else self.positional_encoding]
        parts += [f"entropy{self.penalty:g}" if self.penalty else "", "control" if self.is_control else ""]
        n_epochs, rate = self.protocol.max_epochs, self.protocol.learning_rate
        parts += ["" if n_epochs == INTERACTIONS.max_epochs else f"epochs{n_epochs}"]
        parts += ["" if rate == INTERACTIONS.learning_rate else f"rate{rate:g}"]
        return "-".join(part for part in parts if part)

    @property
    def key(self) -> str:
        """Key of its record."""
        return f"{GROUP}/{self.name}/{self.data_seed}"

    def model(self) -> HybridConfig:
        """Configuration of its networks: the study's wide sizes, with one output."""
        changes: dict[str, Any] = (
            {"positional_encoding": self.positional_encoding} if self.has_attention else {"attention": "none"}
        )
        changes |= {"length": self.length, "n_outputs": 1, **dict(self.network)}
        return model_config(self.architecture, activation=self.activation, **changes)

    def control(self) -> "Condition":
        """The same network without attention, which needs neither encoding, penalty nor encoder layers."""
        architecture = re.sub(r"-Trans\d$", "-Att", self.architecture)  # one control for all of them
        return dataclasses.replace(
            with_penalty(self, 0.0), architecture=architecture, has_attention=False, positional_encoding="none"
        )

    def simulate(self) -> SequenceDataset:
        """Its data."""
        dataset = spaced_grammar(
            self.n_sequences,
            level=self.level,
            seed=self.data_seed,
            n_motifs=self.n_motifs,
            n_pairs=self.n_pairs,
            n_decoys=self.n_decoys,
            n_singles=self.n_singles,
            length=self.length,
        )
        if self.has_both_signs:
            kinds = {"n_repress": self.n_repress, "n_redundant": self.n_redundant}
            real = self.protocol.objective == "regression"
            dataset = erase_sites(dataset, share=self.erased_share, seed=self.data_seed)
            return signed_labels(dataset, **kinds, real=real, seed=self.data_seed)
        if self.labels == "grammar":
            return dataset
        return additive_labels(dataset, auroc=self.additive_auroc, seed=self.data_seed)

    def config(self) -> dict[str, Any]:
        """Everything that a result depends on, as plain data."""
        sizes = ("n_sequences", "n_motifs", "n_pairs", "n_decoys", "n_singles")
        data: tuple[str, ...] = ("level", "labels", "additive_auroc", *sizes, "data_seed")
        if self.has_both_signs:  # what is as it always was is written as it always was
            data += ("n_repress", "n_redundant", "erased_share", "length")
        return {
            "model": {"architecture": self.architecture, **self.model().to_dict()},
            "protocol": self.protocol.to_dict(),
            "data": {name: getattr(self, name) for name in data},
            "n_members": self.n_members,
            "seed": self.seed,
            "interactions": {"methods": list(self.methods), **self.settings.to_dict()},
        }

    def config_hash(self) -> str:
        """Short digest of `config`."""
        text = json.dumps(self.config(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def with_penalty(condition: Condition, weight: float) -> Condition:
    """The same condition with a weight of the attention's entropy in the loss."""
    protocol = condition.protocol
    retrained = protocol.replace(name=protocol.name, attention_entropy_weight=weight)
    return dataclasses.replace(condition, protocol=retrained)


def at_level(condition: Condition, level: int) -> Condition:
    """The same condition on another level of the grammar; level 1 has no single motifs, which would make pairs."""
    return dataclasses.replace(condition, level=level, n_singles=0 if level == 1 else condition.n_singles)


def _with_controls(conditions: Iterable[Condition]) -> list[Condition]:
    """Conditions, and the control of each beside, all of them once."""
    listed = list(conditions)
    return list(dict.fromkeys(member for one in listed for member in (one, one.control())))


def _crossed(protocol: Protocol, penalties: Iterable[float]) -> list[Condition]:
    """Activation x encoding x penalty on C4C6-Att."""
    designs = product(("exponential", "relu"), POSITIONAL_ENCODINGS, penalties)
    return [
        with_penalty(Condition(protocol=protocol, activation=activation, positional_encoding=encoding), weight)
        for activation, encoding, weight in designs
    ]


def _committed() -> list[Condition]:
    """Activation x encoding x penalty on C4C6-Att, then stem, head, LSTM and encoder layers by themselves."""
    crossed = _crossed(INTERACTIONS, (0.0, _PENALTY))
    others = [Condition(architecture=name) for name in _OTHERS]
    # A head that flattens sees where tokens stand, so there an encoding has little to add.
    return _with_controls(
        [*crossed, *others, Condition(architecture="C4C6-Att-mean", positional_encoding="sinusoidal")]
    )


def _full() -> list[Condition]:
    """All levels, stems, heads and trunks with every activation, encoding and penalty."""
    architectures = ("C4C6-Att", "C4-Att-mean", "C4C6-LSTM-Trans4", *_OTHERS)
    designs = product(architectures, ("exponential", "relu"), POSITIONAL_ENCODINGS, (0.0, 0.01, _PENALTY))
    conditions = [
        with_penalty(Condition(architecture=name, activation=activation, positional_encoding=encoding), weight)
        for name, activation, encoding, weight in designs
    ]
    return _with_controls(at_level(condition, level) for level in (1, 2, 3) for condition in conditions)


def _calibration() -> list[Condition]:
    """Ten nulls, trained as the base of all comparisons is."""
    return [Condition(labels="additive", data_seed=seed) for seed in _CALIBRATION_SEEDS]


def _strong_nulls() -> list[Condition]:
    """Six nulls whose single motifs are worth up to 10 logits."""
    return [Condition(labels="additive", additive_auroc=_STRONG_AUROC, data_seed=seed) for seed in _STRONG_SEEDS]


def _signs() -> list[Condition]:
    """Pairs of both signs, six in one network a draw, made so that training is short.

    Pairs interact wherever they stand, sequences are of 72 bp, and labels are the logits themselves. What was tried, on
    draws 138 and 139: of labels drawn from the logits, networks learned what single motifs are worth, but no pair; of
    30,000 sequences without erased sites they learned some pairs, and as much for decoys; 32 filters for both strands
    of 12 motifs leave out motifs that hardly do anything by themselves, as those of pairs that repress.
    """
    settings = Settings(n_null=240, n_backgrounds=24, distances=((0, 8), (9, 24), (25, 48)))
    base = Condition(
        architecture="C4C6", has_attention=False, level=1, protocol=_SIGNS, n_members=1, n_sequences=120_000, length=72,
        methods=("insertion",), settings=settings, n_motifs=12, n_pairs=6, n_decoys=3, n_singles=0, n_repress=2,
        n_redundant=1, erased_share=0.5, network=(("n_filters", 64), ("dropout", 0.05), ("dense_dropout", 0.1)),
    )  # fmt: skip
    return [dataclasses.replace(base, data_seed=seed) for seed in _SIGN_SEEDS]


def _long() -> list[Condition]:
    """What longer training changes: five draws of the base of all comparisons, activation x encoding, the nulls."""
    draws = [Condition(protocol=LONG, data_seed=seed) for seed in _DRAWS]
    nulls = [dataclasses.replace(null, protocol=LONG) for null in _calibration()]
    return [*draws, *_with_controls(_crossed(LONG, (0.0,))), *nulls]


BENCHMARK_PRESETS: dict[str, Callable[[], list[Condition]]] = {
    "interactions": _committed,
    "interactions-full": _full,
    "interactions-calibration": _calibration,
    "interactions-strong-nulls": _strong_nulls,
    "interactions-long": _long,
    "interactions-signs": _signs,
}


def preset_conditions(name: str, **changes: Any) -> list[Condition]:
    """Conditions of a preset, the base of all comparisons first.

    Parameters
    ----------
    name : str
        A name in `BENCHMARK_PRESETS`.
    **changes
        Fields of `Condition` to set in all of them: `n_members=1`. A `data_seed` replaces all draws by that one.

    Raises
    ------
    ValueError
        If there is no such preset.
    """
    check_known("preset", name, BENCHMARK_PRESETS)
    return list(dict.fromkeys(dataclasses.replace(condition, **changes) for condition in BENCHMARK_PRESETS[name]()))
