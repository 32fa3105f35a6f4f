import json

import numpy as np
import pytest
import torch

from motiflens.data.dataset import SequenceDataset
from motiflens.models.hybrid import model_config
from motiflens.models.saved import load_ensemble
from motiflens.training import ensemble
from motiflens.training.folder import fit_to_folder, save_ensemble
from motiflens.training.protocol import REFERENCE

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
        fit_to_folder(tmp_path, config, task2, 3, on_epoch=interrupt, **options)
    kept = [member.index for member in load_ensemble(tmp_path).members]
    assert kept == [m.index for m in whole.members if m.n_epochs < last.n_epochs - 1]
    fit_to_folder(tmp_path, config, task2, 3, **options)
    epochs = []
    result = fit_to_folder(tmp_path, config, task2, 4, on_epoch=epochs.append, **options)
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
