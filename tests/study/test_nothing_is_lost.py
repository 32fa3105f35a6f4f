"""Runs that are killed, starved of disk or doubled: afterwards the same call completes the grid, each network once."""

import errno
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import motiflens
from motiflens.basics.store import Store
from motiflens.study.driver import Driver
from motiflens.study.grid import StudyConfig, plan_trials, run_study, run_trial_job, unfinished_trials
from motiflens.study.machines import Machines
from motiflens.study.records import problem
from motiflens.training.news import News
from motiflens.training.protocol import REFERENCE

# An epoch takes a few tenths of a second: long enough to be killed in.
CONFIG = StudyConfig(
    tasks=(2,),
    architectures=("C24",),
    activations=("relu",),
    n_members=2,
    protocol=REFERENCE.replace(max_epochs=6, early_stop_patience=None),
    n_sequences_task2=2400,
    database="JASPAR2016-vertebrates",  # the smallest
)
# The same by another process, which prints every epoch.
DRIVER = """
import sys
from motiflens.training.news import News
from motiflens.study.grid import run_study
from motiflens.study.machines import Machines
from test_nothing_is_lost import CONFIG

def tell(news):
    if isinstance(news, News):
        print(news.key, news.n_epochs, news.status, flush=True)

if __name__ == "__main__":
    config = CONFIG.replace(stack_size=int(sys.argv[2]))
    run_study(config, sys.argv[1], machines=Machines(n_workers=1), save_weights=False, on_news=tell)
"""


def run(folder, config=CONFIG, **options):
    """The run's result and what it told."""
    news = []
    result = run_study(
        config, folder, machines=Machines(n_workers=1), save_weights=False, on_news=news.append, **options
    )
    return result, [item for item in news if isinstance(item, News)]


def driver(tmp_path, folder, stack_size=2):
    script = tmp_path / "driver.py"
    script.write_text(DRIVER)
    places = (*Path(__file__).parents[:2], Path(motiflens.__file__).parents[1])  # the package that is under test here
    return subprocess.Popen(
        [sys.executable, script, folder, str(stack_size)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places)), "OMP_NUM_THREADS": "1"},
    )


def check_same(records, expected):
    """Networks that were interrupted became the same as those that were not."""
    assert [record["key"] for record in records] == [record["key"] for record in expected]
    for record, other in zip(records, expected, strict=True):
        assert record["config_hash"] == other["config_hash"]
        assert record["n_epochs"] == other["n_epochs"]
        # Rounding differs between stacks and grows with the epochs; the first tells members apart.
        assert record["history"]["valid_loss"][0] == pytest.approx(other["history"]["valid_loss"][0], rel=1e-4)
        assert record["metrics"] == pytest.approx(other["metrics"], abs=0.02)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    return folder, run(folder)[0].records


def test_a_killed_worker(tmp_path, undisturbed):
    killed = []

    def kill(news):
        if isinstance(news, News) and not killed and news.n_epochs == 2:
            killed.extend(multiprocessing.active_children())
            os.kill(killed[0].pid, signal.SIGKILL)

    result = run_study(CONFIG, tmp_path, machines=Machines(n_workers=1), save_weights=False, on_news=kill)
    assert ["exit code -9" in error.message for error in result.errors] == [True]
    assert (result.n_left, result.records) == (2, [])
    again, news = run(tmp_path)
    assert min(item.n_epochs for item in news) >= 2  # it went on where it was
    check_same(again.records, undisturbed[1])
    assert not list(tmp_path.rglob("*.ckpt")) + list(tmp_path.rglob("*.lock"))


