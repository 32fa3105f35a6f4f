"""One network of the experiments: train it, measure it against what the edits did, one record."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch import nn

from motiflens.basics.errors import InputError
from motiflens.basics.json_values import rounded, without_nan
from motiflens.basics.store import SCHEMA, Record
from motiflens.basics.tables import by_fields
from motiflens.data.crx import crx_files, read_edits
from motiflens.data.dataset import SequenceDataset
from motiflens.data.io import read_hdf5
from motiflens.interpret.spike_in import spike_in
from motiflens.models.ensemble import Member
from motiflens.models.predict import predict
from motiflens.models.trained_on import fingerprint
from motiflens.motifs.motif import Motif
from motiflens.motifs.sets import load_motifs
from motiflens.study.experiments.attributed import attribution_agreement
from motiflens.study.experiments.baselines import baseline_agreement
from motiflens.study.experiments.effects import MeasuredEdits, effect_agreement
from motiflens.study.experiments.learned import learned_factors
from motiflens.study.experiments.networks import EXPERIMENTS, SPIKE_IN_OPTIONS, ExperimentNetwork
from motiflens.study.experiments.packing import packed
from motiflens.study.machines import describe_device, versions
from motiflens.study.rounds import TrialStopped
from motiflens.training.ensemble import fit
from motiflens.training.loop_engine import new_network
from motiflens.training.member import member_seed
from motiflens.training.news import News

BASELINES_KEY = f"{EXPERIMENTS}/baselines"
_N_FOR_FILTERS = 4000  # test sequences whose windows make the matrices of filters


@by_fields
class ExperimentData(NamedTuple):
    """The imported data, and the edits of two splits beside them."""

    dataset: SequenceDataset
    valid: MeasuredEdits
    test: MeasuredEdits
    motifs: list[Motif]
    fingerprint: str


def read_experiment(path: str | Path) -> ExperimentData:
    """Read what ``motiflens data crx`` wrote.

    Raises
    ------
    FileNotFoundError, ValueError
        If a file is missing or of another import.
    """
    files = crx_files(path)
    dataset = read_hdf5(files.dataset)
    edits = read_edits(files.edits)
    valid, test = (MeasuredEdits.of(dataset, edits, split) for split in ("valid", "test"))
    return ExperimentData(dataset, valid, test, load_motifs(files.motifs), fingerprint(dataset))


def check_same_data(records: Iterable[Record], data: ExperimentData) -> None:
    """Raise an error if a record was made from other data."""
    for record in records:
        if record["data"]["fingerprint"] != data.fingerprint:
            raise InputError(
                f"the folder holds {record['key']} from other data (fingerprint {record['data']['fingerprint']}, "
                f"this file has {data.fingerprint}): choose another folder"
            )


def run_experiment(
    one: ExperimentNetwork,
    data: ExperimentData,
    *,
    checkpoints: Path | None = None,
    on_news: Callable[[News], None] = lambda news: None,
    should_stop: Callable[[], bool] = lambda: False,
    device: str = "auto",
) -> Record:
    """Train a network, or go on with it, and measure it.

    Parameters
    ----------
    one : ExperimentNetwork
    data : ExperimentData
    checkpoints : path, optional
        Folder for its state after each epoch.
    on_news : callable
        Told of every epoch.
    should_stop : callable
        Asked after each epoch; if it says so, training ends there.
    device : str

    Returns
    -------
    record : dict
        As docs/experiments.md describes it.

    Raises
    ------
    TrialStopped
        If it was stopped.
    """

    def tell(member: Member) -> None:
        if member.status == "training":
            on_news(News.of_epoch(one.key, member))
            if should_stop():
                raise TrialStopped

    member = fit(
        one.model(), data.dataset, members=[one.member], protocol=one.protocol, seed=one.seed,
        data_seed=one.data_seed, device=device, checkpoint_dir=checkpoints, on_news=tell,
    ).members[0]  # fmt: skip
    started = time.process_time()
    measured = {} if member.network is None else _measured(member.network, one, data)
    record = {
        "schema": SCHEMA,
        "key": one.key,
        "architecture": one.architecture,
        "activation": one.activation,
        "member": one.member,
        "member_seed": member.seed,
        "status": member.status,
        "reason": member.reason,
        "config_hash": one.config_hash(),
        "config": one.config(),
        "data": _data_block(data),
        "versions": versions(),
        "device": describe_device(device),
        "timings": {"fit_s": round(member.fit_seconds, 1), "measure_s": round(time.process_time() - started, 1)},
        "n_epochs": member.n_epochs,
        "best_epoch": member.best_epoch,
        "history": member.history,
        "metrics": member.metrics or None,
        **measured,
    }
    return _plain(record)


def baselines_record(data: ExperimentData) -> Record:
    """What needs no network: both regressions and the ceilings."""
    found = baseline_agreement(data.dataset, data.test)
    record = {
        "schema": SCHEMA,
        "key": BASELINES_KEY,
        "status": "ok",
        "config_hash": data.fingerprint[:12],
        "data": _data_block(data),
        "versions": versions(),
        **found,
    }
    return _plain(record)


def _plain(record: dict[str, Any]) -> Record:
    """JSON types with few digits; stored predictions are text and stay."""
    plain: Record = without_nan(rounded(record))
    return plain


def _data_block(data: ExperimentData) -> dict[str, Any]:
    return {"fingerprint": data.fingerprint, "n_test": len(data.test.codes), "n_edits": len(data.test)}


def _measured(network: nn.Module, one: ExperimentNetwork, data: ExperimentData) -> dict[str, Any]:
    if one.split == "valid":  # a trial: only what protocols are compared by
        return {"agreement": effect_agreement(predicted_activity(network, data.valid.codes), data.valid)}
    predicted = predicted_activity(network, data.test.codes)
    untrained = new_network(one.model(), one.protocol, member_seed(one.seed, one.member)).eval()
    nothing = predicted_activity(untrained, data.test.codes)
    null = attribution_agreement(untrained, data.test, n_parents=one.n_parents, methods=("saliency",))
    return {
        "agreement": effect_agreement(predicted, data.test),
        "attributions": attribution_agreement(network, data.test, n_parents=one.n_parents, keep=True),
        "untrained": {"agreement": effect_agreement(nothing, data.test), "attributions": null},
        "filters": learned_factors(network, data.test.codes[:_N_FOR_FILTERS], data.motifs),
        "spike_in": _spike_in(network, data),
        "predictions": packed(predicted),
    }


def _spike_in(network: nn.Module, data: ExperimentData) -> dict[str, Any]:
    options = {"as_positives": False, **SPIKE_IN_OPTIONS}  # anywhere, as the first records have it
    return spike_in(network, data.dataset, motifs=data.motifs, **options).summary()


def predicted_activity(network: nn.Module, codes: np.ndarray) -> np.ndarray:
    """Predictions of one network, float64, shape=(N,)."""
    values: np.ndarray = predict(network, codes, scale="raw").mean[:, 0].astype(np.float64)
    return values
