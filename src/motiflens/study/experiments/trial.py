"""One network of the experiments: train it, measure it against what the edits did, one record."""

import base64
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch import nn

from motiflens.basics.json_values import rounded, without_nan
from motiflens.basics.store import SCHEMA, Record
from motiflens.data.crx import crx_files, read_edits
from motiflens.data.dataset import SequenceDataset
from motiflens.data.io import read_hdf5
from motiflens.models.ensemble import Member
from motiflens.models.predict import predict
from motiflens.models.trained_on import fingerprint
from motiflens.motifs.motif import Motif
from motiflens.motifs.sets import load_motifs
from motiflens.study.experiments.attributed import attribution_agreement
from motiflens.study.experiments.baselines import baseline_agreement
from motiflens.study.experiments.effects import MeasuredEdits, effect_agreement
from motiflens.study.experiments.learned import learned_factors
from motiflens.study.experiments.networks import EXPERIMENTS, ExperimentNetwork
from motiflens.study.machines import describe_device, versions
from motiflens.training.ensemble import fit
from motiflens.training.loop_engine import new_network
from motiflens.training.member import member_seed

BASELINES_KEY = f"{EXPERIMENTS}/baselines"
_STEP = 1e-3  # log2: predictions are stored as whole multiples of it
_N_FOR_FILTERS = 4000  # test sequences whose windows make the matrices of filters


class ExperimentData(NamedTuple):
    """The imported data, and the edits of the test split beside them."""

    dataset: SequenceDataset
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
    test = MeasuredEdits.of(dataset, read_edits(files.edits), "test")
    return ExperimentData(dataset, test, load_motifs(files.motifs), fingerprint(dataset))


def run_experiment(
    one: ExperimentNetwork,
    data: ExperimentData,
    *,
    checkpoints: Path | None = None,
    on_epoch: Callable[[Member], None] = lambda member: None,
    device: str = "auto",
) -> Record:
    """Train a network, or go on with it, and measure it.

    Parameters
    ----------
    one : ExperimentNetwork
    data : ExperimentData
    checkpoints : path, optional
        Folder for its state after each epoch.
    on_epoch : callable
        Called after each epoch; what it raises ends the training there.
    device : str

    Returns
    -------
    record : dict
        As docs/experiments.md describes it.
    """
    member = fit(
        one.model(), data.dataset, members=[one.member], protocol=one.protocol, seed=one.seed,
        data_seed=one.data_seed, device=device, checkpoint_dir=checkpoints, on_epoch=on_epoch,
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
    predicted = predicted_activity(network, data.test.codes)
    untrained = new_network(one.model(), one.protocol, member_seed(one.seed, one.member)).eval()
    nothing = predicted_activity(untrained, data.test.codes)
    null = attribution_agreement(untrained, data.test, n_parents=one.n_parents, methods=("saliency",))
    return {
        "agreement": effect_agreement(predicted, data.test),
        "attributions": attribution_agreement(network, data.test, n_parents=one.n_parents),
        "untrained": {"agreement": effect_agreement(nothing, data.test), "attributions": null},
        "filters": learned_factors(network, data.test.codes[:_N_FOR_FILTERS], data.motifs),
        "predictions": packed(predicted),
    }


def predicted_activity(network: nn.Module, codes: np.ndarray) -> np.ndarray:
    """Predictions of one network, float64, shape=(N,)."""
    values: np.ndarray = predict(network, codes, scale="raw").mean[:, 0].astype(np.float64)
    return values


def packed(predicted: np.ndarray) -> dict[str, Any]:
    """Predictions, shape=(N,), as text: int16 multiples of 0.001, compressed, base64."""
    whole = np.clip(np.rint(predicted / _STEP), -(2**15), 2**15 - 1).astype("<i2")
    return {"step": _STEP, "int16_zlib_base64": base64.b64encode(zlib.compress(whole.tobytes(), 9)).decode("ascii")}


def unpacked(block: dict[str, Any]) -> np.ndarray:
    """Predictions that `packed` stored, to within half a step."""
    raw = zlib.decompress(base64.b64decode(block["int16_zlib_base64"]))
    return np.frombuffer(raw, dtype="<i2").astype(np.float64) * block["step"]