def processes_of(parent):
    """Numbers of the processes that a process has started."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has ended
            if int(fields[1]) == parent:
                found.append(int(folder.name))
    return found


def has_ended(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"  # it may wait to be reaped
    except OSError:
        return True


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to find the workers")
def test_a_killed_driver_takes_its_workers_with_it(tmp_path, undisturbed):
    folder = tmp_path / "study"
    with driver(tmp_path, folder) as process:
        while not process.stdout.readline().startswith("task2/C24/relu/001 1 "):
            assert process.poll() is None
        workers = processes_of(process.pid)
        process.kill()
    assert workers
    deadline = time.monotonic() + 20
    while not all(map(has_ended, workers)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    again, news = run(folder)
    assert min(item.n_epochs for item in news) > 1
    check_same(again.records, undisturbed[1])
    assert not list(folder.rglob("*.ckpt")) + list(folder.rglob("*.lock"))


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MB, which `grow` makes larger."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(size):
        options = f"size={size}" + (",remount" if folder.is_mount() else "")
        return subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, check=False
        )

    if not hasattr(os, "geteuid") or os.geteuid() != 0 or mount("1m").returncode != 0:
        pytest.skip("only root may mount a small disk")
    yield folder, lambda: mount("100m")
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk(small_disk, undisturbed):
    folder, grow = small_disk
    (folder / "ballast").write_bytes(bytes(800_000))
    result, _ = run(folder, CONFIG.replace(activations=("relu", "exponential")))
    assert ["No space left on device" in error.message for error in result.errors] == [True]  # no other was begun
    assert (result.n_left, result.records) == (4, [])
    assert not list(folder.rglob("*.tmp"))
    grow()
    check_same(run(folder, CONFIG.replace(n_members=1))[0].records, undisturbed[1][:1])


def test_a_record_that_finds_no_room_leaves_nothing_half_written(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    store = Store(tmp_path)
    record = {"schema": 1, "key": "task1/a", "status": "ok", "config_hash": "", "value": 1}
    store.write(record)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        store.write(record | {"value": 2})
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["a.json"]
    assert store.read() == ({"task1/a": record}, [])


def test_two_runs_on_one_folder_share_the_work(tmp_path, undisturbed):
    folder = tmp_path / "study"
    single = CONFIG.replace(stack_size=1)
    told = []
    with driver(tmp_path, folder, stack_size=1) as process:
        told.append(process.stdout.readline())
        result, news = run(folder, single)  # beside it
        told += process.stdout.readlines()
        assert process.wait() == 0
    theirs = [line.split()[0] for line in told if line.endswith(" ok\n")]
    ours = [item.key for item in news if item.status == "ok"]
    assert theirs
    assert ours
    assert sorted(theirs + ours) == [f"task2/C24/relu/{member:03d}" for member in range(2)]  # each once
    assert result.n_left == result.n_elsewhere
    exported = folder / "task2.jsonl"
    assert len(exported.read_text().splitlines()) == 2  # whoever exported last

    # Cut short, it names what is lost, and that alone is done again.
    shutil.rmtree(folder / "records")
    exported.write_bytes(exported.read_bytes()[:-1000])
    again, news = run(folder, single)
    assert [place.where for place in again.damaged] == ["task2.jsonl line 2"]
    assert {item.key for item in news} == {"task2/C24/relu/001"}
    assert len(again.records) == len(exported.read_text().splitlines()) == 2
    check_same(again.records, undisturbed[1])


def test_a_record_that_comes_in_meanwhile_is_taken_if_it_is_of_the_same_configuration(tmp_path, undisturbed):
    store = Store(tmp_path)
    (trial,) = plan_trials(CONFIG)
    jobs = Driver(store, problem, run_trial_job, machines=Machines(device="cpu")).jobs
    store.write(undisturbed[1][0])
    (job,) = jobs([trial])
    assert job.work.members == (1,)
    other = {**undisturbed[1][1], "config": {**trial.config(), "seed": 5}}
    store.write(other)
    with pytest.raises(ValueError, match=r"task2/C24/relu/001 from another configuration \(seed was 5, now 0\)"):
        list(jobs([trial]))


def test_networks_of_the_text_and_of_the_code_share_no_folder():
    (trial,) = plan_trials(CONFIG)
    (other,) = plan_trials(CONFIG.replace(architectures=("C24-LSTM-Att",), variant="code"))
    record = {"task": 2, "key": other.key(0), "config": other.config()}
    with pytest.raises(ValueError, match=r"another configuration \(model.variant was 'code', now 'text'\)"):
        unfinished_trials([trial], {other.key(0): record})


def test_leftovers_of_killed_runs_are_removed(tmp_path, undisturbed):
    folder = tmp_path / "study"
    (folder / "records" / "task2").mkdir(parents=True)
    (folder / "task2.jsonl").write_bytes((undisturbed[0] / "task2.jsonl").read_bytes())
    checkpoints = folder / "checkpoints" / "task2" / "C24" / "relu"
    checkpoints.mkdir(parents=True)
    for name in ("member_000.ckpt", "000.lock", "member_001.77.tmp"):
        (checkpoints / name).write_bytes(b"cut short")
    old, new = (folder / "records" / "task2" / f".{name}.json.tmp" for name in ("old", "new"))
    for path in (old, new):
        path.write_text("{")
    for path in (old, checkpoints / "member_001.77.tmp"):
        os.utime(path, (time.time() - 10_000,) * 2)
    result, news = run(folder)
    assert (result.n_skipped, news) == (2, [])
    assert not (folder / "checkpoints").exists()
    assert (old.exists(), new.exists()) == (False, True)  # a new one may be in the making
    assert [json.loads(line)["key"] for line in (folder / "task2.jsonl").read_text().splitlines()] == [
        "task2/C24/relu/000",
        "task2/C24/relu/001",
    ]
