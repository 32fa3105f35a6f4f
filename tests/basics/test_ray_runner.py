"""The Ray runner on several nodes on one machine."""

import os
import signal
import sys
import time
import warnings
from pathlib import Path

import pytest

from motiflens.basics.ray_runner import run_ray
from motiflens.study.grid import StudyConfig, run_study
from motiflens.study.machines import Machines
from motiflens.training.news import News
from motiflens.training.protocol import REFERENCE

pytest.importorskip("ray")

CONFIG = StudyConfig(
    tasks=(2,),
    architectures=("C24",),
    activations=("relu", "exponential"),
    n_members=2,
    stack_size=1,
    protocol=REFERENCE.replace(max_epochs=4, early_stop_patience=None),
    n_sequences_task2=2400,
)


class Nodes:
    """A cluster whose head takes no jobs, and two nodes of one CPU each."""

    def __init__(self):
        from ray.cluster_utils import Cluster

        quick = {"health_check_initial_delay_ms": 1000, "health_check_period_ms": 500}
        head = {"num_cpus": 0, "object_store_memory": 100_000_000, "include_dashboard": False}
        self.cluster = Cluster(initialize_head=True, head_node_args={**head, "_system_config": quick})
        self.address = self.cluster.address
        self.nodes = [self.add() for _ in range(2)]

    def add(self):
        return self.cluster.add_node(num_cpus=1, object_store_memory=100_000_000)

    def kill_one(self):
        """SIGKILL all processes of a node that runs a job."""
        self.cluster.remove_node(self.nodes.pop(), allow_graceful=False)

    def shut_down(self):
        self.cluster.shutdown()


@pytest.fixture(scope="module")
def nodes():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(
            "PYTHONPATH", os.pathsep.join(map(str, Path(__file__).parents[:2]))
        )  # the jobs below are imported on the nodes
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the test cluster itself
            nodes = Nodes()
        yield nodes
        nodes.shut_down()


def job(number, emit):
    import torch

    emit((number, os.getpid(), torch.get_num_threads()))
    if number == 1:
        raise ValueError("one is not welcome")
    if number == 2:
        time.sleep(1)  # until the message is on its way
        os.kill(os.getpid(), signal.SIGKILL)
    emit((number, os.getpid(), "end"))


def sleep(seconds, emit):
    emit(os.getpid())
    time.sleep(seconds)


def test_jobs_run_apart_and_what_is_lost_is_sent_again(nodes):
    messages, lost = [], []

    def renew(number):
        lost.append(number)
        return number if len(lost) < 3 else 3  # what is left of it, after some losses

    errors = run_ray(job, range(3), address=nodes.address, renew=renew, on_news=messages.append)
    assert [(error.job, error.message) for error in errors] == [(1, "ValueError: one is not welcome")]
    assert "Traceback" in errors[0].details
    assert lost == [2, 2, 2]
    started = [number for number, _, what in messages if what != "end"]
    assert sorted(started) == [0, 1, 2, 2, 2, 3]
    assert [number for number, _, what in messages if what == "end"] == [0, 3]
    assert {what for *_, what in messages} == {1, "end"}  # one thread each
    assert os.getpid() not in {pid for _, pid, _ in messages}


def test_a_job_that_is_lost_again_and_again_is_given_up_and_one_of_which_nothing_is_left_is_done(nodes):
    errors = run_ray(job, [2, 0], address=nodes.address, max_losses=0)
    assert [(error.job, error.message) for error in errors] == [(2, "lost with its node or process 1 times")]
    assert run_ray(job, [2], address=nodes.address, renew=lambda number: None) == []


def test_an_interrupt_ends_the_jobs(nodes):
    def interrupt(pid):
        pids.append(pid)
        raise KeyboardInterrupt

    pids = []
    with pytest.raises(KeyboardInterrupt):
        run_ray(sleep, [600, 600], address=nodes.address, on_news=interrupt)
    deadline = time.monotonic() + 20
    while Path(f"/proc/{pids[0]}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_jobs_are_asked_for_when_there_is_room_so_they_may_end_early(nodes):
    def jobs():
        for _ in range(10):
            if len(ended) == 3:
                return
            yield 0.0

    ended = []
    assert run_ray(sleep, jobs(), address=nodes.address, n_workers=1, on_news=ended.append) == []
    assert len(ended) == 3


def test_a_killed_node_costs_no_network_and_none_is_done_twice(nodes, tmp_path):
    news, killed = [], []

    def tell(item):
        if not isinstance(item, News):
            return
        news.append(item)
        if item.n_epochs == 2 and not killed:
            killed.append(item.key)
            nodes.kill_one()

    result = run_study(CONFIG, tmp_path, machines=Machines(runner="ray", address=nodes.address), on_news=tell)
    assert killed
    assert result.errors == []
    assert (len(result.records), result.n_left) == (4, 0)
    finished = [item.key for item in news if item.status is not None]
    assert sorted(finished) == [record["key"] for record in result.records]
    for record in result.records:
        assert record["n_epochs"] == len(record["history"]["valid_loss"]) == 4
        assert (tmp_path / "weights" / record["key"] / "model.safetensors").exists()
    assert len((tmp_path / "task2.jsonl").read_text().splitlines()) == 4
    again = run_study(CONFIG, tmp_path, machines=Machines(n_workers=1))  # a local run finds nothing to do
    assert (again.n_skipped, again.records) == (4, result.records)


def test_what_cannot_be_used_is_named(monkeypatch):
    with pytest.raises(ValueError, match="n_workers must be at least 1, got 0"):
        run_ray(sleep, [], n_workers=0)
    with pytest.raises(ValueError, match="gpu_share must not be negative, got -1"):
        run_ray(sleep, [], gpu_share=-1)
    with pytest.raises(ConnectionError, match=r"no Ray cluster answers at 127\.0\.0\.1:9 .*leave the address out"):
        run_ray(sleep, [], address="127.0.0.1:9")
    for address in ("ray://127.0.0.1:10001", "localhost", "localhost:port"):
        with pytest.raises(ValueError, match="address must be auto or host:port"):
            run_ray(sleep, [], address=address)
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ImportError, match=r"motiflens\[cluster\]"):
        run_ray(sleep, [])
