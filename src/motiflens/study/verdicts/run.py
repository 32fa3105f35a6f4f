"""The patients, run and resumed: one record per patient in the store, by the driver of all studies."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from motiflens.basics.runners import Emit
from motiflens.basics.store import Record, Store
from motiflens.study.driver import Finished, Job, Listener
from motiflens.study.listed import ListedRun, run_listed
from motiflens.study.machines import Machines
from motiflens.study.verdicts.background import read_background
from motiflens.study.verdicts.patients import VERDICT_STUDY, Patient, planned_patients
from motiflens.study.verdicts.trial import run_patient


def run_patients(
    folder: str | Path,
    *,
    sequences: str | Path | None = None,
    machines: Machines = Machines(),  # noqa: B008
    part: tuple[int, int] = (1, 1),
    budget: float | None = None,
    on_news: Listener = lambda news: None,
    n_seeds: int | None = None,
) -> ListedRun:
    """Make the records of patients that are missing.

    Parameters
    ----------
    folder : path
        Holds `records/` and `verdicts.jsonl`.
    sequences : path, optional
        FASTA or HDF5 file of real sequences around the sites, for patients beside the simulated ones: see
        :func:`motiflens.study.verdicts.read_background`.
    machines, part, budget, on_news
        As for `study.run_study`.
    n_seeds : int, optional
        Patients of each kind.

    Raises
    ------
    FileNotFoundError, ValueError
        If the file is missing, or the folder holds records of other patients by the same keys.
    """
    background = "" if sequences is None else str(Path(sequences).resolve())
    if background:
        _background(background)  # before any work: a wrong file shows at once
    return run_listed(
        planned_patients(n_seeds=n_seeds, background=background), Store(Path(folder).resolve()), patient_problem,
        run_patient_job, machines=machines, part=part, budget=budget, on_news=on_news,
    )  # fmt: skip


def run_patient_job(job: Job, emit: Emit) -> None:
    """Make the record of the patient of a job; `driver.Driver` sends it to workers."""
    one: Patient = job.work
    background = _background(one.background) if one.background else None
    emit(Finished(run_patient(one, background, device=job.device), {}))


@lru_cache(maxsize=1)
def _background(path: str) -> np.ndarray:
    """Sequences around the sites, read once by a process that makes several patients."""
    return read_background(path)


def is_patient_record(record: Record) -> bool:
    """Whether a record is one of a patient."""
    return str(record.get("key", "")).split("/")[0] == VERDICT_STUDY


def patient_problem(record: Record) -> str | None:
    """Why a record of a patient cannot be read, in a few words; None if it can."""
    missing = [name for name in ("measured", "facts") if not isinstance(record.get(name), dict)]
    return f"{missing[0]} must be an object, got {record.get(missing[0])!r}" if missing else None
