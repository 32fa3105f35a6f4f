"""The options of an audit, the same for the library, the command line and JSON files."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from numbers import Integral
from typing import Any

from motiflens.basics.arguments import check_fields
from motiflens.basics.choices import check_choice
from motiflens.basics.errors import InputError
from motiflens.basics.inputs import Target, as_output
from motiflens.data.dataset import SequenceDataset
from motiflens.interpret.attribution import check_method
from motiflens.interpret.filters import check_truth
from motiflens.models.any_model import BASES, CODES, LAYOUTS, OUTPUTS, check_bases
from motiflens.motifs.sets import DEFAULT_SET, Motif, load_motifs, named_motifs

_AT_LEAST = {"n_ablation": 0, "n_decoys": 0, "n_backgrounds": 0, "n_examples": 0, "n_resamples": 1, "seed": 0}


_MOST = 10_000_000  # more would not end


@dataclass(frozen=True, kw_only=True, eq=False)
class AuditOptions:
    """Options of an audit, checked on creation, that is, before any network is trained.

    Attributes
    ----------
    target : int or str, optional
        Label for which attributions are computed, by index or name; by default the first one. If there are several
        labels and no target, no map is scored against the ground truth, because the truth does not tell which motif
        belongs to which label. For a model with several outputs and data with one label: the output that belongs to
        this label.
    layout, bases, first_layer, output : str
        How to run a model trained elsewhere; see :func:`motiflens.models.any_model.adapt`.
    database : str or sequence of Motif
        Motif database with which filters are compared and from which motifs are implanted: a set that
        :func:`motiflens.motifs.sets.load_motifs` knows, a file, or motifs.
    spike_motifs : str or sequence of Motif, optional
        Motifs that attributions should find, which are implanted with priority over those of the filters that matter: a
        motif file or set, names or ids in the database separated by commas, or motifs.
    truth : mapping of str to collection of str, optional
        Accessions of each motif that filters should learn; needed for true and false positive rates.
    q : float
        Largest q-value of a match.
    window : int, optional
        Width of the filters' matrices; by default :func:`motiflens.interpret.filters.matrix_width`.
    n_ablation : int
        Test sequences on which each filter is ablated, drawn at random if there are more; 0 to skip ablation.
    n_decoys : int
        Number of decoy databases for the matches expected by chance; 0 to skip them.
    n_backgrounds : int
        Number of negatives for the spike-in; 0 to skip spike-in and stability.
    n_examples : int
        Number of test sequences whose attributions are shown.
    methods : sequence of str, optional
        Attribution methods of the examples; by default :func:`motiflens.audits.examples.default_methods`.
    n_resamples : int
        Number of resamples of the test sequences, for confidence intervals of scores.
    seed : int
        Seed of initial weights, if networks are trained, and of everything that is drawn at random.
    batch_size : int
        Sequences in one pass.

    Raises
    ------
    InputError
        If a number is out of range, a name is unknown, or no motif of the database belongs to a factor of the truth.
    """

    target: Target | None = None
    layout: str = "auto"
    bases: str = BASES
    first_layer: str | None = None
    output: str = "auto"
    database: str | Sequence[Motif] = DEFAULT_SET
    spike_motifs: str | Sequence[Motif] | None = None
    truth: Mapping[str, Collection[str]] | None = None
    q: float = 0.1
    window: int | None = None
    n_ablation: int = 2000
    n_decoys: int = 20
    n_backgrounds: int = 200
    n_examples: int = 6
    methods: Sequence[str] | None = None
    n_resamples: int = 1000
    seed: int = 0
    batch_size: int = 500

    def __post_init__(self) -> None:
        check_fields(self)
        for name, least in {**_AT_LEAST, "batch_size": 1}.items():
            _check_number(name, getattr(self, name), least)
        if self.window is not None:
            _check_number("window", self.window, 1)
        if not 0 < self.q <= 1:
            raise InputError(f"q must be in (0, 1], got {self.q}")
        check_choice("layout", self.layout, ("auto", *LAYOUTS, CODES))
        check_bases(self.bases)
        check_choice("output", self.output, ("auto", *OUTPUTS))
        for method in () if self.methods is None else self.methods:
            check_method(method)
        motifs = self.motifs  # read once here, so that a missing file is told now
        if not motifs:
            raise InputError("expected a database of at least one motif, got none")
        self.named_motifs  # noqa: B018 - a wrong name is told now
        check_truth([motif.id for motif in motifs], self.truth or {})

    @property
    def motifs(self) -> list[Motif]:
        """The motifs of the database."""
        return load_motifs(self.database) if isinstance(self.database, str) else list(self.database)

    @property
    def named_motifs(self) -> list[Motif]:
        """The motifs of `spike_motifs`."""
        return [] if self.spike_motifs is None else named_motifs(self.spike_motifs, self.motifs)

    @property
    def database_name(self) -> str:
        """Name of the database on pages."""
        return self.database if isinstance(self.database, str) else f"{len(self.database)} motifs"

    def check_data(self, dataset: SequenceDataset) -> None:
        """Check that networks trained on a data set, with one output for each label, can be audited on it.

        Raises
        ------
        InputError
            If there are no test sequences, the target is not a label, the window does not fit into the sequences, or an
            option is for models trained elsewhere.
        """
        if not (dataset.split == "test").any():
            raise InputError("the data have no test sequences to audit on")
        target = 0 if self.target is None else as_output(self.target, dataset)
        if not 0 <= target < dataset.n_outputs:
            raise InputError(f"target must be in 0..{dataset.n_outputs - 1}, got {target}")
        for name, usual in (("layout", "auto"), ("bases", BASES), ("first_layer", None), ("output", "auto")):
            if getattr(self, name) != usual:
                raise InputError(f"{name} is for models trained elsewhere, got {getattr(self, name)!r}: leave it out")
        if self.window is not None and self.window > dataset.length - 2:
            raise InputError(
                f"window must be at most {dataset.length - 2} for sequences of {dataset.length} bp, got {self.window}"
            )

    def to_dict(self) -> dict[str, Any]:
        """The options as plain values for JSON, with motifs by their ids."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        if not isinstance(self.database, str):
            values["database"] = [motif.id for motif in self.database]
        if not isinstance(self.spike_motifs, str | None):
            values["spike_motifs"] = [motif.id for motif in self.spike_motifs]
        if self.truth is not None:
            values["truth"] = {factor: sorted(ids) for factor, ids in self.truth.items()}
        values["methods"] = None if self.methods is None else list(self.methods)
        return values


def _check_number(name: str, value: object, least: int) -> None:
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise InputError(f"{name} must be a whole number, got {value!r}")
    if value < least:
        raise InputError(f"{name} must be {least} or more, got {value}")
    if int(value) > _MOST:
        raise InputError(f"{name} must be at most {_MOST:,}, got {value:,}")
