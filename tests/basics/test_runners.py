import os
import signal
import subprocess
import sys
import time

import pytest

from motiflens.basics.runners import n_cores, run_local


def job(number, emit):
    import torch

    emit((number, os.getpid(), torch.get_num_threads(), os.environ["OMP_NUM_THREADS"]))
    if number == 1:
        raise ValueError("one is not welcome")
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)


def sleep(seconds, emit):
    emit(os.getpid())
    time.sleep(seconds)


def test_jobs_run_apart_and_one_that_fails_or_dies_does_not_stop_the_others():
    messages = []
    errors = run_local(job, range(5), n_workers=2, on_news=messages.append)
    assert sorted(message[0] for message in messages) == [0, 1, 2, 3, 4]
    assert os.getpid() not in {message[1] for message in messages}
    assert {message[2:] for message in messages} == {(1, "1")}
    assert sorted(error.job for error in errors) == [1, 2]
    by_job = {error.job: error.message for error in errors}
    assert by_job[1] == "ValueError: one is not welcome"
    assert "Traceback" in next(error.details for error in errors if error.job == 1)
    assert "exit code -9" in by_job[2]


DIES_AT_IMPORT = """
import os

if os.environ.setdefault("DRIVER", str(os.getpid())) != str(os.getpid()):
    os._exit(3)


def work(job, emit):
    emit(len(job))
"""


def test_a_worker_that_dies_before_it_has_read_a_large_job_is_told(tmp_path):
    (tmp_path / "dies_at_import.py").write_text(DIES_AT_IMPORT)
    code = """
from dies_at_import import work
from motiflens.basics.runners import run_local

if __name__ == "__main__":
    errors = run_local(work, [bytes(10**7)], n_workers=1)
    print([error.message for error in errors])
"""
    (tmp_path / "main.py").write_text(code)
    done = subprocess.run(  # the time is a limit for what would wait for ever
        [sys.executable, "main.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout == "['its process ended with exit code 3']\n"


def test_an_interrupt_ends_the_workers():
    def interrupt(pid):
        pids.append(pid)
        raise KeyboardInterrupt

    pids = []
    with pytest.raises(KeyboardInterrupt):
        run_local(sleep, [600, 600], n_workers=2, on_news=interrupt)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_jobs_are_asked_for_when_a_worker_is_free_so_they_may_end_early():
    def jobs():
        while len(ended) < 3:
            yield 0.0

    ended = []
    assert run_local(sleep, jobs(), n_workers=1, on_news=ended.append) == []
    assert len(ended) == 3
    assert len(set(ended)) == 1  # one process did them all


def test_no_jobs_and_bad_numbers():
    assert run_local(job, []) == []
    with pytest.raises(ValueError, match="at least 1"):
        run_local(job, [1], n_workers=0)
    assert n_cores() >= 1
