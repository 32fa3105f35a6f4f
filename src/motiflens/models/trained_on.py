"""A description of the data that a network was trained on, saved beside its weights."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from motiflens.basics.errors import InputError

TRAINED_ON_FILE = "trained_on.json"
OBJECTIVES = ("classification", "regression")


@dataclass(frozen=True, kw_only=True)
class TrainedOn:
    """The data that a network was trained on: names of outputs, order of bases, and a fingerprint.

    Attributes
    ----------
    label_names : tuple of str
        One for each output.
    objective : str
        "classification": outputs are logits; "regression": outputs are in the unit of the labels.
    fingerprint : str
        Fingerprint of the data set; see :func:`fingerprint`.
    bases : str
        Order of the input's channels.
    """

    label_names: tuple[str, ...]
    objective: str = "classification"
    fingerprint: str = ""
    bases: str = "ACGT"

    def __post_init__(self) -> None:
        """Check the values."""
        object.__setattr__(self, "label_names", tuple(map(str, self.label_names)))
        if self.objective not in OBJECTIVES:
            raise InputError(f"objective must be one of {', '.join(OBJECTIVES)}, got {self.objective!r}")
        if sorted(self.bases) != sorted("ACGT"):
            raise InputError(f"bases must be an order of ACGT, got {self.bases!r}")

    def to_json(self) -> str:
        """The fields as a JSON object."""
        return json.dumps(asdict(self), indent=1)


def read_trained_on(folder: Path) -> TrainedOn | None:
    """Read the description from a network's folder; None if there is no such file.

    Raises
    ------
    ValueError
        If the file is damaged.
    """
    path = folder / TRAINED_ON_FILE
    if not path.is_file():
        return None
    try:
        return TrainedOn(**json.loads(path.read_text(encoding="utf-8")))
    except (json.JSONDecodeError, UnicodeDecodeError, TypeError, ValueError) as error:
        raise InputError(f"{path} is damaged ({error}): remove it, or train the network again") from error


def fingerprint(dataset: Any) -> str:
    """A short text that differs between data sets: 16 hexadecimal digits of SHA-256 over codes, labels and splits.

    Parameters
    ----------
    dataset : data set
        With `codes`, `y` and `split_codes`.
    """
    digest = hashlib.sha256()
    for array in (dataset.codes, dataset.y, dataset.split_codes):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
