"""How often each verdict is right, measured on networks whose answer is known by construction."""

import csv
import io
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from motiflens.basics.stats import Interval, wilson_interval

ACCURACY_FILE = "verdict_accuracy.tsv"


class Accuracy(NamedTuple):
    """Counts of right verdicts on networks that no threshold was chosen by.

    Attributes
    ----------
    n_with, n_without : int
        Networks whose true answer is yes, and those whose is no.
    n_right_with, n_right_without : int
        How many of each the verdict got right. "Cannot be said" counts as wrong.
    """

    n_with: int
    n_right_with: int
    n_without: int
    n_right_without: int

    @property
    def sensitivity(self) -> Interval:
        """Share of right verdicts where the answer is yes, with Wilson's 95 % interval."""
        return wilson_interval(self.n_right_with, self.n_with)

    @property
    def specificity(self) -> Interval:
        """Share of right verdicts where the answer is no, with Wilson's 95 % interval."""
        return wilson_interval(self.n_right_without, self.n_without)

    def to_dict(self) -> dict[str, Any]:
        """Counts and both rates as plain values."""
        rates = {"sensitivity": self.sensitivity._asdict(), "specificity": self.specificity._asdict()}
        return {**self._asdict(), **rates}


@cache
def read_accuracy() -> dict[str, Accuracy]:
    """Accuracy by the key of the verdict, from the packaged table; empty where it was not measured yet."""
    path = files("motiflens.resources").joinpath(ACCURACY_FILE)
    if not path.is_file():
        return {}
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    rows = csv.DictReader(io.StringIO("\n".join(lines)), delimiter="\t")
    return {row["key"]: Accuracy(*(int(row[name]) for name in Accuracy._fields)) for row in rows}
