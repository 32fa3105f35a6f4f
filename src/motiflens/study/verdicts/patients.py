"""Which patients there are: every kind, so many seeds of it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from motiflens.basics.choices import check_known, check_members
from motiflens.study.one_record import OneRecord
from motiflens.study.verdicts.kinds import PATIENT_KINDS, PATIENT_SEEDS, PatientKind

VERDICT_STUDY = "verdicts"  # the preset, and the first part of the keys of its records


@dataclass(frozen=True)
class Patient(OneRecord):
    """One patient, as work of a study.

    Attributes
    ----------
    kind : PatientKind
    seed : int
        Thresholds are chosen on even seeds, accuracy is measured on odd ones.
    background : str
        File of real sequences around the sites; "" for simulated ones.
    """

    kind: PatientKind
    seed: int
    background: str = ""

    @property
    def architecture(self) -> str:
        """Name of the architecture: the kind's, in turn; each on even and on odd seeds."""
        return self.kind.architectures[self.seed // 2 % len(self.kind.architectures)]

    @property
    def key(self) -> str:
        """Key of its record."""
        return f"{VERDICT_STUDY}/{'real-' if self.background else ''}{self.kind.name}/{self.seed:03d}"

    def config(self) -> dict[str, Any]:
        """Everything that its record depends on, as plain data: all but the right answers."""
        values = {name: value for name, value in asdict(self.kind).items() if name not in ("answers", "about")}
        if values["placed"] == "anywhere":
            del values["placed"]  # as records say it that were made when there was nothing else
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
        return {"kind": plain, "seed": self.seed, "architecture": self.architecture, "real": bool(self.background)}

    def config_hash(self) -> str:
        """Short digest of `config`."""
        return hashlib.sha256(json.dumps(self.config(), sort_keys=True).encode()).hexdigest()[:12]


def planned_patients(
    *, kinds: Sequence[str] | None = None, n_seeds: int | None = None, background: str = ""
) -> list[Patient]:
    """All patients, the first of every kind before the second, so that a run cut short has all kinds.

    Parameters
    ----------
    kinds : sequence of str, optional
        Names of kinds; by default all.
    n_seeds : int, optional
        The first so many of each kind; by default all of `PATIENT_SEEDS`.
    background : str
        File of real sequences: only kinds of motifs in single-label data are made with it.

    Raises
    ------
    InputError
        If a kind is unknown, or n_seeds is out of range.
    """
    if n_seeds is not None:
        check_members(n_seeds, "n_seeds")
    for name in kinds or ():
        check_known("kind", name, PATIENT_KINDS)
    chosen = [PATIENT_KINDS[name] for name in kinds or PATIENT_KINDS]
    if background:
        chosen = [kind for kind in chosen if kind.labels == "motifs" and kind.n_labels == 1]
    seeds = {kind.name: PATIENT_SEEDS[kind.name][:n_seeds] for kind in chosen}
    n_rounds = max(map(len, seeds.values()), default=0)
    return [
        Patient(kind, seeds[kind.name][i], background)
        for i in range(n_rounds)
        for kind in chosen
        if i < len(seeds[kind.name])
    ]
