import errno
import json
import os
import pickle
import time
from pathlib import Path

import pytest

from motiflens.models.hybrid import HybridNetwork
from motiflens.study.driver import Ended, Finished, Job, carry_out
from motiflens.study.grid import Trial, run_trial_job
from motiflens.training.news import News
from motiflens.training.protocol import REFERENCE

TRIAL = Trial(
    task=2,
    architecture="C24",
    activation="relu",
    members=(0,),
    protocol=REFERENCE.replace(max_epochs=2, batch_size=50),
    n_sequences=300,
)


def job(folder, **changes):
    values = {"device": "cpu", "save_weights": True, "deadline": None, "sends": False, **changes}
    return Job(TRIAL, run_trial_job, str(folder), **values)


def test_a_machine_that_does_not_see_the_folder_sends_everything_and_keeps_nothing(tmp_path, monkeypatch):
    (tmp_path / "node").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "node"))
    messages, checkpoints = [], []

    def emit(message):
        messages.append(message)
        checkpoints.append(len(list((tmp_path / "node").rglob("member_000.ckpt"))))

    carry_out(job(tmp_path / "elsewhere", sends=True), emit)
    assert [type(message) for message in messages] == [News, News, Finished, Ended]
    assert checkpoints == [1, 1, 1, 0]
    assert not list((tmp_path / "node").glob("motiflens*"))
    assert not (tmp_path / "elsewhere").exists()
    record, weights = pickle.loads(pickle.dumps(messages[2]))
    assert json.loads(json.dumps(record))["key"] == "task2/C24/relu/000"
    for name, content in weights.items():
        (tmp_path / name).write_bytes(content)
    assert HybridNetwork.load(tmp_path).config.activation == "relu"
    assert messages[3] == Ended(TRIAL.keys, False)


def test_a_machine_that_sees_the_folder_keeps_its_checkpoints_there(tmp_path):
    found = []
    carry_out(
        job(tmp_path, sends=True, save_weights=False), lambda message: found.append(list(tmp_path.rglob("*.ckpt")))
    )
    assert found[0] == [tmp_path / "checkpoints" / "task2" / "C24" / "relu" / "member_000.ckpt"]
    assert list(tmp_path.iterdir()) == []


def test_nothing_begins_after_the_deadline(tmp_path):
    messages = []
    carry_out(job(tmp_path, deadline=time.time()), messages.append)
    assert messages == [Ended(TRIAL.keys, False)]


def test_a_full_disk_is_told_as_such_also_where_pytorch_calls_it_otherwise(tmp_path, monkeypatch):
    def full(*arguments, **options):
        try:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            raise RuntimeError("unexpected position")  # as torch.save does

    monkeypatch.setattr("torch.save", full)
    messages = []
    with pytest.raises(OSError, match=r"No space left on device: .*study"):
        carry_out(job(tmp_path / "study"), messages.append)
    assert messages == [Ended(TRIAL.keys, True)]


def test_other_errors_say_nothing_of_the_disk(monkeypatch):
    def fail(*arguments, **options):
        raise ValueError("something else")

    monkeypatch.setattr("motiflens.study.grid.jobs.run_trial", fail)
    messages = []
    with pytest.raises(ValueError, match="something else"):
        carry_out(job(Path("study")), messages.append)
    assert messages == [Ended(TRIAL.keys, False)]
