"""From data to the page of an audit: train what is missing, audit every network, write tables and page."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from motiflens.audit import audit
from motiflens.audit_files import write_audit
from motiflens.audit_report._advice import advice_rows
from motiflens.audit_report._candidate import Candidate, audit_candidate
from motiflens.audit_report._comparison import side_by_side
from motiflens.audit_report._differences import differences
from motiflens.audit_report._evidence import Evidence, gather_evidence
from motiflens.audit_report._page import write_audit_page
from motiflens.audit_report._verdicts import LEVELS, verdicts
from motiflens.dataset import SequenceDataset
from motiflens.ensemble import fingerprint
from motiflens.ensemble_folder import fit_to_folder
from motiflens.models.config import HybridConfig
from motiflens.models.hybrid import blank_network
from motiflens.predict import resolve_device
from motiflens.protocol import REFERENCE, Protocol
from motiflens.runners import Emit, n_cores, run_local
from motiflens.store import without_nan, write_atomically
from motiflens.suitability import check_fit
from motiflens.training.member import Member

PAGE_FILE, SUMMARY_FILE = "audit.html", "audit.json"
_N_REHEARSED = 16


class Epoch(NamedTuple):
    """News of a network in training, or, with `number` None, of a candidate whose audit begins."""

    candidate: str
    number: int | None = None
    n_epochs: int = 0
    valid_loss: float = 0.0
    valid_metric: float = 0.0


class _Job(NamedTuple):
    name: str
    folder: Path
    config: HybridConfig
    dataset: SequenceDataset
    n_members: int
    protocol: Protocol
    seed: int
    device: str
    options: dict[str, Any]  # of the audit


def train_and_audit(
    dataset: SequenceDataset,
    folder: str | Path,
    configs: Mapping[str, HybridConfig],
    *,
    n_members: int = 5,
    protocol: Protocol = REFERENCE,
    seed: int = 0,
    device: str = "auto",
    n_workers: int | None = None,
    on_epoch: Callable[[Epoch], None] = lambda news: None,
    **options: Any,
) -> list[Candidate]:
    """Train what is missing of several configurations and audit all their networks.

    Each configuration has a folder of its own, below the given one, which `motiflens.ensemble_folder` reads; the same
    call goes on where it was interrupted. On CPUs configurations are worked on side by side.

    Parameters
    ----------
    dataset : SequenceDataset
    folder : path
    configs : mapping of str to HybridConfig
        By name, which is that of the folder too.
    n_members : int
        Initialisations of each.
    protocol, seed, device
        As for :func:`motiflens.ensemble.fit`.
    n_workers : int, optional
        Processes; by default one per core on CPUs, else one.
    on_epoch : callable
        Called with every `Epoch`.
    **options
        Of :func:`motiflens.audit.audit`; its seed is `seed`.

    Returns
    -------
    candidates : list of Candidate
        In the order of the configurations.

    Raises
    ------
    ValueError
        If configuration and data do not fit together, there is no test sequence, or as `audit`.
    RuntimeError
        If a worker fails; says why.
    """
    if not configs:
        raise ValueError("expected at least one configuration to train, got none")
    if len(dataset.test) == 0:
        raise ValueError("the data have no test sequences to audit on")
    _check_folder(Path(folder))
    options = {"seed": seed, **options}
    for config in configs.values():
        check_fit(config, dataset, protocol)
    _rehearse(next(iter(configs.values())), dataset, options)
    jobs = [
        _Job(name, Path(folder) / name, config, dataset, n_members, protocol, seed, device, options)
        for name, config in configs.items()
    ]
    done: dict[str, Candidate] = {}

    def receive(message: Epoch | Candidate) -> None:
        if isinstance(message, Candidate):
            done[message.name] = message
        else:
            on_epoch(message)

    if n_workers is None:
        n_workers = n_cores() if resolve_device(device).type == "cpu" else 1
    if min(n_workers, len(jobs)) == 1:
        for job in jobs:
            _train_and_audit(job, receive)
    else:
        errors = run_local(_train_and_audit, jobs, n_workers=n_workers, on_message=receive)
        if errors:
            raise RuntimeError("; ".join(f"{error.job.name}: {error.message}" for error in errors))
    return [done[name] for name in configs]


def _rehearse(config: HybridConfig, dataset: SequenceDataset, options: Mapping[str, Any]) -> None:
    """Audit an untrained network on a few sequences: a wrong option is to be told before the training, not after."""
    few = replace(dataset.test.subset(slice(_N_REHEARSED)), truth=None)
    cheap = {name: min(options.get(name, 0), 0) for name in ("n_ablation", "n_decoys")}
    audit(blank_network(config), few, **{**options, **cheap})


def _check_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"expected a folder to write to, but {folder} is a file: name another place")


def _train_and_audit(job: _Job, emit: Emit) -> None:
    def tell(member: Member) -> None:
        loss, metric = (member.history[name][-1] for name in ("valid_loss", "valid_metric"))
        emit(Epoch(job.name, member.index, member.n_epochs, loss, metric))

    ensemble = fit_to_folder(
        job.folder,
        job.config,
        job.dataset,
        job.n_members,
        protocol=job.protocol,
        seed=job.seed,
        device=job.device,
        on_epoch=tell,
    )
    emit(Epoch(job.name))
    emit(audit_candidate(job.name, list(ensemble), job.dataset, members=ensemble.members, **job.options))


def write_audit_folder(
    candidates: Sequence[Candidate],
    dataset: SequenceDataset,
    folder: str | Path,
    *,
    title: str | None = None,
    settings: Mapping[str, Any] | None = None,
    command: str | None = None,
    monitor: str = "score",
    database: str = "JASPAR2020",
    **options: Any,
) -> tuple[Evidence, list[Path]]:
    """Write page, summary and tables of an audit into a folder.

    ``audit.html`` is the page, ``audit.json`` its verdicts and numbers. The tables of each network
    (:func:`motiflens.audit_files.write_audit`) lie in the folder itself if it is the only one, else in
    ``CANDIDATE/member_000/tables`` and so on.

    Parameters
    ----------
    candidates : sequence of Candidate
    dataset : SequenceDataset
    folder : path
        Made if need be.
    title, settings, command, monitor, database
        As for :func:`write_audit_page`.
    **options
        Of :func:`gather_evidence`.

    Returns
    -------
    evidence : Evidence
    paths : list of Path
        The page first.

    Raises
    ------
    ValueError
        As `gather_evidence`, or if the folder is a file.
    """
    folder = Path(folder)
    _check_folder(folder)
    evidence = gather_evidence(candidates, dataset, database=database, **options)
    paths = [folder / PAGE_FILE, folder / SUMMARY_FILE]
    alone = len(candidates) == 1 and len(candidates[0].audits) == 1
    for candidate in candidates:
        for number, found in zip(candidate.numbers, candidate.audits, strict=True):
            place = folder if alone else folder / candidate.name / f"member_{number:03d}" / "tables"
            paths += write_audit(found, place)
    summary = json.dumps(without_nan(evidence_summary(evidence)), indent=1, allow_nan=False, default=float)
    write_atomically(folder / SUMMARY_FILE, summary + "\n")
    write_audit_page(
        evidence,
        folder / PAGE_FILE,
        title=title or "What did the network learn?",
        database=database,
        monitor=monitor,
        settings={"data fingerprint": fingerprint(dataset), **(settings or {})},
        command=command,
    )
    return evidence, paths


def evidence_summary(evidence: Evidence) -> dict[str, Any]:
    """Verdicts, advice and the numbers that they rest on, in JSON types but for NaN."""
    first, *others = evidence.candidates
    return {
        "target": evidence.label_names[evidence.target],
        "verdicts": [{**verdict._asdict(), "word": LEVELS[verdict.level]} for verdict in verdicts(evidence)],
        "advice": advice_rows(evidence),
        "performance": {
            name: {
                measure: {**found.interval._asdict(), "members": found.members.tolist()}
                for measure, found in measures.items()
            }
            for name, measures in evidence.performance.items()
        },
        "comparison": [row.to_dict() for row in side_by_side(evidence)],
        "differences": {
            other.name: [
                {**row._asdict(), "difference": row.difference._asdict()} for row in differences(evidence, first, other)
            ]
            for other in others
        },
        "networks": {
            candidate.name: [
                {"member": number, **found.metrics}
                for number, found in zip(candidate.numbers, candidate.audits, strict=True)
            ]
            for candidate in evidence.candidates
        },
        "spike_in": {name: found.summary() for name, found in evidence.spike_ins.items()},
        "stability": {name: found.summary() for name, found in evidence.stability.items()},
        "data": evidence.data.to_dict(),
        "notes": list(evidence.notes),
    }
