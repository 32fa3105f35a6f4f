"""What a worker does with a trial of the grid: run it, tell of every epoch, and store its records or send them."""

import tempfile
from hashlib import sha256
from pathlib import Path

from motiflens.basics.locks import Locks, remove_if_empty
from motiflens.basics.runners import Emit
from motiflens.basics.store import Store
from motiflens.study.driver import Finished, Job, news_of_record
from motiflens.study.grid.run_trial import run_trial
from motiflens.study.grid.trial import Trial
from motiflens.training.news import News


def checkpoint_folder(folder: Path, trial: Trial) -> Path:
    """Where the states of a trial's unfinished members are kept."""
    return folder / "checkpoints" / trial.name


def run_trial_job(job: Job, emit: Emit) -> None:
    """Run the trial of a job; `driver.Driver` sends it to workers."""
    if job.sends:
        _run_and_send(job, emit)
    else:
        _run_and_store(job, emit)


def _run_and_store(job: Job, emit: Emit) -> None:
    folder = Path(job.folder)
    store = Store(folder)

    def keep(news: News | Finished) -> None:
        if isinstance(news, Finished):
            store.write(news.record)
            news = news_of_record(news.record)
        emit(news)

    run_trial(
        job.work,
        on_news=keep,
        should_stop=lambda: job.is_late,
        device=job.device,
        checkpoint_dir=checkpoint_folder(folder, job.work),
        weights_dir=folder / "weights" if job.save_weights else None,
    )


def _run_and_send(job: Job, emit: Emit) -> None:
    trial, folder = job.work, _visible_folder(job)
    with tempfile.TemporaryDirectory(prefix="motiflens-") as weights, Locks(folder / "checkpoints") as locks:
        for key in trial.keys:
            locks.take(key)  # keeps other stacks from removing the folder, as the driver's locks do

        def send(news: News | Finished) -> None:
            if isinstance(news, Finished):
                kept = (Path(weights) / news.record["key"]).glob("*")
                news = news._replace(weights={path.name: path.read_bytes() for path in kept})
            emit(news)

        run_trial(
            trial,
            on_news=send,
            should_stop=lambda: job.is_late,
            device=job.device,
            checkpoint_dir=checkpoint_folder(folder, trial),
            weights_dir=Path(weights) if job.save_weights else None,
        )
    if folder != Path(job.folder):
        remove_if_empty(folder, folder)


def _visible_folder(job: Job) -> Path:
    """Return the study's folder if this machine sees it, else one of its own: its checkpoints serve this machine."""
    if Path(job.folder).is_dir():
        return Path(job.folder)
    name = sha256(f"{job.folder} {job.work.config_hash()}".encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"motiflens-{name}"
