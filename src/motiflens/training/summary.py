"""Summary of a fit: scores of each member and of all members, and those of a random classifier."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.metrics import aupr, auroc, labelled, mean_squared_error, pearson
from motiflens.basics.stats import mean_of_defined
from motiflens.basics.tables import Table, Tabular, columns_of
from motiflens.data.dataset import SequenceDataset
from motiflens.data.splits import SPLITS
from motiflens.models.ensemble import Ensemble, Member
from motiflens.models.outputs import model_outputs

_MEASURES: dict[str, dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray | None], np.ndarray]]] = {
    "classification": {"auroc": auroc, "aupr": aupr},
    "regression": {"pearson": pearson, "mean_squared_error": mean_squared_error},
}


@dataclass(frozen=True, repr=False)
class FitSummary(Tabular):
    """Members of an ensemble on the validation and test sequences, in JSON types.

    Metrics are named valid_auroc, test_aupr, test_pearson and so on; over several labels AUROC and AUPR are
    micro-averaged; correlation and squared error are means.

    Attributes
    ----------
    objective : str
    members : tuple of dict
        member, status, reason, best_epoch, n_epochs, fit_seconds, its metrics, and `outputs`: label and metrics of
        each output.
    mean, standard_deviation : dict of str to float
        Over the members that did not fail; the sample standard deviation (n - 1) is NaN for a single one.
    uninformed : dict of str to float
        Scores of a predictor that ignores the sequence: AUROC 0.5, AUPR the fraction of positives, correlation 0, and
        the squared error of the mean of the training labels.
    outputs : tuple of dict
        For each output: label, positives (their fraction in each split, None in a regression), mean and
        standard_deviation.
    """

    objective: str
    members: tuple[dict[str, Any], ...]
    mean: dict[str, float]
    standard_deviation: dict[str, float]
    uninformed: dict[str, float]
    outputs: tuple[dict[str, Any], ...]

    def to_dict(self) -> dict[str, Any]:
        """The summary as a dictionary."""
        return asdict(self)

    def _table(self) -> Table:
        names = ("member", "status", "best_epoch", *self.uninformed)
        rows = [{name: row.get(name) for name in names} for row in self.members]
        below = {"mean": self.mean, "SD": self.standard_deviation, "uninformed": self.uninformed}
        rows += [{"member": name, **values} for name, values in below.items()]
        notes = [f"member {row['member']} {row['status']}: {row['reason']}" for row in self.members if row["reason"]]
        n_ok = sum(row["status"] == "ok" for row in self.members)
        title = f"FitSummary: {n_ok} of {len(self.members)} members trained for {self.objective}"
        return Table(title, columns_of(rows, names), notes)


def fit_summary(ensemble: Ensemble, dataset: SequenceDataset) -> FitSummary:
    """Summarise the result of `fit` or `fit_to_folder` for a data set.

    Parameters
    ----------
    ensemble : Ensemble
    dataset : SequenceDataset
        The data set that it was trained on; with several outputs, each is scored on it.

    Raises
    ------
    ValueError
        If the data have another number of outputs.
    """
    if dataset.n_outputs != ensemble.config.n_outputs:
        raise InputError(
            f"the ensemble has {ensemble.config.n_outputs} outputs, the data have {dataset.n_outputs} labels: "
            "give the data that it was trained on"
        )
    objective = ensemble.objective
    by_output = [_by_output(member, dataset, objective) for member in ensemble.members]
    finished = [i for i, member in enumerate(ensemble.members) if member.status == "ok"]
    mean, deviation = _moments([ensemble.members[i].metrics for i in finished])
    outputs = []
    for t, label in enumerate(dataset.label_names):
        label_mean, label_deviation = _moments([by_output[i][t] for i in finished])
        positives = _positives(dataset, t) if objective == "classification" else None
        outputs.append(
            {"label": label, "positives": positives, "mean": label_mean, "standard_deviation": label_deviation}
        )
    return FitSummary(
        objective=objective,
        members=tuple(
            _row(member, dataset.label_names, metrics)
            for member, metrics in zip(ensemble.members, by_output, strict=True)
        ),
        mean=mean,
        standard_deviation=deviation,
        uninformed=_uninformed(dataset, objective),
        outputs=tuple(outputs),
    )


def _row(member: Member, labels: Sequence[str], by_output: Iterable[Mapping[str, float]]) -> dict[str, Any]:
    own = {name: getattr(member, name) for name in ("status", "reason", "best_epoch", "n_epochs", "fit_seconds")}
    outputs = [{"label": label, **metrics} for label, metrics in zip(labels, by_output, strict=True)]
    return {"member": member.index, **own, **member.metrics, "outputs": outputs}


def _by_output(member: Member, dataset: SequenceDataset, objective: str) -> list[dict[str, float]]:
    """Metrics of each output by itself; empty ones of a member that failed."""
    found: list[dict[str, float]] = [{} for _ in dataset.label_names]
    if member.network is None:
        return found
    if dataset.n_outputs == 1:
        return [dict(member.metrics)]
    for split, part in (("valid", dataset.valid), ("test", dataset.test)):
        if len(part):
            outputs = np.ascontiguousarray(model_outputs(member.network, part.codes).numpy().T)  # n_outputs, N
            mask = labelled(part.y.T)
            for name, measure in _MEASURES[objective].items():
                for metrics, value in zip(found, measure(part.y.T, outputs, mask), strict=True):
                    metrics[f"{split}_{name}"] = float(value)
    return found


def _moments(rows: Sequence[Mapping[str, float]]) -> tuple[dict[str, float], dict[str, float]]:
    """Mean and sample standard deviation of each metric."""
    columns = {name: np.array([row[name] for row in rows]) for name in (rows[0] if rows else ())}
    mean = {name: float(values.mean()) for name, values in columns.items()}
    single = len(rows) < 2
    deviation = {name: np.nan if single else float(values.std(ddof=1)) for name, values in columns.items()}
    return mean, deviation


def _positives(dataset: SequenceDataset, output: int) -> dict[str, float]:
    """Share of positives in each split that has sequences with this label."""
    y = dataset.y[:, output]
    splits = [(dataset.split_codes == i) & ~np.isnan(y) for i in range(len(SPLITS))]
    return {name: float(y[rows].mean()) for name, rows in zip(SPLITS, splits, strict=True) if rows.any()}


def _uninformed(dataset: SequenceDataset, objective: str) -> dict[str, float]:
    found = {}
    train = dataset.y[dataset.split_codes == SPLITS.index("train")]
    train_mean = mean_of_defined(train.astype(np.float64), axis=0)
    for split in ("valid", "test"):
        y = dataset.y[dataset.split_codes == SPLITS.index(split)]
        if len(y) and objective == "classification":
            found.update({f"{split}_auroc": 0.5, f"{split}_aupr": float(np.nanmean(y, dtype=np.float64))})
        elif len(y):
            error = float(mean_of_defined(mean_of_defined(np.square(y - train_mean), axis=0), axis=None))
            found.update({f"{split}_pearson": 0.0, f"{split}_mean_squared_error": error})
    return found
