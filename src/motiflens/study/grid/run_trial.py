"""One trial of the grid: trained, audited, and handed out as records."""

import time
from collections.abc import Callable
from pathlib import Path

from motiflens.audits.network import audit_network
from motiflens.audits.options import AuditOptions
from motiflens.interpret.filters import task_truth
from motiflens.models.ensemble import Member
from motiflens.study.driver import Finished
from motiflens.study.grid.record import _record
from motiflens.study.grid.trial import Trial, simulate_task
from motiflens.study.machines import describe_device
from motiflens.study.rounds import Rounds, TrialStopped
from motiflens.training import ensemble
from motiflens.training.news import News


def run_trial(
    trial: Trial,
    *,
    on_news: Callable[[News | Finished], None],
    should_stop: Callable[[], bool] = lambda: False,
    device: str = "auto",
    checkpoint_dir: Path | None = None,
    weights_dir: Path | None = None,
) -> None:
    """Train and audit the members of a trial; each record is handed out as soon as its member has finished.

    Parameters
    ----------
    trial : Trial
    on_news : callable
        Told of every epoch (`News`), and given each record (`Finished`).
    should_stop : callable
        Asked after each epoch; if it says so, the trial ends there. With checkpoints the same call goes on.
    device : str
        "auto", "cpu", "cuda", ...
    checkpoint_dir : path, optional
        Where the states of unfinished members are kept.
    weights_dir : path, optional
        Where trained networks are saved, each in a folder named by its key.

    Raises
    ------
    TrialStopped
        If it was stopped.
    """
    rounds = Rounds(trial.members)
    dataset = simulate_task(trial.task, trial.n_sequences, trial.data_seed, trial.motif_counts)

    def tell(member: Member) -> None:
        if member.status != "training":
            finish(member)
            return
        on_news(News.of_epoch(trial.key(member.index), member))
        if rounds.completed_by(member) and should_stop():
            raise TrialStopped

    def finish(member: Member) -> None:
        rounds.leave(member)
        started = time.process_time()
        result = None
        if member.network is not None:
            # Saliency is the study's Task 2; several labels of Task 1 would need one map each.
            truth = task_truth(trial.task)
            target = 0 if trial.task == 2 else None
            options = AuditOptions(database=trial.database, truth=truth, target=target, n_ablation=0, n_decoys=0)
            result = audit_network(member.network, dataset, options)
            if weights_dir is not None:
                member.network.save(weights_dir / trial.key(member.index))
        seconds = {"fit_s": round(member.fit_seconds, 1), "audit_s": round(time.process_time() - started, 2)}
        on_news(Finished(_record(trial, member, result, dataset, describe_device(device), seconds), {}))

    ensemble.fit(
        trial.model(),
        dataset,
        protocol=trial.protocol,
        seed=trial.seed,
        data_seed=trial.data_seed,
        members=trial.members,
        device=device,
        checkpoint_dir=checkpoint_dir,
        on_news=tell,
        progress=False,
    )
