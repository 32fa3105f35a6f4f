"""One condition of the interactions benchmark: simulate, fit its members, read them by every method, one record."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from motiflens.basics.errors import InputError
from motiflens.basics.json_values import rounded, without_nan
from motiflens.basics.sequence import one_hot
from motiflens.basics.store import SCHEMA, Record
from motiflens.data.dataset import SequenceDataset
from motiflens.interpret.filters import filter_matches, filter_pwms
from motiflens.interpret.interactions import (
    INTERACTION_METHODS,
    Effects,
    Interaction,
    InteractionTable,
    interactions,
    learned_motifs,
)
from motiflens.models.devices import device_of, dtype_of, resolve_device
from motiflens.models.ensemble import Ensemble, Member
from motiflens.models.hybrid import HybridNetwork, attention_entropy, evaluating
from motiflens.motifs.pairs import read_pairs
from motiflens.motifs.sets import Motif
from motiflens.motifs.truth import SiteTruth
from motiflens.study.benchmark.conditions import Condition
from motiflens.study.machines import describe_device, versions
from motiflens.study.rounds import Rounds, TrialStopped
from motiflens.training.folder import fit_to_folder
from motiflens.training.news import News

_RECORDED = {"curvature": "bend"}  # its name in records
COLUMNS = ("effect", "sign", "p_value", "q_value", "gap", "gap_low", "gap_high", "orientation", "support", "n_agree")


def run_condition(
    condition: Condition,
    folder: Path,
    *,
    on_news: Callable[[News], None] = lambda news: None,
    should_stop: Callable[[], bool] = lambda: False,
    device: str = "auto",
) -> Record:
    """Train what is missing of a condition and read its networks.

    Parameters
    ----------
    condition : Condition
    folder : path
        Where its networks live, and their states while they train: the same call goes on from there.
    on_news : callable
        Told of every epoch.
    should_stop : callable
        Asked after each epoch; if it says so, training ends there.
    device : str
        "auto", "cpu", "cuda", ...

    Returns
    -------
    record : dict
        As docs/interaction_records.md describes it.

    Raises
    ------
    TrialStopped
        If it was stopped.
    ValueError
        If the folder holds other networks.
    """
    data = condition.simulate()
    rounds = Rounds(tuple(range(condition.n_members)))

    def tell(member: Member) -> None:
        if member.status != "training":
            rounds.leave(member)
            return
        on_news(News.of_epoch(condition.key, member))
        if rounds.completed_by(member) and should_stop():
            raise TrialStopped

    fitted = fit_to_folder(
        folder, condition.model(), data, condition.n_members, protocol=condition.protocol, seed=condition.seed,
        data_seed=condition.data_seed, device=device, on_news=tell,
    )  # fmt: skip
    for network in fitted:  # a fit leaves them on the CPU
        network.to(resolve_device(device))
    tables, seconds = _read(fitted, data, condition)
    return _record(condition, fitted, data, tables, seconds, describe_device(device))


def _read(
    fitted: Ensemble, data: SequenceDataset, condition: Condition
) -> tuple[dict[str, dict[str, Any]], dict[str, float]]:
    """The table of each method that these networks allow, and its CPU seconds."""
    networks, motifs = list(fitted), _motifs(data)
    is_real = condition.protocol.objective == "regression"  # of these labels no sequence is positive
    given = data.test.codes if is_real else data
    tables, seconds = {}, {}
    for method in condition.methods if networks else ():
        if INTERACTION_METHODS[method].needs_attention and not condition.has_attention:
            continue
        started = time.process_time()
        table = interactions(networks, given, motifs, condition.settings, method=method, progress=False)
        tables[method] = table_block(table)
        seconds[method] = round(time.process_time() - started, 1)
    return tables, seconds


def table_block(table: InteractionTable) -> dict[str, Any]:
    """A table of interactions as columns of JSON types, its pairs in the order of `numpy.triu_indices`."""
    rows = sorted(table.rows, key=lambda row: (row.i, row.j))
    columns = {name: [getattr(row, name) for row in rows] for name in COLUMNS}
    numbers = {"unit": table.unit, "n_members": table.n_members, "n_null": table.n_null, "caution": table.caution}
    evidence = {_RECORDED.get(name, name): values.tolist() for name, values in table.evidence._asdict().items()}
    return {**numbers, **columns, **evidence, "profile": _profile(table.profiles)}


def _profile(effects: Effects) -> dict[str, Any]:
    """Mean effects over distances, all orientations together."""
    together = effects._replace(
        total=effects.total.sum(axis=1, keepdims=True), number=effects.number.sum(axis=1, keepdims=True)
    )
    means = rounded(together.mean()[:, 0].tolist(), 3)  # most of a record's bytes
    return {"low": effects.low.tolist(), "high": effects.high.tolist(), "effect": means}


def block_rows(block: dict[str, Any], motifs: list[str]) -> list[Interaction]:
    """The rows that `table_block` took apart, in the same order; null becomes NaN.

    Records of the test of positive effects alone have no signs: what it says is "+", where the effect is positive.
    """
    if "sign" not in block:
        block = {**block, "sign": ["+" if (value or 0) > 0 else "" for value in block["effect"]]}
    upper = np.transpose(np.triu_indices(len(motifs), 1)).tolist()
    columns = [[np.nan if value is None else value for value in block[name]] for name in COLUMNS]
    return [
        Interaction(i, j, motifs[i], motifs[j], *values)
        for (i, j), values in zip(upper, zip(*columns, strict=True), strict=True)
    ]


def _motifs(data: SequenceDataset) -> list[Motif]:
    if not isinstance(data.truth, SiteTruth):
        raise InputError(f"expected data with a SiteTruth, got truth: {data.truth}")
    return list(data.truth.motifs)


def _record(
    condition: Condition,
    fitted: Ensemble,
    data: SequenceDataset,
    tables: dict[str, dict[str, Any]],
    seconds: dict[str, float],
    device: str,
) -> Record:
    trained = len(list(fitted))
    started = time.process_time()
    networks = [_network_block(member, data, condition) for member in fitted.members]
    record = {
        "schema": SCHEMA,
        "key": condition.key,
        "condition": condition.name,
        "architecture": condition.architecture,
        "activation": condition.activation,
        "positional_encoding": condition.positional_encoding,
        "penalty": condition.penalty,
        "has_attention": condition.has_attention,
        "level": condition.level,
        "labels": "signed" if condition.has_both_signs else condition.labels,
        "seed": condition.seed,
        "data_seed": condition.data_seed,
        "config_hash": condition.config_hash(),
        "status": "ok" if trained else "failed",
        "config": condition.config(),
        "simulation": {name: value for name, value in data.metadata.items() if name not in ("motifs", "pairs")},
        "versions": versions(),
        "device": device,
        "timings": {
            "fit_s": round(sum(member.fit_seconds for member in fitted.members), 1),
            "audit_s": round(time.process_time() - started, 1),
            "interactions_s": seconds,
        },
        "networks": networks,
        "motifs": [motif.id for motif in _motifs(data)],
        "pairs": read_pairs(data.metadata).to_json(),
        "tables": tables,
    }
    return without_nan(rounded(record))


def _network_block(member: Member, data: SequenceDataset, condition: Condition) -> dict[str, Any]:
    """What became of one network."""
    network, codes = member.network, data.test.codes[: condition.settings.n_sequences]
    return {
        "member": member.index,
        "member_seed": member.seed,
        "status": member.status,
        "reason": member.reason,
        "n_epochs": member.n_epochs,
        "best_epoch": member.best_epoch,
        "history": member.history,
        "metrics": member.metrics or None,
        "filters": None if network is None else _filters_block(network, data),
        "learned": None if network is None else _learned_block(network, codes, data, condition.settings.filter_q),
        "attention_entropy": None if network is None else _entropies(network, codes),
    }


def _learned_block(network: HybridNetwork, codes: np.ndarray, data: SequenceDataset, q: float) -> list[int]:
    """How many filters methods on filters give to each motif, up to those near the limit: these see other sequences."""
    return [len(filters) for filters in learned_motifs(network, codes, _motifs(data), q=q)]


def _entropies(network: HybridNetwork, codes: np.ndarray) -> list[float]:
    """Mean entropy of the attention in each layer, of its largest possible value; none without attention."""
    x = one_hot(torch.from_numpy(codes).to(device_of(network)), dtype_of(network))
    with evaluating(network), torch.inference_mode():
        return [float(attention_entropy([weights])) for weights in network.attention_weights(x)]


def _filters_block(network: HybridNetwork, data: SequenceDataset) -> dict[str, Any]:
    truth = {motif.name: (motif.id.split(".")[0],) for motif in _motifs(data)}
    found = filter_matches(filter_pwms(network, data.test.codes).pwms, "JASPAR2020", truth=truth)
    return {
        "tpr": found.tpr,
        "fpr": found.fpr,
        "no_hit": found.no_hit_share,
        "n_dead": found.n_dead,
        "factors": [row.factor for row in found.rows],
    }
