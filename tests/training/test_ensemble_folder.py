import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from heard import epochs_into

from motiflens.basics.errors import InputError
from motiflens.basics.locks import Locks
from motiflens.data.dataset import SequenceDataset
from motiflens.data.io import write_hdf5
from motiflens.models.hybrid import model_config
from motiflens.models.saved import load_ensemble
from motiflens.training import ensemble, shelf
from motiflens.training.folder import fit_to_folder
from motiflens.training.protocol import REFERENCE
from motiflens.training.shelf import save_ensemble

FAST = REFERENCE.replace(max_epochs=2, batch_size=50)


@pytest.fixture(scope="module")
def config():
    return model_config("C24", task=2, n_filters=8, dense_width=16)


def weights(network):
    return torch.cat([v.flatten().double() for v in network.state_dict().values()])


def test_save_and_load(config, task2, tmp_path):
    fitted = ensemble.fit(config, task2, 2, protocol=FAST)
    save_ensemble(fitted, tmp_path)
    loaded = load_ensemble(tmp_path)
    assert (loaded.config, loaded.protocol) == (fitted.config, fitted.protocol)
    assert [m.metrics for m in loaded.members] == [m.metrics for m in fitted.members]
    assert torch.equal(weights(loaded[1]), weights(fitted[1]))


def test_interrupted_training_keeps_what_is_finished_and_more_members_add_only_the_new(config, task2, tmp_path):
    protocol = FAST.replace(max_epochs=6, early_stop_patience=1)
    whole = ensemble.fit(config, task2, 3, protocol=protocol, seed=1)
    last = max(whole.members, key=lambda member: member.n_epochs)
    assert min(member.n_epochs for member in whole.members) < last.n_epochs

    def interrupt(member):
        if member.index == last.index and member.n_epochs == last.n_epochs - 1:
            raise KeyboardInterrupt

    options = {"protocol": protocol, "seed": 1}
    with pytest.raises(KeyboardInterrupt):
        fit_to_folder(tmp_path, config, task2, 3, on_news=interrupt, **options)
    kept = [member.index for member in load_ensemble(tmp_path).members]
    assert kept == [m.index for m in whole.members if m.n_epochs < last.n_epochs - 1]
    fit_to_folder(tmp_path, config, task2, 3, **options)
    epochs = []
    result = fit_to_folder(tmp_path, config, task2, 4, on_news=epochs_into(epochs), **options)
    assert {member.index for member in epochs} == {3}
    for i in range(3):
        torch.testing.assert_close(weights(result[i]), weights(whole[i]), rtol=1e-4, atol=1e-5)
    assert not (tmp_path / "checkpoints").exists()
    assert len(load_ensemble(tmp_path)) == 4


def test_another_ensemble_in_the_folder_is_left_alone(config, task2, tmp_path):
    fit_to_folder(tmp_path, config, task2, 1, protocol=FAST)
    before = (tmp_path / "ensemble.json").read_text()
    with pytest.raises(ValueError, match=r"another ensemble \(config.n_filters was 8, now 24\): choose another folder"):
        fit_to_folder(tmp_path, model_config("C24", task=2, dense_width=16), task2, 1, protocol=FAST)
    with pytest.raises(ValueError, match="seed was 0, now 1"):
        fit_to_folder(tmp_path, config, task2, 1, protocol=FAST, seed=1)
    assert (tmp_path / "ensemble.json").read_text() == before


def test_undefined_metrics_are_stored_as_json_has_them(config, task2, tmp_path):
    y = task2.y.copy()
    y[task2.split == "test"] = 0
    dataset = SequenceDataset(task2.codes, y, task2.label_names, task2.split_codes)
    fit_to_folder(tmp_path, config, dataset, 1, protocol=FAST)
    stored = json.loads((tmp_path / "ensemble.json").read_text(), parse_constant=pytest.fail)
    assert stored["members"][0]["metrics"]["test_auroc"] is None
    assert np.isnan(load_ensemble(tmp_path).members[0].metrics["test_auroc"])


def test_what_is_no_ensemble_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"ensemble\.json"):
        load_ensemble(tmp_path)
    (tmp_path / "ensemble.json").write_text("{}")
    with pytest.raises(ValueError, match="not the file of a trained ensemble"):
        load_ensemble(tmp_path)


