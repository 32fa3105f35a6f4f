"""How often each verdict is right, measured on networks for which the answer is known by construction."""

import csv
import io
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from motiflens.basics.stats import Interval, wilson_interval

ACCURACY_FILE = "verdict_accuracy.tsv"


class Accuracy(NamedTuple):
    """Counts of right verdicts on networks that were not used to choose thresholds.

    Attributes
    ----------
    n_with, n_without : int
        Number of networks for which the true answer is yes, and for which it is no.
    n_right_with, n_right_without : int
        Number of right verdicts among these. "Cannot be said" counts as wrong.
    """

    n_with: int
    n_right_with: int
    n_without: int
    n_right_without: int

    @property
    def sensitivity(self) -> Interval:
        """Sensitivity: share of right verdicts if the answer is yes, with Wilson's 95 % confidence interval."""
        return wilson_interval(self.n_right_with, self.n_with)

    @property
    def specificity(self) -> Interval:
        """Specificity: share of right verdicts if the answer is no, with Wilson's 95 % confidence interval."""
        return wilson_interval(self.n_right_without, self.n_without)

    def to_dict(self) -> dict[str, Any]:
        """Counts and both rates as plain values."""
        rates = {"sensitivity": self.sensitivity._asdict(), "specificity": self.specificity._asdict()}
        return {**self._asdict(), **rates}


@cache
def read_accuracy() -> dict[str, Accuracy]:
    """Accuracy by the key of the verdict, from the table in the package; empty if it was not measured."""
    path = files("motiflens.resources").joinpath(ACCURACY_FILE)
    if not path.is_file():
        return {}
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    rows = csv.DictReader(io.StringIO("\n".join(lines)), delimiter="\t")
    return {row["key"]: Accuracy(*(int(row[name]) for name in Accuracy._fields)) for row in rows}
