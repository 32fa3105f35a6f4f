"""The record of one network of the grid."""

import base64
import zlib
from typing import Any

import numpy as np

from motiflens.audits.network import Audit
from motiflens.audits.saliency import SaliencyAudit
from motiflens.basics.json_values import rounded, without_nan
from motiflens.basics.sequence import decode
from motiflens.basics.store import SCHEMA, Record
from motiflens.data.dataset import SequenceDataset
from motiflens.interpret.filters import task_truth
from motiflens.models.ensemble import Member
from motiflens.motifs.truth import SiteTruth
from motiflens.study.grid.trial import Trial
from motiflens.study.machines import versions

_N_EXAMPLES = 2


def _record(
    trial: Trial,
    member: Member,
    result: Audit | None,
    dataset: SequenceDataset,
    device: str,
    timings: dict[str, float],
) -> Record:
    record = {
        "schema": SCHEMA,
        "key": trial.key(member.index),
        "task": trial.task,
        "architecture": trial.architecture,
        "activation": trial.activation,
        "member": member.index,
        "seed": trial.seed,
        "member_seed": member.seed,
        "data_seed": trial.data_seed,
        "protocol": trial.protocol.name,
        "config_hash": trial.config_hash(),
        "status": member.status,
        "reason": member.reason,
        "config": trial.config(),
        "versions": versions(),
        "device": device,
        "timings": timings,  # process CPU seconds; a stack's are shared evenly among its members
        "n_epochs": member.n_epochs,
        "best_epoch": member.best_epoch,
        "history": {name: values for name, values in member.history.items() if name != "learning_rate"},
        "metrics": member.metrics or None,
        "filters": None if result is None else _filters_block(trial, result),
        "attribution": None
        if result is None or result.saliency is None
        else _attribution_block(result.saliency, dataset.test),
    }
    return without_nan(rounded(record))


def _filters_block(trial: Trial, result: Audit) -> dict[str, Any]:
    listed = result.matches.judged_by(task_truth(trial.task, "published"))
    quantised = np.round(255 * result.filters.pwms).astype(np.uint8)
    return {
        "tpr": result.matches.tpr,
        "fpr": result.matches.fpr,
        "no_hit": result.matches.no_hit_share,
        "n_dead": result.matches.n_dead,
        "published_tpr": listed.tpr,
        "published_fpr": listed.fpr,
        "pwms": base64.b64encode(zlib.compress(quantised.tobytes(), 9)).decode("ascii"),
        "counts": result.filters.counts.tolist(),
        "best": [
            None
            if row.best is None
            else [row.best.target_id, row.best.target_name, row.best.q_value, row.outcome == "true"]
            for row in result.matches.rows
        ],
        "outcomes": [row.outcome for row in result.matches.rows],
        "factors": [row.factor for row in result.matches.rows],
    }


def _attribution_block(found: SaliencyAudit, test: SequenceDataset) -> dict[str, Any]:
    means = found.interpretability.means()
    return {
        **{name: means[name] for name in ("auroc", "aupr", "snr")},
        "n_sequences": len(found.rows),
        "n_undefined": found.interpretability.n_undefined,
        "examples": [_example(found, test, i) for i in range(min(_N_EXAMPLES, len(found.rows)))],
    }


def _example(found: SaliencyAudit, test: SequenceDataset, i: int) -> dict[str, Any]:
    scores, row = found.scores[i], int(found.rows[i])
    scale = float(np.abs(scores).max()) / 127 or 1.0
    sites = []
    if isinstance(test.truth, SiteTruth):
        table = test.truth.subset([row]).table()
        motifs = test.truth.motifs
        sites = [
            [motifs[motif].name, int(strand), int(start), motifs[motif].width]
            for motif, strand, start in zip(table.motif, table.strand, table.start, strict=True)
        ]
    return {
        "sequence": decode(test.codes[row])[0],
        "scores": np.round(scores / scale).astype(int).tolist(),
        "scale": scale,
        "sites": sites,
    }
