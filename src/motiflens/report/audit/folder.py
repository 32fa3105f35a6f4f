"""An audit as a folder: page, summary and tables."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from motiflens.audits.candidate import Candidate
from motiflens.audits.evidence import Evidence, gather_evidence
from motiflens.audits.options import AuditOptions
from motiflens.audits.tables import write_audit
from motiflens.audits.train_and_audit import _check_folder
from motiflens.basics.files import write_text
from motiflens.basics.json_values import without_nan
from motiflens.basics.progress import Tell, part_of
from motiflens.data.dataset import SequenceDataset
from motiflens.models.trained_on import fingerprint
from motiflens.report.audit.label_section import has_more_labels, labels_table
from motiflens.report.audit.page import write_audit_page
from motiflens.report.audit.summary import evidence_summary

_EVIDENCE = 0.9  # of the time: what is asked of all networks together, before it is written
PAGE_FILE, SUMMARY_FILE, LABELS_FILE = "audit.html", "audit.json", "labels.tsv"


class AuditFolder(NamedTuple):
    """What was written, and from what."""

    evidence: Evidence
    paths: list[Path]  # the page first
    summary: dict[str, Any]  # as `evidence_summary` gives it

    def __repr__(self) -> str:
        return f"AuditFolder({self.paths[0]}, {len(self.paths)} files)"


def write_audit_folder(
    candidates: Sequence[Candidate],
    dataset: SequenceDataset,
    folder: str | Path,
    options: AuditOptions | None = None,
    *,
    title: str | None = None,
    settings: Mapping[str, Any] | None = None,
    command: str | None = None,
    monitor: str = "score",
    data_file: str = "data.h5",
    on_progress: Tell | None = None,
) -> AuditFolder:
    """Write page, summary and tables of an audit into a folder.

    ``audit.html`` is the page, ``audit.json`` its verdicts and numbers. The tables of each network
    (:func:`motiflens.audits.tables.write_audit`) lie in the folder itself if it is the only one, else in
    ``CANDIDATE/member_000/tables`` and so on. Of more than 50 labels, ``labels.tsv`` has the scores of each.

    Parameters
    ----------
    candidates : sequence of Candidate
    dataset : SequenceDataset
    folder : path
        Made if need be.
    options : AuditOptions, optional
        Those that the networks were audited with.
    title, settings, command, monitor
        As for :func:`write_audit_page`.
    data_file : str
        As for :func:`gather_evidence`.
    on_progress : callable, optional
        Told the share that is done and the name of the next stage.

    Returns
    -------
    written : AuditFolder
        Evidence, paths and summary.

    Raises
    ------
    ValueError
        As `gather_evidence`, or if the folder is a file.
    """
    folder = Path(folder)
    _check_folder(folder)
    tell = part_of(on_progress, 0.0, 1.0)
    evidence = gather_evidence(
        candidates, dataset, options, data_file=data_file, on_progress=part_of(tell, 0.0, _EVIDENCE)
    )
    tell(_EVIDENCE, "tables")
    paths = [folder / PAGE_FILE, folder / SUMMARY_FILE]
    alone = len(candidates) == 1 and len(candidates[0].audits) == 1
    for candidate in candidates:
        for number, found in zip(candidate.numbers, candidate.audits, strict=True):
            place = folder if alone else folder / candidate.name / f"member_{number:03d}" / "tables"
            paths += write_audit(found, place)
    summary = evidence_summary(evidence)
    text = json.dumps(without_nan(summary), indent=1, allow_nan=False, default=float)
    write_text(text + "\n", folder / SUMMARY_FILE)
    if has_more_labels(evidence):
        write_text(labels_table(evidence), folder / LABELS_FILE)
        paths.append(folder / LABELS_FILE)
    tell(_EVIDENCE + 0.02, "the page")
    write_audit_page(
        evidence,
        folder / PAGE_FILE,
        title=title or "What did the network learn?",
        database=evidence.options.database_name,
        monitor=monitor,
        settings={"data fingerprint": fingerprint(dataset), **(settings or {})},
        command=command,
    )
    tell(1.0)
    return AuditFolder(evidence, paths, summary)