ONE_OF_TWO = """
import sys
import warnings
from motiflens.data.io import read_hdf5
from motiflens.models.hybrid import model_config
from motiflens.training.folder import fit_to_folder
from motiflens.training.protocol import REFERENCE

warnings.simplefilter("ignore")
config = model_config("C24", task=2, n_filters=8, dense_width=16)
protocol = REFERENCE.replace(max_epochs=3, batch_size=50)
statuses = []
options = {"protocol": protocol, "seed": 1, "on_news": lambda member: statuses.append(member.status)}
found = fit_to_folder(sys.argv[1], config, read_hdf5(sys.argv[2]), int(sys.argv[3]), **options)
print(len(found), statuses.count("training"))
"""


@pytest.mark.parametrize("numbers", [(3, 3), (1, 3)])
def test_two_at_once_share_the_work_and_lose_nothing(config, task2, tmp_path, numbers):
    write_hdf5(task2, tmp_path / "data.h5")
    code = [sys.executable, "-c", ONE_OF_TWO, tmp_path / "nets", tmp_path / "data.h5"]
    processes = [subprocess.Popen([*code, str(n)], stdout=subprocess.PIPE, text=True) for n in numbers]
    found = [process.communicate(timeout=300)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert int(found[1][0]) == 3
    assert sum(int(n_epochs) for _, n_epochs in found) == 9  # no member was trained twice
    ensemble_of_both = load_ensemble(tmp_path / "nets")
    assert [member.index for member in ensemble_of_both.members] == [0, 1, 2]
    whole = ensemble.fit(config, task2, 3, protocol=FAST.replace(max_epochs=3), seed=1, progress=False)
    for i in range(3):
        torch.testing.assert_close(weights(ensemble_of_both[i]), weights(whole[i]), rtol=1e-3, atol=1e-4)
    assert sorted(path.name for path in (tmp_path / "nets").iterdir()) == [
        "ensemble.json",
        *(f"member_{i:03d}" for i in range(3)),
    ]


def test_a_member_that_another_process_trains_is_waited_for(config, task2, tmp_path, monkeypatch):
    other = Locks(tmp_path / "checkpoints")
    other.take("member_001")
    monkeypatch.setattr(shelf.time, "sleep", lambda seconds: other.release_all())  # it dies meanwhile
    epochs = []
    with pytest.warns(UserWarning, match="another process trains members of .*: waiting for its networks"):
        found = fit_to_folder(tmp_path, config, task2, 2, protocol=FAST, on_news=epochs_into(epochs))
    assert [member.index for member in epochs] == [0, 0, 1, 1]  # its own first, then what is left
    assert len(found) == 2


@pytest.mark.parametrize("damage", ["cut", "bit", "gone"])
def test_a_damaged_member_is_named_and_trained_anew(config, task2, tmp_path, damage):
    before = [weights(network) for network in fit_to_folder(tmp_path, config, task2, 3, protocol=FAST)]
    path = tmp_path / "member_001" / "model.safetensors"
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(content[:-9] if damage == "cut" else content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    with pytest.raises(InputError, match=r"member_001.*trains this member again"):
        load_ensemble(tmp_path)
    epochs = []
    with pytest.warns(UserWarning, match=r"member_001.*: member 1 is trained again"):
        again = fit_to_folder(tmp_path, config, task2, 3, protocol=FAST, on_news=epochs_into(epochs))
    assert {member.index for member in epochs} == {1}
    for old, network in zip(before, again, strict=True):
        torch.testing.assert_close(old, weights(network), rtol=1e-4, atol=1e-5)
    load_ensemble(tmp_path)


def test_a_damaged_summary_is_named_kept_aside_and_all_is_trained_anew(config, task2, tmp_path):
    fit_to_folder(tmp_path, config, task2, 1, protocol=FAST)
    text = (tmp_path / "ensemble.json").read_text()
    for damaged in (text[: len(text) // 2], "{}", "\0"):
        (tmp_path / "ensemble.json").write_text(damaged)
        with pytest.warns(UserWarning, match=r"ensemble\.json is damaged .* kept as ensemble\.damaged\.json"):
            assert len(fit_to_folder(tmp_path, config, task2, 1, protocol=FAST)) == 1
        assert (tmp_path / "ensemble.damaged.json").read_text() == damaged
        assert len(load_ensemble(tmp_path)) == 1


def test_a_folder_that_is_complete_is_not_written_to(config, task2, tmp_path):
    fit_to_folder(tmp_path, config, task2, 1, protocol=FAST)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    fit_to_folder(tmp_path, config, task2, 1, protocol=FAST)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == before


def test_data_that_do_not_fit_leave_no_folder(task2, tmp_path):
    with pytest.raises(InputError):
        fit_to_folder(tmp_path / "new", model_config("C24", task=1), task2, 1, protocol=FAST)
    assert not (tmp_path / "new").exists()
