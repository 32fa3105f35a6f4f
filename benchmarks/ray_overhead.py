"""CPU time of the same trials run by Ray and by local processes.

Run: python benchmarks/ray_overhead.py [--sequences 6000] [--epochs 8] [--repeats 3]

One worker on this machine does the same stacks of networks under both runners, taking turns. What a trial costs is
the CPU time of the process that runs it, its messages to the driver included; of the repeats the least counts. Apart
from that stand what is spent once: the start of a worker, and Ray's own processes over the whole run.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from setting import print_race, print_setting

from motiflens.basics.ray_runner import run_ray
from motiflens.basics.runners import Emit, JobError, run_local
from motiflens.study.driver import Job, carry_out
from motiflens.study.grid import StudyConfig, plan_trials, run_trial_job
from motiflens.training.protocol import REFERENCE

Run = Callable[[list[Job], Callable[[Any], None]], list[JobError]]


class Cost(NamedTuple):
    """CPU seconds of a trial, and of its process before it."""

    trial: str
    before: float
    seconds: float


def measured(job: Job, emit: Emit) -> None:
    before = time.process_time()
    carry_out(job, emit)
    emit(Cost(f"{job.work.architecture} {job.work.activation}", before, time.process_time() - before))


def locally(jobs: list[Job], on_news: Callable[[Any], None]) -> list[JobError]:
    return run_local(measured, jobs, n_workers=1, on_news=on_news)


def by_ray(jobs: list[Job], on_news: Callable[[Any], None]) -> list[JobError]:
    return run_ray(measured, jobs, n_workers=1, on_news=on_news)


def run_once(run: Run, config: StudyConfig) -> tuple[dict[str, float], float, float]:
    """CPU seconds of each trial, of the worker's start, and of the driver and all other processes it started."""
    costs: list[Cost] = []
    others = 0.0

    def hear(message: Any) -> None:
        nonlocal others
        if isinstance(message, Cost):
            costs.append(message)
            others = cpu_of_family() - message.before - message.seconds  # of all but the worker

    with tempfile.TemporaryDirectory() as folder:
        sends = run is by_ray
        jobs = [Job(trial, run_trial_job, folder, "cpu", True, None, sends) for trial in plan_trials(config)]
        before = cpu_of_family()
        errors = run(jobs, hear)
    if errors:
        raise RuntimeError(errors[0].details or errors[0].message)
    return {cost.trial: cost.seconds for cost in costs}, min(cost.before for cost in costs), others - before


def cpu_of_family() -> float:
    """CPU seconds so far of this process and of all that descend from it and still run."""
    ticks, parents = {}, {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has ended
            parents[int(folder.name)] = int(fields[1])
            ticks[int(folder.name)] = int(fields[11]) + int(fields[12])
    family = {os.getpid()}
    while more := {process for process, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(ticks[process] for process in family) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sequences", type=int, default=6000)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print_setting("ray")
    config = StudyConfig(
        tasks=(2,),
        architectures=("C24", "C4C6"),
        n_members=2,
        protocol=REFERENCE.replace(max_epochs=options.epochs, early_stop_patience=None),
        n_sequences_task2=options.sequences,
    )
    runs: dict[str, list[tuple[dict[str, float], float, float]]] = {"local": [], "ray": []}
    for _ in range(options.repeats):
        runs["local"].append(run_once(locally, config))
        runs["ray"].append(run_once(by_ray, config))
    least = {
        name: {trial: min(costs[trial] for costs, *_ in results) for trial in results[0][0]}
        for name, results in runs.items()
    }
    for trial, seconds in least["local"].items():
        print(f"{trial:20s} local {seconds:6.2f} CPU s   ray {least['ray'][trial]:6.2f} CPU s")
    local, ray = (sum(least[name].values()) for name in runs)
    print(f"all trials: local {local:.2f} CPU s, ray {ray:.2f} CPU s, ratio {ray / local:.3f}")
    print_race(f"{len(least['ray'])} trials by Ray", ray, "by local processes", local)
    for name, results in runs.items():
        start, others = min(result[1] for result in results), min(result[2] for result in results)
        print(f"{name}, once per run: start of the worker {start:.1f} CPU s, driver and other processes {others:.1f}")


if __name__ == "__main__":
    main()
