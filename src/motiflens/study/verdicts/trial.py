"""One patient: its data, its networks, and what an audit knows of them, beside the right answers."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import nn

from motiflens.audits.candidate import Candidate, audit_candidate
from motiflens.audits.evidence import gather_evidence
from motiflens.audits.options import AuditOptions
from motiflens.audits.verdicts import verdict_facts
from motiflens.basics.inputs import as_sequences
from motiflens.basics.json_values import rounded, without_nan
from motiflens.basics.stats import mean_of_defined
from motiflens.basics.store import SCHEMA, Record
from motiflens.interpret.attribution import interpretability, saliency
from motiflens.interpret.stability import map_correlations
from motiflens.models.ensemble import Ensemble, Member
from motiflens.models.hybrid import HybridConfig, model_config, sizes_of
from motiflens.motifs.truth import SiteTruth
from motiflens.study.machines import versions
from motiflens.study.verdicts.kinds import MEASURED
from motiflens.study.verdicts.patients import Patient
from motiflens.study.verdicts.simulated import N_TEST, PatientData, patient_data
from motiflens.training.ensemble import fit
from motiflens.training.loop_engine import new_network
from motiflens.training.member import member_seed
from motiflens.training.protocol import REFERENCE, Protocol
from motiflens.training.suitability import suited_protocol

#: What an audit of a patient measures.
AUDIT_OPTIONS: dict[str, Any] = {
    "n_ablation": N_TEST, "n_decoys": 20, "n_backgrounds": 60, "n_examples": 0, "n_resamples": 200,
}  # fmt: skip
_FASTER = {"learning_rate": 2e-3}  # than the reference protocol, for few sequences make few steps an epoch
_N_MAPS = 100


def run_patient(patient: Patient, background: np.ndarray | None = None, *, device: str = "auto") -> Record:
    """Train the networks of a patient and gather what an audit knows.

    Parameters
    ----------
    patient : Patient
    background : np.ndarray, optional
        As for :func:`patient_data`.
    device : str

    Returns
    -------
    record : dict
        `facts` as `audits.verdicts.verdict_facts` gives them, and `measured`, what the answers that are measured rest
        on: see `right_answers`.
    """
    started = time.process_time()
    data = patient_data(patient.kind, patient.seed, background)
    protocol = suited_protocol(REFERENCE, data.dataset).replace(**{**_FASTER, **patient.kind.protocol})
    ensemble = _networks(patient, data, protocol, device)
    trained = time.process_time()
    networks = list(ensemble)
    n = patient.kind.n_networks
    shown, hidden = ensemble.members[:n], networks[n:]
    options = AuditOptions(database=data.database, target=0 if patient.kind.n_labels > 1 else None, **AUDIT_OPTIONS)
    candidate = audit_candidate(
        "network", [one.network for one in shown], data.dataset, options, members=shown if patient.kind.trained else ()
    )
    evidence = gather_evidence([candidate], data.dataset, options)
    audited = time.process_time()
    measured = _measured(candidate, hidden, data)
    record = {
        "schema": SCHEMA,
        "key": patient.key,
        "kind": patient.kind.name,
        "seed": patient.seed,
        "architecture": patient.architecture,
        "status": "ok",
        "config_hash": patient.config_hash(),
        "config": patient.config(),
        "versions": versions(),
        "timings": {"train_s": trained - started, "audit_s": audited - trained},
        "measured": measured,
        "planted": [motif.id for motif in data.planted],
        "ids": sorted(data.ids),
        "notes": list(evidence.notes),
        "facts": dict(verdict_facts(candidate, evidence)),
    }
    plain: Record = without_nan(rounded(record, 4))
    return plain


def _networks(patient: Patient, data: PatientData, protocol: Protocol, device: str) -> Ensemble:
    """Those that are audited, and one more where it is asked whether that agrees."""
    n = patient.kind.n_networks + (patient.kind.answers.get("repeats") == MEASURED)
    config = patient_config(patient, data)
    if patient.kind.trained:
        return fit(config, data.dataset, n_members=n, protocol=protocol, seed=patient.seed, device=device)
    members = []
    for i in range(n):
        network = new_network(config, protocol, member_seed(patient.seed, i)).eval()
        members.append(Member(i, member_seed(patient.seed, i), "ok", None, network=network))
    return Ensemble(config, protocol.to_dict(), members)


def patient_config(patient: Patient, data: PatientData) -> HybridConfig:
    """Configuration of a patient's networks."""
    n_outputs = data.dataset.n_outputs
    return model_config(
        patient.architecture,
        activation=patient.kind.activation,
        task=sizes_of(1),
        length=data.dataset.length,
        n_outputs=n_outputs,
    )


def _measured(candidate: Candidate, hidden: Sequence[nn.Module], data: PatientData) -> dict[str, Any]:
    models = [found.model for found in candidate.audits]
    found: dict[str, Any] = {"map_auroc": None, "agreement": None}
    if data.truth is not None:
        found["map_auroc"] = [_map_auroc(model, data, data.truth) for model in models]
    if hidden:
        given = as_sequences(data.dataset)
        rows = given.rows_of_class(0, positive=True)[:_N_MAPS]
        maps = np.stack([_maps(model, data, rows) for model in (*models, *hidden)])
        with_hidden = map_correlations(maps)[: len(models), len(models) :]
        found["agreement"] = float(mean_of_defined(with_hidden, axis=None))
    return found


def _map_auroc(model: nn.Module, data: PatientData, truth: SiteTruth) -> float:
    """Of gradient times input at the sites of the first label's motifs, on test sequences that have one."""
    own = truth.motif == 0 if data.dataset.n_outputs > 1 else np.ones(len(truth.motif), dtype=bool)
    sequence, motif, strand, start = (column[own] for column in truth.table())
    truth = SiteTruth(sequence, motif, strand, start, truth.motifs, truth.n_sequences, truth.length)
    test = np.flatnonzero(data.dataset.split == "test")
    rows = test[np.isin(test, truth.sequence)][:_N_MAPS]
    scores = _maps(model, data, rows)
    return float(interpretability(scores, truth.matrix(rows)).means()["auroc"])


def _maps(model: nn.Module, data: PatientData, rows: np.ndarray) -> np.ndarray:
    X = data.dataset.subset(rows).X
    maps: np.ndarray = (saliency(model, X, target=0) * X).sum(1).numpy()
    return maps
